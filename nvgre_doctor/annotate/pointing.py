"""Which findings a frame belongs to: the facts of one frame, laid beside what was found out.

A finding names a few frames; this finds them all.  Its frames are those that show what it is about:
frames of the host or the pair, and ICMP errors that quote such a frame; for a refused flow the ICMP
errors alone (the frames that were refused look like those that were not).  Where a host changed its
layout, only the frames of the right time.  The frames that a finding names itself always belong to
it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.diagnosis import At, HostVerdict
from nvgre_doctor.infer.refusals import is_prohibited, is_redirect
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.findings import Finding
from nvgre_doctor.rules.nvg3_pairs import one_way_streams
from nvgre_doctor.rules.nvg3_refusals import TOO_BIG, what_it_means
from nvgre_doctor.rules.nvg4_packets import unlisted_streams
from nvgre_doctor.scan.exact import customer_addresses
from nvgre_doctor.vocabulary import Carried, Cause, Confidence, Layout, Oddity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre, Other
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wire.links import TAG_ETHERTYPES
from nvgre_doctor.wording import (
    ICMP_NAMES,
    LAYOUT_NAMES,
    address_text,
    both_readings,
    icmp_code,
    key_text,
    vm_pair_text,
)

_ADDRESSES_REMEMBERED: Final = 4096


class Note(NamedTuple):
    """Why a finding points to a frame, in one sentence about this frame."""

    code: str
    text: str


class _Packet(NamedTuple):
    """An NVGRE data packet that a frame shows: the frame itself, or one that an ICMP error
    quotes.
    """

    source: bytes
    destination: bytes
    gre_key: int
    macs: bytes  # as in StreamKey


class _Claim(NamedTuple):
    """A note, if there is a finding with this code about these hosts."""

    code: str
    hosts: tuple[str, ...]
    text: str


_name = lru_cache(_ADDRESSES_REMEMBERED)(address_text)


class Pointer:
    """Knows the findings of one diagnosis of one capture."""

    def __init__(self, situation: Situation, findings: Iterable[Finding]) -> None:
        """`findings` are those to point to; the situation is the one that they were found in."""
        self._situation = situation
        self._found: set[tuple[str, tuple[str, ...]]] = set()
        self._named: defaultdict[int, list[Finding]] = defaultdict(list)
        for finding in findings:
            self._found.add((finding.code, finding.subject.hosts))
            for ref in finding.frames:
                self._named[ref.frame].append(finding)
        self._has_changes = any(
            host.change is not None for host in situation.diagnosis.hosts.values()
        )
        self._one_way = {
            (s.source, s.destination, s.macs)
            for _, silent in one_way_streams(situation)
            for s in silent
        }
        self._unlisted = {(s.source, s.upper_bits) for s in unlisted_streams(situation)}
        self._fragmented = {
            (s.source, s.destination) for s, _, _ in situation.sightings(Oddity.FIRST_FRAGMENT)
        }
        self._causes: defaultdict[tuple[bytes, bytes, IcmpSign], list[tuple[int | None, Cause]]] = (
            defaultdict(list)
        )
        for refusal in situation.diagnosis.refusals:
            row = self._causes[refusal.source, refusal.destination, refusal.sign]
            row.append((refusal.gre_key, refusal.cause))

    @property
    def is_idle(self) -> bool:
        """Whether there is no finding, and so no note on any frame."""
        return not self._found

    def is_timeless(self, at: At) -> bool:
        """Whether the notes on this frame depend on its facts alone, not on where it stands in the
        capture.
        """
        return not self._has_changes and at.frame_number not in self._named

    def notes(self, facts: Facts, at: At) -> list[Note]:
        """One note for each code that points to this frame, in order."""
        texts: dict[str, str] = {}
        for claim in self._claims(facts, at):
            if (claim.code, claim.hosts) in self._found:
                texts.setdefault(claim.code, claim.text)
        for finding in self._named.get(at.frame_number, ()):
            texts.setdefault(finding.code, finding.message)
        return [Note(code, texts[code]) for code in sorted(texts)]

    def _claims(self, facts: Facts, at: At) -> Iterator[_Claim]:
        if isinstance(facts, Nvgre):
            yield from self._of_nvgre(facts, at)
        elif isinstance(facts, IcmpError):
            if facts.refuses_nvgre:
                yield from self._of_error(facts, at)
        else:
            yield from self._of_other(facts)

    def _of_other(self, facts: Other) -> Iterator[_Claim]:
        if facts.oddity is Oddity.TOO_SHORT:
            yield _Claim("NVG102", (), "this frame is cut before the GRE key")
        elif facts.oddity is Oddity.LATER_FRAGMENT and facts.source and facts.destination:
            flow = facts.source, facts.destination
            if flow in self._fragmented:
                yield _fragment(*flow)

    def _of_nvgre(self, facts: Nvgre, at: At) -> Iterator[_Claim]:
        source = _name(facts.source)
        if facts.is_fragment:
            yield _fragment(facts.source, facts.destination)
        if facts.gre_flags != layouts.GRE_FLAGS:
            yield _Claim(
                "NVG402", (source,), f"the GRE flags are 0x{facts.gre_flags:04x} instead of 0x2000"
            )
        if facts.inner_ethertype in TAG_ETHERTYPES:
            yield _Claim("NVG403", (source,), f"{source} sends an 802.1Q tag inside NVGRE")
        error = facts.inner_error
        if error is not None and error.refuses_nvgre:
            yield from self._of_error(error, at)
            return
        customers = customer_addresses(facts.inner_source, facts.inner_destination)
        if not layouts.is_control(facts.gre_key) and customers != facts.source + facts.destination:
            macs = (facts.inner_destination_mac or b"") + (facts.inner_source_mac or b"")
            yield from self._of_packet(
                _Packet(facts.source, facts.destination, facts.gre_key, macs), at
            )

    def _of_packet(self, packet: _Packet, at: At) -> Iterator[_Claim]:
        host, source, gre_key = (
            self._situation.host(packet.source),
            _name(packet.source),
            packet.gre_key,
        )
        spoken = _layout_at(host, at)
        if spoken is Layout.OLD and layouts.fits_old(gre_key):
            uses = "uses" if host.confidence is Confidence.PROVEN else "probably uses"
            text = (
                f"{source} {uses} the old NVGRE layout (draft-00): key {key_text(gre_key)} is TNI"
                f" {layouts.tni(gre_key)}"
            )
            yield _Claim("NVG201", (source,), text)
        change = host.change
        if change is not None and at == change.at:
            yield _Claim(
                "NVG202",
                (source,),
                f"here {source} speaks {LAYOUT_NAMES[change.after]} for the first time",
            )
        elif change is not None and at == change.last_before:
            yield _Claim(
                "NVG202",
                (source,),
                f"here {source} speaks {LAYOUT_NAMES[change.before]} for the last time",
            )
        yield _Claim(
            "NVG203",
            (source,),
            f"{source} sends both layouts at the same time: key {both_readings(gre_key)}",
        )
        yield _Claim(
            "NVG204",
            (source,),
            f"the layout of {source} cannot be told: key {both_readings(gre_key)}",
        )
        expected = self._situation.expected.get(packet.source)
        if expected is not None and spoken not in (expected, Layout.UNKNOWN):
            text = (
                f"{source} uses {LAYOUT_NAMES[spoken]}, and {LAYOUT_NAMES[expected]} is expected"
                " of it"
            )
            yield _Claim("NVG205", (source,), text)
        yield from self._of_pair(packet, spoken, at)
        if layouts.reading(gre_key) is Reading.NEITHER:
            yield _Claim(
                "NVG401", (source,), f"key {both_readings(gre_key)} is valid under neither layout"
            )
        if (packet.source, layouts.vsid(gre_key)) in self._unlisted:
            yield _Claim(
                "NVG404", (source,), f"key {both_readings(gre_key)} is not in the inventory"
            )

    def _of_pair(self, packet: _Packet, spoken: Layout, at: At) -> Iterator[_Claim]:
        other = _layout_at(self._situation.host(packet.destination), at)
        # In one order for both directions: Wireshark lists equal comments once.
        ends = sorted(((_name(packet.source), spoken), (_name(packet.destination), other)))
        pair = ends[0][0], ends[1][0]
        if spoken is not other and Layout.UNKNOWN not in (spoken, other):
            names = " and ".join(f"{name} ({LAYOUT_NAMES[layout]})" for name, layout in ends)
            yield _Claim("NVG301", pair, f"{names} cannot talk: they use different layouts")
        if (packet.source, packet.destination, packet.macs) in self._one_way:
            yield _Claim(
                "NVG306",
                pair,
                f"VM pair {vm_pair_text(packet.macs)} is heard in this direction only",
            )

    def _of_error(self, error: IcmpError, at: At) -> Iterator[_Claim]:
        quote = error.quote
        source, destination = quote.source or error.addressee, quote.destination or error.reporter
        flow = _name(source), _name(destination)
        kind = error.version, error.type, error.code
        sign = IcmpSign(
            error.reporter,
            error.addressee,
            *kind,
            error.carried is Carried.INNER,
            error.refuses_nvgre,
            error.next_hop_mtu or 0,
        )
        by = _name(error.reporter)
        icmp = icmp_code(*kind)
        key = "key not quoted" if quote.gre_key is None else f"key {key_text(quote.gre_key)}"
        if is_prohibited(sign):
            to = "" if by == flow[1] else f" to {flow[1]}"
            refused = f"{by} refuses what {flow[0]} sends{to} ({icmp}, {key})"
            if self._cause(source, destination, sign, quote.gre_key, at) is Cause.LAYOUT_MISMATCH:
                yield _Claim("NVG302", flow, f"{refused}: their layouts differ")
            else:
                yield _Claim("NVG303", flow, f"{refused}: the layouts do not explain it")
        elif is_redirect(sign):
            yield _Claim(
                "NVG307", flow, f"{by} tells {flow[0]} that a virtual machine moved ({icmp}, {key})"
            )
        elif kind in TOO_BIG:
            mtu = f", the path allows {error.next_hop_mtu} bytes" if error.next_hop_mtu else ""
            yield _Claim(
                "NVG305",
                flow,
                f"NVGRE from {flow[0]} to {flow[1]} is too big ({icmp} from {by}{mtu})",
            )
        else:
            meaning = f": {what_it_means(*kind)}" if kind in ICMP_NAMES else ""
            yield _Claim(
                "NVG304",
                flow,
                f"{icmp} from {by} about NVGRE from {flow[0]} to {flow[1]} ({key}){meaning}",
            )
        if quote.gre_key is not None and not layouts.is_control(quote.gre_key):
            macs = (quote.inner_destination_mac or b"") + (quote.inner_source_mac or b"")
            yield from self._of_packet(_Packet(source, destination, quote.gre_key, macs), at)

    def _cause(
        self, source: bytes, destination: bytes, sign: IcmpSign, gre_key: int | None, at: At
    ) -> Cause:
        """What the diagnosis says of such errors; where it says two things, the layouts at this
        time decide.
        """
        rows = self._causes.get((source, destination, sign), [])
        causes = {cause for key, cause in rows if gre_key in (key, None)}
        if len(causes) != 1:
            spoken = {
                self._situation.host(address).layout_between(at, at)
                for address in (source, destination)
            }
            return Cause.LAYOUT_MISMATCH if len(spoken - {Layout.UNKNOWN}) == 2 else Cause.UNKNOWN
        return causes.pop()


def _fragment(source: bytes, destination: bytes) -> _Claim:
    flow = _name(source), _name(destination)
    return _Claim(
        "NVG305", flow, f"a fragment: NVGRE from {flow[0]} to {flow[1]} does not fit the path"
    )


def _layout_at(host: HostVerdict, at: At) -> Layout:
    """What a host speaks at that time; where it changed, only what is proven."""
    return host.layout if host.change is None else host.layout_between(at, at)
