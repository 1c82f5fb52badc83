"""tshark as a witness: one process dissects a whole file, and mergecap makes one file of hundreds.

Knows the two programs and how they print; must not know anything of nvgre_doctor.  A process costs
0.3 s and a frame 0.1 ms, so many small captures are merged first.
"""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.needs import need

FIELDS = (
    *(
        "frame.number",
        "frame.time_epoch",
        "frame.len",
        "frame.cap_len",
        "frame.encap_type",
        "frame.md5_hash",
    ),
    *("frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "eth.dst", "eth.src"),
    *(
        "gre.flags_and_version",
        "gre.proto",
        "gre.key",
        "icmp.type",
        "icmp.code",
        "icmpv6.type",
        "icmpv6.code",
    ),
    *("_ws.short", "_ws.malformed"),
)
_OPTIONS = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "frame.generate_md5_hash:TRUE")


@dataclass(frozen=True)
class Row:
    """One frame as tshark shows it; `fields` are the values of a field in the order of the packet's
    layers.
    """

    number: int
    ts_ns: int | None
    wire_length: int
    captured_length: int
    is_packet: bool  # custom blocks and the like take a number and are none
    md5: str
    layers: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]


def dissect(path: Path) -> tuple[list[Row], str]:
    """Every frame that tshark can read, of a damaged file those before the damage; and what tshark
    says about the file.
    """
    command = [
        need("tshark"),
        "-n",
        "-r",
        str(path),
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "aggregator=,",
    ]
    for option in _OPTIONS:
        command += ["-o", option]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    return [_row(line) for line in done.stdout.splitlines()], done.stderr


def merge(paths: Sequence[Path], merged: Path) -> None:
    """One capture after the other; a capture must be one that mergecap reads whole, and hold
    packets only.
    """
    assert can_merge(paths, merged)


def can_merge(paths: Sequence[Path], merged: Path) -> bool:
    """The same, where a capture may be one that mergecap does not read."""
    command = [need("mergecap"), "-a", "-w", str(merged), *map(str, paths)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _row(line: str) -> Row:
    values = line.split("\t")
    number, time, length, captured, encapsulation, md5, protocols = values[:7]
    return Row(
        int(number),
        _nanoseconds(time) if time else None,
        int(length),
        int(captured),
        bool(encapsulation),
        md5,
        tuple(protocols.split(":")),
        {
            name: tuple(value.split(",")) if value else ()
            for name, value in zip(FIELDS[7:], values[7:], strict=True)
        },
    )


def _nanoseconds(time: str) -> int:
    seconds, _, fraction = time.partition(".")
    sign = -1 if seconds.startswith("-") else 1
    return int(seconds) * 10**9 + sign * int(fraction.ljust(9, "0"))


# --- the layers of a packet --------------------------------------------------

_ERRORS = {
    "icmp": frozenset({"3", "5", "11", "12"}),
    "icmpv6": frozenset({"1", "2", "3", "4", "137"}),
}
"""Types of errors and redirects."""
LINK_LAYERS = frozenset({"eth", "ethertype", "vlan", "ieee8021ad", "sll", "null", "raw"})
OUTER_LAYERS = LINK_LAYERS | {
    *("mpls", "vntag", "etag", "cmd", "cfp", "ieee8021ah", "pppoes", "ppp", "llc")
}
"""The same and the shims, which are looked through outside of a tunnel; behind `cfp` stands an
`eth` that has no MACs of its own."""
_EXTENSIONS = frozenset({"ah", "mipv6", "hip", "shim6"})
"""Between IP and what it carries, as are all that begin with `ipv6.`"""


@dataclass(frozen=True)
class Shown:
    """What tshark says about one frame, in its own words; None: it does not say."""

    source: str | None = None  # outer addresses
    destination: str | None = None
    gre_flags: str | None = None
    gre_key: str | None = None  # of NVGRE only
    inner_destination_mac: str | None = None
    inner_source_mac: str | None = None
    icmp: tuple[str, str, str] | None = (
        None  # protocol, type, code of an outer error, or of one inside NVGRE
    )
    quoted_key: str | None = None


def shown(row: Row) -> Shown:
    """Read the layers from the outside in.  Only what stands directly on the outer IP header
    counts, as in `wire.decode`.
    """
    return _Reading(row).result()


class _Reading:
    def __init__(self, row: Row) -> None:
        self._layers = list(row.layers)
        self._values: dict[str, Iterator[str]] = {
            name: iter(values) for name, values in row.fields.items()
        }

    def _next(self, field: str) -> str | None:
        return next(self._values[field], None)

    def _skip(self, names: Iterable[str], prefix: str = "\0") -> None:
        while self._layers and (self._layers[0] in names or self._layers[0].startswith(prefix)):
            self._layers.pop(0)

    def _is(self, *names: str) -> str | None:
        return self._layers.pop(0) if self._layers and self._layers[0] in names else None

    def result(self) -> Shown:
        if self._layers[0] == "eth":
            self._next("eth.dst"), self._next("eth.src")
        self._skip(OUTER_LAYERS if self._layers[0] in LINK_LAYERS else LINK_LAYERS)
        ip = self._is("ip", "ipv6")
        if ip is None:
            return Shown()
        ends = self._next(f"{ip}.src"), self._next(f"{ip}.dst")
        self._skip(_EXTENSIONS, "ipv6.")
        protocol = self._is("gre", "icmp", "icmpv6")
        if protocol == "gre":
            return self._gre(*ends)
        if protocol is None:
            return Shown(*ends)
        icmp, quoted_key = self._error(protocol)
        return Shown(*ends, icmp=icmp, quoted_key=quoted_key)

    def _gre_header(self) -> tuple[str, str] | None:
        """Flags and key, if it is NVGRE's and the key is there."""
        flags, protocol = self._next("gre.flags_and_version") or "0x0000", self._next("gre.proto")
        key = self._next("gre.key") if int(flags, 16) & 0x2000 else None
        return (flags, key) if key and protocol == "0x6558" and not int(flags, 16) & 7 else None

    def _gre(self, source: str | None, destination: str | None) -> Shown:
        header = self._gre_header()
        if header is None:
            return Shown(source, destination)
        if self._is("eth") is None:
            return Shown(source, destination, *header)
        macs = self._next("eth.dst"), self._next("eth.src")
        self._skip(LINK_LAYERS)
        ip = self._is("ip", "ipv6")
        self._skip(_EXTENSIONS, "ipv6.")
        protocol = self._is("icmp", "icmpv6") if ip else None
        return Shown(
            source,
            destination,
            *header,
            *macs,
            *(self._error(protocol) if protocol else (None, None)),
        )

    def _error(self, protocol: str) -> tuple[tuple[str, str, str] | None, str | None]:
        """An ICMP error, and the key in its quote."""
        kind, code = self._next(f"{protocol}.type"), self._next(f"{protocol}.code")
        if kind not in _ERRORS[protocol] or code is None:
            return None, None
        quoted = self._is("ip", "ipv6")
        self._skip(_EXTENSIONS, "ipv6.")
        header = self._gre_header() if quoted and self._is("gre") else None
        return (protocol, kind, code), header[1] if header else None


def shows_nvgre(row: Row) -> bool:
    """Whether there is a GRE header with K=1, its key, protocol 0x6558 and version 0 anywhere in
    the frame.
    """
    headers = zip(row.fields["gre.flags_and_version"], row.fields["gre.proto"], strict=False)
    flags = [int(flags, 16) for flags, protocol in headers if protocol == "0x6558"]
    return bool(row.fields["gre.key"]) and any(each & 0x2000 and not each & 7 for each in flags)
