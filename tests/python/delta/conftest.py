"""dbt-tests-adapter's `project` fixture, with the Delta plugin and its macros in the test project.

Everything is a Delta table there unless a test says otherwise. The suite's classes prepare and change tables with SQL
(`insert into seed …`); as DuckDB cannot write a Delta table, `project.run_sql` does the change on a copy and writes the
copy back with delta-rs, as any other writer of the table would.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.tests.fixtures.project import *  # noqa: F403 (the fixtures, as a pytest plugin may only be named at the top)
from dbt.tests.fixtures.project import TestProjInfo
from dbt.tests.util import write_file
from deltalake import write_deltalake

CHECKOUT = Path(__file__).parents[3]
CHANGE = re.compile(r"^\s*(insert into|update|delete from|alter table|truncate table)\s+([\w.\"]+)", re.I)
DROP = re.compile(r"^\s*drop (?:table|view) (?:if exists )?([\w.\"]+)", re.I)


class Project(TestProjInfo):  # type: ignore[misc]
    """The suite's project, whose `run_sql` can change Delta tables."""

    __test__ = False

    def run_sql(self, sql: str, fetch: str | None = None) -> Any:
        statement = sql.format(schema=self.test_schema, database="memory") if "{" in sql else sql
        if change := CHANGE.match(statement):
            schema, name = self.split(change[2])
            if self.is_delta(schema, name):
                return self.change(schema, name, statement[: change.start(2)], statement[change.end(2) :])
        if drop := DROP.match(statement):
            schema, name = self.split(drop[1])
            if self.is_delta(schema, name):
                shutil.rmtree(self.root / schema / name)
                return super().run_sql(f'drop view "{schema}"."{name}"')
        return super().run_sql(sql, fetch)

    @property
    def root(self) -> Path:
        return Path(self.project_root) / "lake"

    def split(self, name: str) -> tuple[str, str]:
        parts = name.replace('"', "").split(".")
        return (parts[-2] if len(parts) > 1 else self.test_schema), parts[-1]

    def is_delta(self, schema: str, name: str) -> bool:
        return (self.root / schema / name / "_delta_log").is_dir()

    def change(self, schema: str, name: str, before: str, after: str) -> None:
        """Carry out a changing statement on a copy of the Delta table and write the copy back."""
        view, copy = f'"{schema}"."{name}"', f'"{schema}"."__copy_of_{name}"'
        for step in (f"create or replace table {copy} as from {view}", f"{before}{copy}{after}"):
            super().run_sql(step)
        cursor = DuckDBConnectionManager.env().conn.cursor()
        path = str(self.root / schema / name)
        write_deltalake(path, cursor.sql(f"from {copy}"), mode="overwrite", schema_mode="overwrite")
        super().run_sql(f"drop table {copy}")
        super().run_sql(f"create or replace view {view} as from delta_scan('{path}')")


@pytest.fixture(scope="class")
def dbt_profile_target(project_root: Any) -> dict[str, Any]:
    return {
        "type": "duckdb",
        "path": ":memory:",
        "threads": 4,
        "module_paths": [str(CHECKOUT)],
        "plugins": [{"module": "plugins.delta", "config": {"root": str(Path(project_root) / "lake")}}],
        "settings": {"TimeZone": "UTC"},
    }


@pytest.fixture(scope="class")
def dbt_project_yml(project_root: Any, project_config_update: Any) -> dict[str, Any]:
    """The suite's dbt_project.yml, plus `file_format: delta` for all that a class does not configure itself."""
    shutil.copytree(CHECKOUT / "macros" / "delta", Path(project_root) / "delta_macros")
    update = yaml.safe_load(project_config_update) if isinstance(project_config_update, str) else project_config_update
    config: dict[str, Any] = {"name": "test", "profile": "test", "flags": {"send_anonymous_usage_stats": False}}
    config |= update or {}
    config["macro-paths"] = ["macros", "delta_macros"]
    for kind in ("models", "seeds", "snapshots", "data_tests"):
        config[kind] = {"+file_format": "delta"} | (config.get(kind) or {})
    write_file(yaml.safe_dump(config), project_root, "dbt_project.yml")
    return config


@pytest.fixture(scope="class")
def logs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Logs go with the test's other files, not into the checkout."""
    folder = str(tmp_path_factory.mktemp("logs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_LOG_PATH", folder)
        yield folder


@pytest.fixture(scope="class")
def project(project_setup: TestProjInfo, project_files: None) -> TestProjInfo:
    project_setup.__class__ = Project
    return project_setup
