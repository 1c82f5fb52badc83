"""One module a capture format.  Knows records and blocks, nothing about packets."""
