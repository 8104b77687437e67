"""Names of columns match whatever their case, and a user's columns may be called anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dbt_common.exceptions import CompilationError
from deltalake import write_deltalake

from tests.support.project import Project
from tests.support.tables import Tables

OTHER_CASE: list[tuple[str, dict[str, Any], str, list[tuple[Any, ...]]]] = [
    # How it is merged, with what, what is done, and the rows that are left of (1, 'a', 'p') and (2, 'b', 'q').
    ("merge", {"merge_update_columns": ["NAME"]}, "(0 inserted, 1 updated", [(1, "z", "p"), (2, "b", "q")]),
    ("merge", {"merge_exclude_columns": ["Name"]}, "(0 inserted, 1 updated", [(1, "a", "y"), (2, "b", "q")]),
    ("merge", {"merge_update_columns": ["nAmE", "PART"]}, "(0 inserted, 1 updated", [(1, "z", "y"), (2, "b", "q")]),
    ("merge", {}, "(0 inserted, 1 updated", [(1, "z", "y"), (2, "b", "q")]),
    ("delete_insert", {}, "(1 inserted, 0 updated, 1 deleted", [(1, "z", "y"), (2, "b", "q")]),
    ("append", {}, "(1 inserted", [(1, "a", "p"), (1, "z", "y"), (2, "b", "q")]),
]


@pytest.mark.parametrize("partition_by", [[], ["PART"]])
@pytest.mark.parametrize(
    "query", ["select 1 as id, 'z' as name, 'y' as part", "select 'y' as Part, 1 as ID, 'z' as NaMe"]
)
@pytest.mark.parametrize(("strategy", "job", "done", "rows"), OTHER_CASE)
def test_configured_columns_in_another_case(
    tmp_path: Path,
    shared: Tables,
    strategy: str,
    job: dict[str, Any],
    done: str,
    rows: list[tuple[Any, ...]],
    query: str,
    partition_by: list[str],
) -> None:
    shared.move(tmp_path)
    first = "select 1 as Id, 'a' as Name, 'p' as Part union all select 2, 'b', 'q'"
    shared.job("overwrite", first, partition_by=partition_by)
    job = {"unique_key": ["iD"], "partition_by": partition_by, **job}
    assert done in shared.job(strategy, query, **job)
    assert shared.rows() == rows
    assert [column.name for column in shared.delta().schema().fields] == ["Id", "Name", "Part"]
    assert shared.job("merge", query, **job).startswith("nothing new" if strategy == "merge" else "")


def test_the_other_configurations_too(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    moment = "select {0} as K, timestamp '2024-01-01' + to_hours({0}) as Moment, {0} % 2 as P"
    job: dict[str, Any] = {"not_null": ["k"], "comments": {"MOMENT": "when"}, "partition_by": ["p"]}
    shared.job("overwrite", moment.format(1), **job)
    fields = {column.name: column for column in shared.delta().schema().fields}
    assert not fields["K"].nullable and fields["Moment"].metadata == {"comment": "when"}
    shared.job(
        "microbatch",
        moment.format(2),
        batch=["MOMENT", "2024-01-01 00:00:00+00:00", "2024-01-02 00:00:00+00:00"],
        **job,
    )
    assert [row[0] for row in shared.rows()] == [2]
    shared.job("insert_overwrite", moment.format(4), **job)
    assert [row[0] for row in shared.rows()] == [4]
    shared.job("optimize", options={"zorder": ["k"]})
    with pytest.raises(CompilationError, match=r"zorder names the column nope, which is none of K, Moment, P"):
        shared.job("append", moment.format(5), **job) and shared.job("optimize", options={"zorder": ["nope"]})


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@pytest.mark.parametrize(
    "configuration", ["unique_key", "merge_update_columns", "merge_exclude_columns", "partition_by"]
)
def test_a_column_that_is_not_there_is_named(tmp_path: Path, shared: Tables, strategy: str, configuration: str) -> None:
    """A partition at once; what matches rows, when there are any to match, as on Spark."""
    shared.move(tmp_path)
    job: dict[str, Any] = {"unique_key": ["k"], configuration: ["nope"]}
    said = rf"s\.t: {configuration} names the column nope, which is none of k, n\."
    if configuration == "partition_by":
        with pytest.raises(CompilationError, match=said):
            shared.job(strategy, "select 1 as k, 2 as n", **job)
    shared.job("overwrite", "select 1 as k, 1 as n")
    with pytest.raises(CompilationError, match=said):
        shared.job(strategy, "select 1 as k, 2 as n", **job)
    assert shared.rows() == [(1, 1)]


STRANGE = ["dbt_change_type", "dbt_unique_key", "__file", "__row", "__kept", "__was_k", "a.b", "a b", 'say "x"', "it's"]


@pytest.mark.parametrize("partitioned", [False, True])
def test_columns_may_be_called_anything(tmp_path: Path, shared: Tables, partitioned: bool) -> None:
    shared.move(tmp_path)
    quoted = ['"' + name.replace('"', '""') + '"' for name in STRANGE]

    def query(*values: int) -> str:
        return " union all ".join(
            f"select {v} as k, " + ", ".join(f"{v + add} as {c}" for c in quoted)
            for v, add in zip(values, (0, 100, 200), strict=False)
        )

    job: dict[str, Any] = {"unique_key": ["k"], "partition_by": ["dbt_change_type"] if partitioned else []}
    shared.job("overwrite", query(1, 2), **job)
    assert shared.job("merge", query(2, 1), **job) == "merge (0 inserted, 2 updated, 0 deleted)"
    assert shared.rows() == [(1, *[101] * len(STRANGE)), (2, *[2] * len(STRANGE))]
    assert (
        shared.job("merge", query(2, 1, 3), delete_unmatched=True, **job) == "merge (1 inserted, 0 updated, 0 deleted)"
    )
    shared.job("delete_insert", query(3), **job)
    assert shared.rows("from s.t where k = 3") == [(3, *[3] * len(STRANGE))]
    for column in STRANGE[:4]:
        shared.job(
            "merge",
            query(1),
            **{**job, "merge_update_columns": [column]},
        )
        name = '"' + column.replace('"', '""') + '"'
        assert shared.rows(f"select {name} from s.t where k = 1") == [(1,)]


@pytest.mark.parametrize(
    "strategy", ["overwrite", "append", "merge", "delete_insert", "insert_overwrite", "microbatch"]
)
def test_a_dot_in_a_column_that_is_filtered_by_is_refused(tmp_path: Path, shared: Tables, strategy: str) -> None:
    shared.move(tmp_path)
    key = {"insert_overwrite": "partition_by", "microbatch": "batch"}.get(strategy, "unique_key")
    job: dict[str, Any] = {key: ["A.b", *(["2024-01-01", "2024-01-02"] if key == "batch" else [])]}
    for _ in range(2):
        with pytest.raises(
            CompilationError, match=r"s\.t: DuckDB cannot filter a Delta table by the column (a|A)\.b, for"
        ):
            shared.job(strategy, "select 1 as k, date '2024-01-01' as \"a.b\"", **job)
        shared.job("overwrite", "select 1 as k, date '2024-01-01' as \"a.b\"")
    assert shared.rows("select k from s.t where \"a.b\"::varchar = '2024-01-01'") == [(1,)]


@pytest.mark.parametrize("column", ["__dbt_delta_kept", "__DBT_delta_row", "__dbt_delta_file", "__dbt_delta_was_k"])
def test_a_column_that_is_called_like_the_plugins_own_is_refused(tmp_path: Path, shared: Tables, column: str) -> None:
    """Also where another writer's table has one."""
    shared.move(tmp_path)
    for strategy in ("overwrite", "append", "merge", "delete_insert"):
        with pytest.raises(
            CompilationError, match=rf"s\.t: the column {column} has a name that begins as those of dbt_"
        ):
            shared.job(strategy, f"select 1 as k, 2 as {column}", unique_key=["k"])
    assert not (tmp_path / "s").exists()
    write_deltalake(shared.path(), pl.DataFrame({"k": [1], column: [1]}))
    with pytest.raises(CompilationError, match=f"the column {column} has a name"):
        shared.job("merge", "select 1 as k", unique_key=["k"], on_schema_change="append_new_columns")


@pytest.mark.parametrize("table", ["_delta_log", "_Delta_Log", "a" * 256, "é" * 127 + "ab", "a" * 300])
def test_a_name_that_no_folder_of_a_table_has_is_refused(tmp_path: Path, shared: Tables, table: str) -> None:
    shared.move(tmp_path)
    better = "plainer" if "log" in table.lower() else "shorter"
    with pytest.raises(CompilationError, match=f"cannot be the name of a Delta table: give it a {better} alias"):
        shared.job("overwrite", "select 1 as k", table)
    assert not (tmp_path / "s").exists()
    shared.job("overwrite", "select 1 as k", "a" * 255)
    assert shared.rows(f"from s.{'a' * 255}") == [(1,)]


def test_a_project_with_columns_named_like_dbts_own(tmp_path: Path) -> None:
    merge = "materialized='incremental', incremental_strategy='merge', unique_key=['ID'], partition_by='P'"
    model = f"{{{{ config({merge}) }}}} select 1 as id, {{{{ var('v', 1) }}}} as dbt_change_type, 'x' as p"
    snapshot = "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
    snapshot += " select id, dbt_change_type as n from {{ ref('m') }}{% endsnapshot %}"
    project = Project(tmp_path / "project", {"models/m.sql": model, "snapshots/sn.sql": snapshot})
    project.build()
    assert project.build("--vars", "{v: 2}")["m"][1] == "merge (0 inserted, 1 updated, 0 deleted)"
    assert project.rows("m") == [(1, 2, "x")]
    assert [row[:2] for row in project.rows("sn")] == [(1, 1), (1, 2)]


def test_a_table_of_another_project_is_refused(tmp_path: Path) -> None:
    """It says whose it is. Others read it, and what no project made is anybody's."""
    first = Project(tmp_path / "first", {"models/m.sql": "{{ config(materialized='table') }} " + "select 1 as id"})
    first.build()
    files = {
        "models/m.sql": "{{ config(materialized='table') }} " + "select 2 as id",
        "models/reads.sql": "{{ config(materialized='table') }} " + "select * from {{ source('s', 'm') }}",
    }
    sources = {"models/s.yml": "sources: [{name: s, tables: [{name: m}, {name: foreign_table}]}]"}
    second = Project(tmp_path / "second", files | sources, root=first.root, config={"name": "second"})
    write_deltalake(first.path("theirs"), pl.DataFrame({"id": [0]}))
    second.write("models/theirs.sql", "{{ config(materialized='table') }} " + "select 2 as id")
    done = second.dbt("run")
    status, said = done["m"]
    assert status == "error" and "s.m is a table of the dbt project p, and not of second" in said
    assert (done["reads"][0], done["theirs"][0]) == ("success", "success")
    assert (first.rows("m"), first.rows("reads"), first.rows("theirs")) == ([(1,)], [(1,)], [(2,)])
    success, said = second.in_new_session(
        "run-operation", "dbt_duckdb_delta.restore", "--args", "{model: m, version: 0}"
    )
    assert not success and "of the dbt project p" in said and first.version("m") == 0
    # A project that was renamed
    plugin = {"module": "dbt_duckdb_delta", "config": {"root": first.root, "project": "p"}}
    second.configure(plugins=[plugin])
    assert second.dbt("run", "-s", "m")["m"][0] == "success"
    assert first.rows("m") == [(2,)]
    assert first.build()["m"][1] == "overwrite"


def test_case_beyond_ascii(tmp_path: Path, shared: Tables) -> None:
    """DuckDB itself tells Ä and ä apart."""
    shared.move(tmp_path)
    shared.job("overwrite", 'select 1 as "ÄID", 2 as v')
    assert "1 updated" in shared.job("merge", 'select 3 as v, 1 as "äid"', unique_key=["äID"])
    assert shared.rows() == [(1, 3)]
    assert [column.name for column in shared.delta().schema().fields] == ["ÄID", "v"]
    with pytest.raises(CompilationError, match="ÄID and äid differ only by case"):
        shared.job("append", 'select 1 as "äid", 2 as "ÄID", 3 as v')
    assert shared.rows() == [(1, 3)]
