"""The pre-commit hook, the GitHub Action and the CI snippets of docs/ci.md, each used as far as it
goes without the service.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests import build
from tests.needs import need
from tests.program import MISMATCH, PROGRAM, ROOT, UPDATED, environment

WEB = build.ipv4("192.0.2.1", "192.0.2.2", 6, build.tcp("192.0.2.1", "192.0.2.2", 50000, 443))
GIT = [
    "git",
    "-c",
    "user.name=Tester",
    "-c",
    "user.email=tester@example.org",
    "-c",
    "init.defaultBranch=main",
]


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        [*GIT, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a git repository with one commit, as a user's pre-commit or GitHub would
    fetch it.
    """
    folder = tmp_path_factory.mktemp("checkout") / "nvgre-doctor"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "action.yml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "nvgre_doctor", folder / "nvgre_doctor", ignore=shutil.ignore_patterns("__pycache__")
    )
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "All of it")
    return folder


# --- pre-commit --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("lab.pcap", True),
        ("a/b/LAB.PCAPNG", True),
        ("lab.cap", True),
        ("lab.pcapng.gz", True),
        ("lab.pcap.zst", True),
        ("lab.pcap.txt", False),
        ("lab.etl", True),
        ("recap", False),
        ("pcap", False),
    ],
)
def test_the_hook_takes_captures_by_name(name: str, taken: bool) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert bool(re.search(hook["files"], name)) is taken


@pytest.mark.peer
def test_pre_commit_runs_the_hook_once_and_every_capture_by_itself(
    checkout: Path, tmp_path: Path
) -> None:
    lab = tmp_path / "lab"
    (lab / "captures").mkdir(parents=True)
    shutil.copy(UPDATED, lab / "captures" / "updated.pcapng")
    (lab / "notes.txt").write_text("No capture.\n")
    hook = {"id": "nvgre-doctor", "args": ["--fail-on", "error"], "verbose": True}
    source = {"repo": checkout.as_uri(), "rev": git(checkout, "rev-parse", "HEAD"), "hooks": [hook]}
    (lab / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [source]}))
    git(lab, "init", "--quiet")
    git(lab, "add", "--all")

    def pre_commit() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"],
            cwd=lab,
            env={
                name: value
                for name, value in environment(PRE_COMMIT_HOME=str(tmp_path / "home")).items()
                if name != "PYTHONPATH"
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )  # fmt: skip

    healthy = pre_commit()
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    assert (
        "HEALTHY  captures/updated.pcapng  All 3 hosts speak RFC 7637; nothing is refused."
        in healthy.stdout
    )
    shutil.copy(MISMATCH, lab / "captures" / "a mismatch.pcapng")
    git(lab, "add", "--all")
    sick = pre_commit()
    assert sick.returncode == 1
    assert "- exit code: 1" in sick.stdout
    # One process reads both, so their lines stand one below the other; only what is not good has
    # details.
    verdict = (
        "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk."
    )
    assert (
        f"MISMATCH  captures/a mismatch.pcapng  {verdict}\n"
        "HEALTHY   captures/updated.pcapng     All 3 hosts speak RFC 7637; nothing is refused.\n"
        in sick.stdout
    )
    assert sick.stdout.count("\nCapture ") == 1
    assert f"\nCapture captures/a mismatch.pcapng\nMISMATCH  {verdict}\n" in sick.stdout


# --- the GitHub Action -------------------------------------------------------


def steps() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in load("action.yml")["runs"]["steps"]}


def test_the_action_is_a_composite_action_with_documented_inputs_and_outputs() -> None:
    action = load("action.yml")
    assert sorted(action) == ["branding", "description", "inputs", "name", "outputs", "runs"]
    assert action["runs"]["using"] == "composite"
    assert list(action["inputs"]) == ["captures", "args", "fail-on", "sarif", "python-version"]
    assert action["inputs"]["captures"]["required"] is True
    assert all("default" in value for name, value in action["inputs"].items() if name != "captures")
    assert all(value["description"].endswith(".") for value in action["inputs"].values())
    assert list(action["outputs"]) == ["exit-code", "sarif"]
    assert list(steps()) == ["Set up Python", "Install nvgre-doctor", "Check"]
    assert steps()["Set up Python"]["uses"].startswith("actions/setup-python@")
    assert all(step["shell"] == "bash" for step in steps().values() if "run" in step)


def test_inputs_reach_the_scripts_as_variables_only() -> None:
    """`${{ }}` inside a script is where text of a pull request becomes a command."""
    for step in steps().values():
        assert "${{" not in step.get("run", "")
    variables = steps()["Check"]["env"]
    assert variables == {
        "INPUT_CAPTURES": "${{ inputs.captures }}",
        "INPUT_ARGS": "${{ inputs.args }}",
        "INPUT_FAIL_ON": "${{ inputs.fail-on }}",
        "INPUT_SARIF": "${{ inputs.sarif }}",
    }


INPUTS = load("action.yml")["inputs"]


class Runner:
    """What a runner gives a step: variables, files for outputs and summary, and bash with its usual
    options.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.workspace, self.files, temporary = (
            folder / "workspace",
            folder / "files",
            folder / "temporary files",
        )
        for path in (self.workspace, self.files, temporary):
            path.mkdir()
        kept = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        self.environment = {
            **kept,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(temporary),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_STEP_SUMMARY": str(self.files / "summary.md"),
        }

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = self.files / "step.sh"
        path.write_text(script)
        return subprocess.run(
            [need("bash"), "--noprofile", "--norc", "-eo", "pipefail", str(path)],
            cwd=self.workspace,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def check(
        self, captures: str, args: str = "", fail_on: str | None = None, sarif: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The step `Check`; `fail_on` None is what nobody gave."""
        for path in self.files.iterdir():
            path.unlink()
        return self.run(
            steps()["Check"]["run"],
            INPUT_CAPTURES=captures,
            INPUT_ARGS=args,
            INPUT_FAIL_ON=INPUTS["fail-on"]["default"] if fail_on is None else fail_on,
            INPUT_SARIF=sarif,
        )

    def outputs(self) -> list[str]:
        return (self.files / "output").read_text().splitlines()

    def summary(self) -> str:
        path = self.files / "summary.md"
        return path.read_text("utf-8") if path.exists() else ""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner on which the program is installed."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    program = binaries / "nvgre-doctor"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m nvgre_doctor "$@"\n'
    )
    program.chmod(0o755)
    runner = Runner(tmp_path, binaries)
    (runner.workspace / "captures").mkdir()
    shutil.copy(MISMATCH, runner.workspace / "captures" / "a mismatch.pcapng")
    shutil.copy(UPDATED, runner.workspace / "updated.pcapng")
    return runner


@pytest.mark.peer
def test_the_install_step_installs_the_program_from_the_folder_of_the_action(
    checkout: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], timeout=120, check=True)
    runner = Runner(tmp_path, tmp_path / "python" / "bin")
    done = runner.run(steps()["Install nvgre-doctor"]["run"], GITHUB_ACTION_PATH=str(checkout))
    assert done.returncode == 0, done.stderr
    shutil.copy(MISMATCH, runner.workspace / "lab.pcapng")
    assert runner.check("lab.pcapng").stdout.endswith("\nnvgre-doctor: verdicts 1 mismatch\n")


@pytest.mark.peer
def test_the_check_step_annotates_summarizes_and_writes_sarif(runner: Runner) -> None:
    done = runner.check("captures/a mismatch.pcapng\n", sarif="nvgre.sarif")
    assert (done.returncode, done.stderr) == (1, "")
    # The host was silent for 24 seconds before frame 29, so frame 29 is the first of the span that
    # its verdict rests on, and not frame 13.
    assert done.stdout.startswith(
        "::error title=NVG201 192.168.50.2,file=captures/a mismatch.pcapng,line=29::NVG201: "
    )
    assert runner.summary().startswith("## nvgre-doctor, each capture by itself\n")
    assert "\n## mismatch: `captures/a mismatch.pcapng`\n" in runner.summary()
    assert json.loads((runner.workspace / "nvgre.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert runner.outputs() == ["sarif=nvgre.sarif", "exit-code=1"]


@pytest.mark.peer
def test_several_captures_folders_and_patterns_stand_on_lines_of_their_own(runner: Runner) -> None:
    done = runner.check("captures/\n\n*.pcapng\n", fail_on="never")
    assert done.returncode == 0
    assert done.stdout.endswith("\nnvgre-doctor: verdicts 1 mismatch, 1 healthy\n")
    assert "| mismatch | `captures/a mismatch.pcapng` | " in runner.summary()
    assert "| healthy | `updated.pcapng` | " in runner.summary()
    assert runner.outputs() == ["exit-code=0"]


@pytest.mark.peer
def test_captures_of_different_labs_say_nothing_about_each_other(runner: Runner) -> None:
    """Both have a host 192.168.50.2.  Taken for one host, it would speak both layouts, and its old
    one would be likely, a warning.
    """
    done = runner.check("captures/\nupdated.pcapng")
    assert done.returncode == 1
    assert "::error title=NVG201 192.168.50.2,file=captures/a mismatch.pcapng," in done.stdout


@pytest.mark.peer
def test_a_warning_fails_the_step_unless_it_is_told_otherwise(runner: Runner) -> None:
    """A capture without NVGRE is not green."""
    (runner.workspace / "web.pcap").write_bytes(build.pcap([(0, build.ethernet(WEB))]))
    done = runner.check("web.pcap")
    assert done.returncode == 1
    assert done.stdout.startswith("::warning title=NVG103")
    assert runner.check("web.pcap", fail_on="error").returncode == 0
    assert runner.check("web.pcap", fail_on="").returncode == 0  # the program's own default


@pytest.mark.peer
def test_more_options_stand_on_lines_of_their_own(runner: Runner) -> None:
    done = runner.check("captures", args="--select=NVG301\n--vsid\n5001\n-o\nmy report.txt\n")
    assert done.returncode == 1
    assert (runner.workspace / "my report.txt").read_text().startswith("MISMATCH  ")
    assert "NVG201" not in done.stdout


@pytest.mark.peer
def test_the_step_keeps_every_exit_code(runner: Runner) -> None:
    assert runner.check("updated.pcapng").returncode == 0
    assert runner.check("missing.pcapng", sarif="x.sarif").returncode == 3
    assert runner.outputs() == ["sarif=x.sarif", "exit-code=3"]
    for wrong in ({"captures": ""}, {"captures": "updated.pcapng", "fail_on": "fatal"}):
        assert runner.check(**wrong, sarif="x.sarif").returncode == 2
        assert (runner.outputs(), runner.summary()) == (["exit-code=2"], "")


@pytest.mark.peer
def test_inputs_are_never_run_as_commands(runner: Runner) -> None:
    done = runner.check(
        "$(touch captured)\n`touch captured`\n; touch captured\n--version\n",
        args="",
        sarif="$(touch sarif)",
    )
    assert done.returncode == 3
    assert sorted(os.listdir(runner.workspace)) == ["$(touch sarif)", "captures", "updated.pcapng"]


@pytest.mark.peer
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("name", ["sarif", "fail_on"])
def test_inputs_with_line_breaks_add_no_outputs(runner: Runner, name: str, end: str) -> None:
    """The runner reads outputs line by line, and takes CR for an end of one too."""
    done = runner.check("updated.pcapng", **{name: f"x.sarif{end}exit-code=0{end}evil=1"})
    assert done.returncode == 2
    assert done.stdout == "::error::nvgre-doctor: the inputs sarif and fail-on are one line each.\n"
    assert (runner.outputs(), runner.summary()) == (["exit-code=2"], "")
    assert sorted(os.listdir(runner.workspace)) == ["captures", "updated.pcapng"]


@pytest.mark.peer
def test_captures_and_options_with_odd_ends_add_no_outputs(runner: Runner) -> None:
    done = runner.check("updated.pcapng\rexit-code=0\nevil=1\n", args="--fail-on=never\revil=1")
    assert done.returncode == 2
    assert (runner.outputs(), runner.summary()) == (["exit-code=2"], "")
    done = runner.check("updated.pcapng\rexit-code=0\nevil<<EOF\n", sarif="x<<EOF")
    assert (done.returncode, runner.outputs()) == (3, ["sarif=x<<EOF", "exit-code=3"])


# --- snippets of docs/ci.md ---------------------------------------------------


def snippets(start: str) -> list[Any]:
    """The YAML blocks of docs/ci.md that begin with this line."""
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$",
        (ROOT / "docs" / "ci.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [yaml.safe_load(block) for block in blocks if block.startswith(start)]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The working directory of a CI job: a folder of captures with one mismatch."""
    (tmp_path / "captures").mkdir()
    shutil.copy(MISMATCH, tmp_path / "captures" / "lab.pcapng")
    return tmp_path


def run_line(line: str, folder: Path) -> int:
    """One line of a snippet, with the program in place of its name."""
    name, _, rest = line.partition(" ")
    assert name == "nvgre-doctor"
    done = subprocess.run(
        ["sh", "-c", f'"$@" {rest}', "sh", *PROGRAM],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


def failures(path: Path) -> int:
    return int(ET.parse(path).getroot().attrib["failures"])


@pytest.mark.process
def test_the_gitlab_snippet_fails_the_job_and_keeps_the_junit_report(job: Path) -> None:
    (snippet,) = snippets("nvgre:\n")
    install, check = snippet["nvgre"]["script"]
    assert install == "pip install nvgre-doctor"
    assert run_line(check, job) == 1
    assert snippet["nvgre"]["artifacts"]["when"] == "always"
    assert failures(job / snippet["nvgre"]["artifacts"]["reports"]["junit"]) == 4


@pytest.mark.process
def test_the_azure_snippet_fails_the_job_and_publishes_the_junit_report(job: Path) -> None:
    (snippet,) = snippets("steps:\n")
    checkout, python, install, check, publish = snippet["steps"]
    assert checkout == {"checkout": "self", "lfs": True}
    assert (python["task"], install["script"]) == ("UsePythonVersion@0", "pip install nvgre-doctor")
    assert run_line(check["script"], job) == 1
    assert (publish["task"], publish["condition"]) == (
        "PublishTestResults@2",
        "succeededOrFailed()",
    )
    assert publish["inputs"]["testResultsFormat"] == "JUnit"
    assert failures(job / publish["inputs"]["testResultsFiles"]) == 4


def test_the_github_snippet_gives_the_action_only_inputs_that_it_has() -> None:
    (snippet,) = snippets("# .github/workflows/nvgre.yml\n")
    (job,) = snippet["jobs"].values()
    assert job["permissions"]["security-events"] == "write"
    checkout, ours, upload = job["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    action = load("action.yml")
    assert set(ours["with"]) <= set(action["inputs"])
    assert upload["with"]["sarif_file"] == "${{ steps.nvgre.outputs.sarif }}"
    assert "sarif" in action["outputs"]


def test_the_pre_commit_snippet_names_the_hook() -> None:
    (snippet,) = snippets("# .pre-commit-config.yaml\n")
    (hook,) = snippet["repos"][0]["hooks"]
    assert hook["id"] == load(".pre-commit-hooks.yaml")[0]["id"]
