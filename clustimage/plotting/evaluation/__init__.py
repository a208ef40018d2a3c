"""The scores of the numbers of clusters."""
