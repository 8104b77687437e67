"""What the plugin promises of every table: types, constraints, versions, other writers, conflicts."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

import dbt_duckdb_delta.attempt
from dbt_duckdb_delta import queries
from tests.support.tables import Tables

UTC_TIME = dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
TYPES = [
    # A DuckDB expression, the Delta type it becomes, the value that a reader finds.
    ("true", "boolean", True),
    ("(-128)::tinyint", "byte", -128),
    ("32767::smallint", "short", 32767),
    ("2147483647::integer", "integer", 2147483647),
    ("9223372036854775807::bigint", "long", 9223372036854775807),
    ("255::utinyint", "short", 255),
    ("65535::usmallint", "integer", 65535),
    ("4294967295::uinteger", "long", 4294967295),
    ("18446744073709551615::ubigint", "decimal(20,0)", Decimal("18446744073709551615")),
    ("99999999999999999999999999999999999999::hugeint", "decimal(38,0)", Decimal("9" * 38)),
    ("5::uhugeint", "decimal(38,0)", Decimal(5)),
    ("1.5::float", "float", 1.5),
    ("0.1::double", "double", 0.1),
    ("12.345::decimal(10,3)", "decimal(10,3)", Decimal("12.345")),
    ("'é ''quoted'''", "string", "é 'quoted'"),
    ("'\\xAA\\x00'::blob", "binary", b"\xaa\x00"),
    ("date '0001-01-01'", "date", dt.date(1, 1, 1)),
    ("timestamp '2024-01-02 03:04:05.678901'", "timestamp", UTC_TIME),
    ("timestamp_s '2024-01-02 03:04:05'", "timestamp", UTC_TIME.replace(microsecond=0)),
    ("timestamp_ms '2024-01-02 03:04:05.678'", "timestamp", UTC_TIME.replace(microsecond=678000)),
    ("timestamp_ns '2024-01-02 03:04:05.678901'", "timestamp", UTC_TIME),
    ("timestamptz '2024-01-02 05:04:05.678901+02'", "timestamp", UTC_TIME),
    ("'1c9cc2d9-1c3f-4f0f-9d38-4a1f6f3f7a52'::uuid", "string", "1c9cc2d9-1c3f-4f0f-9d38-4a1f6f3f7a52"),
    ("'b'::enum('a', 'b')", "string", "b"),
    ("'{\"a\": 1}'::json", "string", '{"a": 1}'),
    ("[1, null, 3]", "array<integer>", [1, None, 3]),
    ("array_value(1::utinyint, 2::utinyint)", "array<short>", [1, 2]),
    ("{'a': 1, 'b c': [timestamp '2024-01-02 03:04:05.678901']}", "struct", {"a": 1, "b c": [UTC_TIME]}),
    ("null::integer", "integer", None),
]


def type_name(dtype: Any) -> str:
    described = json.loads(dtype.to_json())
    if isinstance(described, str):
        return described
    return f"array<{described['elementType']}>" if described["type"] == "array" else str(described["type"])


@pytest.mark.parametrize(("expression", "dtype", "value"), TYPES, ids=[expression for expression, *_ in TYPES])
def test_types(tmp_path: Path, shared: Tables, expression: str, dtype: str, value: Any) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", f"select 1 as k, {expression} as c")
    (field,) = (column for column in shared.delta().schema().fields if column.name == "c")
    assert type_name(field.type) == dtype
    assert pl.read_delta(shared.path())["c"].to_list() == [value]
    # The same query finds nothing to change, and changes the type of no column.
    assert shared.job("merge", f"select 1 as k, {expression} as c", unique_key=["k"]) == "nothing new"
    protocol = shared.delta().protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)


LOSSY = [
    # The type in the table, a value that fits, one that the type would change, and the type that the query has.
    ("decimal(10,2)", "0.0100", "0.0149", "decimal(10,4)"),
    ("decimal(10,2)", "1.00", "123456789.01", "decimal(12,2)"),
    ("decimal(38,10)", "0.5", "0.12345678901", "decimal(38,11)"),
    ("double", "9007199254740992", "9007199254740993", "bigint"),
    ("double", "-1", "9223372036854775807", "bigint"),
    ("double", "1.5", "1234567890123456.789", "decimal(38,3)"),
    ("float", "16777216", "16777217", "integer"),
    ("integer", "6", "6000000000", "bigint"),
    ("bigint", "-6", "9223372036854775808", "decimal(38,0)"),
    ("smallint", "6.0", "6.5", "double"),
    ("decimal(10,2)", "0.07", "0.071", "double"),
    ("integer[]", "[6, null]", "[6000000000]", "bigint[]"),
    ("decimal(10,2)[]", "[0.0100, null]", "[0.0100, 0.0149]", "decimal(10,4)[]"),
    ("struct(a double)", "{'a': 1}", "{'a': 9007199254740993}", "struct(a bigint)"),
    ("map(varchar, decimal(10,2))", "map {'a': 0.0100}", "map {'a': 0.0149}", "map(varchar, decimal(10,4))"),
]
PARTS = {
    "append": {},
    "merge": {"unique_key": ["k"]},
    "delete_insert": {"unique_key": ["k"]},
    "insert_overwrite": {"partition_by": ["k"]},
    "microbatch": {"batch": ["at", "2024-01-01", "2024-01-02"]},
}


@pytest.mark.parametrize("strategy", PARTS)
@pytest.mark.parametrize(("held", "fits", "lost", "found"), LOSSY, ids=[f"{n[3]} into {n[0]}" for n in LOSSY])
def test_no_value_changes_by_a_cast(
    tmp_path: Path, shared: Tables, strategy: str, held: str, fits: str, lost: str, found: str
) -> None:
    def query(value: str, dtype: str, key: int = 2) -> str:
        return f"select {key} as k, timestamptz '2024-01-01 12:00:00Z' as at, ({value})::{dtype} as amount"

    shared.move(tmp_path)
    shared.job("overwrite", query(fits, held, 1), partition_by=PARTS[strategy].get("partition_by", []))
    before = shared.rows()
    with pytest.raises(duckdb.Error) as raised:
        shared.job(strategy, f"{query(fits, found)} union all {query(lost, found, 3)}", **PARTS[strategy])
    said = str(raised.value).lower().replace('"', "")
    assert "column amount: the value" in said and re.findall(r"[\d.]+", lost)[-1] in said
    assert all(dtype in said for dtype in map(type_name_in_duckdb, (found, held)))
    assert shared.version() == 0 and shared.rows() == before
    shared.job(strategy, query(fits, found), **PARTS[strategy])
    assert (2, before[0][2]) in [(row[0], row[2]) for row in shared.rows()]
    assert shared.rows("select distinct lower(typeof(amount)) from s.t") == [(type_name_in_duckdb(held),)]


@pytest.mark.parametrize(("held", "comes"), [("1", "'2'"), ("1", "true"), ("true", "1"), ("'1'", "2")])
def test_what_is_no_number_is_not_made_one(tmp_path: Path, shared: Tables, held: str, comes: str) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", f"select 1 as k, {held} as v")
    for strategy in ("append", "merge", "delete_insert"):
        with pytest.raises(
            CompilationError, match=r"of another type: \['v \w+ -> \w+'\]\)\. Cast \['v'\] in the model"
        ):
            shared.job(strategy, f"select 1 as k, {comes} as v", unique_key=["k"])
    assert shared.version() == 0


def type_name_in_duckdb(dtype: str) -> str:
    return str(duckdb.sqltype(dtype)).lower()


def test_old_rows_keep_their_values_where_a_column_changes_its_type(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k, 0.0149::decimal(10,4) as amount")
    narrower = {"sql": "select 2 as k, 0.01::decimal(10,2) as amount", "on_schema_change": "sync_all_columns"}
    with pytest.raises(duckdb.Error, match=r"column amount: the value 0\.0149 of type DECIMAL\(10,4\) does not fit"):
        shared.job("append", **narrower)
    assert shared.rows() == [(1, Decimal("0.0149"))]
    shared.job("append", "select 2 as k, 0.01::decimal(12,6) as amount", on_schema_change="sync_all_columns")
    assert shared.rows() == [(1, Decimal("0.014900")), (2, Decimal("0.010000"))]
    shared.job("overwrite", "select 1 as k, '01' as amount")
    shared.job("append", "select 2 as k, 2 as amount", on_schema_change="sync_all_columns")
    assert shared.rows() == [(1, 1), (2, 2)]


def test_maps(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select map {'a': 1::utinyint} as c")
    assert shared.rows() == [({"a": 1},)]
    elsewhere = Tables(tmp_path, TimeZone="Europe/Berlin")
    with pytest.raises(DbtRuntimeError, match=r"Column c has the type MAP.* only where the profile's TimeZone is UTC"):
        elsewhere.job("overwrite", "select map {'a': timestamp '2024-06-01'} as c", "u")
    moments = "select map {'a': timestamp '2024-06-01 12:00:00'} as c"
    shared.job("overwrite", moments, "u")
    assert shared.rows("select c['a']::varchar from s.u") == [("2024-06-01 12:00:00+00",)]


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("interval 1 day", "INTERVAL"),
        ("time '01:02:03'", "TIME"),
        ("'101'::bit", "BIT"),
        ("[{'x': interval 1 day}]", "INTERVAL"),
        ("union_value(n := 1)", "UNION"),
    ],
)
def test_refused_types(tmp_path: Path, shared: Tables, expression: str, name: str) -> None:
    shared.move(tmp_path)
    with pytest.raises(DbtRuntimeError, match=f"Column the_column has the type .*{name}"):
        shared.job("overwrite", f"select {expression} as the_column")
    assert not (tmp_path / "s").exists()


def test_numbers_that_do_not_fit_are_an_error(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    with pytest.raises(Exception, match=r"out of range|Could not cast"):
        shared.job("overwrite", "select 170141183460469231731687303715884105727::hugeint as c")
    assert not (tmp_path / "s" / "t" / "_delta_log").exists()


def test_timestamp_ntz_on_request(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select timestamp '2024-01-02 03:04:05' as c", timestamp_ntz=True)
    assert shared.delta().protocol().min_reader_version == 3
    assert shared.rows() == [(dt.datetime(2024, 1, 2, 3, 4, 5),)]


def test_constraints_hold_at_every_write(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    rules: dict[str, Any] = {"not_null": ["k"], "checks": ["n > 0"]}
    shared.job("overwrite", "select 1 as k, 1 as n", **rules)
    assert not next(c for c in shared.delta().schema().fields if c.name == "k").nullable
    for strategy in ("overwrite", "append", "merge", "delete_insert"):
        for bad, said in (("null::int as k, 1 as n", "column k is null"), ("2 as k, 0 as n", r"check \(n > 0\) fails")):
            with pytest.raises(Exception, match=f"Constraint violated: {said}"):
                shared.job(strategy, f"select {bad} union all select 3, 3", unique_key=["k"], **rules)
    shared.job("append", "select 4 as k, null::int as n", **rules)  # a check is met by null, as in SQL
    assert shared.version() == 1
    assert shared.rows() == [(1, 1), (4, None)]


def test_failing_query_leaves_the_version(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1::bigint as k")
    late = "select case when k = 900000 then error('late')::bigint else k end as k from range(1000000) as r (k)"
    for strategy in ("overwrite", "append", "merge", "delete_insert"):
        with pytest.raises(Exception, match="late"):
            shared.job(strategy, late, unique_key=["k"])
    assert (shared.version(), shared.rows()) == (0, [(1,)])


@pytest.mark.parametrize("raised", [DeltaError, duckdb.InterruptException])
def test_a_failing_query_is_reported_by_its_own_error(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch, raised: type[Exception]
) -> None:
    """And not by what DuckDB now and then says in its place: that it interrupted the other threads."""
    shared.move(tmp_path)
    interrupted, query = [raised("C Data interface error: INTERRUPT Error: Interrupted!")], queries.query

    def racing(*args: Any) -> Any:
        if interrupted:
            raise interrupted.pop()
        return query(*args)

    monkeypatch.setattr(queries, "query", racing)
    with pytest.raises(Exception, match="too much"):
        shared.job("overwrite", "select error('too much') as k")
    assert not interrupted


def test_unchanged_inputs_are_not_computed_again(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k", "source")
    sql = "with source as (select * from memory.s.source) select k, row_number() over () as n from source"
    assert shared.job("overwrite", sql, reuse=True) == "overwrite"
    assert shared.job("overwrite", sql, reuse=True) == "unchanged"
    assert shared.job("optimize", options={}) and shared.job("overwrite", sql, reuse=True) == "unchanged"
    assert shared.job("overwrite", sql) == "overwrite"
    assert shared.job("overwrite", f"{sql} -- other text", reuse=True) == "overwrite"
    shared.job("append", "select 2 as k", "source")
    assert shared.job("overwrite", sql, reuse=True) == "overwrite"
    assert len(shared.rows()) == 2
    write_deltalake(
        shared.path(), pl.DataFrame({"k": [9], "n": [9]}, schema={"k": pl.Int32, "n": pl.Int64}), mode="append"
    )
    assert shared.job("overwrite", sql, reuse=True) == "overwrite"  # somebody else changed the result
    assert len(shared.rows()) == 2


def test_a_merge_of_unchanged_inputs_is_left_out(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k", "source")
    merged: dict[str, Any] = {"unique_key": ["k"], "delete_unmatched": True, "reuse": True}
    sql = "select k, 'a' as v from memory.s.source"
    assert [shared.job("merge", sql, **merged) for _ in range(2)] == ["overwrite", "unchanged"]
    shared.job("append", "select 2 as k", "source")
    assert shared.job("merge", sql, **merged) == "merge (1 inserted, 0 updated, 0 deleted)"
    assert shared.job("merge", sql, **merged) == "unchanged"
    # What another writer did to the table is found and put right.
    write_deltalake(
        shared.path(), pl.DataFrame({"k": [9], "v": ["b"]}, schema={"k": pl.Int32, "v": pl.String}), mode="append"
    )
    assert shared.job("merge", sql, **merged) == "merge (0 inserted, 0 updated, 1 deleted)"
    # A query that reads its own table is asked every time: its last commit changed what it reads.
    own = "select k + 1 as k, 'a' as v from memory.s.t"
    assert [shared.job("merge", own, unique_key=["k"], reuse=True) for _ in range(2)] == [
        "merge (1 inserted, 0 updated, 0 deleted)"
    ] * 2
    assert shared.rows() == [(1, "a"), (2, "a"), (3, "a"), (4, "a")]


def test_doubled_keys_of_the_first_build_are_an_error_each_time_after_it(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    merge: dict[str, Any] = {"sql": "select unnest([1, 2, 1]) as k", "unique_key": ["k"], "reuse": True}
    assert shared.job("merge", **merge) == "overwrite"
    shared.job("optimize")
    for _ in range(2):
        with pytest.raises(DbtRuntimeError, match=r'more than one row for a unique_key \("k"\): 1 \(2 rows\)'):
            shared.job("merge", **merge)


@pytest.mark.parametrize(
    "sql",
    [
        "select current_timestamp as k",
        "select now() as k",
        "select today() as k",
        "select random() as k",
        "select uuid() as k",
        "select k from s.source using sample 1",
        "select k from (select k, current_date as d from s.source)",
        "select k from s.source where k > (select random())",
        "select content as k from read_text('{file}')",
        "select k from main.plain",
    ],
)
def test_what_inputs_do_not_decide_is_computed_again(tmp_path: Path, shared: Tables, sql: str) -> None:
    shared.move(tmp_path)
    (tmp_path / "file").write_text("1")
    shared.connection.execute("create or replace table main.plain as select 1 as k")
    shared.job("overwrite", "select 1 as k", "source")
    sql = sql.format(file=tmp_path / "file")
    assert [shared.job("overwrite", sql, reuse=True) for _ in range(2)] == ["overwrite", "overwrite"]


def test_text_in_strings_and_comments_calls_nothing(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    sql = "select 'now() random()' as k -- current_timestamp"
    assert [shared.job("overwrite", sql, reuse=True) for _ in range(2)] == ["overwrite", "unchanged"]


def test_another_writer_in_between(tmp_path: Path, shared: Tables) -> None:
    """delta-rs appends, merges and optimizes; the next build goes on from there."""
    shared.move(tmp_path)
    both: dict[str, Any] = {"unique_key": ["k"], "partition_by": ["p"]}
    shared.job("overwrite", "select k::int as k, k % 2 as p, 'built' as who from range(10) as r (k)", **both)
    schema = {"k": pl.Int32, "p": pl.Int64, "who": pl.String}
    write_deltalake(shared.path(), pl.DataFrame({"k": [10], "p": [0], "who": ["theirs"]}, schema=schema), mode="append")
    merged = pl.DataFrame({"k": [3, 11], "p": [1, 1], "who": ["theirs", "theirs"]}, schema=schema)
    merger = shared.delta().merge(merged, "s.k = t.k", source_alias="s", target_alias="t")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
    shared.delta().optimize.compact()
    again = "select k::int as k, k % 2 as p, 'again' as who from range(8, 13) as r (k)"
    assert shared.job("merge", again, **both) == "merge (1 inserted, 4 updated, 0 deleted)"
    assert shared.rows("select k, who from s.t") == [
        *((k, "theirs" if k == 3 else "built") for k in (0, 1)),
        *((k, "again") for k in (10, 11, 12)),
        *((k, "theirs" if k == 3 else "built") for k in range(2, 8)),
        *((k, "again") for k in (8, 9)),
    ]


def test_a_commit_in_between_repeats_the_attempt(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the query read of its own table and what it writes belong to the same version."""
    shared.move(tmp_path)
    shared.job("overwrite", "select 1::bigint as k")
    write, others = write_deltalake, iter([10, 20])

    def slow(table: Any, data: Any, **how: Any) -> None:
        if (k := next(others, None)) is not None:
            write_deltalake(shared.path(), pl.DataFrame({"k": [k]}), mode="append")
        write(table, data, **how)

    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", slow)
    shared.job("append", "select max(k) + 1 as k from s.t")
    assert shared.rows() == [(1,), (10,), (20,), (21,)]


def test_a_conflict_that_does_not_end_is_an_error(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1::bigint as k")
    write = write_deltalake

    def slow(table: Any, data: Any, **how: Any) -> None:
        write_deltalake(shared.path(), pl.DataFrame({"k": [0]}), mode="append")
        write(table, data, **how)

    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", slow)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(DbtRuntimeError, match=r"another writer committed.*Nothing was written; run the model again"):
        shared.job("append", "select 2::bigint as k")
    assert (2,) not in shared.rows(f"from delta_scan('{shared.path()}')")


def test_a_commit_whose_answer_is_lost_counts(tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object store may have stored the commit although the request seems to have failed."""
    shared.move(tmp_path)
    write = write_deltalake

    def lost(*args: Any, **how: Any) -> None:
        write(*args, **how)
        raise CommitFailedError("the version is there already")

    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", lost)
    shared.job("overwrite", "select 1 as k")
    shared.job("append", "select 2 as k")
    assert (shared.version(), shared.rows()) == (1, [(1,), (2,)])


def test_documentation_that_meets_a_conflict_does_not_repeat_the_write(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k")

    def fails(*_: Any, **__: Any) -> None:
        raise CommitFailedError("another writer")

    monkeypatch.setattr("deltalake.table.TableAlterer.set_table_description", fails)
    shared.job("append", "select 2 as k", description="new")
    assert shared.rows() == [(1,), (2,)]


def test_two_create_the_same_table(tmp_path: Path, shared: Tables) -> None:
    """One of them creates it, the other appends to it."""
    shared.move(tmp_path)
    results, others = [], [Tables(tmp_path) for _ in range(2)]
    barrier = threading.Barrier(len(others))

    def create(tables: Tables, k: int) -> None:
        barrier.wait()
        results.append(tables.job("append", f"select {k} as k"))

    threads = [threading.Thread(target=create, args=(tables, k)) for k, tables in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["append (1 inserted, 0 updated, 0 deleted)", "overwrite"]
    assert Tables(tmp_path).rows() == [(0,), (1,)]


def test_descriptions_comments_and_properties(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    job: dict[str, Any] = {
        "description": "it's",
        "comments": {"k": "key", "n": ""},
        "tblproperties": {"delta.appendOnly": "false"},
    }
    shared.job("overwrite", "select 1 as k, 2 as n", **job)
    shared.job("merge", "select 1 as k, 2 as n", unique_key=["k"], **job)
    assert shared.version() == 0  # all of it in the commit that made the table, and nothing to do since
    assert shared.delta().metadata().description == "it's"
    assert shared.delta().metadata().configuration == {"delta.appendOnly": "false"}
    assert shared.delta().schema().fields[0].metadata == {"comment": "key"}
    job |= {"comments": {"k": "the key"}, "tblproperties": {"delta.appendOnly": "true"}}
    shared.job("append", "select 3 as k, 4 as n", **job)
    assert shared.delta().schema().fields[0].metadata == {"comment": "the key"}
    assert shared.delta().metadata().configuration == {"delta.appendOnly": "true"}
    assert shared.rows("select comment from duckdb_columns() where table_name = 't' and column_name = 'k'") == [
        ("the key",)
    ]


def test_table_care_and_time_travel(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 0::bigint as k")
    for k in range(1, 5):
        shared.job("append", f"select {k}::bigint as k")
    commit = Path(shared.path(), "_delta_log", f"{2:020}.json").read_text()
    (told,) = [action["commitInfo"] for action in map(json.loads, commit.splitlines()) if "commitInfo" in action]
    middle = dt.datetime.fromtimestamp(told["timestamp"] / 1000, dt.UTC)
    assert shared.job("optimize", options={"zorder": []}) == "5 files became 1"
    assert shared.job("optimize", options={"zorder": []}) == "nothing to do"
    assert len(shared.rows()) == 5
    past = shared.job("as_of", options={"version": 1, "timestamp": None})
    assert shared.rows(f"from {past}") == [(0,), (1,)]
    past = shared.job("as_of", options={"version": None, "timestamp": middle.replace(tzinfo=None).isoformat()})
    assert shared.rows(f"from {past}") == [(0,), (1,), (2,)]
    assert shared.job("vacuum", options={"retention_hours": 168, "dry_run": True}) == "0 files could be deleted"
    shared.job("restore", options={"version": 1})
    assert shared.rows() == [(0,), (1,)]
    assert [c["operation"] for c in shared.job("history", options={"limit": 2})] == ["RESTORE", "OPTIMIZE"]
    with pytest.raises(DbtRuntimeError, match=r"s\.t: there is no version 99 to be read: its log has 0 to 6"):
        shared.job("restore", options={"version": 99})
    with pytest.raises(DbtRuntimeError, match=r"s\.missing: there is no Delta table at"):
        shared.job("optimize", table="missing", options={})


def test_zorder_lets_filters_skip_files(tmp_path: Path, shared: Tables) -> None:
    """In files of the size that the table says."""
    shared.move(tmp_path)
    rows = "select (k * 7919) % 10007 as a, hash(k)::varchar as b from range(10007) as r (k)"
    shared.job("overwrite", rows, tblproperties={"delta.targetFileSize": 20_000})
    shared.job("optimize", options={"zorder": ["a"]})
    spans = pl.DataFrame(shared.delta().get_add_actions(flatten=True))
    assert len(spans) > 4
    assert ((spans["min.a"] <= 500) & (spans["max.a"] >= 500)).sum() == 1


def test_location_root_must_agree_with_the_profile(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    with pytest.raises(CompilationError, match=r"location_root puts the table at /elsewhere/s/t"):
        shared.job("overwrite", "select 1 as k", location="/elsewhere/s/t")
    shared.job("overwrite", "select 1 as k", location=f"{tmp_path}/s/t")


@pytest.mark.parametrize("name", ["with space", "it's", 'say "x"', "ünï", "a+b=c&d#e"])
def test_names_in_paths_and_tables(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    tables = Tables(root)
    tables.job("overwrite", "select 1 as k, 'x' as p", "a table", partition_by=["p"])
    tables.job("merge", "select 1 as k, 'y' as p", "a table", partition_by=["p"], unique_key=["k"])
    assert Tables(root).rows('from s."a table"') == [(1, "y")]
    assert DeltaTable(str(root / "s" / "a table")).version() == 1


def test_partition_by_cannot_change_in_passing(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k, 2 as p", partition_by=["p"])
    with pytest.raises(CompilationError, match=r"partition_by is \['k'\], but the table is partitioned by \['p'\]"):
        shared.job("append", "select 3 as k, 4 as p", partition_by=["k"])
    shared.job("overwrite", "select 1 as k, 2 as p", partition_by=["k"])
    assert shared.delta().metadata().partition_columns == ["k"]
