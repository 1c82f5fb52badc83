"""What is asked for: the options of a diagnosis, and where they may come from."""
