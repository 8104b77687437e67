"""What there may be to load, and whether the lake has it already.

A *version* of a file is a stretch of its source's history in which it held the same content: A, B, A are three. A
version that was refused is one too. So the lake ends with the same versions whichever way it got them: by a run after
every change, by runs now and then, by a backfill, or by any mixture of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from ingest.config import Dataset, Source
from ingest.contents import Contents
from ingest.errors import IngestError
from ingest.sources.folder import Folder
from ingest.sources.listing import Connector, ConnectorWithHistory, Entry, Listing, Origin, base_name, now
from ingest.storage.tables import FileRecord, Ledger

_TICK = timedelta(microseconds=1)
_SKEW = timedelta(minutes=1)  # between two clocks, beyond which a time counts as one in the future
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def in_future(moment: datetime) -> bool:
    return moment > now() + _SKEW


def problem_of_time(moment: datetime) -> str | None:
    """Why a time of a source says nothing."""
    if in_future(moment):
        return "is in the future"
    return "is before 1970" if moment < _EPOCH else None


@dataclass(frozen=True)
class ConnectedSource:
    """One source of the configuration with the connector that its files come through now."""

    name: str
    config: Source
    connector: Connector
    beside: Mapping[str, Source] = field(default_factory=dict)  # that have the same in other layouts
    recognised: Sequence[Path] = ()  # files that were found to be this source's by their headers

    @property
    def contents(self) -> Contents:
        """Only a folder that the sample's generator wrote is known to be made up."""
        return Contents.MADE_UP if isinstance(self.connector, Folder) and self.connector.made_up else Contents.REAL


@dataclass(frozen=True)
class Past:
    """Where a version stands in the history: its first change, and the commits of the whole stretch. None among these
    stands for a copy without a commit."""

    origin: Origin
    commits: frozenset[str | None]


@dataclass(frozen=True)
class Candidate:
    """One version of a file that may have to be loaded: the present one, or one of the past."""

    source: ConnectedSource
    dataset: Dataset
    entry: Entry
    listed_at: datetime
    past: Past | None = None

    def origin(self) -> Origin:
        return self.past.origin if self.past else self.source.connector.origin(self.entry)

    def is_settled(self, record: FileRecord) -> bool:
        """Whether ``record`` is of the same content and there is no reason to look at that again."""
        return record.sha == self.entry.sha and (record.loaded or record.checks == self.dataset.checks)

    def settled_by(self, records: list[FileRecord], origin: Origin | None = None) -> FileRecord | None:
        """The ledger's row of this version, if it has one. ``records`` are all rows of the file in source time."""
        commits: frozenset[str | None]
        if self.past:
            commits = self.past.commits
        elif not records or self.is_settled(records[-1]):
            return records[-1] if records else None
        elif origin and (origin.commit_sha or self.is_past(records[-1])):
            # Another run has gone past this state since it was listed, or the source is behind: see ``is_behind``.
            commits = frozenset([origin.commit_sha])
        else:
            return None
        found = (record for record in records if record.commit_sha in commits and self.is_settled(record))
        return next(found, None)

    def is_past(self, record: FileRecord) -> bool:
        """Whether another run found a state of the file after this one took its listing. A clock that was ahead shows
        nothing of the kind."""
        return record.ingested_at > self.listed_at and not in_future(record.ingested_at)

    def is_behind(self, record: FileRecord, records: list[FileRecord]) -> bool:
        """Whether the source shows a commit, that of ``record``, which it had followed by others before."""
        return not self.past and record is not records[-1] and not self.is_past(records[-1])

    def committed_at(self, records: list[FileRecord], origin: Origin) -> datetime:
        """When the file came to this state, in the source's time.

        What is found in place of an older state is later than that, even where its own time is not: after a merge of an
        older commit, a history that was rewritten, or a copy that kept an old modification time. The exception is a
        file for which another run has found a state since this one took its listing: that one is the newer. In place
        of a time that says nothing, in the future or before 1970, that of the listing counts.
        """
        last = records[-1] if records else None
        if self.past:
            return origin.committed_at
        if problem_of_time(origin.committed_at):
            origin = replace(origin, committed_at=self.listed_at)
        if last is None or self.is_past(last):
            return origin.committed_at
        if last.sha == self.entry.sha:  # refused before, tried again
            return last.committed_at
        return max(origin.committed_at, last.committed_at + _TICK)


def current_candidates(source: ConnectedSource, listing: Listing, table: str | None) -> list[Candidate]:
    """The listed files that belong to a dataset (of raw table ``table`` only, if given)."""
    candidates = []
    for entry in listing.entries:
        dataset = source.config.dataset_of(entry.name)
        if dataset is None and entry.problem:
            dataset = source.config.dataset_of(base_name(entry.name))
        if dataset is not None and table in (None, dataset.table):
            candidates.append(Candidate(source, dataset, entry, listing.taken_at))
    return candidates


def past_candidates(
    source: ConnectedSource,
    connector: ConnectorWithHistory,
    dataset: Dataset,
    path: str,
    since: datetime | None,
    ledger: Ledger,
    failed: Callable[[IngestError], None],
) -> list[Candidate]:
    """All versions of one file, oldest first.

    If the source stops responding on the way, ``failed`` is called and the versions found until then are returned, but
    for the last one, which may have gone on.
    """
    records = ledger.of(source.name, ledger.path_of(source.name, path, dataset.table))
    known = {record.commit_sha: record for record in records if record.commit_sha}
    begun = now()
    changes: list[tuple[Origin, Entry]] = []
    listed: set[str | None] = {None}
    complete = True
    try:
        for origin in connector.history(path, since):
            assert origin.commit_sha is not None
            listed.add(origin.commit_sha)
            record = known.get(origin.commit_sha)
            if record is not None:
                name = path.removeprefix(source.config.path_of("")) if source.config.folder else path
                entry: Entry | None = Entry(name, path, record.sha, record.size_bytes, origin.commit_sha)
            else:
                entry = connector.entry_at(path, origin.commit_sha)
            if entry is not None:
                before = changes[-1][0].committed_at + _TICK if changes else None
                moment = origin.committed_at
                if in_future(moment):
                    moment = before or begun
                changes.append((replace(origin, committed_at=max(moment, before or moment)), entry))
    except IngestError as error:
        failed(error)
        complete = False
    stretches = [
        _Stretch(same[0][0], same[0][1], {change.commit_sha for change, _ in same})
        for same in (list(group) for _, group in groupby(changes, key=lambda change: change[1].sha))
    ]
    for stretch in {stretch.entry.sha: stretch for stretch in stretches}.values():  # the newest with each content
        stretch.commits.add(None)
    if complete:
        gone = [r for r in records if r.commit_sha not in listed and (since is None or r.committed_at >= since)]
        if gone:
            _recognise(stretches, records, gone)
    _in_order(stretches, records)
    return [
        Candidate(source, dataset, stretch.entry, now(), Past(stretch.origin, frozenset(stretch.commits)))
        for stretch in stretches[: None if complete else -1]
    ]


@dataclass
class _Stretch:
    """A part of a file's history in which it holds the same: the first change, and the commits of all of them."""

    origin: Origin
    entry: Entry
    commits: set[str | None]

    def record(self, records: list[FileRecord]) -> FileRecord | None:
        """The ledger's row of this version, if there is one."""
        found = (record for record in records if record.sha == self.entry.sha and record.commit_sha in self.commits)
        return next(found, None)


def _recognise(stretches: list[_Stretch], records: list[FileRecord], gone: list[FileRecord]) -> None:
    """Give the versions that the lake has of commits that are no longer in the history their places there.

    A rewritten history has other commits, and maybe other times, for the same contents in the same order.
    The same content at the same time is the same version, and so is what comes in the same order.
    """
    starts = [stretch.origin.committed_at for stretch in stretches]
    for stretch, end in zip(stretches, [*starts[1:], datetime.max.replace(tzinfo=UTC)], strict=True):
        for record in gone:
            if record.sha == stretch.entry.sha and stretch.origin.committed_at <= record.committed_at < end:
                stretch.commits.add(record.commit_sha)
    known = set().union(*(stretch.commits for stretch in stretches))
    gone = [record for record in gone if record.commit_sha not in known]
    unknown = [stretch for stretch in stretches if not stretch.record(records)]
    # The longest common subsequence, each content at its first place.
    lengths = [[0] * (len(unknown) + 1) for _ in range(len(gone) + 1)]
    for i in reversed(range(len(gone))):
        for j in reversed(range(len(unknown))):
            same = gone[i].sha == unknown[j].entry.sha
            lengths[i][j] = lengths[i + 1][j + 1] + 1 if same else max(lengths[i + 1][j], lengths[i][j + 1])
    i = j = 0
    while i < len(gone) and j < len(unknown):
        if gone[i].sha == unknown[j].entry.sha:
            unknown[j].commits.add(gone[i].commit_sha)
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1


def _in_order(stretches: list[_Stretch], records: list[FileRecord]) -> None:
    """Date each version that the lake lacks between those that it has, whose times may be others."""
    before: datetime | None = None
    for stretch in stretches:
        record = stretch.record(records)
        if record is None and before is not None and stretch.origin.committed_at <= before:
            stretch.origin = replace(stretch.origin, committed_at=before + _TICK)
        before = record.committed_at if record else stretch.origin.committed_at
    following: datetime | None = None
    for stretch in reversed(stretches):
        record = stretch.record(records)
        moment = record.committed_at if record else stretch.origin.committed_at
        if record is None and following is not None and moment >= following:
            moment = following - _TICK
            stretch.origin = replace(stretch.origin, committed_at=moment)
        following = moment
