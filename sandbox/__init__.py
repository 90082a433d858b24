"""The vendors on localhost: one simulated business, seen through each vendor's own API."""
