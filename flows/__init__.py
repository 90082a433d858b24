"""Orchestration: refresh every source, build the models, publish."""

import os

# Nothing leaves the machine but calls to the vendors; set before Prefect and dbt read their environment.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
