"""Jobs that end before or after their commit, and jobs at the same time: test_interrupted.py, within one process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from dbt_common.exceptions import DbtRuntimeError
from deltalake import write_deltalake

import dbt_duckdb_delta.attempt
from tests.support.tables import Tables

SHAPE: dict[str, Any] = {"unique_key": ["k"], "partition_by": ["part"]}
QUERY = "select k, k % 3 as part, k * {factor} as n from range({rows}) as r (k)"
GROWN = QUERY.format(factor=2, rows=200)
# What each strategy makes of 100 rows with the factor 1 when it is given 200 with the factor 2.
QUERIES = {
    "append": f"select * from ({GROWN}) where k > (select max(k) from s.t)",
    **dict.fromkeys(("merge", "delete_insert", "insert_overwrite", "overwrite"), GROWN),
}


def expected(strategy: str) -> list[tuple[int, int, int]]:
    factor = 1 if strategy == "append" else 2
    return sorted(((k, k % 3, k * (factor if k < 100 else 2)) for k in range(200)), key=repr)


def rows(tables: Tables) -> list[tuple[Any, ...]]:
    """As another process sees the table."""
    return tables.rows(f"select k, part, n from delta_scan('{tables.path()}')")


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["before", "files written", "after"])
@pytest.mark.parametrize("strategy", QUERIES)
def test_a_job_that_is_cut_short_leaves_a_whole_table_and_the_next_ends_as_undisturbed(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch, strategy: str, moment: str
) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", QUERY.format(factor=1, rows=100), **SHAPE)
    before = rows(shared)

    def killed(table: Any, data: Any, **how: Any) -> None:
        if moment != "before":
            write_deltalake(table, data, **how)
        if moment == "files written":
            Path(shared.path(), "_delta_log", f"{1:020}.json").unlink()
        raise Killed

    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", killed)
    with pytest.raises(Killed):
        shared.job(strategy, QUERIES[strategy], **SHAPE)
    monkeypatch.undo()
    assert rows(shared) == (expected(strategy) if moment == "after" else before)
    shared.job(strategy, QUERIES[strategy], **SHAPE)
    assert rows(shared) == expected(strategy)


@pytest.mark.parametrize("strategy", QUERIES)
def test_two_jobs_at_once_lose_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """Both have read the same version before either commits; each brings a factor of its own."""
    both = [Tables(tmp_path) for _ in range(2)]
    both[0].job("overwrite", QUERY.format(factor=1, rows=100), **SHAPE)
    both[1].job("optimize", options={})  # and so has a view of the table
    barrier, waits, failed = threading.Barrier(2), threading.local(), []

    def together(table: Any, data: Any, **how: Any) -> None:
        if not hasattr(waits, "done"):
            waits.done = True
            barrier.wait(30)
        write_deltalake(table, data, **how)

    def run(tables: Tables, factor: int) -> None:
        try:
            tables.job(strategy, QUERIES[strategy].replace("k * 2", f"k * {factor}"), **SHAPE)
        except BaseException as error:
            failed.append(error)

    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", together)
    threads = [threading.Thread(target=run, args=(tables, 5 + n)) for n, tables in enumerate(both)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = sorted(rows(both[0]))
    assert [k for k, _, _ in found] == list(range(200))
    (factor,) = {n // k for k, _, n in found if k >= 100}
    assert factor in (5, 6)
    assert {n // k for k, _, n in found if 0 < k < 100} == {1 if strategy == "append" else factor}


@pytest.mark.parametrize(
    ("strategy", "unique_key"), [("append", []), ("append", ["k"]), ("merge", []), ("merge", ["k"])]
)
def test_a_table_that_another_run_made_meanwhile_gets_no_row_twice(
    tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch, strategy: str, unique_key: list[str]
) -> None:
    """Two first builds at once: is_incremental() was false for both, so that each query returns everything."""
    shared.move(tmp_path)
    job: dict[str, Any] = {"sql": GROWN, "unique_key": unique_key, "found": False}

    def overtaken(table: Any, data: Any, **how: Any) -> None:
        monkeypatch.undo()
        shared_elsewhere.job(strategy, **job)
        write_deltalake(table, data, **how)

    shared_elsewhere = Tables(tmp_path)
    monkeypatch.setattr(dbt_duckdb_delta.attempt, "write_deltalake", overtaken)
    if strategy == "merge" and unique_key:
        shared.job(strategy, **job)
    else:
        with pytest.raises(DbtRuntimeError, match=r"s\.t: another process made the table since this run began"):
            shared.job(strategy, **job)
    assert rows(shared) == sorted(((k, k % 3, 2 * k) for k in range(200)), key=repr)


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert", "insert_overwrite"])
def test_a_table_that_goes_while_a_run_reads_it_is_not_begun_with_the_new_rows_alone(
    tmp_path: Path, shared: Tables, strategy: str
) -> None:
    shared.move(tmp_path)
    with pytest.raises(DbtRuntimeError, match=r"s\.t: the table is gone since this run began"):
        shared.job(strategy, GROWN, found=True, **SHAPE)
    assert not Path(shared.path()).exists()
