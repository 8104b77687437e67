"""What there may be to load, and whether the lake has it already.

A *version* of a file is a stretch of its source's history in which it held the same content: A, B, A are three. A
version that was refused is one too. So the lake ends with the same versions whichever way it got them: by a run after
every change, by runs now and then, by a backfill, or by any mixture of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from ingest.config import Dataset, Source
from ingest.contents import Contents
from ingest.errors import IngestError
from ingest.sources.folder import Folder
from ingest.sources.listing import Entry, Listing, Origin, Place, PlaceWithHistory, base_name, now
from ingest.storage.tables import FileRecord, Ledger

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Feed:
    """One source of the configuration with the place its files come from now."""

    name: str
    source: Source
    place: Place

    @property
    def contents(self) -> Contents:
        """Only a folder that the sample's generator wrote is known to be made up."""
        return Contents.MADE_UP if isinstance(self.place, Folder) and self.place.made_up else Contents.REAL


@dataclass(frozen=True)
class Past:
    """Where a version stands in the history: its first change, and the commits of the whole stretch. None among these
    stands for a copy without a commit."""

    origin: Origin
    commits: frozenset[str | None]


@dataclass(frozen=True)
class Offer:
    """One version of a file that may have to be loaded: the present one, or one of the past."""

    feed: Feed
    dataset: Dataset
    entry: Entry
    listed_at: datetime
    past: Past | None = None

    def origin(self) -> Origin:
        return self.past.origin if self.past else self.feed.place.origin(self.entry)

    def is_settled(self, record: FileRecord) -> bool:
        """Whether ``record`` is of the same content and there is no reason to look at that again."""
        return record.sha == self.entry.sha and (record.loaded or record.rules == self.dataset.rules)

    def settled_by(self, records: list[FileRecord], origin: Origin | None = None) -> FileRecord | None:
        """The ledger's row of this version, if it has one. ``records`` are all rows of the file in source time."""
        commits: frozenset[str | None]
        if self.past:
            commits = self.past.commits
        elif not records or self.is_settled(records[-1]):
            return records[-1] if records else None
        elif origin and records[-1].ingested_at > self.listed_at:
            commits = frozenset([origin.commit_sha])  # another run has gone past this state since it was listed
        else:
            return None
        found = (record for record in records if record.commit_sha in commits and self.is_settled(record))
        return next(found, None)

    def committed_at(self, records: list[FileRecord], origin: Origin) -> datetime:
        """When the file came to this state, in the source's time.

        What is found in place of an older state is later than that, even where its own time is not: after a merge of an
        older commit, a history that was rewritten, or a copy that kept an old modification time. The exception is a
        file for which another run has found a state since this one took its listing: that one is the newer.
        """
        last = records[-1] if records else None
        if self.past or last is None or last.ingested_at > self.listed_at:
            return origin.committed_at
        if last.sha == self.entry.sha:  # refused before, tried again
            return last.committed_at
        return max(origin.committed_at, last.committed_at + _TICK)


def present(feed: Feed, listing: Listing, table: str | None) -> list[Offer]:
    """The listed files that belong to a dataset (of raw table ``table`` only, if given)."""
    offers = []
    for entry in listing.entries:
        dataset = feed.source.dataset_of(entry.name)
        if dataset is None and entry.problem:
            dataset = feed.source.dataset_of(base_name(entry.name))
        if dataset is not None and table in (None, dataset.table):
            offers.append(Offer(feed, dataset, entry, listing.taken_at))
    return offers


def past(
    feed: Feed,
    place: PlaceWithHistory,
    dataset: Dataset,
    path: str,
    since: datetime | None,
    ledger: Ledger,
    failed: Callable[[IngestError], None],
) -> list[Offer]:
    """All versions of one file, oldest first.

    Where the source stops answering on the way, ``failed`` is told and the versions before that are returned, except
    the last one of them, as it may have gone on.
    """
    known = {record.commit_sha: record for record in ledger.of(feed.name, path) if record.commit_sha}
    changes: list[tuple[Origin, Entry]] = []
    complete = True
    try:
        for origin in place.history(path, since):
            assert origin.commit_sha is not None
            record = known.get(origin.commit_sha)
            if record is not None:
                name = path.removeprefix(feed.source.path_of("")) if feed.source.folder else path
                entry: Entry | None = Entry(name, path, record.sha, record.size_bytes, origin.commit_sha)
            else:
                entry = place.entry_at(path, origin.commit_sha)
            if entry is not None:
                before = changes[-1][0].committed_at + _TICK if changes else origin.committed_at
                changes.append((replace(origin, committed_at=max(origin.committed_at, before)), entry))
    except IngestError as error:
        failed(error)
        complete = False
    stretches = [list(stretch) for _, stretch in groupby(changes, key=lambda change: change[1].sha)]
    newest = {stretch[0][1].sha: number for number, stretch in enumerate(stretches)}
    offers = []
    for number, stretch in enumerate(stretches[: None if complete else -1]):
        origin, entry = stretch[0]
        commits: set[str | None] = {change.commit_sha for change, _ in stretch}
        if newest[entry.sha] == number:
            commits.add(None)
        offers.append(Offer(feed, dataset, entry, now(), Past(origin, frozenset(commits))))
    return offers
