"""NVG1xx: what the captures themselves allow, and what they do not."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from nvgre_doctor.capture.interruption import INTERRUPTED
from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Nvgre, Other
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
                advice=Advice(
                    "Let it be read to its end."
                    if problem.reason == INTERRUPTED
                    else "Capture again, or convert the file as the message says, and run this"
                    " again."
                ),
            )


def find_short_frames(situation: Situation) -> Iterator[Finding]:
    """What it means
      Frames were captured with so few bytes that the GRE key is not in them, and they cannot say
      anything about a layout. Or control traffic was cut before its inner ICMP type: it may have
      been refusals.

    How it is detected
      The outer header says GRE, and the frame ends before the key. With Ethernet and IPv4 the key
      ends at byte 42. Or the key is one of control traffic (0xFFFFFF), and the frame ends before it
      can be seen whether it holds an UNREACHABLE.

    What it is not
      No fault of the hosts: the snap length of the capture is too small.

    What to do
      Capture again with a snap length of at least 128 bytes, so that the inner addresses are seen
      too: tcpdump -s 128, or dumpcap -s 128.

    Sources
      RFC 7637 sections 3.2 (position of the key) and 3.4.
    """
    for oddity, one, many, what, display_filter in (
        (
            Oddity.TOO_SHORT,
            "GRE frame is",
            "GRE frames are",
            "cut before the key",
            for_wireshark.CUT_BEFORE_KEY,
        ),
        (
            Oddity.CUT_CONTROL,
            "frame of control traffic is",
            "frames of control traffic are",
            "cut before it can be seen whether they refuse something",
            for_wireshark.CUT_CONTROL,
        ),
    ):
        counts: Counter[int] = Counter()
        examples: defaultdict[int, list[At]] = defaultdict(list)
        for index, _, sightings in situation.evidence.signs(oddity):  # by capture
            counts[index] += sightings.count
            examples[index] += [At(m.ts_ns, index, m.frame_number) for m in sightings.examples]
        for index, count in counts.items():
            frames = plural(situation.captures[index].frames, "frame")
            yield finding(
                "NVG102",
                Severity.WARNING,
                f"{plural(count, one, many)} {what} (of {frames}): the snap length is too small.",
                Subject("capture", capture=index),
                examples[index],
                count=count,
                display_filter=display_filter,
                advice=Advice(
                    "Capture again with a snap length of 128 bytes or more, for example tcpdump -s"
                    " 128."
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
        count=counts[Oddity.VXLAN],
        display_filter="udp.dstport == 4789" if counts[Oddity.VXLAN] else "",
        advice=Advice(
            "If one of these hosts is a Hyper-V host, correct not-nvgre in the configuration."
            if counts[Oddity.NOT_NVGRE]
            else (
                "Capture on the physical adapter that holds the provider address, with no filter or"
                ' with "ip proto 47 or icmp".'
            )
        ),
    )


def find_losses(situation: Situation) -> Iterator[Finding]:
    """What it means
      The program that wrote the capture says that it lost frames: what is not there may have
      decided.

    How it is detected
      pcapng counts them: packets that an interface or the operating system dropped (the statistics
      of an interface), or that were dropped before a packet (epb_dropcount). An event trace of
      Windows counts events and buffers.

    What it is not
      Not what the network lost. A capture that says nothing may have lost frames as well: pcap
      cannot say.

    What to do
      Capture again with a larger buffer (dumpcap -B 64, tcpdump -B 65536), with a capture filter,
      or with a snap length of 128 bytes.

    Sources
      draft-ietf-opsawg-pcapng sections 4.3 and 4.6.
    """
    for index, capture in enumerate(situation.captures):
        lost = losses_words(capture.lost)
        if not lost:
            continue
        were = "was" if lost.startswith("1 ") and " and " not in lost else "were"
        yield finding(
            "NVG105",
            Severity.WARNING,
            f"{capture.path} says that {lost} {were} lost while it was captured.",
            Subject("capture", capture=index),
            (),
            display_filter="",
            advice=Advice(
                "Capture again with a larger buffer (dumpcap -B 64), a capture filter, or a snap"
                " length of 128 bytes."
            ),
        )


def shows_short_frames(situation: Situation) -> Show:
    """Those that are cut."""

    def show(frame: Frame) -> Iterator[Claim]:
        facts = frame.facts
        if isinstance(facts, Other) and facts.oddity is Oddity.TOO_SHORT:
            yield Claim((), "this frame is cut before the GRE key")
        elif (
            isinstance(facts, Nvgre)
            and layouts.is_control(facts.gre_key)
            and facts.inner_source is None
        ):
            yield Claim((), "control traffic, cut before it can be seen whether it refuses")

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
    Rule("NVG105", Severity.WARNING, "the capture says that it lost frames", find_losses),
)
