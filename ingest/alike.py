"""Changes that are one and the same, however few: records that moved to other keys, texts cut at one length, numbers
that became ten times what they were. Such a version is wrong as a whole where it is far from the one before in nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from ingest.errors import printable
from ingest.storage.hashes import Hashes, among
from ingest.storage.tables import FileRecord, RawTable

_LOOKED_AT = 1000  # keys that are new or changed; of more, every second, third, ... is looked at
_FACTORS = [60, 1 / 60, *(10.0**power for power in range(-9, 10) if power)]
"""Of one unit and another, or of a decimal point that was lost."""

Found = tuple[int, int, str]
"""How many, of how many, and what they are, with ``{}`` in the place of both."""


def copied(before: FileRecord, old: Hashes, now: Hashes, fresh: np.ndarray, lost: np.ndarray) -> Found:
    """Of the keys that are new or changed (``fresh``), those that have what another key had, and still has a record.

    Only what one key alone had counts, so that values which many records share say nothing. ``fresh`` and ``lost`` are
    hashes of keys, sorted.
    """
    some = fresh[:: max(1, len(fresh) // _LOOKED_AT)]  # in the order of hashes, which is any
    keys, contents = _contents(now, lambda keys, _: among(keys, some))
    wanted = np.unique(contents)
    owners, owned = _contents(old, lambda _, contents: among(contents, wanted))
    _, first, times = np.unique(owned, return_index=True, return_counts=True)
    of_one = first[times == 1]
    of_one = of_one[~among(owners[of_one], lost)]
    count = len(np.unique(keys[among(contents, np.sort(owned[of_one]))]))
    text = f"{{}} keys that are new or changed have what another key has in version {before.version}"
    return count, len(np.unique(keys)), text


def _contents(hashes: Hashes, which: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of keys, and of values without them, of the records that ``which`` takes."""
    found = [
        (keys[taken], contents[taken]) for keys, contents in hashes.parts() if (taken := which(keys, contents)).any()
    ]
    empty = np.empty(0, np.uint64)
    return np.concatenate([empty, *(k for k, _ in found)]), np.concatenate([empty, *(c for _, c in found)])


def cut(table: RawTable, before: FileRecord, record: FileRecord, column: str) -> Found:
    """Of the texts of a column that were longer than any is now, those of which the beginning is there now."""
    old, now = (_texts(table, of, column) for of in (before, record))
    longest = int(now.str.len_chars().max() or 0)  # type: ignore[arg-type]
    longer = old.filter(old.str.len_chars() > longest)
    count = int(longer.str.slice(0, longest).is_in(now.implode()).sum())
    text = f"column {printable(column)} ends after {longest} characters, and {{}} longer texts of"
    return count, len(longer), f"{text} version {before.version} were cut there"


def _texts(table: RawTable, record: FileRecord, column: str) -> pl.Series:
    """The texts of a column of a version, each once."""
    frames = [frame[column].unique() for frame in table.records(record, [column])]
    return pl.concat([pl.Series(column, [], pl.String), *frames]).unique().drop_nulls()


def scaled(table: RawTable, before: FileRecord, record: FileRecord, key: list[str], column: str) -> Found:
    """Of the numbers of a column that are others for their key, those that are one and the same factor greater."""
    old, now = (_numbers(table, of, key, column) for of in (before, record))
    changed = old.join(now, on="key").filter((pl.col("number") != 0) & (pl.col("number") != pl.col("number_right")))
    factors = changed.select(pl.col("number_right") / pl.col("number")).to_series()
    counts = {factor: int(((factors / factor - 1).abs() < 1e-3).sum()) for factor in _FACTORS}
    factor = max(counts, key=counts.__getitem__)
    text = (
        f"column {printable(column)}: {{}} numbers that changed are {factor:g} times those of version {before.version}"
    )
    return counts[factor], changed.height, text


def _numbers(table: RawTable, record: FileRecord, key: list[str], column: str) -> pl.DataFrame:
    """The numbers of a column by the hash of the key, of keys with one record."""
    frames = [
        frame.select(
            frame.select(key).hash_rows().alias("key"), pl.col(column).cast(pl.Float64, strict=False).alias("number")
        )
        for frame in table.records(record, [*key, column])
    ]
    none = pl.DataFrame(schema={"key": pl.UInt64, "number": pl.Float64})
    return pl.concat([none, *frames]).unique("key", keep="none").drop_nulls()
