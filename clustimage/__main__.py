"""Lets ``python -m clustimage`` do what the command does."""

from clustimage.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
