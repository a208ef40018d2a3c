"""From a file, a URL or an array to upright pixels."""
