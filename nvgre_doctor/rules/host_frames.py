"""The frames of a finding about a host, and what is said wherever it may be no Hyper-V host."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.host import HostVerdict, Reason
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.numbered import (
    Filters,
    Numbers,
    at_times,
    of_captures,
    times_of,
    with_numbers,
)
from nvgre_doctor.vocabulary import Layout, Sender
from nvgre_doctor.wording import key_text


def reasons_for(host: HostVerdict, *layouts_wanted: Layout) -> list[Reason]:
    """Why a host is believed to speak these layouts, in the order of the verdict."""
    return [reason for reason in host.reasons if reason.layout in layouts_wanted]


def frames_behind(situation: Situation, host: HostVerdict, reasons: Iterable[Reason]) -> list[At]:
    """The first frames of the streams that these reasons rest on: those that the host sent itself,
    in the layout that each reason is for.
    """
    return [
        stream.first
        for reason in reasons
        for stream in reason.streams
        if stream.source == host.address
        and (not host.is_mixed or situation.layout_at(host.address, stream.first) is reason.layout)
    ]


def frames_in(
    situation: Situation, host: HostVerdict, sent: Iterable[Stream], layout: Layout
) -> int:
    """How many data frames a host sent in a layout; `sent` are all of its streams."""
    if not host.is_mixed:
        return host.frames_sent
    return sum(
        stream.frames
        for stream in sent
        if situation.layout_at(host.address, stream.first) is layout
    )


def filter_in(
    situation: Situation, data: DataFilters, host: HostVerdict, layout: Layout
) -> Filters:
    """Display filters for them."""
    text = data(host.address)
    if not host.is_mixed:
        return text
    times = times_of(situation, [host], lambda at: situation.layout_at(host.address, at) is layout)
    return at_times(situation, text, times)


def frames_around(host: HostVerdict) -> list[At]:
    """The last frame before each change of its layout, and the first one after it."""
    return [at for change in host.changes for at in (change.last_before, change.at)]


def filter_around(situation: Situation, data: DataFilters, host: HostVerdict) -> Filters:
    """Display filters for them."""
    numbers: defaultdict[int, set[Numbers]] = defaultdict(set)
    for at in frames_around(host):
        numbers[at.capture].add((at.frame_number, at.frame_number))
    text = data(host.address)
    return of_captures(
        situation, {capture: with_numbers(text, of_one) for capture, of_one in numbers.items()}
    )


def if_nvgre(host: HostVerdict) -> str:
    """What else it may be where nothing says that it is a Hyper-V host."""
    if host.sender is Sender.HYPER_V:
        return ""
    signs = f" ({'; '.join(host.sender_reasons)})" if host.sender_reasons else ""
    if host.sender is Sender.OTHER:
        return f" It is a plain GRE tunnel{signs}, such as Open vSwitch and Linux make."
    return (
        f" Nothing here says for certain that it is a Hyper-V host{signs}: it may be a plain GRE"
        " tunnel (Open vSwitch, Linux)."
    )


def every_frame_of_host(text: str) -> Show:
    """`text` has a place for the host's name and one for its key."""

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is not None:
            name = name_of(frame.packet.source)
            yield Claim((name,), text.format(name, key_text(frame.packet.gre_key)))

    return show
