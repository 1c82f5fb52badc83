"""From what was found out to findings.  One file for each group of codes; `registry` knows them
all.
"""
