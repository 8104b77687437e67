"""A closer look at what changed: values that are empty now or all the same, and changes that are one and the same,
however few: records that moved to other keys, values that moved to other columns, texts cut at one length, numbers that
became ten times what they were. Such a version is wrong as a whole where it is far from the one before in nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from ingest.errors import printable
from ingest.storage.hashes import Hashes, among
from ingest.storage.tables import FileRecord, RawTable

_LOOKED_AT = 1000  # keys that are new or changed; of more, every second, third, ... is looked at
_AT_ONCE = 200_000  # keys; of more, the columns are read one after the other, to have one in memory at a time
_NEVER = 0.01  # of the values of a column: what it has less often, it has nearly never
_KEY, _NOW = "\0key", "\0now"
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


class Changes:
    """Some columns of the records, before and now, of keys that are new, changed or lost, each key by its hash."""

    def __init__(
        self,
        table: RawTable,
        before: FileRecord,
        record: FileRecord,
        key: list[str],
        columns: list[str],
        fresh: np.ndarray,
        lost: np.ndarray,
    ) -> None:
        """``fresh`` and ``lost`` are hashes of keys as above."""
        self._table, self._before, self._record, self._lost = table, before, record, lost
        self._old, self._now = (
            _of_keys(table, of, key, columns, keys)
            for of, keys in ((before, np.sort(np.concatenate([fresh, lost]))), (record, fresh))
        )
        # Of keys with one record in both versions; the values of now have a name that ends with ``_NOW``.
        self._both = self._old.unique(_KEY, keep="none").join(self._now.unique(_KEY, keep="none"), on=_KEY, suffix=_NOW)

    def emptied(self, name: str, uniform: bool, limit: float) -> Found | None:
        """Of the values that a column held, those that are empty now, or one and the same that it nearly never had
        (such as N/A or 0; not a day, by which many records may be marked at once); of keys that are in both versions.
        None where these are no more than the share ``limit`` of the values that changed, and so not of all.

        ``uniform``: all of the column is one value now, as is judged elsewhere.
        """
        both = self._both.select(pl.col(name).fill_null(""), pl.col(name + _NOW).fill_null(""))
        both = both.filter(pl.col(name) != "")
        now = both.filter(pl.col(name) != pl.col(name + _NOW))[name + _NOW]
        count, became = int((now == "").sum()), "empty"
        known = now.filter((now != "") & ~now.str.contains("[1-9]") & (not uniform))
        value, times = next(known.value_counts(sort=True).iter_rows(), ("", 0))
        if max(count, times) <= limit * both.height:
            return None
        held = sum(int((frame[name] != "").sum()) for frame in self._table.records(self._before, [name]))
        lost = self._old.filter(among(self._old[_KEY].to_numpy(), self._lost))[name]
        held -= int((lost != "").sum())
        if times > max(count, _NEVER * held):
            had = sum(int((frame[name] == value).sum()) for frame in self._table.records(self._before, [name]))
            if had <= _NEVER * held:
                count, became = times, f"'{printable(value[:30])}'"
        return count, held, f"column {printable(name)}: {{}} values of version {self._before.version} are {became} now"

    def moved(self, names: list[str]) -> Found | None:
        """Of the records that changed, those that have the values of the columns ``names`` in others of these now.

        None where not all of these were read.
        """
        if not set(names) <= set(self._both.columns):
            return None
        old, now = ([pl.col(name + version).fill_null("") for name in names] for version in ("", _NOW))
        same = pl.all_horizontal(was == becomes for was, becomes in zip(old, now, strict=True))
        had, has = (pl.concat_list(values).list.sort().list.join("\0") for values in (old, now))
        count = int(self._both.select((~same & (had == has)).sum()).item())
        text = f"{{}} records that changed have the values of version {self._before.version} in other columns"
        return count, self._both.height, text

    def cut(self, name: str, at_least: int) -> Found:
        """Of the texts of a column that were longer than any is now, those of which the beginning is there now.

        None of these is of a key that has not changed. Only where there are so many is all of the column read.
        """
        old, now = (frame[name].unique().drop_nulls() for frame in (self._old, self._now))
        longest = _longest(now)
        longer = old.filter(old.str.len_chars() > longest)
        if len(longer) >= at_least:
            longest = max((_longest(frame[name]) for frame in self._table.records(self._record, [name])), default=0)
            longer = old.filter(old.str.len_chars() > longest)
        count = int(longer.str.slice(0, longest).is_in(now.implode()).sum())
        text = f"column {printable(name)} ends after {longest} characters, and {{}} longer texts of"
        return count, len(longer), f"{text} version {self._before.version} were cut there"

    def scaled(self, name: str) -> Found:
        """Of the numbers of a column that are others for their key, those that are one and the same factor greater."""
        both = self._both.select(pl.col(name, name + _NOW).cast(pl.Float64, strict=False)).drop_nulls()
        changed = both.filter((pl.col(name) != 0) & (pl.col(name) != pl.col(name + _NOW)))
        factors = changed[name + _NOW] / changed[name]
        counts = {factor: int(((factors / factor - 1).abs() < 1e-3).sum()) for factor in _FACTORS}
        factor = max(counts, key=counts.__getitem__)
        text = f"column {printable(name)}: {{}} numbers that changed are {factor:g} times those"
        return counts[factor], changed.height, f"{text} of version {self._before.version}"


def _longest(texts: pl.Series) -> int:
    return int(texts.str.len_chars().max() or 0)  # type: ignore[arg-type]


def changes(
    read: Callable[[list[str], np.ndarray, np.ndarray], Changes],
    columns: list[str],
    fresh: np.ndarray,
    lost: np.ndarray,
) -> Iterator[tuple[Changes, list[str]]]:
    """What changed, each time with those of the ``columns`` that are to be looked at in it, one by one.

    All are read at once where that is not too much. ``read`` makes `Changes` of columns, ``fresh`` and ``lost``.
    """
    if len(fresh) + len(lost) <= _AT_ONCE:
        yield read(columns, fresh, lost), columns
        return
    for name in columns:
        yield read([name], fresh, lost), [name]
    yield read(columns, fresh[:: max(1, len(fresh) // _LOOKED_AT)], lost[:0]), []


def _of_keys(table: RawTable, record: FileRecord, key: list[str], columns: list[str], keys: np.ndarray) -> pl.DataFrame:
    """The records of a version with one of the ``keys``, which are sorted hashes; with the hash, and ``columns``."""

    def wanted(frame: pl.DataFrame) -> pl.Series:
        return pl.Series(among(frame.hash_rows().to_numpy(), keys))

    rows = [pl.DataFrame(schema={_KEY: pl.UInt64} | dict.fromkeys(columns, pl.String))]
    for frame in table.records_where(record, list(dict.fromkeys([*key, *columns])), key, wanted):
        rows.append(frame.select(frame.select(key).hash_rows().alias(_KEY), *columns))
    return pl.concat(rows)
