"""A Delta table that cannot be read is named where dbt starts and where the table is used; everything else works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dbt_common.exceptions import CompilationError
from deltalake import DeltaTable, write_deltalake

from tests.support.project import Project
from tests.support.tables import Tables


def without_columns(table: Path) -> None:
    log = table / "_delta_log"
    for commit in log.glob("*.json"):
        commit.unlink()
    schema = json.dumps({"type": "struct", "fields": []})
    meta = {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": schema}
    actions = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": meta | {"partitionColumns": [], "configuration": {}, "createdTime": 0}},
    ]
    (log / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)))


def unknown_reader_feature(table: Path) -> None:
    first = table / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in first.read_text().splitlines()]
    features = {"readerFeatures": ["fromTheFuture"], "writerFeatures": ["fromTheFuture"]}
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {"minReaderVersion": 3, "minWriterVersion": 7, **features}
    first.write_text("\n".join(map(json.dumps, actions)))


def empty_commit(table: Path) -> None:
    (table / "_delta_log" / f"{0:020}.json").write_text("")


def truncated_commit(table: Path) -> None:
    first = table / "_delta_log" / f"{0:020}.json"
    first.write_text(first.read_text()[:300])


def no_schema(table: Path) -> None:
    first = table / "_delta_log" / f"{0:020}.json"
    first.write_text("\n".join(line for line in first.read_text().splitlines() if '"metaData"' not in line))


def gap_in_log(table: Path) -> None:
    for _ in range(2):
        write_deltalake(str(table), pl.DataFrame({"id": [2]}), mode="append")
    (table / "_delta_log" / f"{1:020}.json").unlink()


DAMAGES = [without_columns, unknown_reader_feature, empty_commit, truncated_commit, no_schema, gap_in_log]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_kind_of_damage(tmp_path: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bad", "good"):
        write_deltalake(str(tmp_path / "s" / name), pl.DataFrame({"id": [1]}))
    damage(tmp_path / "s" / "bad")
    said: list[str] = []
    monkeypatch.setattr("dbt_duckdb_delta.plugin.logger.warning", said.append)
    tables = Tables(tmp_path)
    assert [line.startswith("The Delta table s.bad cannot be read: ") for line in said] == [True]
    assert f"{tmp_path}/s/bad" in said[0] and "\n" not in said[0]
    assert tables.job("overwrite", "select id from s.good") == "overwrite"
    assert tables.job("overwrite", "select id from s.good", table="good") == "overwrite"
    for strategy in ("overwrite", "append", "merge", "delete_insert"):
        with pytest.raises(Exception, match=r"Delta table s\.bad cannot be read"):
            tables.job(strategy, "select count(id) from s.bad", unique_key=["id"])
        with pytest.raises(Exception, match=r"s/bad"):
            tables.job(strategy, "select 1 as id", table="bad", unique_key=["id"])
    with pytest.raises(Exception, match=r"Delta table s\.bad cannot be read"):
        tables.rows("select id from s.bad where id = 1")
    with pytest.raises(Exception, match=r"s/bad"):
        tables.job("history", table="bad", options={"limit": 1})
    assert tables.job("history", table="good", options={"limit": 1})


def test_a_folder_with_an_empty_log_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "s" / "t" / "_delta_log").mkdir(parents=True)
    tables = Tables(tmp_path)
    assert tables.job("overwrite", "select 1 as id") == "overwrite"


def test_dbt_names_it_and_goes_on(tmp_path: Path) -> None:
    table = "{{ config(materialized='table') }} "
    files = {
        "models/uses.sql": table + "select id from {{ source('s', 'bad') }}",
        "models/other.sql": table + "select 1 as id",
        "models/s.yml": "sources: [{name: s, tables: [{name: bad, columns: [{name: id, data_tests: [not_null]}]}]}]",
    }
    project = Project(tmp_path / "project", files)
    write_deltalake(project.path("bad"), pl.DataFrame({"id": [1]}))
    empty_commit(Path(project.path("bad")))
    process = project.process("run")
    out, _ = process.communicate()
    assert process.returncode == 1
    assert out.count("What uses it will fail; everything else works.") == 1
    assert "s.uses: The Delta table s.bad cannot be read" in out
    assert project.rows("other") == [(1,)]
    assert "Traceback" not in out
    assert "The Delta table s.bad cannot be read" in project.dbt("test")["source_not_null_s_bad_id"][1]
    # The table that somebody has repaired is there at the next start.
    write_deltalake(project.path("good"), pl.DataFrame({"id": [1]}))
    shutil.rmtree(project.path("bad"))
    shutil.copytree(project.path("good"), project.path("bad"))
    assert set(project.build()) >= {"uses", "other"}
    assert project.rows("uses") == [(1,)]


def column_mapping(table: Path, partitioned: bool, protocol: dict[str, Any], mode: str) -> None:
    """A table as Spark writes it with column mapping: files and log have other names than the table."""
    columns = {"id": "col-1", "name": "col-2", "part": "col-3"}
    fields = [
        {"name": name, "type": "string", "nullable": True}
        | {"metadata": {"delta.columnMapping.id": n, "delta.columnMapping.physicalName": physical}}
        for n, (name, physical) in enumerate(columns.items(), 1)
    ]
    by = ["part"] if partitioned else []
    meta = {"id": "x", "format": {"provider": "parquet", "options": {}}, "partitionColumns": by, "createdTime": 0}
    meta["schemaString"] = json.dumps({"type": "struct", "fields": fields})
    meta["configuration"] = {"delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "3"}
    (table / "_delta_log").mkdir(parents=True)
    held = ["'a' as \"col-1\"", "'b' as \"col-2\""] + ([] if partitioned else ["'c' as \"col-3\""])
    ids = ", ".join(f"'{physical}': {n}" for n, physical in enumerate(columns.values(), 1) if n < 3 or not partitioned)
    file = table / "f.parquet"
    duckdb.execute(f"copy (select {', '.join(held)}) to '{file}' (format parquet, field_ids {{{ids}}})")
    add: dict[str, Any] = {"path": "f.parquet", "partitionValues": {"col-3": "c"} if partitioned else {}}
    add |= {"size": file.stat().st_size, "modificationTime": 0, "dataChange": True}
    actions = [{"commitInfo": {"operation": "WRITE"}}, {"protocol": protocol}, {"metaData": meta}, {"add": add}]
    (table / "_delta_log" / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)))


FEATURE: dict[str, Any] = {"minReaderVersion": 3, "minWriterVersion": 7}
FEATURE |= {"readerFeatures": ["columnMapping"], "writerFeatures": ["columnMapping"]}


@pytest.mark.parametrize("mode", ["name", "id"])
@pytest.mark.parametrize("protocol", [{"minReaderVersion": 2, "minWriterVersion": 5}, FEATURE], ids=["2", "3"])
def test_partitions_under_column_mapping_are_refused_and_not_null(
    tmp_path: Path, protocol: dict[str, Any], mode: str
) -> None:
    """DuckDB returns null for them. Without partitions it reads such a table well."""
    for name, partitioned in (("bad", True), ("good", False)):
        column_mapping(tmp_path / "s" / name, partitioned, protocol, mode)
    tables = Tables(tmp_path)
    assert tables.rows("from s.good") == [("a", "b", "c")]
    with pytest.raises(Exception, match=r"s\.bad cannot be read: .*returns null for its partition columns"):
        tables.rows("select part from s.bad")
    with pytest.raises(Exception, match=r"s\.bad cannot be read"):
        tables.job("overwrite", "select part from s.bad")


def test_column_mapping_is_found_behind_a_checkpoint(tmp_path: Path) -> None:
    """Where the log's first commits have been cleaned up."""
    table = tmp_path / "s" / "bad"
    column_mapping(table, True, {"minReaderVersion": 2, "minWriterVersion": 5}, "name")
    Tables(tmp_path).job("overwrite", "select 1 as id", "good")
    first = table / "_delta_log" / f"{0:020}.json"
    (table / "_delta_log" / f"{1:020}.json").write_text('{"commitInfo": {"operation": "WRITE"}}')
    DeltaTable(table).create_checkpoint()
    first.unlink()
    with pytest.raises(Exception, match=r"s\.bad cannot be read: .*returns null for its partition columns"):
        Tables(tmp_path).rows("select part from s.bad")


@pytest.mark.parametrize("name", ["t [dev]", "t%41", "t^", "a/b", "t|", "..", "t\\b"])
def test_a_name_that_no_path_can_have_is_refused(tmp_path: Path, shared: Tables, name: str) -> None:
    shared.move(tmp_path)
    with pytest.raises(CompilationError, match="cannot be the name of a Delta table: give it a plainer alias"):
        shared.job("overwrite", "select 1 as k", name)
    assert not list(tmp_path.rglob("*.json"))


def test_tables_that_only_case_tells_apart_are_refused_and_not_mixed_up(tmp_path: Path) -> None:
    """After a model was renamed from orders to Orders, whoever reads it would get the rows of the old folder."""
    table = "{{ config(materialized='table') }} "
    reader = table + "select id, {n} as n from {{ ref('Orders') }}"
    project = Project(tmp_path / "project", {"models/orders.sql": table + "select 1 as id"})
    project.build()
    (project.at / "models" / "orders.sql").unlink()
    project.write("models/Orders.sql", table + "select 2 as id")
    project.write("models/reader.sql", reader.replace("{n}", "1"))
    done, said = project.in_new_session("run")
    assert not done and "differ in case alone" in said
    # As another program or an older version may have made it.
    shutil.copytree(project.path("orders"), project.path("Orders"))
    done, said = project.in_new_session("run", "-s", "reader")
    assert not done and "orders cannot be read" in said.lower() and "only case tells" in said
    shutil.rmtree(project.path("orders"))
    assert project.in_new_session("run")[0]
    assert project.rows("reader") == [(2, 1)]
