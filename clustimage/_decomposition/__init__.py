"""Principal components: of pixels too many for memory, and of rows of features."""
