"""One module or package per vendor: its API over the events of the world."""
