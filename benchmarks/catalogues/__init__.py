"""How fast catalogues are read, and in how much memory."""
