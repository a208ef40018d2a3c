"""The parts of the class `Clustimage`."""
