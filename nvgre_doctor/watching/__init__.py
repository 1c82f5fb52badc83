"""Captures that are still being written: what is in them now, and what has changed.

`ring` says which file is next, `follow` reads it while it grows, `reading` counts its frames in a
thread of its own, `window` keeps the evidence of the last minutes, `ledger` says what appeared and
what is over, `watch` is the loop.
"""
