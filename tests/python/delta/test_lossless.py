"""What is written comes back as it was given, or is refused before anything is written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dbt_common.exceptions import CompilationError, DbtRuntimeError

from tests.support.project import Project
from tests.support.tables import Tables

ZONES = ["UTC", "Asia/Kolkata", "America/New_York"]


@pytest.mark.parametrize(
    "value", ["1.5::decimal(10,2)", "'abc'::blob", "[1]", "{'a': 1}"], ids=["decimal", "blob", "list", "struct"]
)
def test_a_partition_that_would_not_be_read_back_is_refused(tmp_path: Path, value: str) -> None:
    """delta-rs writes -0.5 as `0.-50`, after which nobody can open the table, and bytes as escapes."""
    tables = Tables(tmp_path)
    with pytest.raises(DbtRuntimeError, match="partition_by names the column p of type"):
        tables.job("overwrite", f"select 1 as k, {value} as p", partition_by=["p"])
    assert not (tmp_path / "s/t").exists()


@pytest.mark.parametrize("value", ["-12::decimal(10,0)", "-7::bigint", "date '1969-12-31'", "-0.5::double", "true"])
def test_a_partition_is_read_back(tmp_path: Path, value: str) -> None:
    tables = Tables(tmp_path)
    for number in (1, 2):
        query = f"select 1 as k, {value} as p, {number} as n"
        tables.job("merge", query, unique_key=["k", "p"], partition_by=["p"])
    assert tables.rows(f"select k, n, p = {value} from s.t") == [(1, 2, True)]


@pytest.mark.parametrize("strategy", ["merge", "delete_insert", "insert_overwrite"])
@pytest.mark.parametrize("more", [0, 12], ids=["few", "many"])
def test_an_empty_partition_of_another_writer_is_null(tmp_path: Path, strategy: str, more: int) -> None:
    """Polars and delta-rs name it with an empty text, which DuckDB reads as null and DataFusion as it stands."""
    others = [chr(ord("a") + n) for n in range(more)]
    frame = pl.DataFrame({"k": [*range(len(others) + 1)], "p": [*others, ""], "n": [0] * (len(others) + 1)})
    frame.write_delta(str(tmp_path / "s/t"), delta_write_options={"partition_by": ["p"]})
    tables = Tables(tmp_path)
    rows = [f"select {k} as k, nullif('{p}', '') as p, 1 as n" for k, p in enumerate([*others, ""])]
    tables.job(strategy, " union all ".join(rows), unique_key=["k"], partition_by=["p"])
    assert tables.rows("select k, n from s.t") == sorted(((k, 1) for k in range(len(others) + 1)), key=repr)


def test_partitions_go_with_a_full_refresh(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select 1 as k, 'a' as p", partition_by=["p"])
    with pytest.raises(DbtRuntimeError, match="--full-refresh"):
        tables.job("append", "select 2 as k, 'b' as p")
    tables.job("overwrite", "select 1 as k, 'a' as p")
    tables.job("append", "select 2 as k, 'b' as p")
    assert tables.delta().metadata().partition_columns == []
    assert tables.rows() == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("deletes", ["invalidate", "new_record"])
def test_records_of_a_snapshot_follow_each_other(tmp_path: Path, zone: str, deletes: str) -> None:
    """In real time, whatever the zone of the session is."""
    config = f"unique_key='id', strategy='check', check_cols=['v'], hard_deletes='{deletes}'"
    snapshot = f"{{% snapshot sn %}}{{{{ config({config}) }}}} {{query}}{{% endsnapshot %}}"
    project = Project(tmp_path, {})
    project.configure(settings={"TimeZone": zone})
    began = datetime.now(UTC)
    for query in ("select 1 as id, 'a' as v union all select 2, 'b'", "select 1 as id, 'c' as v"):
        project.write("snapshots/sn.sql", snapshot.replace("{query}", query))
        project.build()
    columns = ["id", "v", "dbt_valid_from", "dbt_valid_to"]
    found = pl.read_delta(project.path("sn")).select(columns).sort("id", "dbt_valid_from").rows()
    firsts, lasts = [row[2] for row in found], [row[3] for row in found]
    assert all(began <= moment <= datetime.now(UTC) for moment in firsts + lasts if moment)
    assert lasts[0] == firsts[1] and lasts[1] is None
    assert lasts[2] > firsts[2] and (deletes == "invalidate" or lasts[2] == firsts[3])


@pytest.mark.parametrize(
    ("held", "comes", "strategy"),
    [
        ("5::int", "5000000000::bigint", "strategy='check', check_cols=['v']"),
        ("1.50::decimal(4,2)", "123.456::decimal(6,3)", "strategy='timestamp', updated_at='t'"),
    ],
)
def test_a_snapshot_widens_a_number(tmp_path: Path, held: str, comes: str, strategy: str) -> None:
    """And keeps what it has: the records that ended, and a column that its query no longer returns."""
    snapshot = f"{{% snapshot sn %}}{{{{ config(unique_key='id', {strategy}) }}}} {{query}}{{% endsnapshot %}}"
    project = Project(tmp_path, {})
    for query in (
        f"select unnest([1, 2]) as id, {held} as v, id || 'x' as gone, date '2024-01-01' as t",
        f"select 1 as id, {comes} as v, date '2024-01-02' as t union all select 2, {held}, date '2024-01-01'",
        f"select 1 as id, {held} as v, date '2024-01-03' as t union all select 2, {held}, date '2024-01-01'",
    ):
        project.write("snapshots/sn.sql", snapshot.replace("{query}", query))
        project.build()
    tables = Tables(project.root)
    found = tables.connection.sql(
        f"select id, v = {held}, v = {comes}, gone, dbt_valid_to is null from s.sn order by id, dbt_valid_from"
    ).fetchall()
    assert found == [
        (1, True, False, "1x", False),
        (1, False, True, None, False),
        (1, True, False, None, True),
        (2, True, False, "2x", True),
    ]
    assert project.version("sn") == 2


def test_a_snapshot_that_cannot_take_a_type_says_a_way_that_works(tmp_path: Path) -> None:
    snapshot = (
        "{% snapshot sn %}{{ config(unique_key='id', strategy='timestamp', updated_at='t') }} {q}{% endsnapshot %}"
    )
    project = Project(tmp_path, {})
    for query in ("select 1 as id, 5 as v, date '2024-01-01' as t", "select 1 as id, 'a' as v, date '2024-01-02' as t"):
        project.write("snapshots/sn.sql", snapshot.replace("{q}", query))
        done = project.dbt("build")["sn"]
    assert done[0] == "error" and "Cast ['v'] in the model, or take another name for a new snapshot" in done[1]
    assert project.version("sn") == 0


MIDNIGHT = "timestamp '2024-01-01 00:00:00'"
TIMES: dict[str, tuple[str, str, dict[str, Any]]] = {  # what the table has, what comes, and the job's configuration
    "a date in a list": (f"[{MIDNIGHT}]", "[date '2024-01-01']", {}),
    "a date in a struct": (f"{{'x': {MIDNIGHT}}}", "{'x': date '2024-01-01'}", {}),
    "a plain timestamp over one with a zone": (MIDNIGHT, MIDNIGHT, {"timestamp_ntz": True}),
    "text becomes a timestamp": ("'2024-01-01 00:00:00'", MIDNIGHT, {"on_schema_change": "sync_all_columns"}),
    "a date becomes a timestamp": ("date '2024-01-01'", MIDNIGHT, {"on_schema_change": "sync_all_columns"}),
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("case", TIMES)
def test_a_moment_stays_what_it_is_where_its_type_changes(tmp_path: Path, zone: str, case: str) -> None:
    first, second, how = TIMES[case]
    tables = Tables(tmp_path, TimeZone=zone)
    tables.job("overwrite", f"select 1 as k, {first} as p")
    tables.job("append", f"select 2 as k, {second} as p", **how)
    found = tables.rows("select p::varchar from s.t")
    assert len(set(found)) == 1 and "2024-01-01 00:00:00" in found[0][0]


@pytest.mark.parametrize("zone", ZONES)
def test_a_plain_timestamp_becomes_a_moment_in_utc(tmp_path: Path, zone: str) -> None:
    tables = Tables(tmp_path, TimeZone=zone)
    tables.job("overwrite", f"select 1 as k, {MIDNIGHT} as p", timestamp_ntz=True)
    tables.job("append", f"select 2 as k, {MIDNIGHT} as p", on_schema_change="sync_all_columns")
    assert tables.rows("select distinct p::varchar from s.t") == [("2024-01-01 00:00:00+00",)]


@pytest.mark.parametrize(
    ("text", "dtype", "lost"),
    [
        ("9007199254740993", "double", True),
        ("12345678901234567.89", "double", True),
        ("12345678901234567.89", "decimal(20,1)", True),
        ("12345678901234567.9", "decimal(20,1)", False),
        ("0.1", "double", False),
        ("-1.5e300", "double", False),
        ("9007199254740992", "double", False),
    ],
)
def test_text_that_becomes_a_number_keeps_its_digits(tmp_path: Path, text: str, dtype: str, lost: bool) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", f"select 1 as k, '{text}' as p")
    job = ("append", f"select 2 as k, 1::{dtype} as p")
    if lost:
        with pytest.raises(duckdb.Error, match="does not fit the type"):
            tables.job(*job, on_schema_change="sync_all_columns")
        assert tables.rows() == [(1, text)]
    else:
        tables.job(*job, on_schema_change="sync_all_columns")
        assert (True,) in tables.rows(f"select p = {text}::{dtype} from s.t where k = 1")


@pytest.mark.parametrize("name", ["aé", "日本", "größé"])
def test_a_name_that_would_not_be_read_back_is_refused(tmp_path: Path, name: str) -> None:
    tables = Tables(tmp_path)
    with pytest.raises(DbtRuntimeError, match="give it a plainer alias"):
        tables.job("overwrite", "select 1 as k", table=name)
    assert not list(tmp_path.rglob("*.parquet"))
    tables.job("overwrite", "select 1 as k", table="größe")
    assert tables.rows('from s."größe"') == [(1,)]


def test_tables_that_differ_in_case_alone_are_refused_before_the_second_is_written(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select 1 as k", table="orders")
    with pytest.raises(DbtRuntimeError, match="differ in case alone"):
        tables.job("overwrite", "select 2 as k", table="Orders")
    assert tables.rows("from s.orders") == [(1,)]
    assert not (tmp_path / "s/Orders").exists()


@pytest.mark.parametrize("how", [{"merge_update_columns": ["a"]}, {"merge_exclude_columns": ["b"]}])
def test_a_new_column_that_is_not_updated_is_null_for_rows_that_were_there(tmp_path: Path, how: dict[str, Any]) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select unnest([1, 2]) as k, 'old' as a")
    query = "select * from (values (1, 'new', 'x'), (2, 'old', 'x'), (3, 'new', 'x')) as t (k, a, b)"
    tables.job("merge", query, unique_key=["k"], on_schema_change="append_new_columns", **how)
    assert tables.rows("select k, a, b from s.t") == [(1, "new", None), (2, "old", None), (3, "new", "x")]


def test_a_column_comes_without_rows(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select 1 as k, 'a' as p, timestamp '2024-01-01' as t", partition_by=["p"])
    query = "select 1 as k, 'a' as p, timestamp '2024-01-01' as t, {} as n where false"
    how: dict[str, Any] = {"partition_by": ["p"], "on_schema_change": "append_new_columns"}
    tables.job("insert_overwrite", query.format("1"), **how)
    assert tables.rows("select k, p, n from s.t") == [(1, "a", None)]
    batch = ["t", "2030-01-01", "2030-01-02"]
    tables.job("microbatch", query.format("1 as n, 2").replace(" as n where", " as m where"), batch=batch, **how)
    assert set(tables.connection.sql("from s.t").columns) == {"k", "t", "n", "m", "p"}


def test_a_table_is_clustered_once_that_is_asked_for(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select range as k from range(10)")
    tables.job("append", "select 11 as k")
    done = [tables.job("optimize", options={"zorder": zorder}) for zorder in ([], [], ["k"], ["k"])]
    assert [said == "nothing to do" for said in done] == [False, True, False, True]


@pytest.mark.parametrize(
    ("field", "strategy", "words"),
    [
        ({"unique_key": ["x"]}, "merge", "unique_key names the column x, which is none of k, n"),
        ({"batch": ["t", "2024-01-01", "2024-01-02"]}, "microbatch", "event_time names the column t, which is none of"),
    ],
)
def test_a_column_that_the_query_lacks_is_named(
    tmp_path: Path, field: dict[str, Any], strategy: str, words: str
) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select 1 as k, 1 as x, timestamp '2024-01-01' as t")
    with pytest.raises(DbtRuntimeError, match=words):
        tables.job(strategy, "select 1 as k, 1 as n", on_schema_change="append_new_columns", **field)


def test_conditions_may_end_in_a_comment(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.job("overwrite", "select 1 as k, 1 as n", checks=["n > 0 -- always"])
    predicates = ["dbt_internal_dest.n < 9 -- old", "dbt_internal_dest.n <> dbt_internal_source.n -- other"]
    tables.job("merge", "select 1 as k, 2 as n", unique_key=["k"], incremental_predicates=predicates)
    assert tables.rows() == [(1, 2)]


def test_a_column_of_a_snapshot_may_begin_as_those_of_dbt_do(tmp_path: Path) -> None:
    snapshot = (
        "{% snapshot sn %}{{ config(unique_key=['id', 'n'], strategy='check', check_cols=['v']) }} {q}{% endsnapshot %}"
    )
    project = Project(tmp_path, {})
    query = "select {0} as id, 1 as n, 'a' as v, 'u{0}' as dbt_unique_key_old"
    for queries in ([query.format(1)], [query.format(1), query.format(2)]):
        project.write("snapshots/sn.sql", snapshot.replace("{q}", " union all ".join(queries)))
        project.build()
    found = pl.read_delta(project.path("sn")).sort("id")
    assert found["dbt_unique_key_old"].to_list() == ["u1", "u2"] and "dbt_unique_key_1" not in found.columns


def test_predicates_may_differ_in_case_alone(tmp_path: Path) -> None:
    predicates = """["dbt_internal_dest.s <> 'A'", "dbt_internal_dest.s <> 'a'"]"""
    config = (
        f"materialized='incremental', unique_key='k', incremental_strategy='merge', incremental_predicates={predicates}"
    )
    model = f"{{{{ config({config}) }}}} select 1 as k, 'a' as s, {{n}} as n"
    project = Project(tmp_path, {"models/m.sql": model.replace("{n}", "1")})
    project.build()
    project.write("models/m.sql", model.replace("{n}", "2"))
    project.build()
    assert project.rows("m") == [(1, "a", 1), (1, "a", 2)]


@pytest.mark.parametrize(
    ("strategy", "job", "old", "new"),
    [
        ("delete_insert", {}, "1.0::double as c", "9007199254740993::bigint as c"),
        ("merge", {"delete_unmatched": True}, "1.0::double as c", "9007199254740993::bigint as c"),
        ("merge", {"merge_exclude_columns": ["c"]}, "1::float as c", "16777217::int as c"),
        ("merge", {"unique_key": ["c"]}, "'01' as c", "1 as c"),
        ("delete_insert", {"unique_key": ["c"]}, "9007199254740992::double as c", "9007199254740993::bigint as c"),
    ],
)
def test_a_type_changes_only_where_no_value_does(
    tmp_path: Path, shared: Tables, strategy: str, job: dict[str, Any], old: str, new: str
) -> None:
    """Where rows of both types would meet, they would be cast to a common one."""
    shared.move(tmp_path)
    shared.job("overwrite", f"select 1 as id, {old}")
    before = shared.rows()
    with pytest.raises(CompilationError, match="This write cannot change a type: run with --full-refresh"):
        shared.job(
            strategy, f"select 2 as id, {new}", on_schema_change="sync_all_columns", **{"unique_key": ["id"]} | job
        )
    assert shared.rows() == before and shared.version() == 0
