"""A local folder as a source."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.config import Dataset, Source
from ingest.contents import is_made_up
from ingest.errors import ConfigurationError, Refused, printable
from ingest.sources.listing import LINK, NO_FILE, UNSAFE, Entry, Listing, Origin, blob_hash, blob_sha, now, unsafe


class Folder:
    """The files of ``source`` below ``root``; each file's last change is its modification time.

    Nothing below ``root`` is read through a symbolic link: it may lead anywhere.
    """

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
            self._name(path, dataset)
            for dataset in self._source.datasets
            for path in (self._root.glob(dataset.glob) if dataset.is_pattern else [self._root / dataset.file])
            # A folder may well match a pattern; in place of one file, or a pipe in place of any, is not what was meant.
            if path.is_symlink() or (path.exists() and not (dataset.is_pattern and path.is_dir()))
        }
        return Listing(tuple(self._entry(name) for name in sorted(names)), taken_at)

    def _name(self, path: Path, dataset: Dataset) -> str:
        """A file's name below the root; where a link leads to it, no more than the configuration has of its name."""
        name = path.relative_to(self._root).as_posix()
        link = self._link(name)
        if link is None:
            return name
        known = link.relative_to(self._root).parts
        return "/".join([*known, *dataset.file.split("/")[len(known) :]])

    def _entry(self, name: str) -> Entry:
        path = printable(self._source.path_of(name))
        if link := self._link(name):
            # What git has as the content of a link, so that it is the same file here and in a repository.
            target = os.fsencode(link.readlink())
            digest = blob_hash(len(target))
            digest.update(target)
            problem = LINK if link == self._root / name else "lies behind a symbolic link"
            modified_ns = link.lstat().st_mtime_ns
            return Entry(name, path, digest.hexdigest(), len(target), problem=problem, modified_ns=modified_ns)
        if not (self._root / name).is_file():  # opened, a pipe would wait for somebody to write into it
            modified_ns = (self._root / name).stat().st_mtime_ns
            return Entry(name, path, blob_hash(0).hexdigest(), 0, problem=NO_FILE, modified_ns=modified_ns)
        try:
            with (self._root / name).open("rb") as file:
                status = os.fstat(file.fileno())
                sha = blob_sha(file, status.st_size)
        except OSError as error:
            raise ConfigurationError(f"{self._root / name} cannot be read: {error.strerror}") from None
        unsafely = UNSAFE if unsafe(name) else None
        return Entry(name, path, sha, status.st_size, problem=unsafely, modified_ns=status.st_mtime_ns)

    def _link(self, name: str) -> Path | None:
        """The first symbolic link on the way from the root to a file, the file itself included."""
        path = self._root / name
        way = [path, *path.parents][: len(Path(name).parts)]
        return next((step for step in reversed(way) if step.is_symlink()), None)

    def origin(self, entry: Entry) -> Origin:
        assert entry.modified_ns is not None
        # Whole microseconds, without the rounding of a float.
        return Origin(None, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=entry.modified_ns // 1000))

    def fetch(self, entry: Entry, scratch: Path) -> tuple[Entry, Path]:
        if self._link(entry.name):
            raise Refused("became a symbolic link while it was being read; the next run tries again", final=False)
        return entry, self._root / entry.name
