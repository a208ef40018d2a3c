"""How sure a clustering is: its stability, its separation, and a verdict in words."""
