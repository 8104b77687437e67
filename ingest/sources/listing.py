"""What a source has: files with their content's identity, and where each came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, runtime_checkable

LINK = "is a symbolic link"
NO_FILE = "is a folder, a pipe or a device, and no file"
UNSAFE = "has a name that leaves its folder or is not printable"


@dataclass(frozen=True)
class Entry:
    """One file in a listing. ``problem`` says why it cannot be loaded whatever it holds."""

    name: str  # relative to the source's folder
    path: str  # within the repository: the folder and the name; the same for a local copy
    sha: str  # git blob SHA-1; of an object that was not downloaded yet, what its ETag and size make
    size: int  # bytes
    commit: str | None = None  # the commit that was listed
    problem: str | None = None
    modified_ns: int | None = None  # of a local file its modification time when it was hashed
    modified: datetime | None = None  # of an object: its Last-Modified, in UTC
    tag: str | None = None  # of an object: its ETag, without quotes


@dataclass(frozen=True)
class Listing:
    """One consistent state of a source's folder."""

    entries: tuple[Entry, ...]
    taken_at: datetime


@dataclass(frozen=True)
class Origin:
    """A change of a file: its commit (null where there are none) and when that was, in UTC."""

    commit_sha: str | None
    committed_at: datetime


class Connector(Protocol):
    """What files come through: GitHub, a folder, a web address, an object store."""

    def listing(self) -> Listing:
        """The files there are now.

        Raises:
            OutOfReach: the source does not respond.
            ConfigurationError: there is no such folder.
        """

    def origin(self, entry: Entry) -> Origin:
        """When and by which commit the content of a listed file came to be."""

    def fetch(self, entry: Entry, scratch: Path) -> tuple[Entry, Path]:
        """The file's content as a local file whose git blob SHA-1 is that of the entry beside it; may be written into
        ``scratch``. The entry is the listed one, or of an object what it turned out to be.

        Raises:
            OutOfReach: the source does not respond.
            Refused: the bytes are not what the listing promised, also after retries.
        """


@runtime_checkable
class ConnectorWithHistory(Connector, Protocol):
    """A connector that also knows what its files held before."""

    def history(self, path: str, since: datetime | None) -> list[Origin]:
        """The changes of one path, oldest first; those from ``since`` on, if given."""

    def entry_at(self, path: str, commit: str) -> Entry | None:
        """The file as of one commit; None where it was not there."""


@runtime_checkable
class ConnectorWithMemory(Connector, Protocol):
    """A connector that learns what files hold when it fetches them."""

    def remember(self) -> None:
        """Keep that for the next run; called once what was listed has been looked at."""


def now() -> datetime:
    return datetime.now(UTC)


def blob_hash(size: int) -> hashlib._Hash:
    """A hash that gives git's blob SHA-1 once ``size`` bytes of content have gone through it."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def blob_sha(file: BinaryIO, size: int) -> str:
    digest = blob_hash(size)
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def unsafe(name: str) -> bool:
    """Whether a listed name tries to leave its folder or would not be a plain file name on every system."""
    return "\\" in name or not name.isprintable() or name.startswith("/") or bool({"..", "."} & set(name.split("/")))


def base_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name
