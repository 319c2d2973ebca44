"""How lists of what goes with an item are measured on baskets: one protocol, figures, tables."""
