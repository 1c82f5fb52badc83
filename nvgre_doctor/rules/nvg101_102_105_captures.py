"""NVG1xx: what the captures themselves allow, and what they do not."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from nvgre_doctor.capture.interruption import INTERRUPTED
from nvgre_doctor.evidence.captures import SAMPLED, TOO_MUCH
from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Nvgre, Other
from nvgre_doctor.wording import losses_words, plural

_COPY_AGAIN: Final = "Copy the file again, or capture again."
_CAPTURE_AGAIN: Final = "Capture again."
_CONVERT: Final = "Do to it what the message says, and give what comes out."
_STEPS: Final = {
    INTERRUPTED: "Let it be read to its end.",
    "empty-file": _COPY_AGAIN,
    "too-short": _COPY_AGAIN,
    "zeros": _COPY_AGAIN,
    "html": "Download it again.",
    "git-lfs": "Fetch it: git lfs pull. In CI, let the checkout do so (actions/checkout with lfs:"
    " true).",
    "text": _CAPTURE_AGAIN,
    "tcpdump-text": _CAPTURE_AGAIN,
    "utf-16": _CAPTURE_AGAIN,
    **dict.fromkeys(
        (
            "other-capture",
            "erf",
            "not-a-capture",
            "lz4",
            "zstd-missing",
            "compressed-twice",
            "archive",
            "nested",
            "encrypted",
            "several-captures",
            "too-many-members",
        ),
        _CONVERT,
    ),
    "cannot-open": "Look at the name, from the folder that you are in: is there such a file or"
    " folder, and may you read it?",
    "no-captures": "Give the folder or the archive that the captures are in. Of a file that should"
    " be one, nvgre-doctor info FILE says what it is.",
    "no-packets": "Capture again with `netsh trace start capture=yes` or `pktmon start --capture`.",
    "only-a-header": "Give the .etl itself.",
    "no-input": "Pipe a capture into it, or name a file.",
    SAMPLED: "Where one VM pair matters, capture with a filter for its two hosts.",
    TOO_MUCH: "Ask about fewer hosts: capture with a filter such as host 192.168.50.1, or diagnose"
    " captures one by one, with --each.",
    "no-such-member": "Look at the name behind the archive; given alone, an archive stands for all"
    " captures in it.",
}
"""What to do about an input that is no damaged capture, by the reason of its problem."""


def find_damaged(situation: Situation) -> Iterator[Finding]:
    """What it means
      A capture is cut short, damaged, or not a capture at all. What was read before that point
      counts; the rest is missing. Or it holds more addresses, ids or kinds of errors than are kept:
      all frames were counted, and nothing was concluded from some. Or, as a note, so many VM pairs
      that only some of each two hosts are compared.

    How it is detected
      A record or block is longer than what is left of the file, a length makes no sense, or a
      compressed stream ends early. More is kept than a network of thousands of hosts needs.

    What it is not
      No statement about the network. A capture that was copied while it was being written often
      ends in half a packet.

    What to do
      Stop the capture before copying it, or capture again. Look at the frame that is named:
      verdicts rest on what came before. Files of other formats: convert them with the command that
      is named.

    Sources
      pcap and pcapng file formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
    """
    for index, capture in enumerate(situation.captures):
        for problem in capture.problems:
            yield finding(
                "NVG101",
                Severity.INFO if problem.reason == SAMPLED else Severity.WARNING,
                f"{problem.message.removesuffix('.')}."
                + (
                    f" {plural(capture.frames, 'frame was', 'frames were')} read."
                    if capture.frames or problem.reason not in _STEPS
                    else ""
                ),
                Subject("capture", capture=index),
                (),
                display_filter="",
                advice=Advice(_STEPS.get(problem.reason, _COPY_AGAIN)),
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
    Rule("NVG105", Severity.WARNING, "the capture says that it lost frames", find_losses),
)
