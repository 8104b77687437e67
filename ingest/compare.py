"""How far a version is from the last accepted one before it, and whether that is too far.

Both are compared by their records' text. A record has a *key*, the columns that the dataset names, and *values*, the
other columns that hold something in both versions, but for numbers that each version gives out again. Records are
compared by 64-bit hashes of these, so that versions of any size fit into memory: 16 bytes for each record, and as much
again while they are compared.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from ingest.alike import MORE, NEARLY_ALL, Changes, Found, changes, copied
from ingest.config import OFF, Dataset, Limits
from ingest.errors import printable
from ingest.reading.checks import column_name
from ingest.storage.hashes import HashCache, Hashes, among, apart, once
from ingest.storage.lineage import PLACE
from ingest.storage.tables import FileRecord, RawTable

_FEW = 1000  # records, in which most columns have a second value already
_ALIKE = 0.9  # of the values of a column stand in another: it is probably the same one under a new name
_CLOSER = 0.01  # of the keys are lost: for these alone, a closer look is worth its time
_HELD = "held"


@dataclass(frozen=True)
class ComparisonSettings:
    """How a dataset's versions are compared; names are those of the raw table."""

    key: tuple[str, ...] = ()
    spellings: dict[str, str] = field(default_factory=dict)  # another spelling of a column: the column
    limits: Limits = field(default_factory=Limits)
    renumbered: tuple[str, ...] = ()
    sheets: bool = False  # whether the sheet that a record stands in is one of its values

    @staticmethod
    def of(dataset: Dataset) -> ComparisonSettings:
        key, counted = (
            tuple(column_name(name).lower() for name in names) for names in (dataset.key, dataset.renumbered)
        )
        spellings = {other: name.lower() for other, name in dataset.spellings.items()}
        return ComparisonSettings(key, spellings, dataset.limits, counted, bool(dataset.sheet))

    @property
    def note(self) -> dict[str, object]:
        """The same as JSON can hold it."""
        return asdict(self) | {"limits": self.limits.model_dump()}

    @staticmethod
    def from_note(note: dict[str, Any]) -> ComparisonSettings | None:
        """None where the note was written before there were comparisons."""
        if not note:
            return None
        renumbered = tuple(note.get("renumbered", ()))
        limits, sheets = Limits(**note["limits"]), note.get("sheets", False)
        return ComparisonSettings(tuple(note["key"]), note["spellings"], limits, renumbered, sheets)

    def values(self, columns: Iterable[str], key: Container[str]) -> list[str]:
        """Those of the columns by which two records of one key are compared."""
        values = [name for name in columns if name not in key and name.lower() not in self.renumbered]
        return values + [PLACE] * self.sheets


@dataclass(frozen=True)
class Share:
    """``count`` of ``total``, with ``{}`` in ``template`` for "count of total"; ``usual`` is an accepted share."""

    count: int
    total: int
    limit: float
    template: str
    usual: float = 0

    @property
    def share(self) -> float:
        return self.count / self.total - self.usual

    @property
    def text(self) -> str:
        after = f" after {_percent(self.usual)} before" if self.usual else ""
        share = f"{_percent(self.count / self.total)}{after}, limit {_percent(self.limit)}"
        return f"{self.template.format(f'{self.count:,} of {self.total:,}')} ({share})"


def _share(found: Found, limit: float) -> Share:
    count, total, text = found
    return Share(count, total, limit, text)


def _percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "less than 0.1%"
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


class Comparison:
    """Of the version that a run loads with ``before``, the last accepted one, if there is one. ``watch`` it while it is
    loaded, then ask for the ``figures``; what was not watched is read from the raw table. ``keep`` it once it is
    accepted, for the comparison of the next one."""

    def __init__(
        self, table: RawTable, before: FileRecord | None, comparing: ComparisonSettings, cache: HashCache
    ) -> None:
        self._table = table
        self._before = before
        self._comparing = comparing
        self._cache = cache
        self._had = table.columns_with_values(before) if before else set()
        self._key = self._keyamong(self._had)
        self._hashes: Hashes | None = None
        self._has: set[str] = set()
        self._copied: Found | None = None
        self._fresh = self._lost = np.empty(0, np.uint64)  # hashes of keys that are new or changed, and of lost ones
        self._single: dict[str, str | None] = {}  # columns with one value at most beside the empty one, and that value

    def _keyamong(self, columns: set[str]) -> list[str]:
        """The columns of the key; none where one of them is not there, and so nothing to find records again by."""
        lower = {name.lower(): name for name in columns}
        return [lower[name] for name in self._comparing.key] if lower.keys() >= set(self._comparing.key) else []

    def watch(self, frames: Iterator[pl.DataFrame], filled: Iterable[str]) -> Iterator[pl.DataFrame]:
        """The same frames; ``filled`` are the columns that the file has."""
        waiting = set(filled)
        if self._before is None:
            self._key = self._keyamong(waiting)
        both = self._had & waiting if self._before else waiting
        self._hashes = Hashes(self._key, self._comparing.values(sorted(both), self._key))
        self._single = dict.fromkeys(self._had & waiting - set(self._key))
        for frame in frames:
            if self._key:
                self._hashes.add(frame)
            found = {name for name in waiting if (frame[name] != "").any()}
            waiting -= found
            self._has |= found
            self._narrow(frame)
            yield frame

    def _narrow(self, frame: pl.DataFrame) -> None:
        """Keep in ``_single`` the columns that hold no second value in this frame."""
        for part in (frame.head(_FEW), frame):
            for name, value in list(self._single.items()):
                filled = part[name].filter(part[name] != "")
                if value is None and len(filled):
                    value = self._single[name] = filled[0]
                if value is not None and (filled != value).any():
                    del self._single[name]

    def keep(self, record: FileRecord) -> None:
        """``record`` is the ledger's row of the version that was watched."""
        if self._hashes and self._key and self._has >= set(self._hashes.columns) - {PLACE}:
            self._cache.put(record, self._hashes)

    def figures(self, record: FileRecord) -> FileRecord:
        """``record`` with the figures of its comparison with the version before."""
        assert self._before is not None
        if self._hashes is None:
            self._has = self._table.columns_with_values(record)
            self._single = dict.fromkeys(self._had & self._has - set(self._key))
            for frame in self._table.records(record, list(self._single)) if self._single else ():
                self._narrow(frame)
        vanished, new = spelled_alike(self._had, self._has, self._comparing)
        record = replace(record, columns_vanished=_joined(vanished), columns_new=_joined(new))
        if not self._key:
            return record
        values = self._comparing.values(sorted(self._had & self._has), self._key)
        if self._hashes is None or self._hashes.columns != values:  # one that is there and empty is compared as little
            self._hashes = self._read(record, values)
        before = self._cache.get(self._before, self._key, values) or self._read(self._before, values)
        renamed = _joined(f"{old}:{name}" for old, name in self._renamed(record, vanished, new))
        record, self._fresh, self._lost = _counted(replace(record, columns_renamed=renamed), before, self._hashes)
        self._copied = copied(self._before, before, self._hashes, self._fresh, self._lost) if values else None
        return record

    def uniform(self) -> Iterator[Share]:
        """Of each column that holds one value throughout, and did not before, how many of the values were others."""
        for name, value in self._single.items():
            if self._before is None or value is None:
                continue
            others = total = 0
            seen: set[str] = set()
            for frame in self._table.records(self._before, [name]):
                filled = frame[name].filter(frame[name] != "")
                total += len(filled)
                others += int((filled != value).sum())
                seen |= set(filled.unique().head(2))
            if len(seen) < 2:
                continue
            text = f"column {printable(name)} holds one value, and {{}} of version {self._before.version} were others"
            yield Share(others, total, self._comparing.limits.uniform, text)

    def closer(self, record: FileRecord) -> Iterator[Share]:
        """What a closer look at the changes finds; ``record`` has its figures. Few changes are not read."""
        before, limits = self._before, self._comparing.limits
        if before is None or not self._key:
            return
        if self._copied:
            yield _share(self._copied, limits.alike)
        few, changed, lost = max(limits.at_least, 1), record.keys_changed or 0, record.keys_lost or 0
        new, keys = record.keys_new or 0, record.keys_before or 0
        worth = changed >= few or (lost >= few and (lost > _CLOSER * keys or not new)) or new > MORE * keys
        if not worth or limits.alike == limits.emptied == OFF:
            return
        columns = sorted(self._had & self._has)
        values = [name for name in self._comparing.values(columns, self._key) if name != PLACE]
        read = partial(Changes, self._table, before, record, self._key)
        for found, names in changes(read, columns, self._fresh, self._lost):
            for one in found.alike(values, names, few):
                yield _share(one, limits.alike)
            for one in found.shuffled(names):
                yield _share(one, max(limits.alike, NEARLY_ALL))
            for name in names:
                if name not in self._key:
                    if emptied := found.emptied(name, name in self._single, limits.emptied):
                        yield _share(emptied, limits.emptied)
                    if filled := found.filled(name):
                        yield _share(filled, max(limits.emptied, NEARLY_ALL))

    def _read(self, record: FileRecord, values: list[str]) -> Hashes:
        hashes = Hashes(self._key, values)
        for frame in self._table.records(record, self._key + values):
            hashes.add(frame)
        return hashes

    def _renamed(self, record: FileRecord, vanished: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
        """Each vanished column with the new one that holds nearly the same values, if there is one."""
        if self._before is None or not vanished or not new:
            return
        old_rows, new_rows = (
            pl.concat(
                frame.select(pl.lit(frame.select(self._key).hash_rows()).alias("\0key"), *names)
                for frame in self._table.records(of, self._key + names)
            ).unique("\0key", keep="none")
            for of, names in ((self._before, vanished), (record, new))
        )
        both = old_rows.join(new_rows, on="\0key", suffix="\0new")
        for name in vanished:
            filled = both.filter(pl.col(name) != "")
            alike = {other: (filled[name] == filled[other]).sum() / max(filled.height, 1) for other in new}
            best = max(new, key=alike.__getitem__)
            if alike[best] >= _ALIKE:
                yield name, best


def spelled_alike(had: set[str], has: set[str], comparing: ComparisonSettings) -> tuple[list[str], list[str]]:
    """The columns of the first set that the second lacks in any spelling, and the other way round; sorted."""
    column = {name: comparing.spellings.get(name.lower(), name.lower()) for name in had | has}
    old, new = {column[name] for name in had}, {column[name] for name in has}
    return sorted(n for n in had if column[n] not in new), sorted(n for n in has if column[n] not in old)


def _joined(names: Iterable[str]) -> str | None:
    return ",".join(names) or None


def _counted(record: FileRecord, before: Hashes, now: Hashes) -> tuple[FileRecord, np.ndarray, np.ndarray]:
    """``record`` with its figures, and the hashes of the keys that are new or changed and of those that are lost."""
    lost, new = apart(before.keys, now.keys)
    common = before.different_keys() - len(lost)
    now.different = common + len(new)
    changed = lost[:0]
    if before.columns:
        old_values, new_values = apart(before.values, now.values)
        # The keys of records that stand in one version only. Of a key that stands there more than once, all count.
        changed = once([*_keys_of(before, old_values), *_keys_of(now, new_values)])
        changed = changed[~among(changed, lost) & ~among(changed, new)]
    counted = replace(
        record,
        keys_before=len(lost) + common,
        keys_lost=len(lost),
        keys_common=common,
        keys_changed=len(changed),
        keys_new=len(new),
        keys_repeated=sum(map(len, now.keys)) - now.different,
    )
    return counted, np.sort(np.concatenate([new, changed])), lost


def _keys_of(hashes: Hashes, values: np.ndarray) -> list[np.ndarray]:
    """The keys of the records with one of these hashes of their values, which are sorted."""
    return [keys[among(found, values)] for keys, found in zip(hashes.keys, hashes.values, strict=True)]


def judged(
    record: FileRecord,
    before: FileRecord | None,
    limits: Limits,
    *,
    cut: bool = False,
    again: FileRecord | None = None,
    more: Iterable[Share] = (),
) -> FileRecord:
    """``record``, held where its figures or ``more`` are beyond the limits, its file was ``cut``, or it is another one
    ``again``; ``before`` is what it was compared with."""
    reasons = list(_reasons(record, before, limits, more))
    if again and before and (record.row_count or 0) >= limits.at_least:
        reasons.insert(0, f"has the bytes of version {again.version} again, after version {before.version}")
    if cut:
        reasons.insert(0, "ends within a record, without a line end: it was cut")
    return replace(record, status=_HELD, reason="; ".join(reasons)) if reasons else record


def _reasons(record: FileRecord, before: FileRecord | None, limits: Limits, more: Iterable[Share]) -> Iterator[str]:
    rows = record.row_count or 0
    if rows == 0 and limits.empty:
        yield "has a header and no record"
    elif before is not None:
        for beyond in (*_shares(record, before, limits), *(more if rows >= limits.at_least else ())):
            if beyond.total >= max(limits.at_least, 1) and beyond.share > beyond.limit:
                yield beyond.text


def _shares(record: FileRecord, before: FileRecord, limits: Limits) -> Iterator[Share]:
    rows, rows_before = record.row_count or 0, before.row_count or 0
    of = f"of version {before.version}"
    if record.keys_before is None:  # without a key, only the numbers of records can be compared
        lost, new = max(rows_before - rows, 0), max(rows - rows_before, 0)
        yield Share(lost, rows_before, limits.lost, f"{{}} records {of} are gone")
        yield Share(new, rows_before, limits.new, f"{new:,} records more than the {rows_before:,} {of}")
    else:
        keys, new, repeated = record.keys_before, record.keys_new or 0, record.keys_repeated or 0
        repeated_before = max(rows_before - keys, 0)
        changed, common = record.keys_changed or 0, record.keys_common or 0
        if common or limits.renamed:
            yield Share(record.keys_lost or 0, keys, limits.lost, f"{{}} keys {of} are gone")
        yield Share(changed, common, limits.changed, f"{{}} keys shared with version {before.version} have changed")
        yield Share(new, keys, limits.new, f"{new:,} keys are new, as against {keys:,} {of}")
        if repeated - repeated_before >= limits.at_least:
            usual = repeated_before / max(rows_before, 1)
            yield Share(repeated, rows, limits.repeated, "{} records repeat the key of another", usual)
    usual = (before.rescued_count or 0) / max(rows_before, 1)
    yield Share(record.rescued_count or 0, rows, limits.rescued, "{} records do not fit the header", usual)
