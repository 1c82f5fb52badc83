"""NVG1xx: what the captures themselves allow, and what they do not."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wire.facts import Other
from nvgre_doctor.wording import ethertypes_words, losses_words, plural


def find_damaged(situation: Situation) -> Iterator[Finding]:
    """What it means
      A capture is cut short, damaged, or not a capture at all. What was read before that point
      counts; the rest is missing.

    How it is detected
      A record or block is longer than what is left of the file, a length makes no sense, or a
      compressed stream ends early.

    What it is not
      No statement about the network. A capture that was copied while it was being written often
      ends in half a packet.

    What to do
      Stop the capture before copying it, or capture again. Look at the frame that is named:
      verdicts rest on what came before. Files of other formats: convert them, as the message says.

    Sources
      pcap and pcapng file formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
    """
    for index, capture in enumerate(situation.captures):
        for problem in capture.problems:
            yield finding(
                "NVG101",
                Severity.WARNING,
                f"{problem.message.removesuffix('.')}."
                f" {plural(capture.frames, 'frame was', 'frames were')} read.",
                Subject("capture", capture=index),
                (),
                display_filter="",
                next_step=(
                    "Capture again, or convert the file as the message says, and run this again."
                ),
            )


def find_short_frames(situation: Situation) -> Iterator[Finding]:
    """What it means
      Frames were captured with so few bytes that the GRE key is not in them. They cannot say
      anything about a layout.

    How it is detected
      The outer header says GRE, and the frame ends before the key. With Ethernet and IPv4 the key
      ends at byte 42.

    What it is not
      No fault of the hosts: the snap length of the capture is too small.

    What to do
      Capture again with a snap length of at least 128 bytes, so that the inner addresses are seen
      too: tcpdump -s 128, or dumpcap -s 128.

    Sources
      RFC 7637 section 3.2 (position of the key).
    """
    counts: Counter[int] = Counter()
    examples: defaultdict[int, list[At]] = defaultdict(list)
    for index, _, sightings in situation.evidence.signs(
        Oddity.TOO_SHORT
    ):  # in the order of the captures
        counts[index] += sightings.count
        examples[index] += [At(m.ts_ns, index, m.frame_number) for m in sightings.examples]
    for index, count in counts.items():
        yield finding(
            "NVG102",
            Severity.WARNING,
            f"{plural(count, 'GRE frame is', 'GRE frames are')} cut before the key (of"
            f" {plural(situation.captures[index].frames, 'frame')}): the snap length is too small.",
            Subject("capture", capture=index),
            examples[index],
            display_filter="ip.proto == 47 || ipv6.nxt == 47",
            next_step=(
                "Capture again with a snap length of 128 bytes or more, for example tcpdump -s 128."
            ),
        )


INSTEAD = {
    Oddity.NVGRE_IN_ERSPAN: "NVGRE inside ERSPAN, a switch's mirror of it",
    Oddity.NVGRE_IN_VXLAN: "NVGRE inside VXLAN",
    Oddity.VXLAN: "VXLAN (UDP 4789), the default encapsulation since Windows Server 2016",
    Oddity.NOT_NVGRE: "GRE of hosts that you named as not NVGRE",
    Oddity.GRE_WITHOUT_KEY: "Ethernet over GRE without a key",
    Oddity.GRE_OTHER: "other GRE (ERSPAN, PPTP, IP in GRE or similar)",
    Oddity.TOO_SHORT: "GRE that is cut before the key",
    Oddity.LATER_FRAGMENT: "later fragments of GRE packets",
    Oddity.LINKTYPE: "link types that cannot be decoded",
    Oddity.NOT_GRE: "IP traffic that is not GRE",
    Oddity.NOT_IP: "",  # named by its EtherTypes
    Oddity.WIRELESS: "802.11 frames that pktmon wrote as Ethernet",
    Oddity.MALFORMED: "malformed frames",
    Oddity.TRUNCATED: "frames cut before the protocol",
}


def find_no_nvgre(situation: Situation) -> Iterator[Finding]:
    """What it means
      The captures were read, and there is no NVGRE in them. Nothing can be said about layouts.

    How it is detected
      No frame has an outer GRE header with K=1 and protocol 0x6558, and no ICMP error quotes one.

    What it is not
      Not a sign of health: the captures may have been taken at the wrong place or with the wrong
      filter.

    What to do
      Capture on the physical adapter that holds the provider address, not on a virtual machine's
      adapter, without a filter or with the filter "ip proto 47 or icmp". If the message names
      VXLAN, the hosts use VXLAN and the layouts of NVGRE do not apply to them.

    Sources
      RFC 7637 section 3.2; RFC 7348 (VXLAN).
    """
    frames = sum(capture.frames for capture in situation.captures)
    if not frames or any(part.nvgre_frames for part in situation.evidence.captures.values()):
        return
    if situation.diagnosis.refusals:
        return
    counts: Counter[Oddity] = Counter()
    ethertypes: Counter[int] = Counter()
    for sign, sightings, _ in situation.sightings(*INSTEAD):
        counts[sign.oddity] += sightings.count
        if sign.oddity is Oddity.NOT_IP:
            ethertypes[sign.detail] += sightings.count
    instead = "; ".join(
        f"{counts[oddity]} x {text}" if text else ethertypes_words(ethertypes)
        for oddity, text in INSTEAD.items()
        if counts[oddity]
    )
    yield finding(
        "NVG103",
        Severity.WARNING,
        f"No NVGRE in {plural(frames, 'frame')}."
        + (f" What is there instead: {instead}." if instead else ""),
        Subject("capture"),
        (),
        display_filter="udp.port == 4789" if counts[Oddity.VXLAN] else "",
        next_step=(
            "If one of these hosts is a Hyper-V host, correct not-nvgre in the configuration."
            if counts[Oddity.NOT_NVGRE]
            else (
                "Capture on the physical adapter that holds the provider address, with no filter or"
                ' with "ip proto 47 or icmp".'
            )
        ),
    )


def find_lost(situation: Situation) -> Iterator[Finding]:
    """What it means
      The capture says itself that it lost packets while it was made. What is not in it proves
      nothing: a host that seems silent may have answered.

    How it is detected
      The statistics of a pcapng capture, the counter in the records of snoop, or the header of an
      event trace: events and buffers of events that Windows could not write.

    What it is not
      No loss in the network: the adapter, the driver or the disk of the capturing computer was too
      slow.

    What to do
      Capture again with a filter, a smaller snap length or larger buffers: dumpcap -B 64,
      netsh trace start ... bufferSize=1024, pktmon start --pkt-size 256.

    Sources
      draft-ietf-opsawg-pcapng section 4.6 (interface statistics); RFC 1761; TRACE_LOGFILE_HEADER.
    """
    for index, losses in enumerate(situation.losses):
        if words := losses_words(losses):
            yield finding(
                "NVG105",
                Severity.WARNING,
                f"The capture says that it lost {words}: what is not in it proves nothing.",
                Subject("capture", capture=index),
                (),
                display_filter="",
                next_step=(
                    "Capture again with a filter, or with larger buffers, for example dumpcap -B"
                    " 64."
                ),
            )


def shows_short_frames(situation: Situation) -> Show:
    """Those that are cut."""

    def show(frame: Frame) -> Iterator[Claim]:
        if isinstance(frame.facts, Other) and frame.facts.oddity is Oddity.TOO_SHORT:
            yield Claim((), "this frame is cut before the GRE key")

    return show


RULES = (
    Rule("NVG101", Severity.WARNING, "capture cut short or damaged", find_damaged),
    Rule(
        "NVG102",
        Severity.WARNING,
        "frames too short to show the GRE key",
        find_short_frames,
        shows_short_frames,
    ),
    Rule("NVG103", Severity.WARNING, "no NVGRE in the captures", find_no_nvgre),
    Rule("NVG105", Severity.WARNING, "capture says that it lost frames", find_lost),
)
