"""What every other package of clustimage may use, and what knows nothing of images."""
