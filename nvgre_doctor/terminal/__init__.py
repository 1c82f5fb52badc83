"""Text in, text out: pages, colours, progress, files and streams.

Imports nothing else of this package.  What a capture or a file name says is made harmless in
`visible`; what is written goes through `output`.
"""
