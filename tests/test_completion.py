"""`nvgre-doctor completion`: in a real bash, zsh and fish; for PowerShell by the words and answers
of its protocol.
"""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from nvgre_doctor.commands._completion import script
from tests.needs import need, need_module
from tests.program import environment, run


@cache
def commands() -> list[str]:
    """The commands that the help names."""
    lines = run("--help").stdout.decode().partition("Commands:\n")[2].splitlines()
    return [
        line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A working directory with a capture, and `bin/nvgre-doctor` beside it."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvgre-doctor"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nvgre_doctor "$@"\n')
    program.chmod(0o755)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "lab.pcapng").write_bytes(b"")
    (tmp_path / "work" / "lab two.pcap").write_bytes(b"")
    return tmp_path


def surroundings(place: Path) -> dict[str, str]:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return environment(
        PATH=path, HOME=str(place), TERM="dumb", XDG_CONFIG_HOME=str(place / "config")
    )


def typed(command: Sequence[str], place: Path, setup: str, line: str, after: str) -> str:
    """What a shell prints when somebody types a line with tabs in it, then `after`, in a
    terminal.
    """
    pty, termios = need_module("pty"), need_module("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 200))
    process = subprocess.Popen(
        command,
        cwd=place / "work",
        env=surroundings(place),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""

    def wait_for(mark: bytes) -> None:
        nonlocal seen
        seen = b""
        while mark not in seen:
            assert select.select([ours], [], [], 30)[0], f"no {mark!r} in {seen!r}"
            seen += os.read(ours, 65536)

    # The mark is written in two parts, so that the echo of what is typed does not hold it.
    os.write(ours, f"{setup}; echo READY''FOR IT\n".encode())
    wait_for(b"READYFOR IT\r\n")
    os.write(ours, line.encode())
    wait_for(after.encode())
    # To the beginning of the line: what was completed becomes the words of an echo.
    os.write(ours, b"\x01echo '<''<' \x05 '>''>'\n")
    wait_for(b">>\r\n")
    os.write(ours, b"exit\n")
    process.wait(timeout=30)
    os.close(ours)
    text = seen.decode().replace("\r\n", "\n")
    return text[text.index("<<") + 3 : text.rindex(" >>")]


# --- bash --------------------------------------------------------------------


def bash_answer(place: Path, *words: str) -> list[str]:
    """What bash's completion function finds for the last word."""
    lines = [
        'eval "$(nvgre-doctor completion bash)"',
        (
            f"COMP_WORDS=({' '.join(f'{word!r}' for word in ('nvgre-doctor', *words))});"
            f" COMP_CWORD={len(words)}"
        ),
        "compopt() { :; }",  # works only while bash itself completes
        "_nvgre_doctor_completion nvgre-doctor",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    done = subprocess.run(
        [need("bash"), "--norc", "-c", "\n".join(lines)],
        cwd=place / "work",
        env=surroundings(place),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.peer
def test_bash_completes_commands_options_values_and_codes(place: Path) -> None:
    assert bash_answer(place, "") == commands()
    assert bash_answer(place, "comp") == ["completion"]
    assert bash_answer(place, "--fail") == ["--fail-on"]
    assert bash_answer(place, "--fail-on", "") == ["error", "warning", "info", "never"]
    assert bash_answer(place, "check", "-f", "j") == ["json", "jsonl", "junit"]
    assert bash_answer(place, "lab.pcapng", "--sel") == ["--select"]
    assert bash_answer(place, "completion", "z") == ["zsh"]
    assert bash_answer(place, "explain", "NVG20") == [
        "NVG201",
        "NVG202",
        "NVG203",
        "NVG204",
        "NVG205",
    ]
    assert bash_answer(place, "--select", "NVG1,nvg306") == ["NVG1,NVG306"]


@pytest.mark.peer
def test_bash_knows_who_completes_the_program(place: Path) -> None:
    done = subprocess.run(
        [
            need("bash"),
            "--norc",
            "-c",
            'eval "$(nvgre-doctor completion bash)"; complete -p nvgre-doctor',
        ],
        env=surroundings(place),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "complete -o nosort -F _nvgre_doctor_completion nvgre-doctor\n"


@pytest.mark.peer
def test_bash_completes_captures_in_a_terminal(place: Path) -> None:
    setup = 'eval "$(nvgre-doctor completion bash)"; bind "set enable-bracketed-paste off"'
    bash = [need("bash"), "--norc", "-i"]
    assert (
        typed(bash, place, setup, "nvgre-doctor lab.\t", "lab.pcapng") == "nvgre-doctor lab.pcapng"
    )
    line = "nvgre-doctor check --inv\tlab.\t"
    assert (
        typed(bash, place, setup, line, "lab.pcapng") == "nvgre-doctor check --inventory lab.pcapng"
    )


# --- zsh, fish ---------------------------------------------------------------


@pytest.mark.peer
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("nvgre-doctor lab.\t", "nvgre-doctor lab.pcapng"),
        ("nvgre-doctor conv\t", "nvgre-doctor convert"),
        ("nvgre-doctor check --fail-on warn\t", "nvgre-doctor check --fail-on warning"),
    ],
)
def test_zsh_completes_in_a_terminal(place: Path, line: str, completed: str) -> None:
    setup = (
        'autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste; eval "$(nvgre-doctor'
        ' completion zsh)"'
    )
    last = completed.rpartition(" ")[2]
    assert typed([need("zsh"), "-f", "-i"], place, setup, line, last).split() == completed.split()


def fish_answer(place: Path, line: str) -> list[str]:
    done = subprocess.run(
        [
            need("fish"),
            "--no-config",
            "-c",
            f"nvgre-doctor completion fish | source; complete --do-complete '{line}'",
        ],
        cwd=place / "work",
        env=surroundings(place),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [answer.partition("\t")[0] for answer in done.stdout.splitlines()]


@pytest.mark.peer
def test_fish_completes_commands_options_codes_and_captures(place: Path) -> None:
    assert fish_answer(place, "nvgre-doctor comp") == ["completion"]
    assert fish_answer(place, "nvgre-doctor --fail-on ") == ["error", "info", "never", "warning"]
    assert fish_answer(place, "nvgre-doctor explain NVG20") == [
        "NVG201",
        "NVG202",
        "NVG203",
        "NVG204",
        "NVG205",
    ]
    assert fish_answer(place, "nvgre-doctor lab.") == ["lab.pcapng"]


# --- PowerShell --------------------------------------------------------------


def powershell_answer(*words: str) -> list[list[str]]:
    """What the program answers to the words that the script sends: type, value and help."""
    done = run(
        env={
            "COMP_WORDS": "\n".join(("nvgre-doctor", *words)),
            "_NVGRE_DOCTOR_COMPLETE": "powershell_complete",
        }
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return [line.split("\t") for line in done.stdout.decode().splitlines() if line]


def test_powershell_gets_commands_and_file_names_for_the_first_word() -> None:
    answers = powershell_answer("")
    assert answers[0][0] == "file"
    assert [value for kind, value, _ in answers if kind == "plain"] == commands()
    assert all(len(answer) == 3 and answer[2] for answer in answers[1:])


def test_powershell_gets_options_values_and_codes() -> None:
    assert [answer[1] for answer in powershell_answer("--fail")] == ["--fail-on"]
    assert [answer[1] for answer in powershell_answer("lab.pcap", "--fail-on", "")] == [
        "error",
        "warning",
        "info",
        "never",
    ]
    assert powershell_answer("explain", "NVG205") == [
        ["plain", "NVG205", "host does not speak the expected layout"]
    ]


def test_powershell_words_keep_backslashes_blanks_and_quotes() -> None:
    assert powershell_answer("C:\\lab files\\it's.pcap", "--inventory", "D:\\x") == [
        ["file", "D:\\x", "D:\\x"]
    ]
    assert powershell_answer("\\\\server\\share\\a.pcap", "--no-such", "--inv") == [
        ["plain", "--inventory", "CSV of Get-NetVirtualizationLookupRecord."]
    ]


def test_powershell_is_answered_even_if_it_asks_nothing() -> None:
    done = run(env={"_NVGRE_DOCTOR_COMPLETE": "powershell_complete"})
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_powershell_script_registers_a_completer_that_asks_the_program_as_typed() -> None:
    text = run("completion", "powershell").stdout.decode()
    assert text.startswith(
        "Register-ArgumentCompleter -Native -CommandName nvgre-doctor -ScriptBlock {\n"
    )
    assert "$env:_NVGRE_DOCTOR_COMPLETE = 'powershell_complete'" in text
    assert "Remove-Item Env:COMP_WORDS, Env:_NVGRE_DOCTOR_COMPLETE" in text
    assert text.isascii()
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")


# --- the scripts -------------------------------------------------------------


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "powershell"])
def test_a_script_has_unix_line_ends_and_names_the_program_and_its_variable(name: str) -> None:
    text = run("completion", name).stdout
    assert b"\r" not in text
    assert b"nvgre-doctor" in text
    assert b"_NVGRE_DOCTOR_COMPLETE" in text


def test_completion_of_a_word_that_is_no_command_says_nothing() -> None:
    done = run(
        env={
            "COMP_WORDS": "nvgre-doctor kye ",
            "COMP_CWORD": "2",
            "_NVGRE_DOCTOR_COMPLETE": "bash_complete",
        }
    )
    assert (done.returncode, done.stdout.splitlines()[:1], done.stderr) == (0, [b"file,"], b"")


def test_completion_reads_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "nvgre-doctor.toml").write_text("no TOML")
    done = run(
        cwd=tmp_path,
        env={
            "COMP_WORDS": "nvgre-doctor -f js",
            "COMP_CWORD": "2",
            "_NVGRE_DOCTOR_COMPLETE": "bash_complete",
        },
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"plain,json\nplain,jsonl\n", b"")


def test_an_unknown_shell_has_no_script() -> None:
    from nvgre_doctor.cli import cli

    with pytest.raises(
        ValueError, match="unknown shell 'tcsh'; known: bash, zsh, fish, powershell"
    ):
        script("tcsh", cli, "nvgre-doctor")
