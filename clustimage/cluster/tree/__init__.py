"""Linkage trees: how they are built and how they are cut."""
