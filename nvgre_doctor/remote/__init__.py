"""Bytes that lie somewhere else, behind a URL: what is there, and ranges of it.

`schemes` says which URLs can be read and what must be installed for them, `opening_urls` lists and
opens (the only module that imports fsspec), `web_servers` holds those to what was asked of them,
`stored` reads ranges, `failures` says in words what went wrong.  Knows nothing about captures.
Nothing of it is loaded where no URL is given.
"""
