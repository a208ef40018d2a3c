"""The graph of nearest neighbours of the rows, and coordinates from its leading eigenvectors."""
