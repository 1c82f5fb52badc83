"""One frame becomes facts.  Pure functions without state; imports nothing else of this package."""
