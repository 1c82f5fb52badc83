"""NVG104: packets that were captured more than once."""

from collections.abc import Iterator

from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Severity
from nvgre_doctor.wording import plural


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
    for copies in situation.diagnosis.copies:
        path = situation.captures[copies.capture].path
        packets = plural(copies.packets, "packet is", "packets are")
        if copies.other_capture is None:
            where = f"in {path} more than once, up to {copies.most} times"
        else:
            where = f"in {situation.captures[copies.other_capture].path} as well as in {path}"
        yield finding(
            "NVG104",
            Severity.INFO,
            f"At least {packets} {where}. Each counts once.",
            Subject("capture", capture=copies.capture),
            copies.frames,
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
