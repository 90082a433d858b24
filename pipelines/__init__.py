"""Extract and load: one module per vendor, one place that runs them."""
