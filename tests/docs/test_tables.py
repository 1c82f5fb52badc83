"""What the pages say about the program is what the program says about itself."""

import re
from collections.abc import Iterator

import click
import pytest

from nvgre_doctor.cli import COMMANDS, DEBUG_VARIABLE, cli
from nvgre_doctor.errors import Exit
from nvgre_doctor.evidence import limits
from nvgre_doctor.evidence.sampling import ALL_UNITS, VM_STREAMS
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Kind
from nvgre_doctor.watching.said import EVENTS
from tests.docs.pages import EVERYTHING, PAGES, prose, table


def test_the_findings_are_those_of_the_rules() -> None:
    assert table("docs/findings.md", "Code", "Severity", "Finding") == [
        [rule.code, rule.severity.value, rule.title] for rule in RULES
    ]


def test_the_exit_codes_are_those_of_the_program() -> None:
    assert [int(code) for code, _ in table("README.md", "Code", "Meaning")] == list(Exit)


def test_the_kinds_of_evidence_are_those_of_the_program() -> None:
    rows = table("docs/certainty.md", "Evidence", "What is seen", "Gives")
    assert [kind.strip("`") for kind, _, _ in rows] == [kind.value for kind in Kind]


def test_every_command_is_in_the_table() -> None:
    rows = table("README.md", "`nvgre-doctor` ...", "What it does")
    assert [command.strip("`").split()[0].strip("[]") for command, _ in rows] == list(COMMANDS)


def test_the_events_of_watch_are_those_of_the_program() -> None:
    rows = table("docs/watch.md", "Event", "Fields", "When")
    assert [event.strip("`") for event, _, _ in rows] == list(EVENTS)


def options() -> Iterator[tuple[str, str]]:
    def walk(
        name: str, command: click.Command, parent: click.Context | None
    ) -> Iterator[tuple[str, str]]:
        context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield context.command_path, max(parameter.opts, key=len)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from walk(child, found, context)

    return walk("nvgre-doctor", cli, None)


@pytest.mark.parametrize(("command", "option"), list(options()))
def test_every_option_is_named(command: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", EVERYTHING), f"{command} {option}"


def test_the_limits_are_those_of_the_program() -> None:
    assert f"more than {ALL_UNITS:,} VM streams" in prose("README.md")
    assert f"each direction between two hosts {VM_STREAMS} are kept" in prose("README.md")
    assert limits.share_of(4096) >= 2 * VM_STREAMS > limits.share_of(4097) == VM_STREAMS
    assert (
        f"at most {limits.HOSTS:,} hosts, {limits.PAIRS:,} pairs of hosts, {limits.IDS:,} ids that"
        f" their sources used, {limits.SIGNS:,} kinds of unusual frames and {limits.ERRORS:,} kinds"
    ) in prose("README.md")


def test_the_variable_for_the_traceback_is_the_programs() -> None:
    assert f"`{DEBUG_VARIABLE}=1`" in PAGES["README.md"]
