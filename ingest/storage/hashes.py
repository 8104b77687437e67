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
SIDE = np.uint64(1)  # the lowest bit of a hash is free, to say which of two versions it is of


_ODD = np.uint64(0x9E3779B97F4A7C15)


class Hashes:
    """The hashes of some records, frame by frame: ``keys`` of their keys, ``values`` of key and values together.

    A hash of both is that of the values xor the key's times an odd number, so that that of the values can be had back.
    """

    def __init__(self, key: list[str], columns: list[str]) -> None:
        self.key = key
        self.columns = columns
        self.keys: list[np.ndarray] = []
        self.values: list[np.ndarray] = []

    def add(self, frame: pl.DataFrame) -> None:
        keys = frame.select(self.key).hash_rows().to_numpy() & ~SIDE
        self.keys.append(keys)
        if self.columns:
            self.values.append((frame.select(self.columns).hash_rows().to_numpy() ^ keys * _ODD) & ~SIDE)

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Frame by frame, the hashes of the keys and those of the values without them."""
        for keys, values in zip(self.keys, self.values, strict=True):
            yield keys, values ^ keys * _ODD & ~SIDE


def among(hashes: np.ndarray, those: np.ndarray) -> np.ndarray:
    """Which hashes are among ``those``, which are sorted; fast where the hashes are sorted too, or those are few."""
    if not len(those):
        return np.zeros(len(hashes), dtype=bool)
    places = np.searchsorted(those, hashes)
    places[places == len(those)] = 0
    found: np.ndarray = those[places] == hashes
    return found


class HashCache:
    """The hashes of one version of each file of a lake. One in an object store keeps none."""

    def __init__(self, lake: Lake) -> None:
        self._folder = None if "://" in lake.root else Path(lake.uri(FOLDER))

    def get(self, record: FileRecord, key: list[str], columns: list[str]) -> Hashes | None:
        """The hashes of a version by these columns, if they are the ones that were kept."""
        if self._folder is None:
            return None
        try:
            found = np.fromfile(self._file(record), np.uint64)
        except OSError:
            return None
        hashes, identity, rows = Hashes(key, columns), _identity(record, key, columns), record.row_count or 0
        if found[:4].tobytes() != identity or len(found) != 4 + rows * (2 if columns else 1):
            return None
        hashes.keys.append(found[4 : 4 + rows])
        if columns:
            hashes.values.append(found[4 + rows :])
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
