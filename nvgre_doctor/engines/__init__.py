"""Who does the work.  Knows tasks and results; knows nothing about captures."""
