"""The loop that people write today: dpkt's reader, `Ethernet` on every frame, the GRE key counted.

`python peer_dpkt.py FILE.pcap` prints how many distinct (source, destination, key) there are.
"""

import sys

import dpkt


def main(path: str) -> None:
    """Count every NVGRE key of one capture."""
    counts: dict[tuple[bytes, bytes, int], int] = {}
    with open(path, "rb") as file:
        for _time, data in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(data).data
            if (
                isinstance(packet, dpkt.ip.IP)
                and isinstance(packet.data, dpkt.gre.GRE)
                and packet.data.p == 0x6558
            ):
                seen = packet.src, packet.dst, packet.data.key
                counts[seen] = counts.get(seen, 0) + 1
    print(len(counts))


if __name__ == "__main__":
    main(sys.argv[1])
