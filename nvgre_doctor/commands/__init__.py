"""One module per command; each holds `command`, a click command that returns an exit code.

They import nothing but click at the top: what a command needs is imported when it runs.
"""
