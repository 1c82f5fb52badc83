"""`nvgre-doctor annotate`: write captures again as pcapng, with a comment on every frame that a
finding points to.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from nvgre_doctor.commands._options import complete_files, config_options, options_from
from nvgre_doctor.errors import Exit
from nvgre_doctor.report.exits import exit_code
from nvgre_doctor.terminal.console import tell, write_stdout
from nvgre_doctor.terminal.output import replacing
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from nvgre_doctor.annotate import Copied
    from nvgre_doctor.evidence.captures import Capture


@click.command(
    "annotate",
    epilog="Exit codes are those of check.",
    short_help="Write captures again, with comments for Wireshark.",
)
@click.argument(
    "captures", metavar="CAPTURE...", nargs=-1, required=True, shell_complete=complete_files
)
@click.option(
    "-o",
    "--output",
    metavar="OUT.pcapng|FOLDER",
    required=True,
    shell_complete=complete_files,
    help="The file to write; of several captures the folder.",
)
@click.option("--only-findings", is_flag=True, help="Only the frames that a finding points to.")
@config_options
def command(
    captures: tuple[str, ...],
    output: str,
    only_findings: bool,
    config: str | None,
    no_config: bool,
) -> int:
    """Write captures again as pcapng, with comments for Wireshark. They are diagnosed together, as
    check does.

    Every frame that a finding points to gets a packet comment, and the whole gets one with the
    verdict. In Wireshark: Analyze, Expert Information, or the display filter frame.comment contains
    "NVG2". Comments of an earlier run are replaced, everything else is copied unchanged.
    """
    from nvgre_doctor.annotate import (  # with all that it needs
        Pointer,
        annotate,
        can_be_copied,
        says,
    )
    from nvgre_doctor.capture import ChangedError, archives_kept
    from nvgre_doctor.commands._copies import captures_twice_read, make_folder_of, plan_copies
    from nvgre_doctor.doctor import examine
    from nvgre_doctor.report.assemble import assemble
    from nvgre_doctor.reporters import render
    from nvgre_doctor.rules.registry import find_all, select_codes
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.progress import ProgressBar

    paths = captures_twice_read(captures)
    targets = plan_copies(captures, paths, output)
    options = options_from(config, no_config)
    display = display_for_stdout(options.color, -1)
    written: list[tuple[str, Copied]] = []
    is_whole = True
    with archives_kept(), ProgressBar(wanted=True, color=options.color != "never") as bar:
        selected = select_codes(options.select)
        situation = examine(paths, options, bar.update)
        report = assemble(situation, find_all(situation), selected, options.ignore)
        told = [problem for read in report.captures for problem in _problems(read)]
        places = zip(paths, report.captures, targets, strict=True)
        for index, (path, read, target) in enumerate(places):
            if not can_be_copied(read):
                told.append(f"{target} was not written")
                continue
            make_folder_of(target)
            pointer = Pointer(situation, report.findings, index)
            try:
                with replacing(target) as stream:
                    copied = annotate(
                        path,
                        read,
                        pointer,
                        stream,
                        bar.update,
                        comment=says(report),
                        only_findings=only_findings,
                    )
            except ChangedError:
                is_whole = False
                told.append(
                    f"{read.path}: changed while it was read; stop the capture first, or copy the"
                    " file"
                )
            else:
                written.append((target, copied))
    tell(*told)
    if written:
        write_stdout(render("text", report, display) + _summary(written), color=display.color)
    return exit_code(report, options.fail_on) if is_whole and written else Exit.UNREADABLE


def _problems(read: "Capture") -> list[str]:
    """What is wrong with a capture, one line each."""
    problems = [f"{read.path}: {problem.message}" for problem in read.problems]
    if not (problems or read.could_be_judged):
        problems = [f"{read.path}: there is no frame in it"]
    return problems


def _summary(written: "Iterable[tuple[str, Copied]]") -> str:
    from nvgre_doctor.wording import plural

    lines = []
    total: Counter[str] = Counter()
    for path, copied in written:
        commented = copied.flagged - copied.without_room
        codes = ", ".join(f"{code} {count}" for code, count in sorted(copied.by_code.items()))
        lines.append(
            f"Wrote {visible(path)}: {plural(copied.written, 'frame')}, {commented} with a comment"
            + (f" ({codes})" if codes else "")
        )
        total.update(commented=commented, without_room=copied.without_room)
    if total["without_room"]:
        lines.append(
            f"{plural(total['without_room'], 'frame')} that a finding points to could not take a"
            " comment (simple packet blocks, or blocks of more than 4 MiB)"
        )
    if total["commented"]:
        lines.append('In Wireshark: frame.comment contains "nvgre-doctor"')
    return "".join(line + "\n" for line in lines)
