"""NVG104: packets that were captured more than once."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Severity
from nvgre_doctor.wording import listed, plural


def find_copies(situation: Situation) -> Iterator[Finding]:
    """What it means
      The same packets were captured more than once: at several points of one host (pktmon does so),
      on several adapters, in files that overlap, or the same file was given twice.

    How it is detected
      Packets with equal outer addresses, IP identification, key and first inner bytes; over IPv6
      equal as far as they were captured. Two packets are remembered of each key between two virtual
      machines, so there may be more copies than are counted here.

    What it is not
      No fault of the network, and no retransmission: that has another IP identification. Counts of
      refusals are packets, so nothing counts twice; one packet is one frame of evidence, however
      often it was captured.

    What to do
      Nothing. To see each packet once in Wireshark as well, capture at the physical adapters only:
      pktmon start --capture --comp nics.

    Sources
      Microsoft, pktmon start; RFC 6864 (IP identification).
    """
    of_others: defaultdict[int | None, list[Copies]] = defaultdict(list)
    for copies in situation.diagnosis.copies:
        of_others[copies.other_capture].append(copies)
    for other, several in of_others.items():
        names = [situation.captures[copies.capture].path for copies in several]
        if other is None:
            packets = sum(copies.packets for copies in several)
            more = f"more than once, up to {max(copies.most for copies in several)} times"
            where = f"in {names[0]} {more}" if len(names) == 1 else f"{more}, in {listed(names)}"
        else:
            packets = min(copies.packets for copies in several)
            each = "each of " if len(names) > 1 else ""
            where = f"in {situation.captures[other].path} as well as in {each}{listed(names)}"
        yield finding(
            "NVG104",
            Severity.INFO,
            f"At least {plural(packets, 'packet is', 'packets are')} {where}. Each counts once.",
            Subject("capture", capture=several[0].capture),
            chain.from_iterable(copies.frames for copies in several),
            display_filter="",
            advice=Advice(""),
        )


def shows_copies(situation: Situation) -> Show:
    """The frames that the finding names.  A note in a capture says nothing of where that capture
    is: a copy lies elsewhere, and may be given away.
    """
    copied = {at[1:] for copies in situation.diagnosis.copies for at in copies.frames}

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.at[1:] in copied:
            yield Claim((), "packets of these virtual machines were captured more than once")

    return show


RULES = (
    Rule("NVG104", Severity.INFO, "packets captured more than once", find_copies, shows_copies),
)
