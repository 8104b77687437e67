"""One run: compare what the sources offer with the ledger, and load what is new."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar
from uuid import uuid4

import polars as pl

from ingest.config import Dataset, SchemaEvolution, Source
from ingest.errors import ConfigurationError, IngestError, Refused
from ingest.lake import LINEAGE_SCHEMA, Conflict, FileRecord, Lake, Ledger, RawTable
from ingest.listing import Entry, Listing, Origin, Place, base_name, now
from ingest.records import RESCUED, Dialect, read_frames, read_header
from ingest.report import Outcome, Report, Result
from ingest.validate import check_content, check_size, column_names

_TABLES_AT_ONCE = 2
_DOWNLOADS_AHEAD = 4

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Feed:
    """One source of the configuration with the place its files come from now."""

    name: str
    source: Source
    place: Place


@dataclass(frozen=True)
class _Offer:
    """A file that may have to be loaded."""

    feed: Feed
    dataset: Dataset
    entry: Entry
    listed_at: datetime


class Run:
    """Loads offers into a lake and tells the report about each."""

    def __init__(self, lake: Lake, report: Report, dry_run: bool = False) -> None:
        self._lake = lake
        self._report = report
        self._dry_run = dry_run
        self._batch_id = f"{now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ledger = Ledger(lake)

    def current(self, feeds: Iterable[Feed], dataset: str | None = None) -> None:
        """Bring the lake up to what the sources hold now."""
        offers: list[_Offer] = []
        feeds = list(feeds)
        for table in sorted({entry.table for feed in feeds for entry in feed.source.datasets}):
            self._recovered(RawTable(self._lake, table))
        for feed in feeds:
            try:
                listing = feed.place.listing()
            except IngestError as error:
                self._report.add(Result(Outcome.FAILED, feed.name, "", str(error), exit_code=error.exit_code))
                continue
            offers += self._offers(feed, listing, dataset)
        self._load_all(offers)

    def _offers(self, feed: Feed, listing: Listing, only: str | None) -> list[_Offer]:
        """The listed files that belong to a dataset; tells about those that are missing."""
        offers, found = [], set()
        for entry in listing.entries:
            dataset = feed.source.dataset_of(entry.name) or (
                feed.source.dataset_of(base_name(entry.name)) if entry.problem else None
            )
            if dataset is None or only not in (None, dataset.table):
                continue
            found.add(entry.path)
            offers.append(_Offer(feed, dataset, entry, listing.taken_at))
        known = {
            path: records[-1]
            for path in self._ledger.paths(feed.name)
            if (records := [record for record in self._ledger.of(feed.name, path) if record.loaded])
        }
        for path, last in known.items():
            if path not in found and only in (None, last.raw_table):
                text = f"is no longer in the source; version {last.version} stays"
                self._report.add(Result(Outcome.VANISHED, feed.name, path, text))
        for dataset in feed.source.datasets:
            path = f"{feed.source.folder}/{dataset.file}".lstrip("/")
            if not dataset.is_pattern and only in (None, dataset.table) and path not in found | known.keys():
                text = "is not in the source; check `file` and `folder` in the configuration"
                self._report.add(Result(Outcome.FAILED, feed.name, path, text, exit_code=ConfigurationError.exit_code))
        return offers

    def _load_all(self, offers: list[_Offer]) -> None:
        """Load offers, those of one raw table one after the other and several tables at once."""
        by_table: dict[str, list[_Offer]] = {}
        for offer in offers:
            if not self._unchanged(offer):
                by_table.setdefault(offer.dataset.table, []).append(offer)
        with (
            tempfile.TemporaryDirectory(prefix="ingest-") as scratch,
            ThreadPoolExecutor(_TABLES_AT_ONCE) as tables,
            ThreadPoolExecutor(_TABLES_AT_ONCE * _DOWNLOADS_AHEAD) as downloads,
        ):
            # Largest first, so that the last one to finish is a small one.
            work = sorted(by_table.items(), key=lambda item: -sum(offer.entry.size for offer in item[1]))
            futures = [tables.submit(self._load_table, name, group, downloads, Path(scratch)) for name, group in work]
            for future in futures:
                future.result()

    def _load_table(self, name: str, offers: list[_Offer], downloads: ThreadPoolExecutor, scratch: Path) -> None:
        table = RawTable(self._lake, name)
        for offer, got in _ahead(downloads, offers, lambda offer: self._fetch(offer, scratch)):
            try:
                result = self._load(table, offer, got)
            except IngestError as error:
                code = error.exit_code
                result = Result(Outcome.FAILED, offer.feed.name, offer.entry.path, str(error), exit_code=code)
            self._report.add(result)

    def _unchanged(self, offer: _Offer) -> bool:
        """Whether the newest known state of the file has this content already; tells the report if so."""
        last = _last(self._ledger, offer)
        if last is None or last.sha != offer.entry.sha or not (last.loaded or last.rules == offer.dataset.rules):
            return False
        text = f"version {last.version}" if last.loaded else f"was refused before: {last.reason}"
        self._report.add(Result(Outcome.UNCHANGED, offer.feed.name, offer.entry.path, text))
        return True

    def _fetch(self, offer: _Offer, scratch: Path) -> tuple[Origin, Path | Refused]:
        """The origin of a file and its content, or why it cannot be had."""
        origin = offer.feed.place.origin(offer.entry)
        try:
            if offer.entry.problem:
                raise Refused(offer.entry.problem)
            check_size(offer.entry.size, offer.dataset)
            return origin, offer.feed.place.fetch(offer.entry, scratch)
        except Refused as refusal:
            return origin, refusal

    def _load(self, table: RawTable, offer: _Offer, got: Future[tuple[Origin, Path | Refused]]) -> Result:
        origin, content = got.result()
        while True:
            # The ledger first: then the table, read later, can only be ahead of it.
            self._ledger.refresh()
            table.refresh()
            if self._recovered(table):
                continue
            newest = table.newest(offer.feed.name, offer.entry.path)
            history = self._ledger.of(offer.feed.name, offer.entry.path)
            known = max((record.version or 0 for record in history), default=0)
            if newest != known:
                raise ConfigurationError(
                    f"the ledger ends with version {known} of the file, raw table {offer.dataset.table} with {newest};"
                    " restore the older one of the two tables"
                )
            if self._unchanged_since(offer, origin):
                return Result(Outcome.UNCHANGED, offer.feed.name, offer.entry.path, f"version {known}")
            record = self._record(offer, self._place_in_time(offer, origin), origin.commit_sha, known + 1)
            try:
                if isinstance(content, Refused):
                    raise content
                record = self._append(table, offer, record, content)
            except Conflict:
                continue
            except Refused as refusal:
                record = replace(
                    record,
                    version=None,
                    status="refused",
                    reason=refusal.reason,
                    rules=offer.dataset.rules if refusal.final else None,
                )
                self._ledger.append(record)
                return Result(Outcome.REFUSED, offer.feed.name, offer.entry.path, refusal.reason, exit_code=1)
            self._ledger.append(record)
            return Result(Outcome.LOADED, offer.feed.name, offer.entry.path, "", record)

    def _recovered(self, table: RawTable) -> bool:
        """Give the table's last load its row in the ledger, where a run was killed before it could."""
        last = table.last_load()
        if last is None or self._ledger.knows(last):
            return False
        self._ledger.append(table.counted(last))
        return True

    def _unchanged_since(self, offer: _Offer, origin: Origin) -> bool:
        """Whether another run has brought the file to this state, or past it, since it was listed."""
        last = _last(self._ledger, offer)
        if last is None:
            return False
        if last.sha == offer.entry.sha:
            return last.loaded or last.rules == offer.dataset.rules
        return last.ingested_at > offer.listed_at and any(
            record.loaded and (record.sha, record.commit_sha) == (offer.entry.sha, origin.commit_sha)
            for record in self._ledger.of(offer.feed.name, offer.entry.path)
        )

    def _place_in_time(self, offer: _Offer, origin: Origin) -> datetime:
        """When the file came to this state, in the source's time.

        What is found in place of an older state is later than that, even where its own time is not: after a merge of an
        older commit, a history that was rewritten, or a copy that kept an old modification time. The exception is a
        state that another run has found since this one took its listing: that one is the newer.
        """
        last = _last(self._ledger, offer)
        if last is None or last.ingested_at > offer.listed_at:
            return origin.committed_at
        if last.sha == offer.entry.sha:  # refused before, tried again
            return last.committed_at
        return max(origin.committed_at, last.committed_at + timedelta(microseconds=1))

    def _record(self, offer: _Offer, committed_at: datetime, commit_sha: str | None, version: int) -> FileRecord:
        return FileRecord(
            source=offer.feed.name,
            dataset=offer.dataset.file,
            raw_table=offer.dataset.table,
            path=offer.entry.path,
            version=version,
            sha=offer.entry.sha,
            commit_sha=commit_sha,
            committed_at=committed_at,
            size_bytes=offer.entry.size,
            status="loaded",
            reason=None,
            row_count=None,
            rescued_count=None,
            rules=None,
            batch_id=self._batch_id,
            ingested_at=now(),
        )

    def _append(self, table: RawTable, offer: _Offer, record: FileRecord, path: Path) -> FileRecord:
        """Load one version into its raw table; the record with the numbers of rows."""
        with path.open("rb") as file:
            check_content(file)
            dialect = Dialect(offer.dataset.delimiter)
            header = read_header(file, dialect)
            fit = Fit.of(column_names(header, offer.dataset), table.columns, offer.dataset.schema_evolution)
            counts = _Counts()
            frames = _frames(file, replace(dialect, width=len(header)), fit, record, counts, offer.entry)
            table.append(record, fit.columns, _one_ahead(frames))
        return replace(record, row_count=counts.rows, rescued_count=counts.rescued)


@dataclass(frozen=True)
class Fit:
    """How the fields of a file go into the columns of its raw table; positions are 0-based."""

    columns: list[str]
    positions: dict[str, int]
    rescued: dict[str, int]

    @staticmethod
    def of(names: list[str], columns: list[str], evolution: SchemaEvolution) -> Fit:
        """Match a file's names with a table's columns, ignoring case as Delta does.

        Raises:
            Refused: the file has new columns, and they are not allowed.
        """
        known = {column.lower(): column for column in columns}
        positions = {known[name.lower()]: at for at, name in enumerate(names) if name.lower() in known}
        new = {name: at for at, name in enumerate(names) if name.lower() not in known}
        if not columns or evolution is SchemaEvolution.ADD_NEW_COLUMNS:
            return Fit([*columns, *new], positions | new, {})
        if new and evolution is SchemaEvolution.FAIL_ON_NEW_COLUMNS:
            raise Refused(
                f"has new columns: {', '.join(new)}; to take them in, change schema_evolution of the dataset"
                " (fail_on_new_columns)"
            )
        return Fit(columns, positions, new if evolution is SchemaEvolution.RESCUE else {})


@dataclass
class _Counts:
    rows: int = 0
    rescued: int = 0


def _frames(
    file: BinaryIO, dialect: Dialect, fit: Fit, record: FileRecord, counts: _Counts, entry: Entry
) -> Iterator[pl.DataFrame]:
    """The records of a file as the raw table holds them."""
    lineage = {
        "_source": record.source,
        "_file_path": record.path,
        "_file_sha": record.sha,
        "_file_version": record.version,
        "_commit_sha": record.commit_sha,
        "_committed_at": record.committed_at,
        "_batch_id": record.batch_id,
        "_ingested_at": record.ingested_at,
    }
    columns = [
        (pl.col(str(fit.positions[name])) if name in fit.positions else pl.lit(None, pl.String)).alias(name)
        for name in fit.columns
    ]
    constants = [pl.lit(value, LINEAGE_SCHEMA[name]).alias(name) for name, value in lineage.items()]
    for frame in read_frames(file, dialect):
        first = counts.rows + 1
        number = pl.int_range(first, first + frame.height, dtype=pl.Int64).alias("_row_number")
        out = frame.select(*columns, *constants, number, _with_rescued_columns(fit.rescued))
        counts.rows += out.height
        counts.rescued += out.height - out[RESCUED].null_count()
        yield out
    status = os.fstat(file.fileno())
    if entry.modified_ns not in (None, status.st_mtime_ns) or status.st_size != entry.size:
        raise Refused("changed while it was being read; it is tried again next time", final=False)


def _with_rescued_columns(rescued: dict[str, int]) -> pl.Expr:
    """``_rescued_data`` with the values of columns that the raw table does not have, under ``columns``."""
    if not rescued:
        return pl.col(RESCUED)
    values = pl.struct(pl.col(str(at)).alias(name) for name, at in rescued.items()).struct.json_encode()
    before = pl.when(pl.col(RESCUED).is_null()).then(pl.lit("{")).otherwise(pl.col(RESCUED).str.head(-1) + ",")
    return (before + '"columns":' + values + "}").alias(RESCUED)


def _last(ledger: Ledger, offer: _Offer) -> FileRecord | None:
    """The newest state of the file that the lake knows, loaded or refused, in the source's time."""
    return next(reversed(ledger.of(offer.feed.name, offer.entry.path)), None)


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made while the last one is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


def _ahead(pool: ThreadPoolExecutor, items: list[T], work: Callable[[T], U]) -> Iterator[tuple[T, Future[U]]]:
    """Each item with the future of its work, of which the next few are under way already."""
    waiting: deque[tuple[T, Future[U]]] = deque()
    for item in items:
        waiting.append((item, pool.submit(work, item)))
        if len(waiting) > _DOWNLOADS_AHEAD:
            yield waiting.popleft()
    yield from waiting
