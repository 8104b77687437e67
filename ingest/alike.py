"""A closer look at what changed: values that are empty now or all the same, gaps that are all filled, and changes that
are one and the same, however few: records that moved to other keys, values that moved to other columns or records,
texts cut at one length, numbers that became ten times what they were, days that moved by one. Such a version is wrong
as a whole where it is far from the one before in nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from ingest.errors import printable
from ingest.storage.hashes import Hashes, among
from ingest.storage.lineage import LINEAGE_SCHEMA, PLACE, ROW
from ingest.storage.tables import FileRecord, RawTable

_LOOKED_AT = 1000  # keys that are new or changed; of more, every second, third, ... is looked at
_AT_ONCE = 200_000  # keys; of more, the columns are read one after the other, to have one in memory at a time
MORE = 0.05  # of the keys are new: few lists grow so fast, and others are worth a look
_NEVER = 0.01  # of the values of a column: what it has less often, it has nearly never
NEARLY_ALL = 0.95
"""Of changed values that stand in other records now, and of gaps that are filled: nobody learns all at once."""
_MANY = 30  # values of a column: with fewer, changes one way are easily as many as those the other way
_DAYS = "%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y"  # as the feeds write them
_KEY, _NOW = "\0key", "\0now"
_OTHERWISE = "capital or small letters, without those beyond ASCII, or as words in another order"
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
        self._table, self._before, self._record, self._key, self._lost = table, before, record, key, lost
        self._old, self._now = (
            _of_keys(table, of, key, names, keys)
            for of, names, keys in (
                (before, columns, np.sort(np.concatenate([fresh, lost]))),
                (record, [*columns, PLACE, ROW], fresh),
            )
        )
        # Of keys with one record in both versions; the values of now have a name that ends with ``_NOW``.
        both = self._old.unique(_KEY, keep="none").join(self._now.unique(_KEY, keep="none"), on=_KEY, suffix=_NOW)
        self._both = both.sort(PLACE, ROW)
        self._differing: dict[str, pl.DataFrame] = {}
        self._gone = self._old.filter(among(self._old[_KEY].to_numpy(), lost))
        self._come = self._now.join(self._old, on=_KEY, how="anti")

    def alike(self, values: list[str], names: list[str], at_least: int) -> Iterator[Found]:
        """Changes that are one and the same: of records, whose columns beside the key are ``values``, where all columns
        were read; and of each of the columns ``names``."""
        if {*values, *self._key} <= set(self._old.columns):
            yield from [self._moved(values)] if values else []
            yield from self._rewritten_keys()
            yield from self._ended()
        for name in names:
            yield self._cut(name, at_least)
            if name not in self._key:
                yield self._scaled(name)
                yield self._rewritten(name)
                yield self._shortened(name)
                yield from self._shifted(name)

    def shuffled(self, names: list[str]) -> Iterator[Found]:
        """Of the values of each column that changed, those that it had for the record before or after, and those that
        it has for any other record: it was moved by a row, or sorted by itself. Of the columns of the key, those of
        lost keys that new ones have."""
        for name in names:
            if name not in self._key:
                changed = self._changed(name)  # of equal values between two others, the first or last is there
                old, now = changed[name], changed[name + _NOW]
                text = f"column {printable(name)}: {{}} values that changed stand in other records"
                yield max(int((now == old.shift(by)).sum()) for by in (1, -1)), len(old), text
                yield from _in_others(old, now, text)
        if len(self._key) > 1 and set(self._key) <= set(self._old.columns):
            text = f"{{}} keys of version {self._before.version} that are gone are there in other pairs"
            found = [found for name in self._key for found in _in_others(self._gone[name], self._come[name], text)]
            yield from [min(found)] if len(found) == len(self._key) else []

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
        held -= int((self._gone[name] != "").sum())
        if times > max(count, _NEVER * held):
            had = sum(int((frame[name] == value).sum()) for frame in self._table.records(self._before, [name]))
            if had <= _NEVER * held:
                count, became = times, f"'{printable(value[:30])}'"
        return count, held, f"column {printable(name)}: {{}} values of version {self._before.version} are {became} now"

    def _moved(self, names: list[str]) -> Found:
        """Of the records that changed, those that have the values of the columns ``names`` in others of these now."""
        old, now = ([pl.col(name + version).fill_null("") for name in names] for version in ("", _NOW))
        same = pl.all_horizontal(was == becomes for was, becomes in zip(old, now, strict=True))
        had, has = (pl.concat_list(values).list.sort().list.join("\0") for values in (old, now))
        count = int(self._both.select((~same & (had == has)).sum()).item())
        text = f"{{}} records that changed have the values of version {self._before.version} in other columns"
        return count, self._both.height, text

    def _changed(self, name: str) -> pl.DataFrame:
        """The values of a column before and now where they differ, for keys that are in both versions."""
        if name not in self._differing:
            both = self._both.select(pl.col(name, name + _NOW).fill_null(""))
            self._differing[name] = both.filter(pl.col(name) != pl.col(name + _NOW))
        return self._differing[name]

    def _rewritten_keys(self) -> Iterator[Found]:
        """Of the keys that are lost, those that are there written otherwise. Of those that are new, where they are
        many, those that were there written otherwise and still are; or of a thousand of them."""
        folded = [_folded(pl.col(name)) for name in self._key]
        of = f"version {self._before.version}"
        count = self._gone.select(folded).join(self._come.select(folded), on=self._key, how="semi").height
        yield count, self._gone.height, f"{{}} keys of {of} that are gone are there in {_OTHERWISE}"
        if self._come.height > max(MORE * (self._before.row_count or 0), self._gone.height):
            come, first = self._come.head(_LOOKED_AT), self._key[:1]
            some, firsts = come.select(folded), np.sort(come.select(first).hash_rows().to_numpy())
            like = self._table.records_where(
                self._before, self._key, first, lambda frame: pl.Series(among(frame.hash_rows().to_numpy(), firsts))
            )
            had = pl.concat([some.head(0), *(frame.select(folded) for frame in like)])
            copies = some.join(had, on=self._key, how="semi").height
            yield copies, some.height, f"{{}} keys that are new are keys of {of} in {_OTHERWISE}"

    def _ended(self) -> Iterator[Found]:
        """Where nothing is new or changed, the records that are lost at the end of the file or of a sheet."""
        if self._gone.height and not self._now.height:
            rows = pl.concat(self._table.records(self._before, [PLACE, ROW]))
            gone = _of_keys(self._table, self._before, self._key, [PLACE, ROW], self._lost)
            stay = rows.join(gone, on=[PLACE, ROW], how="anti").group_by(PLACE).max()
            gone = gone.join(stay, on=PLACE, how="left", suffix=_NOW)
            text = f"nothing is new, and {{}} records that are gone are the last ones of version {self._before.version}"
            yield gone.filter(pl.col(ROW) > pl.col(ROW + _NOW).fill_null(0)).height, gone.height, text

    def _rewritten(self, name: str) -> Found:
        """Of the values of a column that changed, those that are only written otherwise."""
        changed = self._changed(name).filter((pl.col(name) != "") & (pl.col(name + _NOW) != ""))
        folded = changed.select(_folded(pl.col(name, name + _NOW)))
        text = f"column {printable(name)}: {{}} values that changed are those of version {self._before.version}"
        return int((folded[name] == folded[name + _NOW]).sum()), folded.height, f"{text} in {_OTHERWISE}"

    def _shortened(self, name: str) -> Found:
        """Of the values of a column that changed, those that end earlier, at a comma of a list."""
        changed = self._changed(name).filter((pl.col(name) != "") & (pl.col(name + _NOW) != ""))
        old, now = changed[name], changed[name + _NOW]
        count = int((old.str.slice(0, now.str.len_chars() + 1) == now + ",").sum())
        text = f"column {printable(name)}: {{}} values that changed are those of version {self._before.version}"
        return count, len(old), f"{text} up to a comma"

    def filled(self, name: str) -> Found | None:
        """Of the records in which a column was empty, those in which it holds something. None where these are too few
        of the records that changed, or hold one word alone that the column never had, as Not Given for nothing."""
        now = self._changed(name).filter(pl.col(name) == "")[name + _NOW]
        if len(now) <= NEARLY_ALL * int((self._both[name].fill_null("") == "").sum()):
            return None
        word, times = next(now.value_counts(sort=True).iter_rows())
        had = empty = 0
        for frame in self._table.records(self._before, [name]):
            had += int((frame[name] == word).sum())
            empty += int((frame[name] == "").sum())
        empty -= int((self._gone[name] == "").sum())
        if times == len(now) and not had:
            return None
        return len(now), empty, f"column {printable(name)}: {{}} gaps of version {self._before.version} are filled now"

    def _shifted(self, name: str) -> Iterator[Found]:
        """Of the different changes of a column's days, those that exchange day and month, and those by one number of
        days; of its numbers, those by which it fell by one and the same: it may well grow by 1 in many at once."""
        pairs = self._changed(name).select(name, name + _NOW).unique()
        days = pairs.select(_day(name), _day(name + _NOW)).drop_nulls()
        old, now = days[name], days[name + _NOW]
        what = f"column {printable(name)}: {{}} different changes"
        if 2 * days.height > pairs.height:
            turned = (old.dt.year() == now.dt.year()) & (old.dt.day() == now.dt.month())
            turned &= old.dt.month() == now.dt.day()
            yield int(turned.sum()), days.height, f"{what} exchange day and month"
            by, times = _most((now - old).dt.total_days().filter(old != now))
            yield times, days.height, f"{what} are by {by:+g} days"
        else:
            numbers = pairs.select(pl.col(name, name + _NOW).cast(pl.Float64, strict=False)).drop_nulls()
            by, times = _most((numbers[name + _NOW] - numbers[name]).round(6))
            if by < 0:
                yield times, numbers.height, f"{what} are by {by:+g}"

    def _cut(self, name: str, at_least: int) -> Found:
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

    def _scaled(self, name: str) -> Found:
        """Of the numbers of a column that are others for their key, those that are one and the same factor greater."""
        both = self._both.select(pl.col(name, name + _NOW).cast(pl.Float64, strict=False)).drop_nulls()
        changed = both.filter((pl.col(name) != 0) & (pl.col(name) != pl.col(name + _NOW)))
        factors = changed[name + _NOW] / changed[name]
        counts = {factor: int(((factors / factor - 1).abs() < 1e-3).sum()) for factor in _FACTORS}
        factor = max(counts, key=counts.__getitem__)
        text = f"column {printable(name)}: {{}} numbers that changed are {factor:g} times those"
        return counts[factor], changed.height, f"{text} of version {self._before.version}"


def _in_others(old: pl.Series, now: pl.Series, text: str) -> Iterator[Found]:
    """How many values of the first column are in the second, as often as there; nothing where they are few."""
    had, has = (values.rename("value").value_counts(name="times") for values in (old, now))
    if had.height >= _MANY:
        both = had.join(has, on="value", nulls_equal=True)
        yield int(both.select(pl.min_horizontal("times", "times_right").sum()).item()), len(old), text


def _folded(text: pl.Expr) -> pl.Expr:
    """Texts without what is lost where they are only written otherwise: see ``_OTHERWISE``."""
    words = text.str.to_lowercase().str.replace_all(", ", " ").str.replace_all("[^\\x00-\\x7f]", "").str.split(" ")
    return words.list.sort().list.join(" ")


def _day(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.coalesce(text.str.to_date(written, strict=False) for written in _DAYS).alias(name)


def _most(values: pl.Series) -> tuple[float, int]:
    """The value that is there most often, of two the smaller one, and how often; 0 and 0 of none."""
    counts = values.rename("value").value_counts(name="times").sort("times", "value", descending=[True, False])
    return next(counts.iter_rows(), (0, 0))


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

    types = {name: LINEAGE_SCHEMA.get(name, pl.String()) for name in columns}
    rows = [pl.DataFrame(schema={_KEY: pl.UInt64(), **types})]
    for frame in table.records_where(record, list(dict.fromkeys([*key, *columns])), key, wanted):
        rows.append(frame.select(frame.select(key).hash_rows().alias(_KEY), *columns))
    return pl.concat(rows)
