"""`nvgre-doctor completion`: print the script that lets a shell complete commands, options and
codes.
"""

import sys

import click

from nvgre_doctor.commands._completion import SHELLS, script
from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout

_EPILOG = """\b
bash:        nvgre-doctor completion bash >> ~/.bashrc
zsh:         nvgre-doctor completion zsh >> ~/.zshrc
fish:        nvgre-doctor completion fish | source   (in config.fish)
PowerShell:  nvgre-doctor completion powershell | Out-String | Invoke-Expression
             (in the file that $PROFILE names)
"""


@click.command("completion", epilog=_EPILOG, short_help="Print the completion of a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that lets a shell complete commands, options and codes."""
    root = ctx.find_root()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(newline="\n")  # a Unix shell on Windows stumbles over CR LF
    write_stdout(script(shell, root.command, root.info_name or ""))
    return Exit.OK
