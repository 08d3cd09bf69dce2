"""How a node starts and ends."""
