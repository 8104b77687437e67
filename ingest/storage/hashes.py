"""Hashes of the records of a version, and those of the last version of each file, kept for the next one's comparison.

They lie in the folder ``_hashes`` beside the ledger of a local lake. It is a cache: it may be deleted at any time, and
what it holds counts for the very version, columns and hash function that it was made for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from ingest.storage.tables import FileRecord, Lake

FOLDER = "_hashes"
_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST_BITS = 20  # of a hash: a table of so many bits stays in a processor's cache
_STEP = 256  # records; with fewer, places are looked up more often, with more, fewer of those between are found
_PIECE = 1 << 16  # hashes: memory for so many is there already, where that for millions is asked for each time


class Hashes:
    """The hashes of some records, frame by frame: ``keys`` of their keys, ``values`` of key and values together; and
    how many ``different`` keys there are, once that is known.

    A hash of both is that of the values xor the key's times an odd number, so that that of the values can be had back.
    """

    def __init__(self, key: list[str], columns: list[str]) -> None:
        self.key = key
        self.columns = columns
        self.keys: list[np.ndarray] = []
        self.values: list[np.ndarray] = []
        self.different: int | None = None

    def add(self, frame: pl.DataFrame) -> None:
        keys = frame.select(self.key).hash_rows().to_numpy()
        self.keys.append(keys)
        if self.columns:
            self.values.append(frame.select(self.columns).hash_rows().to_numpy() ^ keys * _ODD)

    def different_keys(self) -> int:
        if self.different is None:
            self.different = pl.concat([pl.Series(keys) for keys in self.keys] or [pl.Series()]).n_unique()
        return self.different

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Frame by frame, the hashes of the keys and those of the values without them."""
        for keys, values in zip(self.keys, self.values, strict=True):
            yield keys, values ^ keys * _ODD


def among(hashes: np.ndarray, those: np.ndarray) -> np.ndarray:
    """Which hashes are among ``those``, which are sorted. Most that are not are known by their first bits."""
    found = np.zeros(len(hashes), dtype=bool)
    if len(those):
        beginnings = np.zeros(1 << _FIRST_BITS, dtype=bool)
        beginnings[_beginning(those)] = True
        for start in range(0, len(hashes), _PIECE):
            piece = hashes[start : start + _PIECE]
            likely = np.flatnonzero(beginnings[_beginning(piece)])
            places = np.searchsorted(those, piece[likely])
            places[places == len(those)] = 0
            found[start + likely] = those[places] == piece[likely]
    return found


def _beginning(hashes: np.ndarray) -> np.ndarray:
    """As places in a table, for which numpy would copy unsigned numbers."""
    return (hashes >> np.uint64(64 - _FIRST_BITS)).view(np.int64)


def apart(old: list[np.ndarray], new: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The hashes that are only in ``old``, and those only in ``new``, each once and sorted.

    Most records stand in both versions between the same neighbours; only the hashes of the others are sorted.
    """
    if len(old) != 1:
        old = [np.concatenate([np.empty(0, np.uint64), *old])]
    in_old, in_new = _aligned(old[0], new)
    rest_old = once([old[0][~in_old]])
    rest_new = once([part[~found] for part, found in zip(new, in_new, strict=True)])
    return _missing(rest_old, rest_new, new), _missing(rest_new, rest_old, old)


def _aligned(old: np.ndarray, new: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which places of ``old`` and of the parts of ``new`` are the two of a pair with the same hash; any pairs would do.

    Where records were put in or taken out, all after them have moved. How far is seen where every ``_STEP``-th hash of
    ``new`` stands in ``old``, and tried for those after it, then for those before it.
    """
    in_old, in_new = np.zeros(len(old), dtype=bool), [np.zeros(len(part), dtype=bool) for part in new]
    starts = np.cumsum([0, *map(len, new)])
    steps = np.concatenate([np.empty(0, np.uint64), *(part[::_STEP] for part in new)])
    order = np.argsort(steps)
    places = np.flatnonzero(among(old, steps[order]))
    known, first = np.unique(order[np.searchsorted(steps[order], old[places])], return_index=True)
    if not len(known):
        return in_old, in_new
    stand = np.concatenate(
        [np.arange(start, start + len(part), _STEP) for start, part in zip(starts, new, strict=False)]
    )
    moved = places[first] - stand[known]
    after = np.searchsorted(known, np.arange(len(steps)), side="right")
    begun = 0
    for part, found, start in zip(new, in_new, starts, strict=False):
        count = -(-len(part) // _STEP)
        for which in (after[begun : begun + count] - 1, after[begun : begun + count]):
            left = np.flatnonzero(~found)
            there = left + start + moved[which.clip(0, len(known) - 1)][left // _STEP]
            there.clip(0, len(old) - 1, out=there)
            same = old[there] == part[left]
            in_old[there[same]] = found[left[same]] = True
        begun += count
    return in_old, in_new


def once(parts: list[np.ndarray]) -> np.ndarray:
    """Sorted and each once, as np.unique has them; that takes 25 times as long for millions."""
    found = np.concatenate([np.empty(0, np.uint64), *parts])
    found.sort()
    each: np.ndarray = found[np.diff(found, prepend=~found[:1]) != 0]
    return each


def _missing(hashes: np.ndarray, likely: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Those that are neither in ``likely`` nor in any of ``others``. The first two are sorted."""
    hashes = hashes[~among(hashes, likely)]
    missing: np.ndarray = hashes[~among(hashes, once([part[among(part, hashes)] for part in others]))]
    return missing


class HashCache:
    """The hashes of one version of each file of a lake. One in an object store keeps none."""

    def __init__(self, lake: Lake) -> None:
        self._folder = None if "://" in lake.root else Path(lake.uri(FOLDER))

    def get(self, record: FileRecord, key: list[str], columns: list[str]) -> Hashes | None:
        """The hashes of a version by these columns, if they are the ones that were kept."""
        if self._folder is None:
            return None
        try:
            found = np.memmap(self._file(record), np.uint64, "r")
        except (OSError, ValueError):  # an empty file, or one of another length
            return None
        hashes, identity, rows = Hashes(key, columns), _identity(record, key, columns), record.row_count or 0
        if found[:4].tobytes() != identity or len(found) != 5 + rows * (2 if columns else 1):
            return None
        hashes.different = int(found[4])
        hashes.keys.append(found[5 : 5 + rows])
        if columns:
            hashes.values.append(found[5 + rows :])
        return hashes

    def put(self, record: FileRecord, hashes: Hashes) -> None:
        """Keep the hashes of a version in place of those of another one of its file, where that is possible."""
        if self._folder is None:
            return
        file = self._file(record)
        written = file.with_suffix(f".{record.batch_id}")
        try:
            self._folder.mkdir(exist_ok=True)
            for left in self._folder.glob(f"{file.name}.*"):  # by a run that was killed
                left.unlink()
            with written.open("wb") as out:
                out.write(_identity(record, hashes.key, hashes.columns))
                np.uint64(hashes.different_keys()).tofile(out)
                for part in hashes.keys + hashes.values:
                    part.tofile(out)
            written.replace(file)
        except OSError:
            written.unlink(missing_ok=True)

    def _file(self, record: FileRecord) -> Path:
        assert self._folder is not None
        return self._folder / hashlib.sha256(f"{record.source}/{record.path}".encode()).hexdigest()


def _identity(record: FileRecord, key: list[str], columns: list[str]) -> bytes:
    """A digest of 32 bytes. A batch loads a version of a file once; other versions of polars may hash otherwise."""
    function = pl.__version__, int(_ODD), *pl.DataFrame({"text": ["", "short", "long " * 99]}).hash_rows()
    version = record.source, record.path, record.version, record.sha, record.batch_id, record.row_count
    return hashlib.sha256(json.dumps([function, version, key, columns]).encode()).digest()
