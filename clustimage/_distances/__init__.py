"""The one place for metrics and distances: between all rows, between pairs, to the nearest rows."""
