"""Every part of the package has its place in one order, and imports only from the left of it.

Read from the import statements, those inside functions too.
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "nvgre_doctor"

ORDER = (
    "__init__", "vocabulary", "errors", "docstrings", "terminal", "engines", "remote", "wire",
    "capture",
    "evidence",
    "known",
    "scan", "infer",
    "wording", "statements", "keycard", "filters", "rules", "report", "reporters",
    "settings", "doctor", "watching", "annotate", "info", "wireshark", "browser",
    "commands", "cli", "__main__",
)  # fmt: skip
"""The parts of the package, left to right.  `__init__` holds the version, and loads the rest when
it is asked for."""
ONLY_IN = {
    "dpkt": {"wire"},
    "click": {"cli", "commands", "terminal"},
    "rich": {"terminal", "reporters"},
    "fsspec": {"remote"},
    "paramiko": {"remote"},
    "distributed": {"engines"},
}


def imports() -> set[tuple[str, str]]:
    """(importing part of the package, imported part of it or package of others)."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        importer = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if importer == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                parts = name.split(".")
                is_ours = parts[0] == "nvgre_doctor"
                found.add((importer, parts[1] if is_ours else parts[0]))
    return found


IMPORTS = imports()
PARTS = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}


def test_every_part_has_its_place() -> None:
    assert PARTS - {"__pycache__"} == set(ORDER)


@pytest.mark.parametrize("part", ORDER)
def test_each_part_imports_only_from_its_left(part: str) -> None:
    imported = {target for importer, target in IMPORTS if importer == part and target in ORDER}
    assert imported <= {*ORDER[: ORDER.index(part) + 1]}


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_package_of_others_has_its_place(package: str) -> None:
    users = {importer for importer, target in IMPORTS if target == package}
    assert users
    assert users <= ONLY_IN[package]


@pytest.mark.parametrize(
    ("package", "file"),
    [("distributed", "engines/cluster.py"), ("fsspec", "remote/opening_urls.py")],
)
def test_one_file_alone_knows_a_large_package(package: str, file: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if f"import {package}\n" in path.read_text("utf-8")
    }
    assert users == {file}


def test_there_is_no_drawer_for_everything() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert not names & {"utils", "util", "common", "helpers", "misc"}


def test_no_module_needs_itself_to_be_loaded() -> None:
    """No circle of imports, of those that are carried out when a module is loaded."""
    needs = {name_of(path): needed_by(path) for path in PACKAGE.rglob("*.py")}
    loaded: set[str] = set()
    while ready := {
        name for name, needed in needs.items() if name not in loaded and needed <= loaded
    }:
        loaded |= ready
    assert set(needs) - loaded == set()


def name_of(path: Path) -> str:
    parts = ("nvgre_doctor", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def needed_by(path: Path) -> set[str]:
    """The modules of ours that `path` imports at its top, but for the packages around it."""
    found = set()
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nvgre_doctor"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if is_module(whole) else str(node.module))
    mine = name_of(path)
    return {name for name in found if not f"{mine}.".startswith(f"{name}.")}


def is_module(name: str) -> bool:
    place = PACKAGE.joinpath(*name.split(".")[1:])
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def test_no_file_has_more_than_300_lines() -> None:
    long = {
        str(path.relative_to(PACKAGE)): count
        for path in PACKAGE.rglob("*.py")
        if (count := path.read_text("utf-8").count("\n")) > 300
    }
    assert long == {}


def test_no_two_files_have_one_name() -> None:
    """A command may be named as what it shows, and a package as its command."""
    names = [
        path.stem
        for path in PACKAGE.rglob("*.py")
        if path.stem != "__init__" and path.parent.name != "commands"
    ]
    assert [name for name in names if names.count(name) > 1] == []
