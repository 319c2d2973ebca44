"""Rules of merchandisers: what a search shows first, hides, widens or sends elsewhere, and when."""
