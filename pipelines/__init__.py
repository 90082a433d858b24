"""Extract and load: one module per vendor, one place that runs them."""

import os

# Nothing leaves the machine but calls to the vendors.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
