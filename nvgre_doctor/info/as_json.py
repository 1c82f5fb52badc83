"""Contents and answers as one JSON object for programs: raw texts, ASCII only, integer
nanoseconds.
"""

import json
from collections.abc import Sequence
from typing import Any

from nvgre_doctor import __version__
from nvgre_doctor.capture import Description
from nvgre_doctor.info.answer import Answer
from nvgre_doctor.info.contents import Contents
from nvgre_doctor.info.units import linktype_words
from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.report.to_json import harmless_json

Json = dict[str, Any]


def render(contents: Sequence[Contents], answers: Sequence[Answer], together: Answer) -> str:
    """One object, indented by two spaces."""
    whole = {
        "tool": {"name": "nvgre-doctor", "version": __version__},
        "captures": [
            _capture(part, answer) for part, answer in zip(contents, answers, strict=True)
        ],
        "answer": _answer(together),
    }
    return harmless_json(json.dumps(whole, indent=2) + "\n")


def _capture(part: Contents, answer: Answer) -> Json:
    description, lengths = part.description, part.lengths
    return {
        "path": part.path,
        "format": part.format,
        "variant": description.variant,
        "compression": part.compression,
        "status": part.status.value,
        "bytes": part.bytes,
        "problems": [
            {"reason": p.reason, "offset": p.offset, "message": p.message} for p in part.problems
        ],
        "application": _text(description.application),
        "os": _text(description.os),
        "hardware": _text(description.hardware),
        "comments": [_text(comment) for comment in description.comments],
        "comments_left_out": description.comments_left_out,
        "sections": description.sections,
        "interfaces": [
            {
                "section": interface.section,
                "number": interface.number,
                "linktype": interface.linktype,
                "linktype_name": linktype_words(interface.linktype),
                "name": _text(interface.name),
                "description": _text(interface.text),
                "os": _text(interface.os),
                "filter": _text(interface.capture_filter),
                "snap_length": interface.snaplen,
                "tsresol": interface.tsresol,
                "received": interface.received,
                "dropped_by_interface": interface.dropped_by_interface,
                "dropped_by_os": interface.dropped_by_os,
            }
            for interface in description.interfaces
        ],
        "interfaces_left_out": description.interfaces_left_out,
        "first_ns": lengths.first_ns,
        "first": _time(lengths.first_ns, description),
        "last_ns": lengths.last_ns,
        "last": _time(lengths.last_ns, description),
        "frames": part.evidence.frames,
        "cut_frames": lengths.cut_frames,
        "longest_frame": lengths.longest,
        "nvgre_frames": part.evidence.nvgre_frames,
        "other_frames": {oddity.value: number for oddity, number in sorted(part.counts.items())},
        "ethertypes": {
            f"0x{number:04x}": count for number, count in sorted(part.ethertypes.items())
        },
        "icmp_errors": [
            {
                "version": kind.version,
                "type": kind.type,
                "code": kind.code,
                "carried": "inner" if kind.is_inner else "outer",
                "about_nvgre": kind.about_nvgre,
                "count": number,
            }
            for kind, number in part.icmp_errors
        ],
        "dropped": part.losses.packets + part.losses.events if part.losses.is_told else None,
        "facts": [{"what": what, "says": says} for what, says in description.facts],
        "answer": _answer(answer),
    }


def _time(ts_ns: int | None, description: Description) -> str | None:
    """Without the Z where a time is not in UTC."""
    text = rfc3339(ts_ns)
    return text.removesuffix("Z") if text and description.is_local_time else text


def _answer(answer: Answer) -> Json:
    return {"can_be_diagnosed": answer.fitness.value, "reasons": list(answer.reasons)}


def _text(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
