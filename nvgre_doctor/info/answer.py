"""Whether captures are good enough to tell which host speaks which layout, and what stands in the
way.

Looks at what was captured, never at what the keys say: that is the diagnosis.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nvgre_doctor.capture.batch import FRAMES_LEFT_OUT
from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.gathering import count_frames, gather_streams
from nvgre_doctor.infer.sent import open_sent
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.infer.verdicts import is_group_address
from nvgre_doctor.info.contents import Contents
from nvgre_doctor.vocabulary import Fitness, Oddity
from nvgre_doctor.wording import address_text, listed, losses_words, plural

_SNAP = "capture again with a snap length of 128 bytes or more, for example tcpdump -s 128"
_PLACE = (
    "capture on the physical adapter that holds the provider address, with no filter or with the"
    " one of nvgre-doctor filter"
)


class Answer(NamedTuple):
    """The answer, and every reason why it is not a plain yes."""

    fitness: Fitness
    reasons: tuple[str, ...]


def answer(contents: Sequence[Contents]) -> Answer:
    """What these captures together are good for."""
    frames = sum(part.evidence.frames for part in contents)
    if not frames:
        return Answer(Fitness.NO, ("There is not one frame.",))
    evidence = Evidence({index: part.evidence for index, part in enumerate(contents)})
    streams = [stream for opened in open_sent(evidence) for stream in gather_streams(opened)]
    counts = sum((part.counts for part in contents), Counter[Oddity]())
    if not streams and not _is_refused(contents):
        return Answer(Fitness.NO, tuple(_why_nothing(contents, counts, frames)))
    flows = count_frames(evidence, streams)
    are_left_out = any(
        problem.reason == FRAMES_LEFT_OUT for part in contents for problem in part.problems
    )
    reasons = (
        *_what_is_cut(streams, counts),
        *_what_is_one_sided(streams, flows, are_left_out),
        *_what_is_lost(contents),
    )
    return Answer(Fitness.PARTLY if reasons else Fitness.YES, reasons)


def _is_refused(contents: Sequence[Contents]) -> bool:
    """Whether ICMP errors refuse NVGRE, whatever they quote."""
    return any(sign.refuses_nvgre for part in contents for sign in part.evidence.icmp)


def _why_nothing(
    contents: Sequence[Contents], counts: Counter[Oddity], frames: int
) -> Iterator[str]:
    """Why there is no NVGRE data."""
    if counts[Oddity.TOO_SHORT]:
        yield (
            f"{plural(counts[Oddity.TOO_SHORT], 'GRE frame is', 'GRE frames are')} cut before the"
            f" key: {_SNAP}."
        )
        return
    if counts[Oddity.LINKTYPE]:
        linktypes = sorted(
            {linktype for part in contents for linktype in part.linktypes_not_decoded}
        )
        yield (
            f"{plural(counts[Oddity.LINKTYPE], 'frame has', 'frames have')} a link type that cannot"
            f" be decoded ({listed(map(str, linktypes))})."
        )
    if counts[Oddity.LINKTYPE] == frames:
        return
    if counts[Oddity.CONTROL] or counts[Oddity.HOST_ERROR]:
        yield (
            "There is NVGRE between the hosts, and none of it carries data of virtual machines:"
            " capture longer."
        )
    elif mirrored := counts[Oddity.NVGRE_IN_ERSPAN] + counts[Oddity.NVGRE_IN_VXLAN]:
        yield (
            f"{plural(mirrored, 'frame holds', 'frames hold')} NVGRE inside ERSPAN or VXLAN, as a"
            f" mirror of it: {_PLACE}."
        )
    elif counts[Oddity.VXLAN]:
        yield (
            "There is VXLAN and no NVGRE. VXLAN is the default since Windows Server 2016; the"
            " layouts of NVGRE do not apply to it."
        )
    else:
        yield f"There is no NVGRE: {_PLACE}."


def _what_is_cut(streams: Sequence[Stream], counts: Counter[Oddity]) -> Iterator[str]:
    if counts[Oddity.TOO_SHORT]:
        yield (
            f"{plural(counts[Oddity.TOO_SHORT], 'GRE frame is', 'GRE frames are')} cut before the"
            f" key: {_SNAP}."
        )
    without_macs = sum(
        stream.frames for stream in streams if stream.destination and not stream.macs
    )
    if without_macs:
        yield (
            f"{plural(without_macs, 'NVGRE frame is', 'NVGRE frames are')} cut before the inner MAC"
            f" addresses, so the directions of a VM pair cannot be compared: {_SNAP}."
        )


def _what_is_one_sided(
    streams: Sequence[Stream], flows: Mapping[tuple[bytes, bytes], int], are_left_out: bool
) -> Iterator[str]:
    """Hosts that only receive; and no VM pair in both directions.  `flows` counts frames by source
    and destination.  If frames were left out, a host may have sent these.
    """
    if not any(flows.values()):
        yield "No NVGRE data was captured, only ICMP errors that quote some."
    senders = {source for source, _ in flows}
    receivers = {destination for (_, destination), frames in flows.items() if frames}
    silent = {address for address in receivers - senders if not is_group_address(address)}
    if silent and not are_left_out:
        names = listed(
            address_text(address) for address in sorted(silent, key=lambda a: (len(a), a))
        )
        one = len(silent) == 1
        yield (
            f"Only one direction of {names} was captured:"
            f" {'it receives' if one else 'they receive'} NVGRE and {'sends' if one else 'send'}"
            f" none. Capture on {'that host' if one else 'these hosts'}, or where both directions"
            " pass."
        )
    pairs = {
        (stream.source, stream.destination, stream.macs)
        for stream in streams
        if stream.frames and stream.macs
    }
    if (
        pairs
        and not any((two, one, macs[6:] + macs[:6]) in pairs for one, two, macs in pairs)
        and not silent
    ):
        yield "No VM pair was heard in both directions, so only the values of the keys can tell."


def _what_is_lost(contents: Sequence[Contents]) -> Iterator[str]:
    for part in contents:
        which = "The capture" if len(contents) == 1 else f"Capture {part.path}"
        if part.problems:
            yield f"{which} could not be read to its end, or not at all."
        if lost := losses_words(part.losses):
            yield f"{which} lost {lost}."
