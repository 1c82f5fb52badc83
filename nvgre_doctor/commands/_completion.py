"""Completion scripts for shells: click's for bash, zsh and fish, our own for PowerShell.

A script runs the program with `_NVGRE_DOCTOR_COMPLETE=SHELL_complete`; click then answers with
completions instead of running a command.  For PowerShell the words come in COMP_WORDS, one a line:
Windows paths have backslashes, which the splitting of a Unix shell would eat.  An answer is one
line of type, value and help, with tabs between.
"""

from __future__ import annotations  # CompletionItem takes no type before click 8.2

import os
import re
from typing import Any, ClassVar, Final

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

SHELLS: Final = ("bash", "zsh", "fish", "powershell")

# For Windows PowerShell 5.1 and later.  A completer must not fail or print: what it cannot do, it
# leaves to file names.
_POWERSHELL: Final = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = $commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition }
    $constant = [System.Management.Automation.Language.StringConstantExpressionAst]
    $words = @($before | ForEach-Object {
        if ($_ -is $constant) { $_.Value } else { $_.Extent.Text }
    })
    $env:COMP_WORDS = ($words + $wordToComplete.Trim('"', "'")) -join "`n"
    $env:%(complete_var)s = 'powershell_complete'
    try {
        $answers = @(& $words[0] 2>$null)
    } catch {
        $answers = @()
    } finally {
        Remove-Item Env:COMP_WORDS, Env:%(complete_var)s
    }
    foreach ($answer in $answers) {
        $type, $value, $help = $answer -split "`t"
        if ($type -eq 'file') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
        } elseif ($value) {
            $result = [System.Management.Automation.CompletionResult]
            $result::new($value, $value, 'ParameterValue', $help)
        }
    }
}
"""


class PowerShellComplete(ShellComplete):
    """Completion for PowerShell.  click has one from 8.5 on, which loses backslashes."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, without the program's name, and that one."""
        words = os.environ.get("COMP_WORDS", "").split("\n")
        return words[1:-1], words[-1] if len(words) > 1 else ""

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """PowerShell takes no empty help."""
        help_text = re.sub(r"\s+", " ", item.help or "") or item.value
        return f"{item.type}\t{item.value}\t{help_text}"


def install() -> None:
    """Make click know our PowerShell."""
    add_completion_class(PowerShellComplete)


def complete_default(
    ctx: click.Context, default: click.Command, incomplete: str, ours: list[CompletionItem[str]]
) -> list[CompletionItem[str]]:
    """Completions of a first word: those of the group, and the options and files that the default
    command takes.
    """
    if not incomplete.startswith("-"):
        # bash forgets what came before a file name, so that comes first.
        return [CompletionItem(incomplete, type="file"), *ours]
    with default.make_context(default.name, [], parent=ctx, resilient_parsing=True) as inner:
        theirs = default.shell_complete(inner, incomplete)
    known = {item.value for item in ours}
    return [*ours, *(item for item in theirs if item.value not in known)]


def script(shell: str, cli: click.Command, program: str) -> str:
    """The script for one of SHELLS."""
    variable = f"_{program}_COMPLETE".replace("-", "_").upper()  # click's rule
    install()
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(f"unknown shell {shell!r}; known: {', '.join(SHELLS)}")
    complete = found(cli, {}, program, variable)
    # Not complete.source(): for bash it runs bash to look at its version, which is not there where
    # scripts are built.
    return complete.source_template % complete.source_vars()
