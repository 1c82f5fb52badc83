"""What the decoder says equals what tshark says, and what dpkt says where dpkt is right, on frames
of every shape.

Accepted differences:
- of a header that is cut, tshark shows little or nothing; the decoder shows every field that is
there as a whole;
- tshark shows the key of a GRE header that is not NVGRE;
- tshark calls a bare GRE header or an Ethernet frame in an ICMP quote an IP packet of a bogus
version, and IPv4 quoted by ICMPv6 too,
  so keys are compared where an IP header of the message's own version is quoted;
- dpkt takes the flag 0x0080 for an acknowledgment number in version 0, so it loses the inner frame
there; it knows two tags
  at most; it reads IPv6 extension headers only when all of them are there.
"""

import socket
import subprocess

import dpkt
import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Other, QuoteKind
from tests import build
from tests.needs import need
from tests.wire import frames

pytestmark = pytest.mark.peer

SNAP_LENGTHS = (0, 0, 0, 110, 90, 80, 70, 62, 54, 46, 42, 38)
"""In turn; 0 leaves the frame whole."""
SNAP_LENGTHS_OF_ERRORS = (0, 140, 96, 82, 70)
"""Each error with each of them: their quotes end at different places."""

FIELDS = [
    *("frame.protocols", "ip.src", "ip.dst", "ip.ttl", "ipv6.src", "ipv6.dst", "ipv6.hlim"),
    *("gre.flags_and_version", "gre.proto", "gre.key", "eth.dst", "eth.src", "eth.type"),
    *(
        "arp.src.proto_ipv4",
        "arp.dst.proto_ipv4",
        "icmp.type",
        "icmp.code",
        "icmpv6.type",
        "icmpv6.code",
    ),
]


def cut_frames():
    for index, (name, linktype, frame) in enumerate(
        [*frames.nvgre_frames(), *frames.other_frames()]
    ):
        snap_length = SNAP_LENGTHS[index % len(SNAP_LENGTHS)]
        yield name, linktype, frame[: snap_length or None], len(frame)
    for name, linktype, frame in frames.error_frames():
        for snap_length in SNAP_LENGTHS_OF_ERRORS:
            yield name, linktype, frame[: snap_length or None], len(frame)


CASES = list(cut_frames())


@pytest.fixture(scope="module")
def dissections(tmp_path_factory):
    """What tshark shows for each of CASES: a field's values in the order of the packet."""
    linktypes = sorted({linktype for _, linktype, _, _ in CASES})
    blocks = [build.shb(), *(build.idb(linktype) for linktype in linktypes)]
    blocks += [
        build.epb(linktypes.index(linktype), 0, data, wire_length=length)
        for _, linktype, data, length in CASES
    ]
    path = tmp_path_factory.mktemp("peers") / "shapes.pcapng"
    path.write_bytes(b"".join(blocks))
    command = [
        need("tshark"),
        "-n",
        "-r",
        str(path),
        "-o",
        "ip.defragment:FALSE",
        "-o",
        "ipv6.defragment:FALSE",
    ]
    command += ["-T", "fields", "-E", "separator=|", "-E", "aggregator=,"]
    for field in FIELDS:
        command += ["-e", field]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines]
    return [
        {field: value.split(",") if value else [] for field, value in row.items()} for row in rows
    ]


def text(address):
    if address is None:
        return None
    if len(address) == 6:
        return address.hex(":")
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def mine(facts):
    """The decoder's facts in tshark's words."""
    if isinstance(facts, Nvgre):
        return {
            "source": text(facts.source),
            "destination": text(facts.destination),
            "hop_limit": str(facts.hop_limit),
            "flags": f"0x{facts.gre_flags:04x}",
            "key": f"0x{facts.gre_key:08x}",
            "inner_destination_mac": text(facts.inner_destination_mac),
            "inner_source_mac": text(facts.inner_source_mac),
            "inner_ethertype": None
            if facts.inner_ethertype is None
            else f"0x{facts.inner_ethertype:04x}",
            "inner_source": text(facts.inner_source),
            "inner_destination": text(facts.inner_destination),
        }
    return {"source": text(facts.source), "destination": text(facts.destination)}


def differences(facts, shown, is_cut):
    """Fields that differ; in a cut frame tshark may show less."""
    return {
        name: (value, shown[name])
        for name, value in facts.items()
        if value != shown[name] and not (is_cut and shown[name] is None)
    }


def first(values):
    return values[0] if values else None


def in_order(row, field):
    """Values of ip.X and ipv6.X in the order of the packet's layers."""
    values = {"ip": iter(row[f"ip.{field}"]), "ipv6": iter(row[f"ipv6.{field}"])}
    layers = row["frame.protocols"][0].split(":")
    return [value for layer in layers if layer in values for value in [next(values[layer], None)]]


def tsharks(row, linktype):
    """The same from tshark's fields: the first IP addresses are the outer ones, the second the
    inner ones.
    """
    sources, destinations = in_order(row, "src"), in_order(row, "dst")
    outer_ethernet = 1 if linktype == 1 else 0
    hops = in_order(row | {"ip.hops": row["ip.ttl"], "ipv6.hops": row["ipv6.hlim"]}, "hops")
    return {
        "source": first(sources),
        "destination": first(destinations),
        "hop_limit": first(hops),
        "flags": first(row["gre.flags_and_version"]),
        "key": first(row["gre.key"]),
        "inner_destination_mac": first(row["eth.dst"][outer_ethernet:]),
        "inner_source_mac": first(row["eth.src"][outer_ethernet:]),
        "inner_ethertype": first(row["eth.type"][outer_ethernet:]),
        "inner_source": first(sources[1:] + row["arp.src.proto_ipv4"]),
        "inner_destination": first(destinations[1:] + row["arp.dst.proto_ipv4"]),
    }


def test_nvgre_is_what_tshark_shows(dissections):
    compared = 0
    for (name, linktype, data, length), row in zip(CASES, dissections, strict=True):
        facts = decode(linktype, data, length)
        if isinstance(facts, Nvgre):
            assert differences(mine(facts), tsharks(row, linktype), len(data) < length) == {}, (
                name,
                len(data),
            )
            compared += 1
    assert compared > 600


def test_what_is_no_nvgre_is_none_for_tshark(dissections):
    compared = 0
    for (name, linktype, data, length), row in zip(CASES, dissections, strict=True):
        facts = decode(linktype, data, length)
        if not isinstance(facts, Other):
            continue
        shown = tsharks(row, linktype)
        if facts.oddity is not Oddity.NOT_IP:
            assert differences(mine(facts), shown, len(data) < length) == {}, (name, len(data))
        transparent = first(row["gre.proto"]) == "0x6558"
        assert not (transparent and shown["key"]), (name, len(data))
        assert (facts.oddity is Oddity.GRE_WITHOUT_KEY) == (
            transparent and shown["flags"] == "0x0000"
        ), (
            name,
            len(data),
        )
        compared += 1
    assert compared > 100


def test_icmp_errors_are_what_tshark_shows(dissections):
    compared = 0
    for (name, linktype, data, length), row in zip(CASES, dissections, strict=True):
        facts = decode(linktype, data, length)
        inside = isinstance(facts, Nvgre)
        error = facts.inner_error if isinstance(facts, Nvgre) else facts
        if not isinstance(error, IcmpError):
            continue
        field = "icmp" if error.version == 4 else "icmpv6"
        shown = {"type": first(row[f"{field}.type"]), "code": first(row[f"{field}.code"])}
        said = {"type": str(error.type), "code": str(error.code)}
        assert differences(said, shown, len(data) < length) == {}, (name, len(data))
        if (
            error.quote.kind is QuoteKind.OUTER_IP
            and len(error.quote.source or b"") == {4: 4, 6: 16}[error.version]
        ):
            quoted = row["gre.key"][1:] if inside else row["gre.key"]
            key = None if error.quote.gre_key is None else f"0x{error.quote.gre_key:08x}"
            assert key == first(quoted), (name, len(data))
        compared += 1
    assert compared > 250


def test_nvgre_is_what_dpkt_reads():
    compared = 0
    for name, linktype, frame in frames.nvgre_frames():
        facts = decode(linktype, frame, len(frame))
        if linktype != 1 or not isinstance(facts, Nvgre):
            continue
        packet = dpkt.ethernet.Ethernet(frame).data
        header = packet.data
        assert (packet.src, packet.dst, header.flags, header.key) == (
            facts.source,
            facts.destination,
            facts.gre_flags,
            facts.gre_key,
        ), name
        if not facts.gre_flags & 0x0080:
            assert (header.data.dst, header.data.src) == (
                facts.inner_destination_mac,
                facts.inner_source_mac,
            ), name
        compared += 1
    assert compared == 140
