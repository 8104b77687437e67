"""Whatever is merged, deleted, replaced or appended: afterwards the rows are exactly those of a plain model of it."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.tables import Tables, values

Row = tuple[Any, ...]
COLUMNS = {"k": "integer", "name": "varchar", "part": "varchar", "n": "bigint"}
TEXT = st.one_of(
    st.none(), st.sampled_from(["", "a", "A", "é", "it's", 'say "x"', "a/b=c", "%2F", " ", "x" * 80 + "1"])
)
PART = TEXT.filter(lambda value: value != "")  # which Delta, as a partition value, takes for null
ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(-3, 12)), TEXT, PART, st.one_of(st.none(), st.integers(0, 3)))
)
NUMBER = count()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """One process for all examples: each takes a table of its own."""
    return Tables(tmp_path_factory.mktemp("lake"))


def build(tables: Tables, batches: list[list[Row]], partition_by: list[str]) -> tuple[str, list[Row]]:
    """Build a table out of several files; returns its name and rows."""
    name = f"t{next(NUMBER)}"
    tables.job("overwrite", values([], COLUMNS), name, partition_by=partition_by)
    for batch in batches:
        tables.job("append", values(batch, COLUMNS), name, partition_by=partition_by)
    return name, [row for batch in batches for row in batch]


def found(tables: Tables, name: str) -> Counter[tuple[object, ...]]:
    return Counter(tables.rows(f"from s.{name}"))


@pytest.fixture
def alone(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The same process, looking at an empty lake."""
    tables.move(tmp_path_factory.mktemp("alone"))
    return tables


def unique(rows: list[Row], keys: tuple[int, ...]) -> list[Row]:
    return list({tuple(row[i] for i in keys): row for row in rows}.values())


def matches(ours: Row, theirs: Row, keys: tuple[int, ...]) -> bool:
    return all(ours[i] is not None and ours[i] == theirs[i] for i in keys)


@examples(
    10,
    40,
    batches=st.lists(ROWS, max_size=3),
    sources=st.lists(ROWS, min_size=1, max_size=2),
    keys=st.sampled_from([(0,), (0, 1), (1,), (1, 2)]),
    partition_by=st.sampled_from([[], ["part"]]),
    delete=st.booleans(),
    only=st.sampled_from([[], ["n"], ["n", "part"]]),
)
def test_merge(
    tables: Tables,
    batches: list[list[Row]],
    sources: list[list[Row]],
    keys: tuple[int, ...],
    partition_by: list[str],
    delete: bool,
    only: list[str],
) -> None:
    columns = list(COLUMNS)
    name, expected = build(tables, batches, partition_by)
    job: dict[str, Any] = {
        "unique_key": [columns[i] for i in keys],
        "delete_unmatched": delete,
        "merge_update_columns": only,
    }
    for rows in sources:
        source, after = unique(rows, keys), []
        for ours in expected:
            new = next((theirs for theirs in source if matches(ours, theirs, keys)), None)
            if new is not None:
                after.append(
                    tuple(n if not only or c in only else o for c, o, n in zip(columns, ours, new, strict=True))
                )
            elif not delete:
                after.append(ours)
        after += [theirs for theirs in source if not any(matches(ours, theirs, keys) for ours in expected)]
        before = tables.version(name)
        tables.job("merge", values(source, COLUMNS), name, partition_by=partition_by, **job)
        assert found(tables, name) == Counter(after)
        if all(
            row[i] is not None for row in source for i in keys
        ):  # a null matches nothing, so its row is inserted every time
            assert (tables.version(name) == before) == (Counter(after) == Counter(expected))
        expected = after


@examples(
    10,
    40,
    batches=st.lists(ROWS, max_size=3),
    source=ROWS,
    keys=st.sampled_from([(0,), (0, 1), (1, 2)]),
    partition_by=st.sampled_from([[], ["part"]]),
)
def test_delete_and_insert(
    tables: Tables, batches: list[list[Row]], source: list[Row], keys: tuple[int, ...], partition_by: list[str]
) -> None:
    name, before = build(tables, batches, partition_by)
    key = [list(COLUMNS)[i] for i in keys]
    tables.job("delete_insert", values(source, COLUMNS), name, unique_key=key, partition_by=partition_by)
    kept = [ours for ours in before if not any(matches(ours, theirs, keys) for theirs in source)]
    assert found(tables, name) == Counter(kept + source)


@examples(10, 40, batches=st.lists(ROWS, max_size=3), source=ROWS, by=st.sampled_from([["part"], ["part", "k"]]))
def test_insert_overwrite(tables: Tables, batches: list[list[Row]], source: list[Row], by: list[str]) -> None:
    """Partitions with rows in the source are replaced; null and characters that paths escape are values like others."""
    name, before = build(tables, batches, by)
    tables.job("insert_overwrite", values(source, COLUMNS), name, partition_by=by)
    indices = [list(COLUMNS).index(column) for column in by]
    replaced = {tuple(row[i] for i in indices) for row in source}
    kept = [row for row in before if tuple(row[i] for i in indices) not in replaced]
    assert found(tables, name) == Counter(kept + source)


@examples(10, 40, batches=st.lists(ROWS, max_size=2), batch=ROWS)
def test_append(tables: Tables, batches: list[list[Row]], batch: list[Row]) -> None:
    name, before = build(tables, batches, [])
    version = tables.version(name)
    tables.job("append", values(batch, COLUMNS), name)
    assert found(tables, name) == Counter(before + batch)
    assert tables.version(name) == version + bool(batch)


def test_merge_touches_only_the_files_with_its_keys(alone: Tables) -> None:
    alone.job("overwrite", "select 0::bigint as k, 0::bigint as n where false")
    for start in range(0, 1000, 100):
        alone.job("append", f"select k, k as n from range({start}, {start + 100}) as r (k)")
    before = set(alone.delta().file_uris())
    alone.job("merge", "select k, -1::bigint as n from range(310, 315) as r (k)", unique_key=["k"])
    after = set(alone.delta().file_uris())
    assert len(before - after) == 1
    assert alone.rows("select count(*), count(*) filter (n = -1), sum(k) from s.t") == [(1000, 5, 499500)]


def test_incremental_predicates_limit_what_matches_and_what_is_read(alone: Tables) -> None:
    both: dict[str, Any] = {"unique_key": ["k"], "partition_by": ["part"]}
    alone.job("overwrite", "select 1 as k, 'old' as part, 0 as n union all select 2, 'new', 0", **both)
    source = "select 1 as k, 'new' as part, 1 as n union all select 2, 'new', 1"
    alone.job("merge", source, incremental_predicates=["DBT_INTERNAL_DEST.part = 'new'"], **both)
    assert alone.rows() == [(1, "new", 1), (1, "old", 0), (2, "new", 1)]
    alone.job(
        "merge", "select 2 as k, 'new' as part, 5 as n", incremental_predicates=["dbt_internal_source.n < 5"], **both
    )
    assert alone.rows()[-2:] == [(2, "new", 1), (2, "new", 5)]


def test_excluded_columns_keep_their_values(alone: Tables) -> None:
    alone.job("overwrite", "select 1 as k, 'a' as x, 'b' as y")
    done = alone.job("merge", "select 1 as k, 'c' as x, 'd' as y", unique_key=["k"], merge_exclude_columns=["y"])
    assert (done, alone.rows()) == ("merge (0 inserted, 1 updated, 0 deleted)", [(1, "c", "b")])
    assert (
        alone.job("merge", "select 1 as k, 'c' as x, 'e' as y", unique_key=["k"], merge_exclude_columns=["y"])
        == "nothing new"
    )


def test_columns_named_like_those_of_delta_scan(alone: Tables) -> None:
    alone.job("overwrite", "select 1 as k, 'f' as filename, 7 as file_row_number")
    alone.job("merge", "select 1 as k, 'g' as filename, 8 as file_row_number", unique_key=["k"])
    assert alone.rows() == [(1, "g", 8)]


def test_duplicates_in_the_source_are_shown_and_nothing_is_written(alone: Tables) -> None:
    alone.job("overwrite", "select 1 as k, 'x' as l, 0 as n")
    with pytest.raises(DbtRuntimeError, match=r"more than one row for a unique_key.*\(2, 'y'\) \(3 rows\)"):
        alone.job("merge", "select 2 as k, 'y' as l, n::int as n from range(3) as r (n)", unique_key=["k", "l"])
    assert (alone.version(), alone.rows()) == (0, [(1, "x", 0)])


def test_partition_values_move(alone: Tables) -> None:
    """A merge that changes the partition of a row takes it out of the old one."""
    both: dict[str, Any] = {"unique_key": ["k"], "partition_by": ["part"]}
    alone.job("overwrite", "select k::int as k, 'p' || k % 3 as part from range(9) as r (k)", **both)
    alone.job("merge", "select 4 as k, null::varchar as part union all select 5, 'p9'", **both)
    assert alone.rows("select k, part from s.t where k in (4, 5)") == [(4, None), (5, "p9")]
    assert alone.rows("select count(*), count(distinct k) from s.t") == [(9, 9)]


@pytest.mark.parametrize("mode", ["ignore", "fail", "append_new_columns", "sync_all_columns"])
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert", "insert_overwrite"])
def test_schema_changes(alone: Tables, strategy: str, mode: str) -> None:
    """A column comes and one goes: what each mode promises, with every strategy, and never another thing."""
    job: dict[str, Any] = {"unique_key": ["k"], "on_schema_change": mode}
    if strategy == "insert_overwrite":
        job["partition_by"] = ["k"]
    alone.job("overwrite", "select 1 as k, 'a' as gone, 'b' as stays", **job)
    change = (strategy, "select 2 as k, 'c' as stays, true as came")
    if mode in ("ignore", "fail") or (strategy, mode) == ("insert_overwrite", "sync_all_columns"):
        with pytest.raises(CompilationError, match=r"came.*missing.*gone"):
            alone.job(*change, **job)
        assert alone.rows() == [(1, "a", "b")]
        return
    alone.job(*change, **job)
    found = alone.rows("select k, stays, came from s.t")
    assert found == [(1, "b", None), (2, "c", True)]
    gone = "gone" in [column.name for column in alone.delta().schema().fields]
    assert gone == (mode == "append_new_columns")


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_a_column_that_comes_without_a_row_is_there(alone: Tables, strategy: str) -> None:
    """Models that read the new column build, though there was nothing to add; and it is added once."""
    job: dict[str, Any] = {"unique_key": ["k"], "on_schema_change": "append_new_columns"}
    alone.job("overwrite", "select 1 as k", **job)
    same = "select 1 as k, null::varchar as came" + (" limit 0" if strategy != "merge" else "")
    for _ in range(2):
        alone.job(strategy, same, **job)
        assert alone.rows("select k, came from s.t") == [(1, None)]
        assert alone.delta().version() == 1


def test_ignore_leaves_out_a_new_column(alone: Tables) -> None:
    alone.job("overwrite", "select 1 as k")
    alone.job("append", "select 2 as K, 'x' as extra")
    assert alone.rows() == [(1,), (2,)]
    with pytest.raises(CompilationError, match=r"k INTEGER -> VARCHAR.*Cast \['k'\]"):
        alone.job("append", "select 'three' as k")
    alone.job("append", "select 4::tinyint as k")
    assert alone.rows() == [(1,), (2,), (4,)]


def test_sync_all_columns_changes_a_type(alone: Tables) -> None:
    alone.job("overwrite", "select 1 as k, '5' as n union all select 2, '6'")
    alone.job("merge", "select 2 as k, 7 as n", unique_key=["k"], on_schema_change="sync_all_columns")
    assert alone.rows() == [(1, 5), (2, 7)]
