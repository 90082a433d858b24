"""How the world comes about, one module per area; each draws from its own seeded generator."""
