"""Recognizers: a face of a photo → a descriptor, which is near that of the same person."""
