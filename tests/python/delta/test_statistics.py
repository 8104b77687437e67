"""Values of which a file's statistics do not tell enough: filters and merges find them all the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from dbt_common.exceptions import CompilationError
from deltalake import write_deltalake

from tests.support.tables import Tables

NUMBERS = {
    "digits behind those of a double": "12345678901234567.89::decimal(38, 2)",
    "a number beyond 64 bits": "18446744073709551615::ubigint",
    "the last of all decimals": "99999999999999999999999999999999999999::decimal(38, 0)",
    "a fraction": "0.12345678901234567891::decimal(38, 20)",
    "not a number": "'nan'::double",
    "not a number, in short": "'nan'::float",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_filter_finds_every_number(tmp_path: Path, shared: Tables, number: str) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", f"select unnest([{number}, 1]) as k, {{'inner': {number}}} as s")
    shared.job("append", f"select {number} as k, {{'inner': {number}}} as s")
    for _ in ("as written", "as optimized"):
        assert shared.rows(f"select count(*) from s.t where k = {number} and k > 0") == [(2,)]
        assert shared.rows(f"select count(*) from s.t where s.inner = {number}") == [(3,)]
        assert shared.job("optimize").endswith(("became 1", "nothing to do"))


@pytest.mark.parametrize("writer", ["the package", "another"])
@pytest.mark.parametrize("strategy", ["merge", "delete_insert"])
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_key_of_any_number_is_found(tmp_path: Path, shared: Tables, number: str, strategy: str, writer: str) -> None:
    shared.move(tmp_path)
    rows = f"select unnest([{number}, 1, null]) as k, {{}} as v"
    shared.job("overwrite", rows.format(1))
    if writer == "another":
        write_deltalake(shared.path(), shared.connection.sql("from s.t"), mode="overwrite")
    shared.job(strategy, rows.format(2) + " limit 2", unique_key=["k"])
    assert shared.rows("select k is null, v, count(*) from s.t group by all") == [(False, 2, 2), (True, 1, 1)]


@pytest.mark.parametrize("strategy", ["merge", "delete_insert"])
@pytest.mark.parametrize(
    "key",
    ["timestamptz '1890-01-01 00:00:00+00'", "date '0044-03-15 (BC)'", "'infinity'::timestamp", "date '20000-12-31'"],
)
def test_a_key_of_any_time_is_found(tmp_path: Path, key: str, strategy: str) -> None:
    """In a zone whose offset had seconds once, and in years that DataFusion does not read."""
    tables = Tables(tmp_path, TimeZone="Europe/Berlin")
    for v in (1, 2):
        tables.job(strategy, f"select {key} as k, {v} as v", unique_key=["k"])
    assert tables.rows("select v from s.t") == [(2,)]


@pytest.mark.parametrize("strategy", ["insert_overwrite", "merge", "delete_insert"])
def test_an_empty_string_in_a_partition_column_is_null_everywhere(
    tmp_path: Path, shared: Tables, strategy: str
) -> None:
    shared.move(tmp_path)
    for v in (1, 2, 3):
        done = shared.job(strategy, f"select 1 as k, '' as p, {v} as v", unique_key=["k"], partition_by=["P"])
        assert shared.rows() == [(1, None, v)], done


def test_text_that_becomes_a_number_or_a_date_loses_nothing(tmp_path: Path, shared: Tables) -> None:
    lossy = {"'1.5'": "3", "'0.0149'": "3::decimal(10, 2)", "'2024-01-01 12:34:56'": "date '2024-01-01'"}
    for i, (text, value) in enumerate(lossy.items()):
        shared.move(tmp_path / str(i))
        shared.job("overwrite", f"select {text} as v")
        with pytest.raises(duckdb.Error, match=r"column v: the value .* of type VARCHAR does not fit the type"):
            shared.job("append", f"select {value} as v", on_schema_change="sync_all_columns")
        shared.job("overwrite", "select ' 7.0' as v" if i < 2 else "select '2024-01-01' as v")
        assert "1 inserted" in shared.job("append", f"select {value} as v", on_schema_change="sync_all_columns")


def test_a_date_is_a_day_in_utc_in_every_zone(tmp_path: Path) -> None:
    tables = Tables(tmp_path, TimeZone="Europe/Berlin")
    tables.job("overwrite", "select timestamp '2024-06-01' as v")
    tables.job("append", "select date '2024-06-01' as v")
    tables.job("append", "select date '2024-06-02' as v", on_schema_change="sync_all_columns")
    assert tables.rows("select v::varchar from s.t") == [("2024-06-01",), ("2024-06-01",), ("2024-06-02",)]


@pytest.mark.parametrize("kind", ["date", "timestamp"])
@pytest.mark.parametrize("by", [[], ["d"]])
def test_a_batch_that_ends_in_the_course_of_a_day(tmp_path: Path, shared: Tables, kind: str, by: list[str]) -> None:
    shared.move(tmp_path)
    for v in (1, 2):
        for day, end in (("2024-01-01", "2024-01-02 00:00:00+00:00"), ("2024-01-02", "2024-01-02 13:57:00+00:00")):
            batch = ["d", f"{day} 00:00:00+00:00", end]
            shared.job("microbatch", f"select {kind} '{day}' as d, {v} as v", batch=batch, partition_by=by)
    assert shared.rows("select d::date::varchar, v from s.t") == [("2024-01-01", 2), ("2024-01-02", 2)]


@pytest.mark.parametrize("ntz", [False, True])
@pytest.mark.parametrize("value", ["{}", "[{}]", "struct_pack(a := {})"])
def test_nanoseconds_are_not_cut_off(tmp_path: Path, shared: Tables, value: str, ntz: bool) -> None:
    shared.move(tmp_path)
    query = f"select {value} as v".replace("{}", "timestamp_ns '2024-01-02 03:04:05.678901{}'")
    shared.job("overwrite", query.format("000"), timestamp_ntz=ntz)
    with pytest.raises(duckdb.Error, match="nanoseconds"):
        shared.job("overwrite", query.format("234"), timestamp_ntz=ntz)


@pytest.mark.parametrize("strategy", ["merge", "delete_insert"])
def test_keys_are_not_matched_under_a_collation(tmp_path: Path, strategy: str) -> None:
    tables = Tables(tmp_path, TimeZone="UTC", default_collation="nocase")
    tables.job("overwrite", "select 'z' as k, 'old' as v")
    with pytest.raises(CompilationError, match=r"s\.t: rows cannot be matched under default_collation nocase"):
        tables.job(strategy, "select 'Z' as k, 'OLD' as v", unique_key=["k"])
