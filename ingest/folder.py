"""A local folder as a source."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.config import Source
from ingest.contents import is_made_up
from ingest.errors import ConfigurationError
from ingest.listing import Entry, Listing, Origin, blob_sha, now


class Folder:
    """The files of ``source`` below ``root``; each file's last change is its modification time."""

    def __init__(self, root: Path, source: Source) -> None:
        self._root = root
        self._source = source

    @property
    def made_up(self) -> bool:
        return is_made_up(self._root)

    def listing(self) -> Listing:
        taken_at = now()
        if not self._root.is_dir():
            raise ConfigurationError(f"there is no folder {self._root}")
        names = {
            path.relative_to(self._root).as_posix()
            for dataset in self._source.datasets
            for path in (self._root.glob(dataset.file) if dataset.is_pattern else [self._root / dataset.file])
            if path.is_file()
        }
        return Listing(tuple(self._entry(name) for name in sorted(names)), taken_at)

    def _entry(self, name: str) -> Entry:
        try:
            with (self._root / name).open("rb") as file:
                status = os.fstat(file.fileno())
                sha = blob_sha(file, status.st_size)
        except OSError as error:
            raise ConfigurationError(f"{self._root / name} cannot be read: {error.strerror}") from None
        path = f"{self._source.folder}/{name}".lstrip("/")
        return Entry(name, path, sha, status.st_size, modified_ns=status.st_mtime_ns)

    def origin(self, entry: Entry) -> Origin:
        assert entry.modified_ns is not None
        # Whole microseconds, without the rounding of a float.
        return Origin(None, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=entry.modified_ns // 1000))

    def fetch(self, entry: Entry, scratch: Path) -> Path:
        return self._root / entry.name
