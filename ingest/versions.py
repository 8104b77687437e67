"""The state of each version (accepted, held, refused, rejected or unconfigured) and the decisions of people."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from ingest.errors import ConfigurationError, printable
from ingest.sources.listing import base_name, now
from ingest.storage.tables import (
    CONFIGURED,
    REJECTED,
    RELEASED,
    UNCONFIGURED,
    FileRecord,
    Lake,
    Ledger,
    open_table,
    query,
)

_JUDGED = "silver/silver_file_versions"  # what dbt's rules say of the versions
_TICK = timedelta(microseconds=1)


class State(StrEnum):
    ACCEPTED = "accepted"
    HELD = "held"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNCONFIGURED = "unconfigured"


@dataclass(frozen=True)
class Standing:
    """The state of a version, why, and who decided that (null where nobody did)."""

    state: State
    reason: str | None = None
    decided_by: str | None = None


class Versions:
    """The states of all versions, as of the ledger and of dbt's last build."""

    def __init__(self, lake: Lake, ledger: Ledger) -> None:
        self._lake = lake
        self._ledger = ledger

    @cached_property
    def _judged(self) -> dict[tuple[str, str, int], Standing]:
        """Versions that dbt holds or refuses; none if the lake was never built, or before there were states."""
        table = open_table(f"{self._lake.root}/{_JUDGED}")
        names = ["_source", "_file_path", "_file_version", "state", "reason"]
        if table is None or not {field.name for field in table.schema().fields} >= set(names):
            return {}
        rows = query(table, f"select {', '.join(names)} from t where state in ('held', 'refused')").iter_rows()
        renamed = self._lake.renamed
        return {
            (renamed.get(source, source), path, number): Standing(State(state), reason)
            for source, path, number, state, reason in rows
        }

    def of(self, record: FileRecord) -> Standing:
        """As `of_itself`, unless the configuration names other files in the place of its file."""
        of_file = self._ledger.of_file(record.source, record.path)
        if of_file and of_file.status == UNCONFIGURED and record.loaded:
            return Standing(State.UNCONFIGURED, of_file.reason)
        return self.of_itself(record)

    def of_itself(self, record: FileRecord) -> Standing:
        """The newest decision counts; without one, what ingest and dbt found."""
        decisions = self._ledger.decisions(record)
        if decisions:
            state = State.ACCEPTED if decisions[-1].status == RELEASED else State.REJECTED
            return Standing(state, decisions[-1].reason, decisions[-1].decided_by)
        if record.status in (State.HELD, State.REFUSED):
            return Standing(State(record.status), record.reason)
        return self._judged.get((record.source, record.path, record.version or 0), Standing(State.ACCEPTED))

    def accepted_before(self, record: FileRecord) -> FileRecord | None:
        """The newest accepted version before ``record`` in the source's time."""
        found = (
            other
            for other in reversed(self._ledger.of(record.source, record.path))
            if other.order < record.order and self.of(other).state is State.ACCEPTED
        )
        return next(found, None)

    def replaced(self, record: FileRecord, before: FileRecord) -> FileRecord | None:
        """The newest version before ``before`` with the content of ``record``, where ``before`` has another; none where
        somebody decided about that version."""
        found = (
            other
            for other in reversed(self._ledger.of(record.source, record.path))
            if other.order < before.order and other.sha == record.sha != before.sha
        )
        other = next(found, None)
        accepted = other and self.of(other).state is State.ACCEPTED and not self._ledger.decisions(other)
        return other if accepted else None

    def rejected(self, table: str, sha: str) -> FileRecord | None:
        """The decision that rejected a version of a raw table with this content, from whichever source."""
        newest = self._ledger.newest_decisions()
        found = (row for row in newest if (row.raw_table, row.sha, row.status) == (table, sha, REJECTED))
        return next(found, None)

    def find(self, name: str) -> list[FileRecord]:
        """All versions of the file that a person calls ``name``: its name, its path, or <source>/<path>.

        Raises:
            ConfigurationError: there is none, or several.
        """
        files = sorted({(record.source, record.path) for record in self._ledger.records()})
        for fits in (
            [(source, path) for source, path in files if name in (path, f"{source}/{path}")],
            [(source, path) for source, path in files if base_name(path) == name],
        ):
            if len(fits) == 1:
                return self._ledger.of(*fits[0])
            if fits:
                which = ", ".join(f"{source}/{path}" for source, path in fits)
                raise ConfigurationError(f"{name} may be one of several files: {which}; give one of these")
        known = ", ".join(f"{source}/{path}" for source, path in files)
        raise ConfigurationError(f"there is no file {name} in the lake; there are: {known or 'none'}")

    def configure(self, newest: FileRecord, named: bool, why: str) -> bool:
        """Note that the configuration names the file of a version, or does not, unless that is known."""
        before = self._ledger.of_file(newest.source, newest.path)
        if named == (before is None or before.status == CONFIGURED):
            return False
        moment = max(now(), before.ingested_at + _TICK) if before else now()
        status = CONFIGURED if named else UNCONFIGURED
        self._ledger.append(
            replace(newest, version=None, status=status, reason=why, decided_by=None, ingested_at=moment)
        )
        return True

    def decide(self, record: FileRecord, status: str, why: str) -> None:
        """Add a decision, the newest about its version from now on."""
        moment = now()
        if decisions := self._ledger.decisions(record):
            moment = max(moment, decisions[-1].ingested_at + _TICK)
        self._ledger.append(
            replace(record, status=status, reason=printable(why), decided_by=_user(), ingested_at=moment)
        )


def pair(
    records: list[FileRecord], versions: Versions, old: int | None, new: int | None
) -> tuple[FileRecord, FileRecord]:
    """The two versions to compare: by default the newest, and the last accepted one before it.

    Raises:
        ConfigurationError: there is no such version, or none to compare with.
    """
    loaded = [record for record in records if record.loaded]
    second = numbered(records, new if new is not None else loaded[-1].version if loaded else 0)
    if old is not None:
        return numbered(records, old), second
    first = versions.accepted_before(second)
    if first is None:
        raise ConfigurationError(
            f"no accepted version of {second.path} comes before version {second.version}: there is nothing to compare"
        )
    return first, second


def numbered(records: Iterable[FileRecord], version: int | None) -> FileRecord:
    """The version with a number.

    Raises:
        ConfigurationError: there is none.
    """
    records = list(records)
    loaded = {record.version: record for record in records if record.version is not None}
    if version in loaded:
        return loaded[version]
    path = records[-1].path
    if not loaded:
        raise ConfigurationError(f"no version of {path} is in the lake: it was refused, {records[-1].reason}")
    many = f"versions 1 to {max(loaded)}" if len(loaded) > 1 else "version 1"
    raise ConfigurationError(f"there is no version {version} of {path}; the lake has {many}")


def _user() -> str:
    """The operating system's name for whoever runs this, whatever the environment says."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except ImportError:  # Windows
        return getpass.getuser()
    except KeyError:  # a user without a name, as in some containers
        return str(os.getuid())
