"""The project's packages away from the checkout: from .venv in any folder, and ingest from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.lake import CHECKOUT

CONFIG = "sources:\n  s:\n    path: files\n    datasets: [{file: a.csv, table: a, key: [id]}]\n"


def test_set_up_makes_the_packages_known_to_the_environment(tmp_path: Path) -> None:
    """install.sh with nothing to install: in another folder its Python finds the checkout's packages."""
    checkout = tmp_path / "a checkout"
    (checkout / "ingest").mkdir(parents=True)
    (checkout / "ingest" / "__init__.py").touch()
    shutil.copytree(CHECKOUT / "requirements", checkout / "requirements")
    command = ["bash", "requirements/install.sh"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=checkout, check=True)
    (checkout / ".venv" / "made").touch()
    subprocess.run(command, cwd=checkout, check=True)
    moved = checkout.rename(tmp_path / "moved")
    where = [str(moved / ".venv" / "bin" / "python"), "-c", "import ingest; print(ingest.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).resolve() == (moved / "ingest" / "__init__.py").resolve()


def test_ingest_runs_from_a_wheel_in_another_folder(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "77", reason="the wheel needs a newer setuptools, as development.lock has it")
    copy, site, elsewhere = tmp_path / "copy", tmp_path / "site", tmp_path / "elsewhere"
    for package in ("ingest", "lakehouse", "dbt_duckdb_delta"):
        shutil.copytree(CHECKOUT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(CHECKOUT / name, copy)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, check=True)
    (wheel,) = copy.glob("*.whl")
    ZipFile(wheel).extractall(site)
    shutil.rmtree(copy)
    (elsewhere / "files").mkdir(parents=True)
    (elsewhere / "files" / "a.csv").write_text("id\n1\n2\n")
    (elsewhere / "own.yml").write_text(CONFIG)

    def python(*arguments: str) -> str:
        env = os.environ | {"LAKEHOUSE_ROOT": "", "PYTHONPATH": str(site)}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=True).stdout

    assert python("-c", "import ingest; print(ingest.__file__)").startswith(str(site))
    assert "2 new records" in python("-m", "ingest", "--config", "own.yml")
    # Its own sources.yml is in the wheel too
    assert "accepted" in python("-m", "ingest", "status")
    assert (elsewhere / "lake" / "raw" / "a").is_dir()
