"""Metrics and distances: between all rows, between pairs, and to the nearest rows."""
