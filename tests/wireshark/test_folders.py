"""Where Wireshark's folders are looked for, on each platform."""

from pathlib import Path

import pytest

from nvgre_doctor.wireshark.folders import (
    Folders,
    FoldersUnknownError,
    default_folders,
    find_folders,
    find_tshark,
    read_answer,
)
from tests.wireshark.person import need

DEFAULT = "the documented places, because tshark was not found or did not say"

WINDOWS_ANSWER = (
    "Temp:                \tC:\\Users\\x\\AppData\\Local\\Temp\r\n"
    "Personal configuration:\t/Users/x/AppData/Roaming/Wireshark\r\n"
    "Personal Plugins:    \t/Users/x/AppData/Roaming/Wireshark/plugins/4.4\r\n"
    "Personal Lua Plugins:\t/Users/x/AppData/Roaming/Wireshark/plugins\r\n"
)


def fake_tshark(folder: Path, script: str) -> None:
    program = folder / "tshark"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.peer
def test_the_real_tshark_is_asked(tmp_path: Path) -> None:
    tshark = Path(need("tshark"))
    environment = {"HOME": str(tmp_path), "PATH": str(tshark.parent)}
    plugins = tmp_path / ".local" / "lib" / "wireshark" / "plugins"
    assert find_folders(environment, "linux") == Folders(
        tmp_path / ".config" / "wireshark", plugins, f"{tshark} says so"
    )


@pytest.mark.peer
def test_the_real_tshark_knows_wireshark_config_dir(tmp_path: Path) -> None:
    chosen = tmp_path / "elsewhere"
    tshark = need("tshark")
    environment = {
        "HOME": str(tmp_path),
        "PATH": str(Path(tshark).parent),
        "WIRESHARK_CONFIG_DIR": str(chosen),
    }
    folders = find_folders(environment, "linux")
    assert (folders.configuration, folders.profile) == (chosen, chosen / "profiles" / "NVGRE")


@pytest.mark.peer
def test_without_tshark_the_defaults_are_those_that_the_real_one_gives(tmp_path: Path) -> None:
    tshark = Path(need("tshark"))
    for variables in (
        {},
        {"WIRESHARK_CONFIG_DIR": str(tmp_path / "a")},
        {"XDG_CONFIG_HOME": str(tmp_path / "b")},
    ):
        environment = {"HOME": str(tmp_path), "PATH": str(tshark.parent)} | variables
        asked, assumed = find_folders(environment, "linux"), default_folders(environment, "linux")
        assert (asked.configuration, asked.lua_plugins) == (
            assumed.configuration,
            assumed.lua_plugins,
        )


def test_a_former_configuration_folder_is_used_where_it_exists_alone(tmp_path: Path) -> None:
    (tmp_path / ".wireshark").mkdir()
    environment = {"HOME": str(tmp_path)}
    assert default_folders(environment, "linux").configuration == tmp_path / ".wireshark"
    (tmp_path / ".config" / "wireshark").mkdir(parents=True)
    assert default_folders(environment, "linux").configuration == tmp_path / ".config" / "wireshark"


def test_windows_keeps_the_plugins_inside_of_the_configuration() -> None:
    roaming = Path("C:/Users/x/AppData/Roaming")
    assert default_folders({"APPDATA": str(roaming)}, "win32") == Folders(
        roaming / "Wireshark", roaming / "Wireshark" / "plugins", DEFAULT
    )


def test_macos_has_the_folders_of_unix() -> None:
    assert default_folders({"HOME": "/Users/x"}, "darwin") == Folders(
        Path("/Users/x/.config/wireshark"), Path("/Users/x/.local/lib/wireshark/plugins"), DEFAULT
    )


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_nothing_to_go_by_is_an_error_and_no_guess(platform: str) -> None:
    with pytest.raises(FoldersUnknownError, match="not known"):
        default_folders({}, platform)


def test_an_answer_with_crlf_is_read() -> None:
    assert read_answer(WINDOWS_ANSWER, "a test") == Folders(
        Path("/Users/x/AppData/Roaming/Wireshark"),
        Path("/Users/x/AppData/Roaming/Wireshark/plugins"),
        "a test",
    )


@pytest.mark.parametrize(
    "answer",
    [
        "",
        (  # without Lua
            "Personal configuration:\t/home/x/.config/wireshark\nPersonal"
            " Plugins:\t/home/x/plugins/4.0\n"
        ),
        "Personal configuration:\trelative\nPersonal Lua Plugins:\tplugins\n",
        "tshark: something went wrong\n",
    ],
)
def test_an_answer_that_lacks_a_folder_is_no_answer(answer: str) -> None:
    assert read_answer(answer, "a test") is None


@pytest.mark.process
@pytest.mark.parametrize(
    "script", ["exit 1", "echo hello", "printf 'Personal configuration:\\t/\\377\\n'"]
)
def test_a_tshark_that_does_not_say_leaves_the_documented_places(
    tmp_path: Path, script: str
) -> None:
    fake_tshark(tmp_path, script)
    assert find_folders({"HOME": "/home/x", "PATH": str(tmp_path)}, "linux").source == DEFAULT


def test_on_windows_tshark_is_found_where_its_installer_puts_it(tmp_path: Path) -> None:
    program = tmp_path / "Wireshark" / "tshark.exe"
    program.parent.mkdir()
    program.write_bytes(b"")
    environment = {
        "PATH": "",
        "ProgramFiles": str(tmp_path / "other"),
        "ProgramW6432": str(tmp_path),
    }
    assert find_tshark(environment, "win32") == program


def test_on_windows_a_tshark_beside_the_captures_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tshark(tmp_path, "exit 0")
    monkeypatch.chdir(tmp_path)
    assert find_tshark({"PATH": str(tmp_path)}, "win32") is None
    assert find_tshark({"PATH": str(tmp_path)}, "linux") == tmp_path / "tshark"


def test_no_tshark_at_all_is_none(tmp_path: Path) -> None:
    assert find_tshark({"PATH": str(tmp_path)}, "linux") is None
