"""The dependency table of ARCHITECTURE.md, held by walking the imports."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = r"^\| (\w+) \| ([\w, -]+) \| ([\w, .()-]+) \|$"
TABLE = re.findall(ROWS, (ROOT / "ARCHITECTURE.md").read_text(), re.M)
ALLOWED = {package: set(re.findall(r"\w+", may)) for package, may, _ in TABLE if package != "package"}
ROOT_MODULES = {"files", "quiet"}
OURS = {*ALLOWED, *ROOT_MODULES, "sixmeg"}
HEAVY = {"tensorflow", "keras"}


def imports_of(path):
    """Top-level names that a module imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


def test_the_table_lists_every_package():
    assert sorted(p.parent.name for p in ROOT.glob("*/__init__.py")) == sorted(ALLOWED)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_the_table_allows(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        if path.name == "__main__.py":  # an entry point, not a part of the library
            continue
        ours = {name for name in imports_of(path) if name in OURS}
        assert ours <= {package} | ROOT_MODULES | ALLOWED[package], path
        if package not in {"train", "quantize"}:
            assert not HEAVY & set(imports_of(path)), path


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_libraries_do_not_print(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        calls = [n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert "print" not in {f.id for f in calls if isinstance(f, ast.Name)}, path
