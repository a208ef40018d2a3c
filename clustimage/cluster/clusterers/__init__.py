"""One file per clusterer, and what only they need."""
