"""What mutmut leaves out: numbers and texts at the top of a module, such as thresholds, codes and
the names of things.
"""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path


def try_constants(folder: Path) -> Iterator[tuple[str, str, str, bool]]:
    """Change one after the other in a copy of the checkout: module, line before, line after,
    whether a test noticed.
    """
    settings = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    folders = settings["pytest_add_cli_args_test_selection"]
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # two versions of a file in one second would share theirs
    for path in sorted(
        path for pattern in settings["only_mutate"] for path in folder.glob(pattern)
    ):
        module = ".".join(
            path.relative_to(folder / "nvgre_doctor").with_suffix("").parts
        ).removesuffix(".__init__")
        own_tests_first = sorted(
            folders, key=lambda tests: not tests.endswith(module.split(".")[0])
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            *own_tests_first,
            *settings["pytest_add_cli_args"],
        ]
        original = path.read_text("utf-8")
        for number, before, after in mutants(original):
            lines = original.splitlines(keepends=True)
            lines[number] = after + "\n"
            path.write_text("".join(lines), "utf-8")
            result = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, check=False
            )
            yield module, before, after, result.returncode != 0
        path.write_text(original, "utf-8")


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Index of the line, the line, and the line with one constant changed."""
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        for node in ast.walk(statement.value):
            if not isinstance(node, ast.Constant) or node.lineno != node.end_lineno:
                continue
            if type(node.value) is int:
                new = repr(node.value + 1)
            elif isinstance(node.value, str):
                turned = node.value[1:] + node.value[:1]
                new = repr(turned if turned != node.value else turned + "X")
            else:
                continue
            line = lines[node.lineno - 1]  # only ASCII: columns are bytes
            yield node.lineno - 1, line, line[: node.col_offset] + new + line[node.end_col_offset :]
