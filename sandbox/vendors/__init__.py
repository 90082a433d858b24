"""One module per vendor: its API over the events of the world."""
