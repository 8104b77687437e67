"""dbt-tests-adapter's `project` fixture, with the Delta plugin and its macros in the test project.

Everything is a Delta table there unless a test says otherwise. The suite's classes prepare and change tables with SQL
(`insert into seed …`); as DuckDB cannot write a Delta table, they are carried out on a copy, which is
written back with delta-rs, as any other writer of the table would.
"""

# mypy: disable-error-code="no-redef, no-untyped-call, attr-defined"
# (The fixtures of the suite are taken over and replaced under their own names.)
from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.duckdb import DuckDBAdapter
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.tests.fixtures.project import *  # noqa: F403 (the fixtures, as a pytest plugin may only be named at the top)
from dbt.tests.fixtures.project import TestProjInfo
from dbt.tests.util import write_file
from deltalake import write_deltalake

from tests.support.project import PACKAGE, with_package
from tests.support.tables import Tables

CHECKOUT = Path(__file__).parents[3]
COMMENT = re.compile(r"^\s*--.*\n")
CHANGE = re.compile(r"^\s*(insert into|update|delete from|alter table|truncate table)\s+([\w.\"]+)", re.I)
DROP = re.compile(r"^\s*drop (?:table|view) (?:if exists )?([\w.\"]+)", re.I)
run_sql, execute = DuckDBAdapter.run_sql_for_tests, DuckDBAdapter.execute


def run_sql_on_delta(adapter: DuckDBAdapter, sql: str, fetch: str, conn: Any) -> Any:
    """Run the SQL by which a test of the suite prepares or checks something, also where it changes a Delta table."""
    while COMMENT.match(sql):
        sql = COMMENT.sub("", sql, count=1)
    found = CHANGE.match(sql) or DROP.match(sql)
    if found is None:
        return run_sql(adapter, sql, fetch, conn)
    parts = found[found.lastindex or 0].replace('"', "").split(".")
    schema, name = (parts[-2] if len(parts) > 1 else adapter.config.credentials.schema), parts[-1]
    path = Path(adapter.config.credentials.plugins[0].config["root"]) / schema / name
    if not (path / "_delta_log").is_dir():
        return run_sql(adapter, sql, fetch, conn)
    view, copy = f'"{schema}"."{name}"', f'"{schema}"."copy_of_{name}"'
    if DROP.match(sql):
        shutil.rmtree(path)
        return run_sql(adapter, f"drop view {view}", None, conn)
    run_sql(adapter, f"create or replace table {copy} as from {view}", None, conn)
    run_sql(adapter, f"{found[1]} {copy} {sql[found.end() :]}", None, conn)
    cursor = DuckDBConnectionManager.env().conn.cursor()
    write_deltalake(str(path), cursor.sql(f"from {copy}"), mode="overwrite", schema_mode="overwrite")
    run_sql(adapter, f"drop table {copy}", None, conn)
    return run_sql(adapter, f"create or replace view {view} as from delta_scan('{path}')", None, conn)


def execute_on_delta(adapter: DuckDBAdapter, sql: str, *args: Any, **kwargs: Any) -> Any:
    """`update_rows` of the suite changes a table by the adapter's own `execute`."""
    if sql.lstrip().startswith("update "):
        return run_sql_on_delta(adapter, sql, "", adapter.connections.get_thread_connection())
    return execute(adapter, sql, *args, **kwargs)


@pytest.fixture(scope="class")
def dbt_profile_target(project_root: Any) -> dict[str, Any]:
    return {
        "type": "duckdb",
        "path": ":memory:",
        "threads": 4,
        "module_paths": [str(CHECKOUT)],
        "plugins": [{"module": "dbt_duckdb_delta", "config": {"root": str(Path(project_root) / "lake")}}],
        "settings": {"TimeZone": "UTC"},
    }


@pytest.fixture(scope="class")
def dbt_project_yml(project_root: Any, project_config_update: Any) -> dict[str, Any]:
    """The suite's dbt_project.yml, plus `file_format: delta` for all that a class does not configure itself."""
    with_package(Path(project_root), "delta_macros")
    package = Path(project_root) / "dbt_packages" / PACKAGE.name
    package.unlink()
    package.mkdir()
    (package / "macros").symlink_to(PACKAGE / "macros")
    # without the hook at the start of a run: the suite counts results
    write_file("name: dbt_duckdb_delta\nmacro-paths: [macros]\n", str(package), "dbt_project.yml")
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
        patch.setenv("DBT_LOG_LEVEL_FILE", "none")
        yield folder


@pytest.fixture(scope="class")
def project(project_setup: TestProjInfo, project_files: None, request: pytest.FixtureRequest) -> Iterator[TestProjInfo]:
    with pytest.MonkeyPatch.context() as patch:
        if not hasattr(request.cls, "expected_catalog"):  # nobody reads manifest.json, a quarter of a run
            patch.setattr("dbt.parser.manifest.write_manifest", lambda *_, **__: None)
        patch.setattr(DuckDBAdapter, "run_sql_for_tests", run_sql_on_delta)
        patch.setattr(DuckDBAdapter, "execute", execute_on_delta)
        yield project_setup


@pytest.fixture(scope="class")
def profile_user() -> None:
    """The owner of tables in dbt's catalog, which files do not have."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A process of the plugin without dbt, which a test moves to a lake of its own."""
    return Tables(tmp_path_factory.mktemp("lake"))
