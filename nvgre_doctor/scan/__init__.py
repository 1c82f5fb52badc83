"""Frames become evidence.

`files` reads captures, whole or in parts, in one process or several; `counting` counts what most
frames are, plain and alike; `exact` counts the facts of all others.
"""
