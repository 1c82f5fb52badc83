"""Bytes that lie somewhere else, behind a URL: what is there, and ranges of it.

`schemes` says which URLs can be read and what must be installed for them, `storage` lists and opens
(the only module that imports fsspec), `web` holds web servers to what was asked of them, `stored`
reads ranges, `failures` says in words what went wrong.  Knows nothing about captures.  Nothing of
it is loaded where no URL is given.
"""
