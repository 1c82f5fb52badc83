"""What the README and docs/ say is tried: the commands, what they print, the tables, the links."""
