"""The command line: assembles the commands and turns every way of ending into an exit code; nothing
else.

Each command is a module of `commands`, loaded when it is asked for, so that `--version` waits for
nothing.  What a command returns is the exit code; what it raises is mapped here, in `main`, and
nowhere else.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import click

from nvgre_doctor import __version__
from nvgre_doctor.errors import DoctorError, Exit
from nvgre_doctor.terminal.console import PROGRAM, discard, prepare_streams, tell, write_stderr
from nvgre_doctor.terminal.memory import heed_memory_limit
from nvgre_doctor.terminal.stopping import stopping_cleanly
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT_COMMAND: Final = "check"
COMMANDS: Final = {
    "check": "nvgre_doctor.commands.check",
    "watch": "nvgre_doctor.commands.watch",
    "info": "nvgre_doctor.commands.info",
    "annotate": "nvgre_doctor.commands.annotate",
    "filter": "nvgre_doctor.commands.filter",
    "convert": "nvgre_doctor.commands.convert",
    "key": "nvgre_doctor.commands.key",
    "explain": "nvgre_doctor.commands.explain",
    "rules": "nvgre_doctor.commands.rules",
    "schema": "nvgre_doctor.commands.schema",
    "wireshark": "nvgre_doctor.commands.wireshark",
    "web": "nvgre_doctor.commands.web",
    "completion": "nvgre_doctor.commands.completion",
}
"""Name of the command -> module that holds it as `command`, in the order of `--help`."""
DEBUG_VARIABLE: Final = "NVGRE_DOCTOR_DEBUG"
COMPLETION_VARIABLE: Final = "_NVGRE_DOCTOR_COMPLETE"
"""Set by the completion function of a shell; click chooses its name."""

_WITHOUT_DOCSTRINGS: Final = 2
"""The level of optimization (-OO) that takes them away; click makes the help of them."""
_NO_ROOM: Final = ("failed to map segment", "cannot map zero-fill pages", "memory")
"""What loaders of glibc and musl say of a library that does not fit into memory."""
_OWN_OPTIONS: Final = ("-h", "--help", "--version")


class Commands(click.Group):
    """The commands, loaded on demand; without the name of a command it is `check`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are needed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the module of a command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = cast("click.Command", import_module(module).command)
        if sys.flags.optimize >= _WITHOUT_DOCSTRINGS:
            _restore_help(command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command where none is given.  A command wins over a file of its name, in
        every folder.
        """
        is_completion = ctx.resilient_parsing
        if not args and not is_completion:
            raise click.UsageError(
                "Which capture? Give a file or a folder, or - for standard input.", ctx
            )
        if args and args[0] not in COMMANDS and args[0] not in _OWN_OPTIONS:
            if not is_completion:
                _refuse_mistyped_command(ctx, args[0])
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """The first word: a command, or what `check` takes."""
        from nvgre_doctor.commands._completion import complete_default

        default = self.get_command(ctx, DEFAULT_COMMAND)
        ours = super().shell_complete(ctx, incomplete)
        return ours if default is None else complete_default(ctx, default, incomplete, ours)


def _restore_help(command: click.Command) -> None:
    from nvgre_doctor.docstrings import docstring

    if command.callback is not None:
        command.help = docstring(command.callback)
    for part in command.commands.values() if isinstance(command, click.Group) else ():
        _restore_help(part)


def _say_version(ctx: click.Context) -> None:
    """The version, and which of the two loops counts frames."""
    from nvgre_doctor.scan.native import scanner_class

    scanner = "C" if scanner_class() is not None else "Python"
    click.echo(f"{PROGRAM} {__version__}\nscanner: {scanner}")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _param, wanted: _say_version(ctx) if wanted else None,
    help="Show the version and exit.",
)
def cli() -> None:
    """Find out which Hyper-V hosts still speak the old NVGRE layout, and who cannot talk because of
    it.

    `nvgre-doctor lab.pcapng` is short for `nvgre-doctor check lab.pcapng`.  A command wins over a
    file of the same name: for a capture named `key`, write `check key`.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code (see `exits.Exit`); never raises.  `args` None means
    those of the process.
    """
    try:
        with stopping_cleanly(process_ends=args is None):
            if args is None:
                heed_memory_limit()
            prepare_streams()
            return _run(args)
    except KeyboardInterrupt:
        return _say(Exit.INTERRUPTED, "interrupted")


def _run(args: Sequence[str] | None) -> int:
    try:
        if COMPLETION_VARIABLE in os.environ:
            _prepare_completion()
        if sys.flags.optimize >= _WITHOUT_DOCSTRINGS:
            _restore_help(cli)
        result = cli.main(
            None if args is None else list(args), prog_name=PROGRAM, standalone_mode=False
        )
        return int(result or 0)
    except click.Abort as error:  # click makes it of Ctrl-C, and of any EOFError
        reason = error.__cause__ or error.__context__  # click 8.1.0 gives no cause
        if isinstance(reason, EOFError):
            return _internal_error(reason)
        return _say(Exit.INTERRUPTED, "interrupted")
    except click.exceptions.NoArgsIsHelpError as error:  # of a command that only has others
        error.show()
        return Exit.USAGE
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else PROGRAM
        said = error.format_message().replace("\n\t", " ")  # click lists choices in lines
        return _say(Exit.USAGE, said, f"Try: {path} --help")
    except click.ClickException as error:
        return _say(Exit.USAGE, error.format_message())
    except DoctorError as error:
        hint = f"Try: {PROGRAM} {_command_of(args)} --help" if error.help_helps else ""
        return _say(error.exit_code, str(error), hint)
    except (
        SystemExit
    ) as error:  # click: after shell completion, and when nobody reads its help any more
        return Exit.USAGE if error.code and COMPLETION_VARIABLE in os.environ else Exit.OK
    except MemoryError:
        pass  # what took it is let go only behind this block
    except ImportError as error:  # a library for which there is no room
        if not any(words in str(error).lower() for words in _NO_ROOM):
            return _internal_error(error)
    except OSError as error:
        if not _was_saying(error):
            return _internal_error(error)
        discard(sys.stdout)
        return _say(Exit.USAGE, f"cannot write: {error.strerror}")
    except Exception as error:  # noqa: BLE001  the last resort: exit code 1 must not mean a crash
        return _internal_error(error)
    return _say(Exit.INTERNAL, "there is not enough memory. Give fewer captures at once.")


def _was_saying(error: OSError) -> bool:
    """Whether click could not write its help or version; what we write is looked after where it is
    written.
    """
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is click.echo.__code__:
            return True
        trace = trace.tb_next
    return False


def _command_of(args: Sequence[str] | None) -> str:
    words = sys.argv[1:2] if args is None else args[:1]
    return words[0] if words and words[0] in COMMANDS else DEFAULT_COMMAND


def _prepare_completion() -> None:
    from nvgre_doctor.commands._completion import install  # only when a shell asks

    install()


def _refuse_mistyped_command(ctx: click.Context, word: str) -> None:
    """`nvgre-doctor kye 5001` is no capture named kye."""
    if not word.isalpha() or os.path.exists(word):
        return
    from difflib import get_close_matches  # only for mistakes

    for name in get_close_matches(word, COMMANDS, n=1):
        raise click.UsageError(
            f"There is no command and no file {visible(word)}. Did you mean {name}?", ctx
        )


def _internal_error(error: BaseException) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback  # only for people who look for the fault

        write_stderr("".join(traceback.format_exception(error)).splitlines())
    return _say(
        Exit.INTERNAL,
        f"internal error: {type(error).__name__}: {error}",
        f"Please report it, with the output of the same command under {DEBUG_VARIABLE}=1.",
    )


def _say(code: Exit, message: str, hint: str = "") -> int:
    tell(message, hint=hint)
    return code
