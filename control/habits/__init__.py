"""How a building is used: known from its site file, learned from its record."""
