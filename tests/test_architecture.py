"""Dependencies point one way.  Read from the import statements; what is not in the table stands on
top of it.
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "nvgre_doctor"

MAY_IMPORT = {
    "evidence": {"evidence"},
    "report": set(),
    "wire": {"wire"},
    "capture": {"capture"},
    "inventory": {"wire"},
    "addresses": {"wire"},
    "shapes": {"wire"},
    "collect": {"evidence", "wire"},
    "memo": {"evidence", "shapes"},
    "express": {"capture", "evidence", "memo", "shapes"},
    "scan": {"capture", "collect", "evidence", "express", "memo", "shapes", "wire"},
    "infer": {"addresses", "evidence", "infer", "inventory", "report", "wire"},
    "wording": {"evidence", "infer", "report", "wire"},
    "rules": {"addresses", "evidence", "infer", "inventory", "report", "rules", "wire", "wording"},
    "assemble": {"infer", "report", "rules", "wire", "wording"},
    "fingerprint": {"report"},
    "reporters": {"fingerprint", "report", "reporters", "rules", "wire"},
}
ONLY_IN = {
    "dpkt": {"wire"},
    "click": {"cli", "commands", "output"},
    "rich": {"progress", "reporters"},
}


def imports() -> set[tuple[str, str]]:
    """(importing part of the package, imported part of it or package of others) for every import
    statement.
    """
    found = set()
    for path in PACKAGE.rglob("*.py"):
        importer = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                parts = name.split(".")
                found.add((importer, parts[1] if parts[0] == "nvgre_doctor" else parts[0]))
    return found


IMPORTS = imports()
PARTS = {path.name.removesuffix(".py") for path in PACKAGE.iterdir()}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_each_part_imports_only_what_it_may_know(part: str) -> None:
    assert part in PARTS
    imported = {
        target
        for importer, target in IMPORTS
        if importer == part and target in PARTS - {"__init__"}
    }
    assert imported <= MAY_IMPORT[part]


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_package_of_others_has_its_place(package: str) -> None:
    users = {importer for importer, target in IMPORTS if target == package}
    assert users
    assert users <= ONLY_IN[package]


def test_capture_reaches_the_scan_as_batches_only() -> None:
    tree = ast.parse((PACKAGE / "scan.py").read_bytes())
    modules = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {module for module in modules if module.startswith("nvgre_doctor.capture")} == {
        "nvgre_doctor.capture.batch"
    }


def test_there_is_no_drawer_for_everything() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert not names & {"utils", "util", "common", "helpers", "misc"}
