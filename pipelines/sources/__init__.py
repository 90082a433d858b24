"""The vendors, one module each."""
