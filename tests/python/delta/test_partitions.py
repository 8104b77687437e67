"""Merges over many partitions and by keys of several types: which files they rewrite, and the rows that are left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_duckdb_delta.queries import bounds
from tests.support.tables import Tables

KEYS = {
    "decimal": "(i / 4)::decimal(10, 2)",
    "wide decimal": "(i::decimal(38, 0) + 9007199254740993)",
    "negative decimal": "(-i / 8)::decimal(12, 3)",
    "integer": "i",
    "text": "lpad(i::varchar, 4, '0')",
    "date": "date '2024-01-01' + i::int",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_change_of_one_row_rewrites_the_file_it_is_in(tmp_path: Path, shared: Tables, key: str) -> None:
    shared.move(tmp_path)
    query = f"select {KEYS[key]} as k, {{n}} as n from range({{least}}, {{most}}) as r (i)"
    for least in range(0, 1000, 100):
        shared.job("append", query.format(least=least, most=least + 100, n=0))
    before = set(shared.delta().file_uris())
    change = query.format(least=510, most=511, n=1)
    assert shared.job("merge", change, unique_key=["k"]) == "merge (0 inserted, 1 updated, 0 deleted)"
    assert len(before - set(shared.delta().file_uris())) == 1
    assert shared.rows("select count(*), count(distinct k), sum(n) from s.t") == [(1000, 1000, 1)]
    assert shared.job("merge", change, unique_key=["k"]) == "nothing new"


PARTITIONS = {
    "text": "case when i % {n} = 0 then null else 'it''s ' || i % {n} end",
    "integer": "i % {n}",
    "date": "date '2024-01-01' + (i % {n})::int",
    "boolean and date": "i % 2 = 0 as p, date '2024-01-01' + (i % {n})::int",
    "moment": "timestamp '2024-01-01' + to_hours(i % {n})",
}


@pytest.mark.parametrize("kind", PARTITIONS)
def test_a_merge_over_many_partitions(
    tmp_path: Path, shared: Tables, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes, comes, goes and moves to another partition; files of others stay."""
    partition = PARTITIONS[kind].format(n=40)
    by = ["p", "q"] if " as p, " in partition else ["p"]
    rows = f"select i as k, {{n}} as n, {partition} as {by[-1]} from range({{most}}) as r (i)"
    shared.move(tmp_path)
    job: dict[str, Any] = {"unique_key": ["k"], "partition_by": by}
    shared.job("overwrite", rows.format(n=0, most=200), **job)
    before = set(shared.delta().file_uris())
    some = (
        f"select * replace (case when k = 40 then {2 if kind == 'integer' else 'null'} else {by[-1]} end as {by[-1]})"
    )
    some += f" from ({rows.format(n=1, most=230)}) where k % 40 not in (5, 6)"
    made: list[str] = []

    def counted(*args: Any, **how: Any) -> list[str]:
        made.extend(found := bounds(*args, **how))
        return found

    monkeypatch.setattr("dbt_duckdb_delta.attempt.bounds", counted)
    assert shared.job("merge", some, **job) == "merge (28 inserted, 190 updated, 0 deleted)"
    assert len(made) == 2, "more than one range for all that changes"
    kept = before & set(shared.delta().file_uris())
    assert len(kept) == 2, kept
    stayed = f"select * from ({rows.format(n=0, most=200)}) where k % 40 in (5, 6)"
    expected = shared.rows(f"select k, n from (from ({some}) union all by name from ({stayed}))")
    assert len(expected) == 228 and shared.rows("select k, n from s.t") == expected
    assert shared.rows(f"select {by[-1]} from s.t where k = 40") == [(2 if kind == "integer" else None,)]
    assert shared.job("merge", some, delete_unmatched=True, **job) == "merge (0 inserted, 0 updated, 10 deleted)"
    assert shared.job("merge", some, delete_unmatched=True, **job) == "nothing new"


# Partitions by what DataFusion does not read from text, or DuckDB does not compare with text. i: from 0 to 19.
ODD = {
    "dates of far years": "date '12024-01-01' + i",
    "dates before the year 1": "date '0001-01-05' - i",
    "plain timestamps": "timestamp '2024-01-01 00:00:00.5' + to_hours(i)",
    "moments of old": "timestamptz '1000-01-01 00:00:00+00' + to_hours(i)",
    "uuid": "md5(i::varchar)::uuid",
    "json": "('[' || i || ']')::json",
    "a character 0": "'a' || chr(i)",
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("strategy", ["merge", "delete_insert", "insert_overwrite"])
def test_odd_partitions(tmp_path: Path, strategy: str, kind: str) -> None:
    """Of 60 rows in 20 partitions, 30 come again, of all partitions: of the others, insert_overwrite keeps none."""
    tables = Tables(tmp_path, TimeZone="Asia/Kolkata")
    query = f"select k, {{n}} as n, {ODD[kind]} as p from (select k, (k % 20)::int as i from range({{rows}}) as r (k))"
    job: dict[str, Any] = {"partition_by": ["p"], "timestamp_ntz": "plain" in kind}
    tables.job("overwrite", query.format(n=0, rows=60), **job)
    stood = dict(tables.rows("select k, p::varchar from s.t"))
    assert len(set(stood.values())) == 20
    tables.job(strategy, query.format(n=1, rows=30), **job, unique_key=["k"])
    gone = strategy == "insert_overwrite"
    expected = [(k, k < 30, stood[k]) for k in range(60) if k < 30 or not gone]
    assert tables.rows("select k, n = 1, p::varchar from s.t order by k") == sorted(expected, key=repr)


@pytest.mark.parametrize("strategy", ["overwrite", "append", "merge"])
@pytest.mark.parametrize(
    ("value", "partition_by"),
    [("date 'infinity'", []), ("date '-infinity'", ["d"]), ("timestamp 'infinity'", ["d"])],
)
def test_a_date_that_cannot_be_written(
    tmp_path: Path, shared: Tables, strategy: str, value: str, partition_by: list[str]
) -> None:
    """At which delta-rs ends by a panic that names neither value nor column."""
    shared.move(tmp_path)
    job: dict[str, Any] = {"partition_by": partition_by, "unique_key": ["k"]}
    shared.job("overwrite", f"select 1 as k, ({value.split()[0]} '2024-01-01') as d", **job)
    with pytest.raises(duckdb.Error, match=r"column d: -?infinity is beyond the dates that delta-rs can write"):
        shared.job(strategy, f"select 2 as k, {value} as d", **job)
    assert shared.rows("select k from s.t") == [(1,)]


INSIDE = ["[%s]", "[%s]::date[1]", "[[null, %s]]", "{'a': 1, 'b': %s}", "[{'t': timestamp '2024-01-01', 'd': %s}]"]
INSIDE += ["map {'a': %s}", "map {%s: 1}", "map {1: [{'d': %s}]}"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("value", INSIDE)
def test_a_date_inside_that_cannot_be_written(tmp_path: Path, value: str, zone: str) -> None:
    tables = Tables(tmp_path, TimeZone=zone)
    days = ["date '2024-01-01'", "date '0044-03-15 (BC)'", *(["null::date"] if value != "map {%s: 1}" else [])]
    rows = [value % day for day in days] + ["null"]
    tables.job("overwrite", " union all ".join(f"select {row} as d" for row in rows))
    for day in ("infinity", "-infinity", "262143-01-01"):
        with pytest.raises(duckdb.Error, match=rf"column d: .*{day}.* is beyond the dates that delta-rs can write"):
            tables.job("append", "select " + value % f"date '{day}'" + " as d")
    assert tables.rows("select count(*) from s.t") == [(len(rows),)] and tables.version() == 0


@pytest.mark.parametrize("strategy", ["overwrite", "append", "merge", "insert_overwrite"])
def test_the_name_of_the_folder_of_null_is_no_value(tmp_path: Path, shared: Tables, strategy: str) -> None:
    """Stored, it would be read as null."""
    shared.move(tmp_path)
    job: dict[str, Any] = {"partition_by": ["p"], "unique_key": ["k"]}
    shared.job("overwrite", "select 1 as k, null::varchar as p union all select 2, 'a'", **job)
    with pytest.raises(duckdb.Error, match="p is __HIVE_DEFAULT_PARTITION__"):
        shared.job(strategy, "select 3 as k, '__HIVE_DEFAULT_PARTITION__' as p", **job)
    assert shared.rows() == [(1, None), (2, "a")]


def test_keys_with_the_character_0(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 'a' || chr(0) as k, 1 as v union all select 'a', 2 union all select 'b', 3")
    assert "1 updated" in shared.job("merge", "select 'a' || chr(0) as k, 4 as v", unique_key=["k"])
    assert "1 inserted" in shared.job("delete_insert", "select chr(0) as k, 5 as v", unique_key=["k"])
    assert shared.rows() == [("\0", 5), ("a", 2), ("a\0", 4), ("b", 3)]
