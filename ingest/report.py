"""What a run tells: a line for each event, a closing table, and the exit code."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ingest.config import Limits
from ingest.storage.tables import LEDGER_COLUMNS, FileRecord

_LISTED = 30  # more unchanged files than this are only counted


class Outcome(StrEnum):
    LOADED = "loaded"
    HELD = "held"
    WOULD_LOAD = "would load"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    REJECTED = "rejected"
    VANISHED = "vanished"
    FAILED = "failed"


_WRONG = (Outcome.HELD, Outcome.REFUSED, Outcome.VANISHED, Outcome.FAILED)


@dataclass(frozen=True)
class Result:
    """What became of one file, or of a whole source (``path`` is empty then)."""

    outcome: Outcome
    source: str
    path: str
    text: str = ""
    record: FileRecord | None = None
    exit_code: int = 0

    @property
    def detail(self) -> str:
        if self.record is None:
            return self.text
        record = self.record
        rescued = f", {record.rescued_count:,} with rescued data" if record.rescued_count else ""
        many = "record" if record.row_count == 1 else "records"
        text = f"version {record.version} into {record.raw_table}, {record.row_count:,} {many}{rescued}"
        if self.outcome is Outcome.HELD:
            file = shlex.quote(f"{record.source}/{record.path}")
            stays = f"version {record.compared_with} stays" if record.compared_with else "it is not shown"
            decide = f"{file} --version {record.version} --why '…'"
            text += f": {record.reason}; {stays}. See python -m ingest diff {file}, then decide:"
            return f"{text} python -m ingest release {decide}, or python -m ingest reject {decide}"
        return text + "".join(f"; {note}" for note in notes(record))

    @property
    def line(self) -> str:
        what = f"{self.source}: {self.path}" if self.path else self.source
        outcome = f"{self.outcome}: " if self.outcome is not Outcome.LOADED else "loaded "
        return f"{what}: {outcome}{self.detail}"


def notes(record: FileRecord) -> list[str]:
    """What a person should know of a version that was taken: many keys that are gone, and columns that are."""
    told = []
    keys, lost = record.keys_before or 0, record.keys_lost or 0
    if lost > keys * Limits().lost:
        told.append(f"{lost:,} of {keys:,} keys of version {record.compared_with} are gone")
    renamed = dict(pair.split(":") for pair in _names(record.columns_renamed))
    for name in _names(record.columns_vanished):
        text = f"column {name} is gone, and its known values stay"
        if other := renamed.get(name):
            text += f"; {other} holds nearly the same: if that is its new name,"
            text += f" write columns: {{{name}: [{other}]}} in sources.yml"
        told.append(text)
    return told


def _names(joined: str | None) -> list[str]:
    return joined.split(",") if joined else []


class Report:
    """Collects results from all threads and prints each as it comes in."""

    def __init__(self, log_format: str = "text") -> None:
        self._json = log_format == "json"
        self._lock = threading.Lock()
        self._out = console()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self.results: list[Result] = []

    def expect(self, size: int) -> None:
        """Show a bar for ``size`` bytes, on a terminal."""
        if self._json or not self._out.is_terminal:
            return
        columns = (TextColumn("loading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._out, transient=True)
        self._task = self._progress.add_task("loading", total=size)
        self._progress.start()

    def advance(self, size: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, size)

    def add(self, result: Result) -> None:
        with self._lock:
            self.results.append(result)
            if self._json:
                _print_json(_facts(result))
            elif result.outcome is not Outcome.UNCHANGED:
                if self._progress is not None:
                    self._out.print(result.line, markup=False, highlight=False, soft_wrap=True)
                else:
                    print(result.line, file=sys.stderr if result.outcome in _WRONG else sys.stdout, flush=True)

    def note(self, text: str) -> None:
        """A line about the lake as a whole."""
        with self._lock:
            if self._json:
                _print_json({"event": "note", "message": text})
            else:
                self._out.print(text, markup=False, highlight=False, soft_wrap=True)

    @property
    def exit_code(self) -> int:
        return max((result.exit_code for result in self.results), default=0)

    @property
    def loaded(self) -> int:
        return sum(result.outcome is Outcome.LOADED for result in self.results)

    def close(self) -> None:
        """The closing table, and one line of totals that says so where there was nothing new."""
        if self._progress is not None:
            self._progress.stop()
        counts = Counter(result.outcome for result in self.results)
        rows = sum(result.record.row_count or 0 for result in self.results if result.record)
        if self._json:
            totals = {outcome.value.replace(" ", "_"): counts[outcome] for outcome in Outcome}
            _print_json({"event": "done", **totals, "records": rows, "exit_code": self.exit_code})
            return
        listed = [
            result
            for result in sorted(self.results, key=lambda result: (result.source, result.path))
            if result.outcome is not Outcome.UNCHANGED or counts[Outcome.UNCHANGED] <= _LISTED
        ]
        if listed:
            table = Table("source", "file", "outcome", "detail", box=box.SIMPLE)
            for result in listed:
                table.add_row(result.source, result.path, result.outcome, result.detail)
            self._out.print(table, markup=False, highlight=False)
        new = (
            f"{rows:,} new records"
            if counts[Outcome.LOADED] + counts[Outcome.HELD]
            else "nothing loaded"
            if self.exit_code
            else "nothing new"
        )
        if counts[Outcome.WOULD_LOAD]:
            new = "dry run"
        parts = [f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts[outcome]]
        print(f"{new}: {', '.join(parts) or 'no files'}", flush=True)


def console() -> Console:
    """Standard output; where it is no terminal, wide enough that no line is cut."""
    out = Console()
    return out if out.is_terminal else Console(width=200)


def _facts(result: Result) -> dict[str, object]:
    facts: dict[str, object] = {"event": result.outcome.value.replace(" ", "_"), "source": result.source}
    facts["path"] = result.path
    if result.record is not None:
        record = result.record
        facts |= {"raw_table": record.raw_table, "version": record.version, "rows": record.row_count}
        facts |= {"rescued": record.rescued_count, "sha": record.sha, "commit": record.commit_sha}
        facts |= {"committed_at": record.committed_at.isoformat(), "reason": record.reason}
        facts |= figures(record)
    if result.text:
        facts["message"] = result.text
    return facts


def figures(record: FileRecord) -> dict[str, object]:
    """What came out of the comparison of a version, by the ledger's column."""
    names = [name for name in LEDGER_COLUMNS if name.startswith(("compared_", "keys_", "columns_"))]
    return {name: getattr(record, name) for name in names}


def _print_json(facts: dict[str, object]) -> None:
    print(json.dumps(facts, ensure_ascii=False), flush=True)


def print_status(records: list[FileRecord], now: datetime, log_format: str) -> None:
    """The ledger, one line for each file: its newest loaded version, and what was refused since."""
    files: dict[tuple[str, str], list[FileRecord]] = {}
    for record in sorted(records, key=lambda record: record.order):
        files.setdefault((record.source, record.path), []).append(record)
    table = Table("source", "file", "raw table", "versions", "records", "newest from", "age", "refused", box=box.SIMPLE)
    for (source, path), history in sorted(files.items()):
        loaded = [record for record in history if record.loaded]
        refused = [record for record in history if not record.loaded]
        last = loaded[-1] if loaded else None
        if log_format == "json":
            facts: dict[str, object] = {"source": source, "path": path, "raw_table": history[-1].raw_table}
            facts |= {"versions": len(loaded), "refused": len(refused)}
            facts |= {"rows": last.row_count if last else None, "sha": last.sha if last else None}
            facts |= {"committed_at": last.committed_at.isoformat() if last else None}
            facts |= {"last_refusal": refused[-1].reason if refused else None}
            _print_json(facts)
            continue
        table.add_row(
            source,
            path,
            history[-1].raw_table,
            f"{len(loaded):,}",
            f"{last.row_count:,}" if last else "",
            f"{last.committed_at:%Y-%m-%d %H:%M}" if last else "",
            f"{(now - last.committed_at).days:,} d" if last else "",
            f"{len(refused)}, last {refused[-1].committed_at:%Y-%m-%d}: {refused[-1].reason}" if refused else "",
        )
    if log_format == "json":
        return
    if files:
        console().print(table, markup=False, highlight=False)
    else:
        print("nothing has been loaded yet")
