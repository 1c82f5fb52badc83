"""Contents and answers as text for people.  Texts of a capture are made visible here."""

from collections.abc import Iterable, Sequence
from typing import Final

from nvgre_doctor.capture.description import InterfaceDescription
from nvgre_doctor.info.answer import Answer
from nvgre_doctor.info.contents import Contents
from nvgre_doctor.info.units import (
    duration_words,
    linktype_words,
    resolution_words,
    size_words,
    time_words,
)
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.page import Page, Span, Style
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Fitness, Oddity
from nvgre_doctor.wire.ethertypes import ethertype_words
from nvgre_doctor.wording import icmp_words, losses_words, plural

INTERFACES_SHOWN: Final = 16
ETHERTYPES_SHOWN: Final = 8
_KINDS: Final = (
    ("NVGRE inside ERSPAN", (Oddity.NVGRE_IN_ERSPAN,)),
    ("NVGRE inside VXLAN", (Oddity.NVGRE_IN_VXLAN,)),
    ("VXLAN (UDP 4789)", (Oddity.VXLAN,)),
    ("GRE without a key", (Oddity.GRE_WITHOUT_KEY,)),
    ("other GRE", (Oddity.GRE_OTHER,)),
    ("GRE, later fragments", (Oddity.LATER_FRAGMENT,)),
    ("GRE, cut before the key", (Oddity.TOO_SHORT,)),
    ("other IP", (Oddity.NOT_GRE,)),
    ("cut before the protocol", (Oddity.TRUNCATED,)),
    ("malformed", (Oddity.MALFORMED,)),
    ("802.11, written as Ethernet", (Oddity.WIRELESS,)),
    ("link type not decoded", (Oddity.LINKTYPE,)),
)
_ANSWERS: Final = {
    Fitness.YES: ("yes", Style.GOOD),
    Fitness.PARTLY: ("partly", Style.DOUBTFUL),
    Fitness.NO: ("no", Style.BAD),
}
_QUESTION: Final = "Can be diagnosed:"

Row = tuple[str, str]


def render(
    contents: Sequence[Contents],
    answers: Sequence[Answer],
    together: Answer | None,
    display: Display,
) -> str:
    """One paragraph for each capture, with the answer for it alone, and one for all of them
    together.
    """
    page = Page(display.width, color=display.color)
    for part, answer in zip(contents, answers, strict=True):
        page.blank()
        # Never first in its line: a CI system takes a file named ::error:: for a command.
        page.say("Capture ", Span(visible(part.path, display.encoding), Style.HEADING))
        page.table(
            ("", ""),
            [
                (Span("  " + name), Span(visible(text, display.encoding)))
                for name, text in _rows(part)
            ],
        )
        _say(page, answer, _QUESTION, display, indent=2)
    if together is not None:
        page.blank()
        _say(page, together, "Together they can be diagnosed:", display)
    return page.text()


def _say(page: Page, answer: Answer, question: str, display: Display, indent: int = 0) -> None:
    word, style = _ANSWERS[answer.fitness]
    page.say(f"{question} ", Span(word, style), indent=indent)
    for reason in answer.reasons:
        page.say(visible(reason, display.encoding), indent=indent + 2)


def _rows(part: Contents) -> Iterable[Row]:
    packing = f", packed with {part.compression}" if part.compression else ""
    variant = f" {part.description.variant}" if part.description.variant else ""
    yield "Format", f"{part.format or 'not a capture'}{variant}{packing}; {size_words(part.bytes)}"
    for problem in part.problems:
        yield "Problem", problem.message
    writer = ", ".join(
        _decoded(text) for text in (part.description.application, part.description.os) if text
    )
    if writer:
        yield "Written by", writer
    for comment in part.description.comments:
        for line in _decoded(comment).splitlines():
            yield "Comment", line
    if part.description.comments_left_out:
        yield "", f"and {plural(part.description.comments_left_out, 'more comment')}"
    yield from _interface_rows(part)
    if part.lengths.first_ns is not None and part.lengths.last_ns is not None:
        first, last = part.lengths.first_ns, part.lengths.last_ns
        zone = "" if part.description.is_local_time else " UTC"
        yield (
            "Time",
            f"{time_words(first)} to {time_words(last)}{zone}, {duration_words(last - first)}",
        )
    yield "Frames", _frames(part)
    yield from _kind_rows(part)
    for kind, number in part.icmp_errors:
        where = "inside NVGRE" if kind.is_inner else "on the underlay"
        about = "about NVGRE" if kind.about_nvgre else "about other traffic"
        yield (
            "  ICMP error",
            f"{number} x {icmp_words(kind.version, kind.type, kind.code)}, {where}, {about}",
        )
    yield from part.description.facts
    lost = losses_words(part.losses) or "nothing"
    yield "Lost", lost if part.losses.is_told else "the capture does not say"


def _interface_rows(part: Contents) -> Iterable[Row]:
    described = part.description
    for interface in described.interfaces[:INTERFACES_SHOWN]:
        number = "" if described.is_of_one_interface else f" {interface.number}"
        section = f" of section {interface.section}" if described.sections > 1 else ""
        yield f"Interface{number}{section}", _interface(interface)
    more = len(described.interfaces) - INTERFACES_SHOWN
    more = max(more, 0) + described.interfaces_left_out
    if more:
        yield "", f"and {plural(more, 'more interface')}"


def _interface(interface: InterfaceDescription) -> str:
    parts = [linktype_words(interface.linktype)]
    parts += [f'{word} "{_decoded(text)}"' for word, text in _texts(interface) if text]
    parts.append(f"times in {resolution_words(interface)}")
    parts.append(f"snap length {interface.snaplen}" if interface.snaplen else "no snap length")
    if interface.fcs_octets:
        parts.append(f"{interface.fcs_octets} bytes of frame check sequence")
    for word, number in (
        ("received", interface.received),
        ("dropped by the interface", interface.dropped_by_interface),
        ("dropped by the system", interface.dropped_by_os),
    ):
        if number is not None:
            parts.append(f"{number} {word}")
    return ", ".join(parts)


def _texts(interface: InterfaceDescription) -> tuple[tuple[str, bytes], ...]:
    return (
        ("name", interface.name),
        ("description", interface.text),
        ("filter", interface.capture_filter),
    )


def _frames(part: Contents) -> str:
    lengths = part.lengths
    if not part.evidence.frames:
        return "none"
    cut = f"{lengths.cut_frames} cut" if lengths.cut_frames else "none cut"
    return f"{part.evidence.frames}, {cut}, the longest has {plural(lengths.longest, 'byte')}"


def _kind_rows(part: Contents) -> Iterable[Row]:
    if part.evidence.frames:
        yield "  NVGRE", str(part.evidence.nvgre_frames)
    for name, oddities in _KINDS:
        number = sum(part.counts[oddity] for oddity in oddities)
        if number:
            yield f"  {name}", str(number)
    ranked = sorted(part.ethertypes.items(), key=lambda item: (-item[1], item[0]))
    for ethertype, number in ranked[:ETHERTYPES_SHOWN]:
        yield f"  {ethertype_words(ethertype)}", str(number)
    if rest := sum(number for _, number in ranked[ETHERTYPES_SHOWN:]):
        yield "  other EtherTypes", str(rest)


def _decoded(text: bytes) -> str:
    return text.rstrip(b"\0").decode("utf-8", "backslashreplace")
