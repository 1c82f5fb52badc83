"""Options that several commands share, and what is behind them: the command line wins over the
environment, that over the file.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import click

from nvgre_doctor.report.exits import FAIL_ON
from nvgre_doctor.reporters import FORMATS
from nvgre_doctor.terminal.console import tell

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from nvgre_doctor.settings.options import Options

Function = TypeVar("Function", bound=Callable[..., object])


def complete_files(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Leave file names to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_codes(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Finding codes; after a comma the next one."""
    from click.shell_completion import CompletionItem

    from nvgre_doctor.rules.registry import RULES

    before, comma, begun = incomplete.rpartition(",")
    return [
        CompletionItem(before + comma + rule.code, help=rule.title)
        for rule in RULES
        if rule.code.startswith(begun.upper())
    ]


def file_option(name: str, words: str, *, hidden: bool = False) -> Callable[[Function], Function]:
    """An option that names a file."""
    return click.option(
        name, metavar="FILE", shell_complete=complete_files, hidden=hidden, help=words
    )


format_option = click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(FORMATS, case_sensitive=False),
    metavar="NAME",
    help=f"{' '.join(FORMATS)}.",  # with commas it would be a line more
)
output_option = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="[NAME=]FILE",
    shell_complete=complete_files,
    help="Write FILE. Without NAME: as -f or suffix says.",
)
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    metavar="SEVERITY",
    help="Exit 1 from error (default), warning, info; never.",
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    metavar="WHEN",
    help="auto, always or never.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Only the verdict.")
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="All evidence, with frames and segments."
)


def verbosity(quiet: bool, verbose: bool) -> int:
    """-1, 0 or 1, as `Display` has it.  Errors: click.UsageError."""
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other.")
    return verbose - quiet


def config_options(function: Function) -> Function:
    """`--config` and `--no-config`, of which the help shows one line."""
    config = file_option("--config", "Settings (nvgre-doctor.toml), or --no-config.")
    return config(click.option("--no-config", is_flag=True, hidden=True)(function))


def _vsids(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    """Decimal or 0x..., and only what an administrator may assign."""
    from nvgre_doctor.known.numbers import parse_vsid

    try:
        return tuple(map(parse_vsid, values))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _codes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.strip() for value in values for code in value.split(","))


def network_options(function: Function) -> Function:
    """What is told of the network."""
    for option in (
        file_option("--inventory", "CSV of Get-NetVirtualizationLookupRecord."),
        click.option(
            "--vsid-complete",
            hidden=True,  # so that the help stays on one screen; that of --vsid names it
            is_flag=True,
            default=None,
            help="You use no others than these and the inventory's.",
        ),
        click.option(
            "--vsid",
            "vsids",
            callback=_vsids,
            multiple=True,
            metavar="N",
            help="A VSID that you use (all are: --vsid-complete).",
        ),
    ):
        function = option(function)
    return function


def code_options(function: Function) -> Function:
    """Which findings are told."""
    for name, words in (
        ("--ignore", "Not these findings."),
        ("--select", "Only these findings: NVG301,NVG2."),
    ):
        option = click.option(
            name,
            callback=_codes,
            multiple=True,
            metavar="CODES",
            shell_complete=complete_codes,
            help=words,
        )
        function = option(function)
    return function


def options_from(config: str | None, no_config: bool, **given: object) -> "Options":
    """What the command line says (`given`, by fields of Options), where it says nothing what the
    environment says, and then the configuration file, which is named on standard error unless it
    lies in the working directory.  Errors: DoctorError, click.UsageError.
    """
    from nvgre_doctor.settings.sources import load_options

    if config is not None and no_config:
        raise click.UsageError("--config and --no-config exclude each other.")
    options = load_options(config, search=not no_config)
    if options.file_elsewhere is not None:
        tell(f"configuration {options.file}")
    said = {name: value for name, value in given.items() if value not in (None, ())}
    return replace(options, **said)  # type: ignore[arg-type]  # click has checked them
