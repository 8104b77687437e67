"""One run: compare what the sources have with the ledger, and load what is new."""

from __future__ import annotations

import shlex
import tempfile
import threading
import time
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from uuid import uuid4

from ingest import contents, layouts
from ingest.candidates import (
    Candidate,
    ConnectedSource,
    current_candidates,
    in_future,
    past_candidates,
    problem_of_time,
)
from ingest.compare import Comparison, ComparisonSettings, judged
from ingest.errors import EXIT_REFUSED, ConfigurationError, IngestError, Refused
from ingest.prefetch import prefetch, prefetch_one
from ingest.reading.checks import check_size
from ingest.reading.rows import RowSource
from ingest.report import Outcome, Report, Result
from ingest.sources.listing import ConnectorWithHistory, ConnectorWithMemory, Origin, now
from ingest.storage.hashes import HashCache
from ingest.storage.tables import Conflict, FileRecord, Lake, Ledger, RawTable
from ingest.versions import State, Versions

_TABLES_AT_ONCE = 2
_DOWNLOADS_PREFETCHED = 4
_LOOKS = 10  # at a ledger and a table that disagree; after that it is an error

_Fetched = tuple[Candidate, Origin, Path | Refused]


class Run:
    """Loads what is new at the sources into a lake, and reports what became of each file.

    ``configured``: the names of all sources of the configuration. ``table``: only the datasets of this raw table.
    ``stop``: once set, no further file is begun, and what is being downloaded is given up.
    """

    def __init__(
        self,
        lake: Lake,
        report: Report,
        *,
        configured: Container[str] | None = None,
        table: str | None = None,
        dry_run: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        self._lake = lake
        self._report = report
        self._configured = configured
        self._table = table
        self._dry_run = dry_run
        self._stop = stop or threading.Event()
        self._batch_id = f"{now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ledger = Ledger(lake)
        self._versions = Versions(lake, self._ledger)
        self._hashes = HashCache(lake)

    def current(self, sources: Iterable[ConnectedSource]) -> None:
        """Bring the lake up to what the sources hold now."""
        candidates: list[Candidate] = []
        listed: list[tuple[ConnectedSource, set[str]]] = []
        # What the ledger has was found before what is listed now, also where another machine's clock is a little ahead.
        times = (record.ingested_at for record in self._ledger.records())
        known = max((time for time in times if not in_future(time)), default=datetime.min.replace(tzinfo=UTC))
        for source in self._recovered(sources):
            try:
                listing = source.connector.listing()
            except IngestError as error:
                self._failed(source.name, "", error)
                continue
            found = current_candidates(source, replace(listing, taken_at=max(listing.taken_at, known)), self._table)
            listed.append((source, {self._path(candidate) for candidate in found}))
            self._report_missing(*listed[-1])
            for dataset in source.config.datasets:
                matched = any(candidate.dataset is dataset for candidate in found)
                if dataset.is_pattern and not matched and self._table in (None, dataset.table):
                    self._report.note(f"{source.name}: no file matches {dataset.file!r}")
            candidates += found
        self._load_all(candidates)
        for source, paths in listed:
            self._note_unconfigured(source, paths)
        for source in {candidate.source.name: candidate.source for candidate in candidates}.values():
            if isinstance(source.connector, ConnectorWithMemory):
                source.connector.remember()

    def backfill(self, sources: Iterable[ConnectedSource], since: datetime | None) -> None:
        """Load every version that the files of the sources ever had, oldest first."""
        candidates: list[Candidate] = []
        for source in self._recovered(sources):
            connector = source.connector
            if not isinstance(connector, ConnectorWithHistory):
                self._failed(
                    source.name, "", ConfigurationError("has no history; --backfill is for GitHub repositories")
                )
                continue
            try:
                listing = connector.listing()
            except IngestError as error:
                self._failed(source.name, "", error)
                continue
            paths = {
                candidate.entry.path: candidate.dataset
                for candidate in current_candidates(source, listing, self._table)
            }
            for dataset in source.config.datasets:  # files that are gone have a history too
                if not dataset.is_pattern and self._table in (None, dataset.table):
                    paths[source.config.path_of(dataset.file)] = dataset
            for path, dataset in paths.items():

                def failed(error: IngestError, source: ConnectedSource = source, path: str = path) -> None:
                    self._failed(source.name, path, error)

                candidates += past_candidates(source, connector, dataset, path, since, self._ledger, failed)
        candidates.sort(key=lambda candidate: candidate.origin().committed_at)
        self._load_all(candidates)

    def _recovered(self, sources: Iterable[ConnectedSource]) -> list[ConnectedSource]:
        """The sources, after runs that were killed have got their rows in the ledger."""
        sources = list(sources)
        self._check_contents(sources)
        if not self._dry_run:
            for table in sorted({dataset.table for source in sources for dataset in source.config.datasets}):
                self._recover(RawTable(self._lake, table))
            self._check_contents(sources)
        for source in sources:
            for file in source.recognised:
                self._report.note(f"{file} is read as a file of source {source.name!r}, by its header")
        return self._in_one_layout(sources)

    def _check_contents(self, sources: list[ConnectedSource]) -> None:
        names = sorted(source.name for source in sources)
        contents.check(self._lake.root, self._ledger.contents, [source.contents for source in sources], names)

    def _in_one_layout(self, sources: list[ConnectedSource]) -> list[ConnectedSource]:
        """The sources without those that another one, of the lake or earlier in this run, has in another layout.

        Raises:
            ConfigurationError: the lake has another layout of a source that was asked for by itself.
        """
        kept: dict[str, ConnectedSource] = {}
        for source in sources:
            other = self._other_layout(source)
            if other and (len(sources) == 1 or source.recognised):
                raise _second_layout(self._lake.root, source.name, other)
            other = other or next((name for name in source.beside if name in kept), None)
            if other:
                text = f"left out, as source {other!r} has the same in another layout: a lake has one of the two"
                self._report.note(f"{source.name}: {text}")
            else:
                kept[source.name] = source
        return list(kept.values())

    def _other_layout(self, source: ConnectedSource) -> str | None:
        """A source of which the lake has versions, and which has the same as this one in another layout."""
        for other in source.beside:
            records = (record for path in self._ledger.paths(other) for record in self._ledger.of(other, path))
            if any(record.loaded and self._standing(record) is not State.REJECTED for record in records):
                return other
        return None

    def _claim(self, source: ConnectedSource) -> None:
        """Before the first load: mark what the lake holds, unless another run has just marked it otherwise."""
        if self._ledger.claim(source.contents):
            self._report.note(f"the lake {self._lake.root} is marked from now on: it holds {self._ledger.contents}")
        self._check_contents([source])
        if other := self._other_layout(source):
            raise _second_layout(self._lake.root, source.name, other)

    def _recover(self, table: RawTable) -> bool:
        """Give the table's last load its row in the ledger, where a run was killed before it could."""
        last = table.last_load()
        if last is None or self._ledger.knows(last[0]):
            return False
        record, comparing = table.counted(last[0]), ComparisonSettings.from_note(last[1])
        self._ledger.append(self._judged(table, record, comparing) if comparing else record)
        return True

    def _judged(
        self, table: RawTable, record: FileRecord, comparing: ComparisonSettings, comparison: Comparison | None = None
    ) -> FileRecord:
        """The ledger's row of a version that is in raw: with its figures, and held if these are beyond the limits."""
        before = self._ledger.version(record, record.compared_with)
        comparison = comparison or Comparison(table, before, comparing, self._hashes)
        if before is not None:
            record = comparison.figures(record)
        limits, more = comparing.limits, chain(comparison.uniform(), comparison.closer(record))
        cut = limits.cut and table.is_cut(record)
        again = self._versions.replaced(record, before) if before and limits.again and not record.commit_sha else None
        return judged(record, before, limits, cut=cut, again=again, more=more)

    def _report_missing(self, source: ConnectedSource, found: set[str]) -> None:
        """Report files that the lake has and the source no longer, and those that never were there."""
        known = set()
        for path in self._ledger.paths(source.name):
            loaded = [record for record in self._ledger.of(source.name, path) if record.loaded]
            if not loaded:
                continue
            known.add(path)
            told = self._table not in (None, loaded[-1].raw_table) or self._standing(loaded[-1]) is State.UNCONFIGURED
            if path not in found and not told:
                text = f"is no longer in the source; version {loaded[-1].version} stays"
                self._report.add(Result(Outcome.VANISHED, source.name, path, text))
        for dataset in source.config.datasets:
            path = self._ledger.path_of(source.name, source.config.path_of(dataset.file), dataset.table)
            if not dataset.is_pattern and self._table in (None, dataset.table) and path not in found | known:
                text = "is not in the source; check `file` and `folder` in the configuration"
                self._failed(source.name, path, ConfigurationError(text))

    def _note_unconfigured(self, source: ConnectedSource, found: set[str]) -> None:
        """Note the full copies in whose place the configuration names others, of which a version is accepted; and those
        of which that is no longer so."""
        if self._dry_run or source.recognised:
            return
        files: dict[str, list[tuple[bool, FileRecord]]] = {}
        for path in self._ledger.paths(source.name):
            if loaded := [record for record in self._ledger.of(source.name, path) if record.loaded]:
                table, own = loaded[-1].raw_table, path.removeprefix(f"{source.name}/")
                named = path in found or any(source.config.names(name, table) for name in (path, own))
                files.setdefault(table, []).extend((named, record) for record in loaded)
        for table, records in files.items():
            full = any(dataset.table == table and dataset.is_full_copy for dataset in source.config.datasets)
            accepted = (self._versions.of_itself(record).state is State.ACCEPTED for named, record in records if named)
            there = full and any(accepted)
            why = f"the configuration of {source.name} names other files for {table}"
            for path, (named, record) in {record.path: (named, record) for named, record in records}.items():
                if self._table in (None, table) and self._versions.configure(record, named or not there, why):
                    text = f"{why}; its versions leave silver and gold with the next build, and stay in raw"
                    if not named and there:
                        self._report.add(Result(Outcome.UNCONFIGURED, source.name, path, text))

    def _path(self, candidate: Candidate) -> str:
        """The path under which the lake has the candidate's file, or will have it.

        Raises:
            ConfigurationError: it may belong to a source that has another name now, or has versions in another table.
        """
        name, path, table = candidate.source.name, candidate.entry.path, candidate.dataset.table
        found = self._ledger.path_of(name, path, table)
        records = self._ledger.of(name, found)
        before = next((record.raw_table for record in records if record.loaded and record.raw_table != table), None)
        if before:
            raise ConfigurationError(
                f"{name}: the lake has {path} in table {before}, and the configuration says {table}: a file stays in"
                f" its table; write `table: {before}` there, or load into another lake"
            )
        known = found == path or records
        if not known and candidate.source.config.formerly is None and self._configured is not None:
            for other in self._ledger.owners(name, path, table):
                if other not in self._configured:
                    raise ConfigurationError(
                        f"{name}: the lake has {path} of a source {other!r}, which the configuration has no more: if"
                        f" {name!r} is its new name, write `formerly: [{other}]` there, and if not, `formerly: []`"
                    )
        return found

    def _failed(self, source: str, path: str, error: IngestError) -> None:
        self._report.add(Result(Outcome.FAILED, source, path, str(error), exit_code=error.exit_code))

    def _load_all(self, candidates: list[Candidate]) -> None:
        """Load candidates, those of one raw table one after the other and several tables at once."""
        by_table: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            path = self._path(candidate)
            known = self._known(candidate, path, candidate.settled_by(self._ledger.of(candidate.source.name, path)))
            if known is not None:
                self._report.add(known)
            elif self._dry_run:
                text = f"{candidate.entry.size:,} bytes for {candidate.dataset.table}"
                self._report.add(Result(Outcome.WOULD_LOAD, candidate.source.name, path, text))
            else:
                by_table.setdefault(candidate.dataset.table, []).append(candidate)
        if not by_table:
            return
        self._report.expect(sum(candidate.entry.size for group in by_table.values() for candidate in group))
        with (
            tempfile.TemporaryDirectory(prefix="ingest-") as scratch,
            ThreadPoolExecutor(_TABLES_AT_ONCE) as tables,
            ThreadPoolExecutor(_TABLES_AT_ONCE * _DOWNLOADS_PREFETCHED) as downloads,
        ):
            # Most bytes first, so that what finishes last is small.
            groups = sorted(by_table.items(), key=lambda item: -sum(candidate.entry.size for candidate in item[1]))
            try:
                for future in [tables.submit(self._load_table, *group, downloads, Path(scratch)) for group in groups]:
                    future.result()
            except KeyboardInterrupt:
                self._stop.set()  # the threads, for which this waits
                raise

    def _load_table(self, name: str, candidates: list[Candidate], downloads: ThreadPoolExecutor, scratch: Path) -> None:
        table = RawTable(self._lake, name)

        def fetch(candidate: Candidate) -> _Fetched:
            return _fetch(candidate, Path(tempfile.mkdtemp(dir=scratch)))

        for candidate, fetched in zip(
            candidates, prefetch(downloads, candidates, fetch, _DOWNLOADS_PREFETCHED), strict=True
        ):
            if self._stop.is_set():
                fetched.cancel()
                continue
            try:
                self._report.add(self._load(table, *fetched.result()))
            except IngestError as error:
                if self._stop.is_set():
                    continue
                self._failed(candidate.source.name, candidate.entry.path, error)
            self._report.advance(candidate.entry.size)
            if not fetched.exception() and isinstance(got := fetched.result()[2], Path) and scratch in got.parents:
                got.unlink()

    def _load(self, table: RawTable, candidate: Candidate, origin: Origin, content: Path | Refused) -> Result:
        """Load one version, once, whoever else is at it."""
        source = candidate.source.name
        looks = 0
        while True:
            # The ledger first: then the table, read later, can only be ahead of it.
            self._ledger.refresh()
            path = self._path(candidate)
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
                    f"the ledger ends with version {known} of the file, raw table {candidate.dataset.table} with"
                    f" {newest}; restore the older one of the two tables"
                )
            found = candidate.settled_by(records, origin)
            settled = self._known(candidate, path, found)
            if settled is not None:
                newer = [
                    other
                    for other in records
                    if found and other.order > found.order and self._standing(other) is State.ACCEPTED
                ]
                if found is None or not candidate.is_behind(found, records) or not newer:
                    return settled
                return _behind(source, path, found, newer[-1], origin)
            self._claim(candidate.source)
            record = self._record(
                candidate, path, replace(origin, committed_at=candidate.committed_at(records, origin)), known + 1
            )
            clocks = _clocks(record, origin, records)
            try:
                if isinstance(content, Refused):
                    raise content
                layouts.check(content, candidate.entry.name, candidate.dataset, candidate.source.beside)
                comparing, before = ComparisonSettings.of(candidate.dataset), self._versions.accepted_before(record)
                record = replace(record, compared_with=before.version if before else None)
                comparison = Comparison(table, before, comparing, self._hashes)
                with RowSource(content, candidate.entry, candidate.dataset, table.columns) as rows:
                    frames = comparison.watch(rows.frames(record), rows.filled)
                    table.append(record, rows.columns, prefetch_one(frames), comparing.note)
            except Conflict:
                continue
            except Refused as refusal:
                self._ledger.append(_refused(record, candidate, refusal))
                code = refusal.exit_code
                return Result(Outcome.REFUSED, source, path, refusal.reason, exit_code=code)
            record = replace(record, row_count=rows.rows, rescued_count=rows.rescued)
            record = self._judged(table, record, comparing, comparison)
            self._ledger.append(record)
            if record.status == State.HELD:
                return Result(Outcome.HELD, source, path, clocks, record, exit_code=EXIT_REFUSED)
            comparison.keep(record)
            return Result(Outcome.LOADED, source, path, clocks, record)

    def _standing(self, record: FileRecord) -> State:
        return self._versions.of(record).state

    def _known(self, candidate: Candidate, path: str, record: FileRecord | None) -> Result | None:
        """What to report of a candidate that need not be loaded; ``record`` is the ledger's row of that version."""
        source = candidate.source.name
        standing = self._versions.of(record) if record else None
        if standing is None or standing.state is State.REJECTED:
            decision = self._versions.rejected(candidate.dataset.table, candidate.entry.sha)
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

    def _record(self, candidate: Candidate, path: str, origin: Origin, version: int) -> FileRecord:
        return FileRecord(
            source=candidate.source.name,
            dataset=candidate.dataset.file,
            raw_table=candidate.dataset.table,
            path=path,
            version=version,
            sha=candidate.entry.sha,
            commit_sha=origin.commit_sha,
            committed_at=origin.committed_at,
            size_bytes=candidate.entry.size,
            status="loaded",
            reason=None,
            row_count=None,
            rescued_count=None,
            checks=None,
            batch_id=self._batch_id,
            ingested_at=now(),
        )


def _second_layout(lake: str, name: str, other: str) -> ConfigurationError:
    return ConfigurationError(
        f"the lake {lake} has files of source {other!r}, which has the same as {name!r} in another layout, and a lake"
        " has one of the two; nothing was loaded: remove the lake first (make clean), or set LAKEHOUSE_ROOT to another"
        " place"
    )


def _behind(source: str, path: str, found: FileRecord, newer: FileRecord, origin: Origin) -> Result:
    """What to report where the source shows a commit that it had followed by another before."""
    file = shlex.quote(f"{source}/{path}")
    text = f"the source shows commit {(origin.commit_sha or '')[:7]}, which version {found.version} has, and version"
    text += f" {newer.version} came after that: an old answer of a cache, or a history that was set back. Version"
    text += f" {newer.version} stays; where it was set back: python -m ingest reject {file} --version {newer.version}"
    return Result(Outcome.BEHIND, source, path, text + " --why '…'")


def _clocks(record: FileRecord, origin: Origin, records: list[FileRecord]) -> str:
    """What to report of times that cannot be; empty where there are none."""
    found = []
    if problem := problem_of_time(origin.committed_at):
        found.append(f"its time at the source, {origin.committed_at:%Y-%m-%d %H:%M} UTC, {problem}, and does not count")
    if records and in_future(record.committed_at):
        found.append(f"it is dated {record.committed_at:%Y-%m-%d} as version {records[-1].version} before it is")
    if records and in_future(records[-1].ingested_at):
        found.append(f"the clock of the run that loaded version {records[-1].version} was ahead")
    return "; ".join(found)


def _refused(record: FileRecord, candidate: Candidate, refusal: Refused) -> FileRecord:
    checks = candidate.dataset.checks if refusal.final else None
    return replace(record, version=None, status=State.REFUSED, reason=refusal.reason, checks=checks, compared_with=None)


def _fetch(candidate: Candidate, scratch: Path) -> _Fetched:
    """A file with its origin and content, or why that cannot be had. Of an object the content's identity is new."""
    origin = candidate.origin()
    try:
        if candidate.entry.problem:
            raise Refused(candidate.entry.problem)
        check_size(candidate.entry.size, candidate.dataset)
        entry, content = candidate.source.connector.fetch(candidate.entry, scratch)
        if entry is not candidate.entry:
            candidate = replace(candidate, entry=entry)
            origin = candidate.origin()
        return candidate, origin, content
    except Refused as refusal:
        return candidate, origin, refusal
