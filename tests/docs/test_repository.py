"""What the repository tells people who work on it: files, links, CI, and what the sdist holds."""

import fnmatch
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvgre_doctor import __version__
from tests.docs.pages import PAGES, read
from tests.program import ROOT

PACKAGE = ROOT / "nvgre_doctor"
FOR_DEVELOPERS = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
ALL_PAGES = {**PAGES, **{name: read(ROOT / name) for name in FOR_DEVELOPERS}}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


# --- pages -------------------------------------------------------------------


def test_the_readme_is_a_page() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


@pytest.mark.parametrize("page", ALL_PAGES)
def test_lines_have_at_most_100_columns_but_for_tables(page: str) -> None:
    lines = (ROOT / page).read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


@pytest.mark.parametrize("page", ALL_PAGES)
def test_pages_are_short(page: str) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= 300


def anchors(page: str) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", ALL_PAGES[page], flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def links() -> list[tuple[str, str]]:
    """(page, target) of every link that stays in the repository."""
    return [
        (page, target)
        for page in ALL_PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text("utf-8"))
        if not target.startswith(("http:", "https:"))
    ]


@pytest.mark.parametrize(("page", "target"), links())
def test_links_lead_somewhere(page: str, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (ROOT / page).parent / name if name else ROOT / page
    assert path.exists()
    if anchor:
        assert anchor in anchors(path.resolve().relative_to(ROOT).as_posix())


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {target.partition("#")[0] for page, target in links() if page == "README.md"}
    assert sorted(set(ALL_PAGES) - linked) == ["README.md"]


@pytest.mark.parametrize("page", ALL_PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    named = re.findall(
        r"`((?:nvgre_doctor|tests|docs|\.ci|sample_pcaps)/[\w/.-]*)`", ALL_PAGES[page]
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_changelog_begins_with_what_is_not_released_and_then_this_version() -> None:
    headings = re.findall(r"^## (.+)$", ALL_PAGES["CHANGELOG.md"], re.MULTILINE)
    assert headings[:2] == ["[Unreleased]", f"[{__version__}] - 2026-11-22"]


# --- ARCHITECTURE.md and CONTRIBUTING.md -------------------------------------


def folders() -> list[str]:
    """The folders of the package, those with data too."""
    found = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file()}
    return sorted(
        f"{folder.as_posix()}/"
        for folder in found
        if folder.parts and "__pycache__" not in folder.parts
    )


def test_every_folder_has_its_line_in_the_architecture() -> None:
    rows = re.findall(r"^\| `([\w/]+/)` \| \S", ALL_PAGES["ARCHITECTURE.md"], re.MULTILINE)
    assert sorted(rows) == folders()


def test_every_module_beside_the_folders_is_named_in_the_architecture() -> None:
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert [name for name in modules if f"`{name}`" not in ALL_PAGES["ARCHITECTURE.md"]] == []


def test_modules_that_the_architecture_names_exist() -> None:
    named = re.findall(r"`([a-z_]+/[a-z_0-9/]+\.py)`", ALL_PAGES["ARCHITECTURE.md"])
    assert len(named) >= 10
    missing = [
        name for name in named if not any((base / name).exists() for base in (PACKAGE, ROOT))
    ]
    assert missing == []


def test_contributors_find_the_steps_that_they_need() -> None:
    headings = re.findall(r"^## (.+)$", ALL_PAGES["CONTRIBUTING.md"], re.MULTILINE)
    assert headings == [
        "Set up",
        "Test",
        "Style",
        "Add a finding",
        "Add a format of reports",
        "Add a link type",
        "Add an option",
        "Add a capture format",
        "Release",
    ]


def test_contributors_type_what_there_is() -> None:
    fenced = re.findall(
        r"^```sh\n(.*?)^```$", ALL_PAGES["CONTRIBUTING.md"], re.MULTILINE | re.DOTALL
    )
    commands = [line.partition("  #")[0].strip() for text in fenced for line in text.splitlines()]
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]'",
        ".venv/bin/pre-commit install",
        ".venv/bin/python -m pytest",
        ".venv/bin/pre-commit run --all-files",
        ".ci/run",
    ]
    assert any(name.startswith("pre-commit>=") for name in PROJECT["optional-dependencies"]["test"])


def test_the_markers_of_tests_are_those_that_contributors_read_of() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    names = [marker.partition(":")[0] for marker in settings["ini_options"]["markers"]]
    assert [name for name in names if f"`{name}`" not in ALL_PAGES["CONTRIBUTING.md"]] == []


def test_commands_that_check_take_all_tests_of_what_they_name() -> None:
    """The fast tests alone would be none, or not those of the figure."""
    commands = re.findall(r"`(\S+ -m pytest[^`]*)`", (ROOT / "docs/checked.md").read_text("utf-8"))
    named = [command for command in commands if command.startswith(".venv/bin/")]
    assert len(named) == 7
    assert [command for command in named if ' -m ""' not in command] == []


# --- CI, forms and hooks -----------------------------------------------------


def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = load(".github/workflows/ci.yml")
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_ci_tries_every_python_of_the_package_on_every_system() -> None:
    prefix = "Programming Language :: Python :: 3."
    versions = [
        f"3.{name.removeprefix(prefix)}"
        for name in PROJECT["classifiers"]
        if name.startswith(prefix)
    ]
    assert f">={versions[0]}" == PROJECT["requires-python"]
    assert workflow()["jobs"]["tests"]["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "windows-latest", "macos-latest"],
        "python": versions,
    }


def test_ci_may_read_and_do_nothing_else() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow()["jobs"].values())
    assert all("${{" not in step.get("run", "") for step in steps())


@pytest.mark.parametrize(
    "name",
    [
        ".github/workflows/ci.yml",
        ".github/workflows/pages.yml",
        ".github/workflows/release.yml",
        "action.yml",
        "docs/ci.md",
    ],
)
def test_actions_are_used_by_commit_with_their_version(name: str) -> None:
    """One version of each, and of ours the reader fills it in."""
    text = (ROOT / name).read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    right = r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|OWNER/nvgre-doctor@COMMIT # v1\.0\.0"
    assert used
    assert [action for action in used if not re.fullmatch(right, action)] == []
    assert len({action.partition("@")[0] for action in used}) == len(set(used))


def test_tools_of_ci_are_named_by_hash() -> None:
    for name in ("tools.txt", "wheels.txt"):
        lines = (ROOT / ".ci" / name).read_text("utf-8").splitlines()
        packages = [line for line in lines if not line.startswith(("#", " "))]
        assert packages
        assert [line for line in packages if not re.fullmatch(r"\S+==\S+ .*\\", line)] == []
        assert all(line.startswith("    --hash=sha256:") for line in lines if line[0] == " ")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert '--require-hashes -d "$work/wheels" -r .ci/tools.txt' in script


def release() -> dict[Any, Any]:
    found: dict[Any, Any] = load(".github/workflows/release.yml")
    return found


def release_steps() -> list[dict[str, Any]]:
    return [step for job in release()["jobs"].values() for step in job["steps"]]


def test_a_release_puts_no_context_into_commands() -> None:
    assert all("${{" not in step.get("run", "") for step in release_steps())


def test_only_publishing_may_prove_who_it_is_and_only_the_release_may_write() -> None:
    jobs = release()["jobs"]
    assert release()["permissions"] == {"contents": "read"}
    assert {name: job["permissions"] for name, job in jobs.items() if "permissions" in job} == {
        "publish": {"id-token": "write", "attestations": "write"},
        "release": {"contents": "write"},
    }
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"


def test_nothing_is_published_that_was_not_tried_on_every_system_and_python() -> None:
    jobs = release()["jobs"]
    assert jobs["try"]["needs"] == ["build", "wheels"]
    assert "try" in jobs["publish"]["needs"]
    pythons = workflow()["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert jobs["try"]["strategy"]["matrix"]["python"] == pythons


def test_what_goes_into_the_pyz_is_pinned_by_hash() -> None:
    lines = (ROOT / "release" / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert {pin.partition("==")[0] for pin in pins} == {"click", "colorama", "dpkt", "rich"}
    assert all(re.fullmatch(r"[a-z]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", pin) for pin in pins)


@pytest.mark.process
def test_a_release_knows_its_version_and_its_changes() -> None:
    command = [sys.executable, str(ROOT / "release" / "version.py")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said == f"{__version__}\n"
    changes = subprocess.run([*command, "--changes"], check=True, capture_output=True, text=True)
    assert changes.stdout.startswith("### Added\n")


def test_ci_runs_the_same_steps_as_the_script() -> None:
    commands = "\n".join(step["run"] for step in steps() if "run" in step)
    assert '\nsudo env "PATH=$PATH" .ci/run' in commands
    assert 'python -m pip install -e ".[test]"\npython -m pytest\n' in commands


def test_the_form_for_issues_asks_for_what_the_program_says_about_a_capture() -> None:
    form = load(".github/ISSUE_TEMPLATE/report.yml")
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert [field["id"] for field in fields] == ["happened", "info", "version", "system", "capture"]
    assert all(field["attributes"]["label"] for field in fields)
    assert "`nvgre-doctor info CAPTURE`" in fields[1]["attributes"]["description"]


def test_hooks_for_developers_have_what_the_checks_need() -> None:
    (source,) = load(".pre-commit-config.yaml")["repos"]
    hooks = {hook["id"]: hook for hook in source["hooks"]}
    assert list(hooks) == ["ruff", "ruff-format", "mypy"]
    pinned = (ROOT / ".ci" / "tools.txt").read_text("utf-8").splitlines()
    tools = {hook["additional_dependencies"][0] for hook in hooks.values()}
    assert [tool for tool in tools if f"{tool} \\" not in pinned] == []
    assert hooks["mypy"]["additional_dependencies"][1:] == PROJECT["dependencies"]


# --- the sdist ---------------------------------------------------------------


@pytest.mark.peer
def test_the_sdist_holds_all_that_git_holds() -> None:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: git does not say which files there are")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text("utf-8").splitlines()]
    grafted = {word for line in lines if line[:1] == ["graft"] for word in line[1:]}
    included = {word for line in lines if line[:1] == ["include"] for word in line[1:]}
    by_itself = {"LICENSE", "README.md", "pyproject.toml", "MANIFEST.in"}  # what setuptools takes
    left_out = [
        name
        for name in done.stdout.decode("utf-8").split("\0")
        if name
        and Path(name).parts[0] not in grafted | {"nvgre_doctor"}
        and not any(fnmatch.fnmatch(name, pattern) for pattern in included | by_itself)
    ]
    assert left_out == []


def test_the_wheel_holds_the_package_alone() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert settings["packages"] == {"find": {"include": ["nvgre_doctor*"]}}


def test_pictures_are_small_and_all_of_them_are_shown() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert sum(picture.stat().st_size for picture in pictures) <= 450_000
    shown = [target.removeprefix("docs/") for _, target in links() if "pictures/" in target]
    assert sorted(shown) == [f"pictures/{picture.name}" for picture in pictures]
