"""One run: compare what the sources offer with the ledger, and load what is new."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from ingest import contents
from ingest.candidates import Feed, Offer, past, present
from ingest.errors import ConfigurationError, IngestError, Refused
from ingest.prefetch import ahead, one_ahead
from ingest.reading.checks import check_rows, check_size
from ingest.reading.rows import RowSource
from ingest.report import Outcome, Report, Result
from ingest.sources.listing import Origin, PlaceWithHistory, now
from ingest.storage.tables import Conflict, FileRecord, Lake, Ledger, RawTable

_TABLES_AT_ONCE = 2
_DOWNLOADS_AHEAD = 4
_LOOKS = 10  # at a ledger and a table that disagree, before that is an error

_Fetched = tuple[Origin, Path | Refused]


class Run:
    """Loads what feeds offer into a lake, and tells the report what became of each file.

    ``table``: only the datasets of this raw table. ``accepted``: files that may lack most of the records of the version
    before. ``stop``: once set, no further file is begun.
    """

    def __init__(
        self,
        lake: Lake,
        report: Report,
        *,
        table: str | None = None,
        accepted: tuple[str, ...] = (),
        dry_run: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        self._lake = lake
        self._report = report
        self._table = table
        self._accepted = accepted
        self._dry_run = dry_run
        self._stop = stop or threading.Event()
        self._batch_id = f"{now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ledger = Ledger(lake)

    def current(self, feeds: Iterable[Feed]) -> None:
        """Bring the lake up to what the sources hold now."""
        offers: list[Offer] = []
        for feed in self._recovered_feeds(feeds):
            try:
                listing = feed.place.listing()
            except IngestError as error:
                self._failed(feed.name, "", error)
                continue
            found = present(feed, listing, self._table)
            self._tell_missing(feed, {offer.entry.path for offer in found})
            offers += found
        self._load_all(offers)

    def backfill(self, feeds: Iterable[Feed], since: datetime | None) -> None:
        """Load every version that the files of the sources ever had, oldest first."""
        offers: list[Offer] = []
        for feed in self._recovered_feeds(feeds):
            place = feed.place
            if not isinstance(place, PlaceWithHistory):
                self._failed(feed.name, "", ConfigurationError("has no history; --backfill is for GitHub repositories"))
                continue
            try:
                listing = place.listing()
            except IngestError as error:
                self._failed(feed.name, "", error)
                continue
            paths = {offer.entry.path: offer.dataset for offer in present(feed, listing, self._table)}
            for dataset in feed.source.datasets:  # files that are gone have a history too
                if not dataset.is_pattern and self._table in (None, dataset.table):
                    paths[feed.source.path_of(dataset.file)] = dataset
            for path, dataset in paths.items():

                def failed(error: IngestError, feed: Feed = feed, path: str = path) -> None:
                    self._failed(feed.name, path, error)

                offers += past(feed, place, dataset, path, since, self._ledger, failed)
        offers.sort(key=lambda offer: offer.origin().committed_at)
        self._load_all(offers)

    def _recovered_feeds(self, feeds: Iterable[Feed]) -> list[Feed]:
        """The feeds, after runs that were killed have got their rows in the ledger."""
        feeds = list(feeds)
        self._check_contents(feeds)
        if not self._dry_run:
            for table in sorted({dataset.table for feed in feeds for dataset in feed.source.datasets}):
                self._recover(RawTable(self._lake, table))
            self._check_contents(feeds)
        return feeds

    def _check_contents(self, feeds: list[Feed]) -> None:
        names = sorted(feed.name for feed in feeds)
        contents.check(self._lake.root, self._ledger.contents, [feed.contents for feed in feeds], names)

    def _claim(self, feed: Feed) -> None:
        """Before the first load: mark what the lake holds, unless another run has just marked it otherwise."""
        if self._ledger.claim(feed.contents):
            self._report.note(f"the lake {self._lake.root} is marked from now on: it holds {self._ledger.contents}")
        self._check_contents([feed])

    def _recover(self, table: RawTable) -> bool:
        """Give the table's last load its row in the ledger, where a run was killed before it could."""
        last = table.last_load()
        if last is None or self._ledger.knows(last):
            return False
        self._ledger.append(table.counted(last))
        return True

    def _tell_missing(self, feed: Feed, found: set[str]) -> None:
        """Report files that the lake has and the source no longer, and those that never were there."""
        known = set()
        for path in self._ledger.paths(feed.name):
            loaded = [record for record in self._ledger.of(feed.name, path) if record.loaded]
            if not loaded:
                continue
            known.add(path)
            if path not in found and self._table in (None, loaded[-1].raw_table):
                text = f"is no longer in the source; version {loaded[-1].version} stays"
                self._report.add(Result(Outcome.VANISHED, feed.name, path, text))
        for dataset in feed.source.datasets:
            path = feed.source.path_of(dataset.file)
            if not dataset.is_pattern and self._table in (None, dataset.table) and path not in found | known:
                text = "is not in the source; check `file` and `folder` in the configuration"
                self._failed(feed.name, path, ConfigurationError(text))

    def _failed(self, source: str, path: str, error: IngestError) -> None:
        self._report.add(Result(Outcome.FAILED, source, path, str(error), exit_code=error.exit_code))

    def _load_all(self, offers: list[Offer]) -> None:
        """Load offers, those of one raw table one after the other and several tables at once."""
        for name in self._accepted:
            if not any(name in (offer.entry.name, offer.entry.path) for offer in offers):
                self._failed("--accept-shrunk", name, ConfigurationError("is not among the files of the sources"))
        by_table: dict[str, list[Offer]] = {}
        open_files: set[tuple[str, str]] = set()
        for offered in offers:
            accepts_shrunk = any(name in (offered.entry.name, offered.entry.path) for name in self._accepted)
            offer = replace(offered, accepts_shrunk=accepts_shrunk)
            file = (offer.feed.name, offer.entry.path)
            record = offer.settled_by(self._ledger.of(*file))
            # What was refused because of the version before it has to wait for that one.
            waits = record is not None and not record.loaded and record.rules != offer.dataset.rules
            if record is not None and not (waits and file in open_files):
                self._report.add(_unchanged(offer, record))
            elif self._dry_run:
                text = f"{offer.entry.size:,} bytes for {offer.dataset.table}"
                self._report.add(Result(Outcome.WOULD_LOAD, offer.feed.name, offer.entry.path, text))
            else:
                open_files.add(file)
                by_table.setdefault(offer.dataset.table, []).append(offer)
        if not by_table:
            return
        self._report.expect(sum(offer.entry.size for group in by_table.values() for offer in group))
        with (
            tempfile.TemporaryDirectory(prefix="ingest-") as scratch,
            ThreadPoolExecutor(_TABLES_AT_ONCE) as tables,
            ThreadPoolExecutor(_TABLES_AT_ONCE * _DOWNLOADS_AHEAD) as downloads,
        ):
            # Most bytes first, so that what finishes last is small.
            groups = sorted(by_table.items(), key=lambda item: -sum(offer.entry.size for offer in item[1]))
            work = [tables.submit(self._load_table, name, group, downloads, Path(scratch)) for name, group in groups]
            for future in work:
                future.result()

    def _load_table(self, name: str, offers: list[Offer], downloads: ThreadPoolExecutor, scratch: Path) -> None:
        table = RawTable(self._lake, name)

        def fetch(offer: Offer) -> _Fetched:
            return _fetch(offer, Path(tempfile.mkdtemp(dir=scratch)))

        for offer, fetched in zip(offers, ahead(downloads, offers, fetch, _DOWNLOADS_AHEAD), strict=True):
            if self._stop.is_set():
                fetched.cancel()
                continue
            try:
                self._report.add(self._load(table, offer, *fetched.result()))
            except IngestError as error:
                self._failed(offer.feed.name, offer.entry.path, error)
            self._report.advance(offer.entry.size)
            if not fetched.exception() and isinstance(got := fetched.result()[1], Path) and scratch in got.parents:
                got.unlink()

    def _load(self, table: RawTable, offer: Offer, origin: Origin, content: Path | Refused) -> Result:
        """Load one version, once, whoever else is at it."""
        source, path = offer.feed.name, offer.entry.path
        looks = 0
        while True:
            # The ledger first: then the table, read later, can only be ahead of it.
            self._ledger.refresh()
            records = self._ledger.of(source, path)
            table.refresh()
            if self._recover(table):
                continue
            known = max((record.version or 0 for record in records), default=0)
            newest = table.newest(source, path)
            if newest != known:  # while others load the file, this passes
                looks += 1
                if looks < _LOOKS:
                    time.sleep(0.02 * looks)
                    continue
                raise ConfigurationError(
                    f"the ledger ends with version {known} of the file, raw table {offer.dataset.table} with {newest};"
                    " restore the older one of the two tables"
                )
            settled = offer.settled_by(records, origin)
            if settled is not None:
                return _unchanged(offer, settled)
            self._claim(offer.feed)
            record = self._record(offer, replace(origin, committed_at=offer.committed_at(records, origin)), known + 1)
            try:
                if isinstance(content, Refused):
                    raise content
                with RowSource(content, offer.entry, offer.dataset, table.columns) as rows:
                    last = offer.last_to_keep_up_with(records, record)
                    table.append(record, rows.columns, _keeping_up(rows, record, last))
            except Conflict:
                continue
            except Refused as refusal:
                self._ledger.append(_refused(record, offer, refusal))
                code = refusal.exit_code
                return Result(Outcome.REFUSED, source, path, refusal.reason, exit_code=code)
            record = replace(record, row_count=rows.rows, rescued_count=rows.rescued)
            self._ledger.append(record)
            return Result(Outcome.LOADED, source, path, "", record)

    def _record(self, offer: Offer, origin: Origin, version: int) -> FileRecord:
        return FileRecord(
            source=offer.feed.name,
            dataset=offer.dataset.file,
            raw_table=offer.dataset.table,
            path=offer.entry.path,
            version=version,
            sha=offer.entry.sha,
            commit_sha=origin.commit_sha,
            committed_at=origin.committed_at,
            size_bytes=offer.entry.size,
            status="loaded",
            reason=None,
            row_count=None,
            rescued_count=None,
            rules=None,
            batch_id=self._batch_id,
            ingested_at=now(),
        )


def _keeping_up(rows: RowSource, record: FileRecord, last: FileRecord | None) -> Iterator[pl.DataFrame]:
    """The rows of a version.

    Raises:
        Refused: at the end, where they are too few after ``last``.
    """
    yield from one_ahead(rows.frames(record))
    if last is not None:
        check_rows(rows.rows, last, record.path)


def _refused(record: FileRecord, offer: Offer, refusal: Refused) -> FileRecord:
    rules = offer.dataset.rules if refusal.final else None
    if refusal.after:
        rules = offer.dataset.rules_after(refusal.after)
    return replace(record, version=None, status="refused", reason=refusal.reason, rules=rules)


def _unchanged(offer: Offer, record: FileRecord) -> Result:
    text = f"version {record.version}" if record.loaded else f"was refused before: {record.reason}"
    return Result(Outcome.UNCHANGED, offer.feed.name, offer.entry.path, text)


def _fetch(offer: Offer, scratch: Path) -> _Fetched:
    """The origin of a file and its content, or why it cannot be had."""
    origin = offer.origin()
    try:
        if offer.entry.problem:
            raise Refused(offer.entry.problem)
        check_size(offer.entry.size, offer.dataset)
        return origin, offer.feed.place.fetch(offer.entry, scratch)
    except Refused as refusal:
        return origin, refusal
