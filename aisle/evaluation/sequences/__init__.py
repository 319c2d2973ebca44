"""How recommenders are measured on sequences: one protocol, ranks, and tables that never mix protocols."""
