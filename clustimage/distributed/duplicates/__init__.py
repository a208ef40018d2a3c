"""Duplicates among images of any number: candidates by bands of hashes, compared on pixels."""
