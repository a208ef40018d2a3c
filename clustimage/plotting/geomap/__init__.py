"""The locations of photos on an interactive map in one HTML file."""
