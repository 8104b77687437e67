"""A small dbt project in a folder, with the plugin, its macros and a lake of its own."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner, dbtRunnerResult
from deltalake import DeltaTable

import dbt_duckdb_delta

CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(str(dbt_duckdb_delta.__file__)).parent


def with_package(project: Path, macros: str = "macros") -> None:
    """Give a dbt project the package and its wrappers, as `dbt deps` and `python -m dbt_duckdb_delta wrappers` do."""
    (project / "dbt_packages").mkdir(parents=True)
    (project / "dbt_packages" / PACKAGE.name).symlink_to(PACKAGE)
    (project / macros).mkdir(exist_ok=True)
    shutil.copy(PACKAGE / "wrappers.sql", project / macros / "dbt_duckdb_delta.sql")


def nodes(done: dbtRunnerResult) -> list[Any]:
    """The results of a command, without those of hooks at the start of a run."""
    return [r for r in getattr(done.result, "results", []) if r.node.resource_type != "operation"]


@dataclass
class Project:
    """files: what the project holds, by path. root: the lake; database: DuckDB's own file."""

    at: Path
    files: dict[str, str]
    root: str = ""
    database: str = ":memory:"
    config: dict[str, Any] = field(default_factory=dict)
    wrappers: bool = True

    def __post_init__(self) -> None:
        self.root = self.root or str(self.at / "lake")
        with_package(self.at)
        if not self.wrappers:
            (self.at / "macros" / "dbt_duckdb_delta.sql").unlink()
        self.configure()
        for name, text in self.files.items():
            self.write(name, text)

    def configure(self, project: dict[str, Any] | None = None, **profile: Any) -> None:
        """Write profile and project, with more in them than `config` says."""
        plugin = {"module": "dbt_duckdb_delta", "config": {"root": self.root}}
        target = {"type": "duckdb", "path": self.database, "schema": "s", "threads": 4, "module_paths": [str(CHECKOUT)]}
        target |= {"plugins": [plugin], "settings": {"TimeZone": "UTC"}, **profile}
        self.write("profiles.yml", yaml.safe_dump({"p": {"target": "dev", "outputs": {"dev": target}}}))
        delta = {kind: {"+file_format": "delta"} for kind in ("models", "seeds", "snapshots", "data_tests")}
        whole = {"name": "p", "profile": "p", "flags": {"send_anonymous_usage_stats": False}, **delta, **self.config}
        self.write("dbt_project.yml", yaml.safe_dump(whole | (project or {})))

    def write(self, name: str, text: str) -> None:
        (self.at / name).parent.mkdir(parents=True, exist_ok=True)
        (self.at / name).write_text(text)

    def _invoke(self, *args: str) -> dbtRunnerResult:
        options = ["--project-dir", str(self.at), "--profiles-dir", str(self.at), "--log-level-file", "none"]
        if args[0] == "build":  # nobody reads its manifest.json, a quarter of a run
            options.append("--no-write-json")
        done = dbtRunner().invoke([*args, *options])
        # Or dbt's own test suite takes the adapter that this run left behind
        reset_adapters()  # type: ignore[no-untyped-call]
        return done

    def dbt(self, *args: str) -> dict[str, tuple[str, str]]:
        """Run dbt in this process; returns the status and message of every node, by name."""
        done = self._invoke(*args, "--quiet")
        if done.exception is not None:
            raise done.exception
        return {r.node.name: (str(r.status), str(r.message)) for r in nodes(done)}

    def in_new_session(self, *args: str) -> tuple[bool, str]:
        """Run dbt in this process with a connection of its own; returns whether it succeeded, and what it said."""
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        with redirect_stdout(io.StringIO()) as out:
            done = self._invoke(*args, "--no-use-colors")
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        return done.success, out.getvalue()

    def build(self, *args: str) -> dict[str, tuple[str, str]]:
        """`dbt build` that must succeed."""
        results = self.dbt("build", *args)
        assert all(status in ("success", "pass") for status, _ in results.values()), results
        return results

    def process(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """Start dbt as a process of its own."""
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "dbt"), *args],
            cwd=self.at,
            env=os.environ | {"DBT_PROFILES_DIR": str(self.at)} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def path(self, table: str) -> str:
        return f"{self.root}/s/{table}"

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of a table, sorted."""
        return sorted(pl.read_delta(self.path(table)).rows(), key=repr)

    def version(self, table: str) -> int:
        return DeltaTable(self.path(table)).version()
