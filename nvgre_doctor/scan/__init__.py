"""Frames become evidence.

`files` reads captures, whole or in parts, in one thread or several; `counting` has the loop, and
`_scanner.c` the same in C (`native`); `plain` says which frames are counted at once, `essence`
which of the others are alike, `exact` what their facts mean; `folding` adds what was counted.
"""
