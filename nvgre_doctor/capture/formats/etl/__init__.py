"""Event traces of Windows (.etl): what `netsh trace` and `pktmon` write.

`buffers` finds the buffers of a file and unpacks them (`lz77`), `trace_header` knows its clock,
`events` walks over the events of a buffer, `packet_events` knows those that hold a packet,
`trace` merges the processors.  Nothing here knows what is inside a packet, but for the length
that its IP header tells.

Sources: the manifests of Microsoft-Windows-NDIS-PacketCapture and Microsoft-Windows-PktMon,
Microsoft's etl2pcapng (MIT), MS-XCA, Geoff Chappell's pages on WMI_BUFFER_HEADER and the headers of
events.  All words are little endian.
"""
