"""NVGRE inside Wireshark: a Lua post-dissector and a profile, and putting both into a person's own
folders.

`nvgre.lua` and `profile/` are what Wireshark reads; `folders` knows where they belong, `install`
puts them there.
"""
