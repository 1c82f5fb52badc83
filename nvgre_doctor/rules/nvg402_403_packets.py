"""NVG402 and NVG403: packets that break RFC 7637, host by host."""

from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.advice import Advice, find_owner
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Oddity, Sender, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Nvgre
from nvgre_doctor.wire.links import TAG_ETHERTYPES
from nvgre_doctor.wording import address_text, listed, plural


def find_flags(situation: Situation) -> Iterator[Finding]:
    """What it means
      The GRE header has bits set that RFC 7637 does not allow. A Hyper-V host may drop such
      packets.

    How it is detected
      The first 16 bits are not 0x2000 (K=1, everything else 0), and the protocol is 0x6558.

    What it is not
      Not the layout of the key. Plain GRE tunnels with a checksum or sequence numbers do this, and
      are fine as such.

    What to do
      Find out what the sender is. If it is the peer of a Hyper-V host, turn checksums and sequence
      numbers off.

    Sources
      RFC 7637 section 3.2; RFC 2784; RFC 2890.
    """
    for address, (flags, count, ats) in _signs_by_source(situation, Oddity.GRE_FLAGS).items():
        words = listed(f"0x{word:04x}" for word in sorted(flags))
        yield finding(
            "NVG402",
            Severity.WARNING,
            f"{address_text(address)} sends {plural(count, 'packet')} whose GRE flags are {words}"
            " instead of 0x2000.",
            about_host(address),
            ats,
            count=count,
            display_filter=(
                f"{for_wireshark.from_host(address)} && gre.flags_and_version#1 != 0x2000"
            ),
            advice=Advice(
                "Find out what the sender is; turn GRE checksums and sequence numbers off."
            ),
        )


def find_inner_tags(situation: Situation) -> Iterator[Finding]:
    """What it means
      The frame inside NVGRE carries an 802.1Q tag. The receiver must drop such a frame.

    How it is detected
      The EtherType behind the inner MAC addresses is that of a VLAN tag.

    What it is not
      A tag outside, on the physical network, is fine. Plain GRE tunnels may carry tags.

    What to do
      Remove the VLAN id from the virtual machine's network adapter: Get-VMNetworkAdapterVlan shows
      it.

    Sources
      RFC 7637 section 3.3.
    """
    for address, (_, count, ats) in _signs_by_source(situation, Oddity.INNER_TAG).items():
        yield finding(
            "NVG403",
            Severity.WARNING,
            f"{address_text(address)} sends {plural(count, 'frame')} with an 802.1Q tag inside"
            " NVGRE.",
            about_host(address),
            ats,
            count=count,
            display_filter=f"{for_wireshark.from_host(address)} && {for_wireshark.INNER_TAG}",
            advice=_remove_tag(situation.host(address)),
        )


def _remove_tag(host: HostVerdict) -> Advice:
    name = address_text(host.address)
    if host.sender is Sender.OTHER:
        return Advice(
            f"Remove the VLAN tag of the port behind {name}, if its peer is a Hyper-V host."
        )
    return Advice(
        f"{find_owner(name)}, and remove the VLAN id from its virtual machine's adapter.",
        "Get-VMNetworkAdapterVlan",
    )


def _signs_by_source(
    situation: Situation, oddity: Oddity
) -> dict[bytes, tuple[set[int], int, list[At]]]:
    hosts: dict[bytes, tuple[set[int], int, list[At]]] = {}
    for sign, sightings, ats in situation.sightings(oddity):
        details, count, frames = hosts.get(sign.source, (set(), 0, []))
        details.add(sign.detail)
        frames += ats
        hosts[sign.source] = details, count + sightings.count, frames
    return dict(sorted(hosts.items()))


def shows_flags(situation: Situation) -> Show:
    """Frames with such flags."""

    def show(frame: Frame) -> Iterator[Claim]:
        facts = frame.facts
        if isinstance(facts, Nvgre) and facts.gre_flags != layouts.GRE_FLAGS:
            text = f"the GRE flags are 0x{facts.gre_flags:04x} instead of 0x2000"
            yield Claim((name_of(facts.source),), text)

    return show


def shows_inner_tags(situation: Situation) -> Show:
    """Frames with such a tag."""

    def show(frame: Frame) -> Iterator[Claim]:
        facts = frame.facts
        if isinstance(facts, Nvgre) and facts.inner_ethertype in TAG_ETHERTYPES:
            name = name_of(facts.source)
            yield Claim((name,), f"{name} sends an 802.1Q tag inside NVGRE")

    return show


RULES = (
    Rule("NVG402", Severity.WARNING, "GRE header breaks RFC 7637", find_flags, shows_flags),
    Rule(
        "NVG403",
        Severity.WARNING,
        "inner frame carries an 802.1Q tag",
        find_inner_tags,
        shows_inner_tags,
    ),
)
