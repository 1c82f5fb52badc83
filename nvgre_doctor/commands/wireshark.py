"""`nvgre-doctor wireshark install|show|remove`: key readings and a profile in a person's
Wireshark.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from nvgre_doctor.wireshark.folders import Folders
    from nvgre_doctor.wireshark.install import Result

_FORCE_HELP = "Also {} files that were changed since, or that Wireshark rewrote{}."


@click.group("wireshark", short_help="Show both layouts in Wireshark: plugin and profile.")
def command() -> None:
    """Show both NVGRE layouts in Wireshark 3.6 to 4.6: a Lua plugin and the profile NVGRE, for your
    account only.
    """


@command.command("install")
@click.option(
    "--force",
    is_flag=True,
    help=_FORCE_HELP.format("replace", ", and files of these names that are not ours"),
)
def install_command(force: bool) -> int:
    """Write the plugin and the profile, or bring them up to date."""
    from nvgre_doctor.wireshark.install import Outcome, install

    results = _carry_out(lambda folders: install(folders, force=force))
    if any(result.outcome in (Outcome.FAILED, Outcome.FOREIGN) for result in results):
        write_stdout("Not everything is in place. --force replaces files that are not ours.\n")
        return Exit.USAGE
    if any(result.outcome is Outcome.CHANGED for result in results):
        write_stdout("Changed files stay as they are. --force replaces them.\n")
    write_stdout("Start Wireshark again and choose the profile NVGRE at the bottom right.\n")
    return Exit.OK


@command.command("show")
def show_command() -> int:
    """Say what is where, and whether it is current."""
    from nvgre_doctor.wireshark.install import Outcome, show

    results = _carry_out(show)
    return Exit.USAGE if any(result.outcome is Outcome.FAILED for result in results) else Exit.OK


@command.command("remove")
@click.option("--force", is_flag=True, help=_FORCE_HELP.format("remove", ""))
def remove_command(force: bool) -> int:
    """Remove what `install` wrote, and nothing else."""
    from nvgre_doctor.wireshark.install import Outcome, remove

    results = _carry_out(lambda folders: remove(folders, force=force))
    return Exit.USAGE if any(result.outcome is Outcome.FAILED for result in results) else Exit.OK


def _carry_out(action: Callable[["Folders"], list["Result"]]) -> list["Result"]:
    """Find the folders, act, and print what became of each file."""
    from nvgre_doctor.wireshark.folders import FoldersUnknownError, find_folders

    try:
        folders = find_folders()
    except FoldersUnknownError as error:
        raise click.ClickException(str(error)) from error
    results = action(folders)
    lines = [f"Folders: {visible(folders.source)}"]
    for result in results:
        reason = f"  ({visible(result.reason)})" if result.reason else ""
        lines.append(f"{result.outcome:<9} {visible(str(result.path))}{reason}")
    write_stdout("\n".join(lines) + "\n")
    return results
