"""Archives that hold captures: zip and tar.

`listing` says which captures are in one, `zip_files` and `tar_files` know the formats.  A member is
read as a stream, so nothing is unpacked to a disk, and what an archive claims costs no memory.
"""
