"""Activations of a pretrained network."""
