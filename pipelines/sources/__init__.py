"""The vendors: a module each, or a package of its name where one module would hold too much."""
