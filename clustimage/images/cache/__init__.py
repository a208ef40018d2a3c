"""Images and features of earlier runs, kept by content in one database."""
