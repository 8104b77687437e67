"""Whether a build would find nothing to do: all that it reads and writes stands as it did when one last passed.

Files are known by path, size and time of change, so that a table that was restored or copied back counts as changed,
and no table is read. `dbt build` itself does not ask; neither does a build on an object store, or with --full-refresh.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lakehouse.settings import root

SETTINGS_OF_DBT = ("dbt_project.yml", "profiles.yml", "packages.yml", "selectors.yml")
PROJECT = (*SETTINGS_OF_DBT, "models", "macros", "seeds", "tests/dbt", "dbt_duckdb_delta")
PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "deltalake", "dbt-spark", "pyspark", "pysail")
SETTINGS = ("DBT_", "LAKEHOUSE_", "SPARK")
WRITTEN = ("bronze", "silver", "gold")
OF_NO_MODEL = ("_http_cache", "_hashes", "__pycache__")


def _files(folders: Iterable[Path]) -> list[str]:
    """Path, size and time of change of every file."""
    found = []
    for folder in folders:
        for file in [folder] if folder.is_file() else folder.rglob("*"):
            if file.is_file() and not set(OF_NO_MODEL) & set(file.parts):
                stat = file.stat()
                found.append(f"{file}|{stat.st_size}|{stat.st_mtime_ns}")
    return sorted(found)


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


class LastBuild:
    """What is remembered of the build that last passed, for one project, lake and list of options of `dbt build`."""

    def __init__(self, options: list[str]) -> None:
        where = root()
        self._lake = Path(where)
        self._file = Path(os.environ.get("DBT_TARGET_PATH") or "target") / "last_build.json"
        self._options = options
        self._asks = "://" not in where and not {"-f", "--full-refresh"} & set(options)
        self._before = self._read() if self._asks else ""

    def _read(self) -> str:
        """What a build reads, with what decides what it does; the day, as tests may ask how old something is."""
        settings = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(SETTINGS)]
        packages = [f"{name} {_installed(name)}" for name in PACKAGES]
        files = _files([*map(Path, PROJECT), self._lake / "raw"])
        today = datetime.now(UTC).date().isoformat()
        return _digest([str(self._lake), today, *self._options, *settings, *packages, *files])

    def _written(self) -> str:
        return _digest(_files(self._lake / layer for layer in WRITTEN))

    def said(self) -> tuple[list[str], str] | None:
        """The warnings and the line of totals of the last build, where a build now would do nothing but repeat it."""
        try:
            last = json.loads(self._file.read_text(encoding="utf-8"))
            same = self._asks and (last["read"], last["written"]) == (self._before, self._written())
            return (last["warnings"], last["totals"]) if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, warnings: list[str], totals: str) -> None:
        """Call after a build that passed. Nothing is remembered if what it reads has changed meanwhile."""
        if self._asks and self._read() == self._before:
            last = {"read": self._before, "written": self._written(), "warnings": warnings, "totals": totals}
            self._file.write_text(json.dumps(last), encoding="utf-8")
