"""What differs between two versions of a file: numbers for each column, and the first records of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from ingest.compare import ComparisonSettings, spelled_alike
from ingest.storage.lineage import ROW
from ingest.storage.tables import FileRecord, RawTable

_KEY, _TURN = "\0key", "\0turn"


class Change(NamedTuple):
    """One value that differs; ``key`` is the text of the record's key."""

    key: str
    column: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Differences:
    """Of an ``old`` version and a ``new`` one. Records with the same key are matched in the order of the file.

    ``changed`` counts values by column. ``lost`` and ``added`` are records of one version only, by column. Of all three
    the first ones are shown, in the order of the file.
    """

    old: FileRecord
    new: FileRecord
    key: list[str]
    changed_records: int
    lost_records: int
    added_records: int
    changed: dict[str, int]
    changes: list[Change]
    lost: list[dict[str, str | None]]
    added: list[dict[str, str | None]]
    vanished: list[str]
    appeared: list[str]


def differences(
    table: RawTable, old: FileRecord, new: FileRecord, comparing: ComparisonSettings, limit: int
) -> Differences:
    """Compare two versions in the raw table; at most ``limit`` records of each kind are shown."""
    had, has = table.columns_with_values(old), table.columns_with_values(new)
    vanished, appeared = spelled_alike(had, has, comparing)
    columns = [name for name in table.columns if name in had & has]
    lower = {name.lower(): name for name in columns}
    # Without a key, records are matched by all that they hold.
    key = [lower[name] for name in comparing.key] if comparing.key and lower.keys() >= set(comparing.key) else columns
    values = comparing.values(columns, key)
    before, after = (_hashed(table, record, key, values) for record in (old, new))
    both = before.join(after, on=[_KEY, _TURN], suffix="\0new")
    differs = {name: pl.col(name) != pl.col(f"{name}\0new") for name in values}
    changed = both.filter(pl.any_horizontal(*differs.values())).sort(f"{ROW}\0new") if values else both.clear()
    lost = before.join(after, on=[_KEY, _TURN], how="anti").sort(ROW)
    added = after.join(before, on=[_KEY, _TURN], how="anti").sort(ROW)
    first = changed.head(limit)
    shown = list(dict.fromkeys([*columns, *values]))
    old_rows = _rows(table, old, shown, first[ROW].to_list())
    new_rows = _rows(table, new, shown, first[f"{ROW}\0new"].to_list())
    return Differences(
        old,
        new,
        key,
        changed.height,
        lost.height,
        added.height,
        {name: found for name in values if (found := changed.select(differs[name].sum()).item())},
        [
            Change(", ".join(str(before[name]) for name in key), name, before[name], after[name])
            for before, after in zip(old_rows, new_rows, strict=True)
            for name in values
            if before[name] != after[name]
        ],
        _rows(table, old, [n for n in table.columns if n in had], lost.head(limit)[ROW].to_list()),
        _rows(table, new, [n for n in table.columns if n in has], added.head(limit)[ROW].to_list()),
        vanished,
        appeared,
    )


def _hashed(table: RawTable, record: FileRecord, key: list[str], values: list[str]) -> pl.DataFrame:
    """A row for each record: a hash of its key, which of the records with this key it is, and a hash of each value."""
    none = pl.DataFrame(schema={ROW: pl.Int64, _KEY: pl.UInt64} | dict.fromkeys(values, pl.UInt64))
    found = [
        frame.select(ROW, frame.select(key).hash_rows().alias(_KEY), *(pl.col(name).hash() for name in values))
        for frame in table.records(record, [ROW, *key, *values])
    ]
    rows = pl.concat([none, *found]).sort(ROW)
    return rows.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).over(_KEY).alias(_TURN))


def _rows(table: RawTable, record: FileRecord, columns: list[str], numbers: list[int]) -> list[dict[str, str | None]]:
    """Some records of a version, in the order of ``numbers``."""
    if not numbers:
        return []
    where = f"and {ROW} in ({', '.join(map(str, numbers))})"
    found = pl.concat(table.records(record, [ROW, *columns], where)).rows_by_key(ROW, named=True, unique=True)
    return [found[number] for number in numbers]
