"""`nvgre-doctor filter`: a capture filter for the next capture, and display filters for what was
found in this one.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from nvgre_doctor.commands._inputs import refuse_terminal
from nvgre_doctor.commands._options import complete_files, config_options, options_from
from nvgre_doctor.errors import Exit
from nvgre_doctor.report.exits import nothing_was_read
from nvgre_doctor.terminal.console import tell, write_stdout

if TYPE_CHECKING:
    from nvgre_doctor.report.model import Report


MOST_HOSTS: Final = 16
"""With more hosts than this the filter names none: it would not fit a command line, and the hosts
are most of the traffic.
"""


@click.command(
    "filter",
    epilog="Exit: 0, or 3 where a capture could not be read or decoded.",
    short_help="Print filters to capture with, and for Wireshark.",
)
@click.argument(
    "captures", metavar="CAPTURE...", nargs=-1, required=True, shell_complete=complete_files
)
@config_options
def command(captures: tuple[str, ...], config: str | None, no_config: bool) -> int:
    """Print filters: one to capture with, and those that show what was found in Wireshark."""
    from nvgre_doctor.doctor import diagnose  # with all that it needs
    from nvgre_doctor.terminal.progress import ProgressBar

    refuse_terminal(captures, "capture")
    options = options_from(config, no_config)
    with ProgressBar(wanted=True, color=options.color != "never") as bar:
        report = diagnose(captures, options, progress=bar.update)
    tell(*[f"{c.path}: {problem.message}" for c in report.captures for problem in c.problems])
    write_stdout("".join(line + "\n" for line in _lines(report)))
    return Exit.UNREADABLE if nothing_was_read(report) else Exit.OK


def _lines(report: "Report") -> Iterator[str]:
    from nvgre_doctor.filters.for_captures import capture_filter, with_vlan
    from nvgre_doctor.filters.for_wireshark import NVGRE, of_hosts_before_4
    from nvgre_doctor.reporters.subjects import filters_of, subject_key, subject_name
    from nvgre_doctor.terminal.visible import visible

    hosts = hosts_in_question(report)
    text = capture_filter(hosts)
    yield from ("Capture filter, for tcpdump, dumpcap -f and Wireshark:", text, "")
    yield from ("The same where frames may carry a VLAN tag (Ethernet only):", with_vlan(text), "")
    yield "Display filters, for Wireshark 4.0 or later and tshark -Y:"
    yield from ("all NVGRE", "  " + NVGRE)
    rows = {
        (
            f"{finding.code} {visible(subject_name(report, subject_key(finding)))}"
            + (f", in {visible(name)}" if name else ""),
            display_filter,
        ): None
        for finding in report.findings
        for name, display_filter in filters_of(report, finding)
    }
    for name, display_filter in rows:
        yield from (name, "  " + display_filter)
    if rows:
        yield from ("", "Display filter for a Wireshark before 4.0, which knows no #1:")
        yield "all that names these hosts, also inside and in quotes"
        yield "  " + of_hosts_before_4(hosts)


def hosts_in_question(report: "Report") -> tuple[str, ...]:
    """The hosts that errors and warnings are about, else all; none where there are too many to
    name.
    """
    from nvgre_doctor.vocabulary import Severity

    about = {
        host
        for finding in report.findings
        if finding.severity is not Severity.INFO
        for host in finding.subject.hosts
    }
    every = [host.address for host in report.hosts]
    hosts = [host for host in every if host in about] or every
    hosts += sorted(about - set(every))
    return tuple(hosts) if len(hosts) <= MOST_HOSTS else ()
