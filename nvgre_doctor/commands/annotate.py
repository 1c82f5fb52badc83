"""`nvgre-doctor annotate`: write a capture again as pcapng, with a comment on every frame that a
finding points to.
"""

import os
import stat
from typing import TYPE_CHECKING, Final

import click

from nvgre_doctor.commands._options import complete_files, config_options, options_from
from nvgre_doctor.errors import Exit
from nvgre_doctor.report.exits import exit_code
from nvgre_doctor.terminal.output import (
    STDOUT,
    OutputError,
    check_place,
    replacing,
    tell,
    write_stdout,
)
from nvgre_doctor.terminal.text_files import read_bytes
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from nvgre_doctor.annotate import Copied

_SEARCHED: Final = 1 << 24
"""Bytes of an existing output that are searched for a comment of ours."""
_OURS: Final = b"nvgre-doctor NVG"


@click.command("annotate", epilog="Exit codes are those of check.")
@click.argument("capture", metavar="CAPTURE", shell_complete=complete_files)
@click.option(
    "-o",
    "--output",
    metavar="OUT.pcapng",
    required=True,
    shell_complete=complete_files,
    help="The file to write.",
)
@click.option("--only-findings", is_flag=True, help="Only the frames that a finding points to.")
@config_options
def command(
    capture: str, output: str, only_findings: bool, config: str | None, no_config: bool
) -> int:
    """Write CAPTURE again as pcapng, with comments for Wireshark.

    Every frame that a finding points to gets a packet comment. In Wireshark: Analyze, Expert
    Information, or the display filter frame.comment contains "NVG2". Comments of an earlier run are
    replaced, everything else is copied unchanged.
    """
    from nvgre_doctor.annotate import Pointer, annotate, can_be_copied  # with all that it needs
    from nvgre_doctor.capture import ChangedError
    from nvgre_doctor.doctor import examine
    from nvgre_doctor.report.assemble import assemble
    from nvgre_doctor.rules.registry import find_all, select_codes
    from nvgre_doctor.terminal.progress import ProgressBar

    _refuse_input(capture)
    _refuse_output(output, capture)
    options = options_from(config, no_config)
    with ProgressBar(wanted=True, color=options.color != "never") as bar:
        selected = select_codes(options.select, options.ignore)
        situation = examine([capture], options, bar.update)
        report = assemble(situation, find_all(situation), selected)
        (read,) = report.captures
        problems = [f"{capture}: {problem.message}" for problem in read.problems]
        if not (problems or read.could_be_judged):
            problems = [f"{capture}: there is no frame in it"]
        if not can_be_copied(read):
            tell(*problems, f"{output} was not written")
            return Exit.UNREADABLE
        try:
            with replacing(output) as target:
                copied = annotate(
                    read,
                    Pointer(situation, report.findings),
                    target,
                    bar.update,
                    only_findings=only_findings,
                )
        except ChangedError:
            tell(f"{capture}: changed while it was read; stop the capture first, or copy the file")
            return Exit.UNREADABLE
    tell(*problems)
    write_stdout(_summary(output, copied))
    return exit_code(report, options.fail_on)


def _refuse_input(path: str) -> None:
    """Everything is read twice: first to find out, then to write."""
    if path == STDOUT:
        raise click.UsageError(
            "annotate reads the capture twice, and standard input only once: save it to a file"
            " first."
        )
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return  # a member of an archive, or reading it will say so
    if stat.S_ISDIR(mode):
        raise click.UsageError(f"{visible(path)} is a folder; annotate takes one capture.")
    if not stat.S_ISREG(mode):
        raise click.UsageError(
            f"{visible(path)} can be read only once, and annotate reads twice: save it to a file"
            " first."
        )
    from nvgre_doctor.capture import expand

    captures = expand([path])
    if len(captures) > 1:
        raise click.UsageError(
            f"{visible(path)} holds several captures, and annotate takes one: name it, for example"
            f" {visible(captures[0])}"
        )


def _refuse_output(path: str, capture: str) -> None:
    """Never in place, and never over a file that is not ours."""
    name = visible(path)
    if path == STDOUT:
        raise click.UsageError("annotate writes a file; - is standard output.")
    mode = check_place(path)
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        raise OutputError(f"{name}: is not a regular file")
    if os.path.exists(capture) and os.path.samefile(path, capture):
        raise click.UsageError(
            f"{name} is the capture itself; annotate never changes a capture in place."
        )
    if not _is_ours(path):
        raise OutputError(
            f"{name}: exists and holds no comment of nvgre-doctor; delete it first if it may be"
            " replaced"
        )


def _is_ours(path: str) -> bool:
    """Whether a file is empty, or holds one of our comments near its beginning."""
    try:
        beginning = read_bytes(path, _SEARCHED)
    except OSError as error:
        raise OutputError(f"{visible(path)}: {error.strerror or error}") from error
    return not beginning or _OURS in beginning


def _summary(output: str, copied: "Copied") -> str:
    from nvgre_doctor.wording import plural

    codes = ", ".join(f"{code} {count}" for code, count in sorted(copied.by_code.items()))
    lines = [
        f"Wrote {visible(output)}: {plural(copied.written, 'frame')},"
        f" {copied.flagged - copied.without_room} with a comment" + (f" ({codes})" if codes else "")
    ]
    if copied.without_room:
        lines.append(
            f"{plural(copied.without_room, 'frame')} that a finding points to could not take a"
            " comment (simple packet blocks, or blocks of more than 4 MiB)"
        )
    if copied.flagged > copied.without_room:
        lines.append('In Wireshark: frame.comment contains "nvgre-doctor"')
    return "".join(line + "\n" for line in lines)
