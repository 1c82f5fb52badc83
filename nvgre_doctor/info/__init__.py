"""What is in a capture, before any diagnosis, and whether it can be diagnosed.

`contents` reads and counts, `answer` judges what the capture is good for, `text` and `as_json` say
both.
"""
