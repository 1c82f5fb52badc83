"""The page in the browser: the Python side of it, and the server that shows it on this computer.

The page itself is in `web/` of the repository.  Nothing here knows how it looks.
"""
