"""The project's Python modules: in few packages, and none imports itself over others."""

from __future__ import annotations

import ast
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.lake import CHECKOUT

PACKAGES = {"ingest", "lakehouse", "dbt_duckdb_delta", "bench", "tests"}


def modules(folder: Path, packages: set[str]) -> dict[str, Path]:
    """Every module of the packages, by its name."""
    found = {}
    for package in packages:
        for file in (folder / package).rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(of: dict[str, Path]) -> dict[str, set[str]]:
    """What each module imports of the others, inside functions and for type checking too."""
    graph: dict[str, set[str]] = {}
    for name, file in of.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names} & of.keys()
            elif isinstance(node, ast.ImportFrom) and node.module:
                # A name is a module, or something in the package itself
                graph[name] |= {
                    full if (full := f"{node.module}.{alias.name}") in of else node.module for alias in node.names
                } & of.keys()
    return graph


def check(folder: Path, packages: set[str]) -> None:
    """Raises CycleError, with the circle, where there is one."""
    TopologicalSorter(imports(modules(folder, packages))).prepare()


def test_no_module_imports_itself_over_others() -> None:
    found = modules(CHECKOUT, PACKAGES)
    assert {"ingest.run", "lakehouse.cli", "dbt_duckdb_delta.plugin"} <= found.keys()
    check(CHECKOUT, PACKAGES)


def test_a_circle_for_type_checking_alone_is_found(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("from p import b")
    (tmp_path / "p" / "b.py").write_text("if TYPE_CHECKING:\n    from p.a import A")
    with pytest.raises(CycleError):
        check(tmp_path, {"p"})


def test_python_lies_in_the_packages_alone() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert {line.split("/")[0] for line in tracked.stdout.splitlines()} == PACKAGES
