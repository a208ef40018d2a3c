"""One file per evaluator, and what only they need."""
