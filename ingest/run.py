"""One run: compare what the sources offer with the ledger, and load what is new."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from ingest import contents
from ingest.candidates import Feed, Offer, past, present
from ingest.compare import Comparison, Rules, judged
from ingest.errors import EXIT_REFUSED, ConfigurationError, IngestError, Refused
from ingest.prefetch import ahead, one_ahead
from ingest.reading.checks import check_size
from ingest.reading.rows import RowSource
from ingest.report import Outcome, Report, Result
from ingest.sources.listing import Origin, PlaceWithHistory, now
from ingest.storage.tables import Conflict, FileRecord, Lake, Ledger, RawTable
from ingest.versions import State, Versions

_TABLES_AT_ONCE = 2
_DOWNLOADS_AHEAD = 4
_LOOKS = 10  # at a ledger and a table that disagree, before that is an error

_Fetched = tuple[Origin, Path | Refused]


class Run:
    """Loads what feeds offer into a lake, and tells the report what became of each file.

    ``table``: only the datasets of this raw table. ``stop``: once set, no further file is begun.
    """

    def __init__(
        self,
        lake: Lake,
        report: Report,
        *,
        table: str | None = None,
        dry_run: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        self._lake = lake
        self._report = report
        self._table = table
        self._dry_run = dry_run
        self._stop = stop or threading.Event()
        self._batch_id = f"{now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ledger = Ledger(lake)
        self._versions = Versions(lake, self._ledger)

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
        if last is None or self._ledger.knows(last[0]):
            return False
        record, rules = table.counted(last[0]), Rules.from_note(last[1])
        self._ledger.append(self._judged(table, record, rules) if rules else record)
        return True

    def _judged(
        self, table: RawTable, record: FileRecord, rules: Rules, comparison: Comparison | None = None
    ) -> FileRecord:
        """The ledger's row of a version that is in raw: with its figures, and held if these are beyond the limits."""
        before = self._ledger.version(record, record.compared_with)
        if before is not None:
            record = (comparison or Comparison(table, before, rules)).figures(record)
        return judged(record, before, rules.limits)

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
        by_table: dict[str, list[Offer]] = {}
        for offer in offers:
            known = self._known(offer, offer.settled_by(self._ledger.of(offer.feed.name, offer.entry.path)))
            if known is not None:
                self._report.add(known)
            elif self._dry_run:
                text = f"{offer.entry.size:,} bytes for {offer.dataset.table}"
                self._report.add(Result(Outcome.WOULD_LOAD, offer.feed.name, offer.entry.path, text))
            else:
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
            settled = self._known(offer, offer.settled_by(records, origin))
            if settled is not None:
                return settled
            self._claim(offer.feed)
            record = self._record(offer, replace(origin, committed_at=offer.committed_at(records, origin)), known + 1)
            try:
                if isinstance(content, Refused):
                    raise content
                rules, comparison = Rules.of(offer.dataset), None
                if before := self._versions.accepted_before(record):
                    record = replace(record, compared_with=before.version)
                    comparison = Comparison(table, before, rules)
                with RowSource(content, offer.entry, offer.dataset, table.columns) as rows:
                    frames = rows.frames(record)
                    if comparison is not None:
                        frames = comparison.watch(frames, rows.filled)
                    table.append(record, rows.columns, one_ahead(frames), rules.note)
            except Conflict:
                continue
            except Refused as refusal:
                self._ledger.append(_refused(record, offer, refusal))
                code = refusal.exit_code
                return Result(Outcome.REFUSED, source, path, refusal.reason, exit_code=code)
            record = replace(record, row_count=rows.rows, rescued_count=rows.rescued)
            table.refresh()
            record = self._judged(table, record, rules, comparison)
            self._ledger.append(record)
            if record.status == State.HELD:
                return Result(Outcome.HELD, source, path, "", record, exit_code=EXIT_REFUSED)
            return Result(Outcome.LOADED, source, path, "", record)

    def _known(self, offer: Offer, record: FileRecord | None) -> Result | None:
        """What there is to say of an offer that need not be loaded; ``record`` is the ledger's row of that version."""
        source, path = offer.feed.name, offer.entry.path
        standing = self._versions.of(record) if record else None
        if standing is None or standing.state is State.REJECTED:
            decision = self._versions.rejected(offer.dataset.table, offer.entry.sha)
            if decision is not None:
                text = f"has the bytes of version {decision.version} of {decision.source}/{decision.path}, which"
                text += f" {decision.decided_by} rejected: {decision.reason}"
                return Result(Outcome.REJECTED, source, path, text)
        if record is None or standing is None:
            return None
        text = f"version {record.version}" if record.loaded else f"was refused before: {record.reason}"
        if standing.state is State.HELD:
            text += f" is held: {standing.reason}"
        return Result(Outcome.UNCHANGED, source, path, text)

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


def _refused(record: FileRecord, offer: Offer, refusal: Refused) -> FileRecord:
    rules = offer.dataset.rules if refusal.final else None
    return replace(record, version=None, status=State.REFUSED, reason=refusal.reason, rules=rules, compared_with=None)


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
