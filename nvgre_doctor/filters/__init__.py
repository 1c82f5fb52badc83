"""Filters that other programs take: Wireshark's display filters, libpcap's capture filters."""
