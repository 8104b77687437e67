"""A Delta table that cannot be read is named where dbt starts and where the table is used; everything else works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from tests.python.delta.direct import Tables
from tests.python.delta.project import Project


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
    monkeypatch.setattr("plugins.delta.logger.warning", said.append)
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
