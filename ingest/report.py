"""What a run reports: a line for each event, a closing table, and the exit code."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ingest.config import Config, Limits
from ingest.contents import Contents
from ingest.errors import printable
from ingest.storage.tables import LEDGER_COLUMNS, FileRecord, Ledger
from ingest.versions import State, Versions

if TYPE_CHECKING:
    from ingest.differences import Differences

_WIDEST = 40  # characters of a value in a table
_LISTED = 30  # more unchanged files than this are only counted


class Outcome(StrEnum):
    LOADED = "loaded"
    HELD = "held"
    WOULD_LOAD = "would load"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    REJECTED = "rejected"
    VANISHED = "vanished"
    UNCONFIGURED = "unconfigured"
    BEHIND = "behind"
    FAILED = "failed"


_WRONG = (Outcome.HELD, Outcome.REFUSED, Outcome.VANISHED, Outcome.UNCONFIGURED, Outcome.BEHIND, Outcome.FAILED)


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
        text += f"; {self.text}" if self.text else ""
        if self.outcome is Outcome.HELD:
            file = shlex.quote(f"{record.source}/{record.path}")
            stays = f"version {record.compared_with} stays" if record.compared_with else "it is not shown"
            decide = f"{file} --version {record.version} --why '…'"
            see = f"See python -m ingest diff {file}, then decide" if record.compared_with else "Decide"
            text += f": {record.reason}; {stays}. {see}:"
            return f"{text} python -m ingest release {decide}, or python -m ingest reject {decide}"
        return text + "".join(f"; {note}" for note in notes(record))

    @property
    def line(self) -> str:
        what = f"{self.source}: {self.path}" if self.path else self.source
        outcome = f"{self.outcome}: " if self.outcome is not Outcome.LOADED else "loaded "
        return f"{what}: {outcome}{self.detail}"


def notes(record: FileRecord) -> list[str]:
    """What a person should know of a version that was taken: many keys that are gone, and columns that are."""
    found = []
    keys, lost = record.keys_before or 0, record.keys_lost or 0
    if lost > keys * Limits().lost:
        found.append(f"{lost:,} of {keys:,} keys of version {record.compared_with} are gone")
    vanished, new = _names(record.columns_vanished), set(_names(record.columns_new))
    renamed = dict(_pair(both, new) for both in _names(record.columns_renamed))
    for name, other in ((printable(name), printable(renamed.get(name, ""))) for name in vanished):
        text = f"column {name} is gone; earlier versions in raw still have its values"
        if other:
            text += f"; {other} holds nearly the same: if that is its new name,"
            text += f" write columns: {{{name}: [{other}]}} in sources.yml"
        found.append(text)
    return found


def _names(joined: str | None) -> list[str]:
    return joined.split(",") if joined else []


def _pair(both: str, new: set[str]) -> tuple[str, str]:
    """``old:new`` in its two names, of which each may have colons of its own."""
    places = [at for at, sign in enumerate(both) if sign == ":"]
    at = next((at for at in places if both[at + 1 :] in new), places[0])
    return both[:at], both[at + 1 :]


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
        """A line about what is no file: the lake as a whole, or a pattern."""
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
    text = json.dumps(facts, ensure_ascii=False)
    print("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text), flush=True)


def print_status(ledger: Ledger, versions: Versions, known: Config, now: datetime, log_format: str) -> bool:
    """A line for each file: its newest accepted version, and what is wrong with its newest. The sample is never stale.

    Returns:
        Whether all is well.
    """
    rows: list[dict[str, object]] = []
    for source, path, history in ledger.files():
        newest, standing = history[-1], versions.of(history[-1])
        accepted = [record for record in history if versions.of(record).state is State.ACCEPTED]
        refused = [record for record in history if not record.loaded]
        last = accepted[-1] if accepted else None
        limit = known.sources[source].stale_after_days if source in known.sources else None
        age = (now - last.committed_at).days if last else None
        real = ledger.contents is not Contents.MADE_UP
        rows.append(
            {"source": source, "path": path, "raw_table": newest.raw_table}
            | {"versions": sum(record.loaded for record in history), "refused": len(refused)}
            | {"version": last.version if last else None, "rows": last.row_count if last else None}
            | {"sha": last.sha if last else None}
            | {"committed_at": last.committed_at.isoformat() if last else None, "age_days": age}
            | {"last_refusal": refused[-1].reason if refused else None}
            | {"newest_version": newest.version, "state": standing.state, "reason": standing.reason}
            | {"stale": real and limit is not None and age is not None and age > limit, "stale_after_days": limit}
            | {"notes": notes(newest) if standing.state is State.ACCEPTED else []}
        )
    wrong = [row for row in rows if row["state"] in (State.HELD, State.REFUSED) or row["stale"]]
    if log_format == "json":
        for row in rows:
            _print_json(row)
    elif rows:
        table = Table(*_STATUS, box=box.SIMPLE)
        for row in rows:
            moment = row["committed_at"]
            table.add_row(
                *(str(row[name]) for name in ("source", "path", "raw_table")),
                *(f"{row[name]:,}" if row[name] is not None else "" for name in ("versions", "version", "rows")),
                f"{moment}"[:16].replace("T", " ") if moment else "",
                f"{row['age_days']:,} d" if moment else "",
                _state_text(row),
            )
        console().print(table, markup=False, highlight=False)
    else:
        print("nothing has been loaded yet")
    return not wrong


_STATUS = ("source", "file", "raw table", "versions", "shown", "records", "from", "age", "state")


def _state_text(row: dict[str, Any]) -> str:
    parts = [str(row["state"])]
    if row["state"] == State.REFUSED and row["newest_version"] is None:
        parts = [f"refused: {row['reason']}"]
    elif row["state"] != State.ACCEPTED:
        parts = [f"version {row['newest_version']} is {row['state']}: {row['reason']}"]
    if row["stale"]:
        parts.append(f"stale: older than {row['stale_after_days']} days")
    return "; ".join([*parts, *row["notes"]])


def print_versions(records: list[FileRecord], ledger: Ledger, versions: Versions, log_format: str) -> None:
    """A line for each version, oldest state of the source first, and one for each decision."""
    table = Table(*_VERSIONS, box=box.SIMPLE)
    for record in sorted(records, key=lambda record: (record.source, record.path, record.order)):
        standing, decisions = versions.of(record), ledger.decisions(record)
        if log_format == "json":
            facts: dict[str, object] = {"source": record.source, "path": record.path, "version": record.version}
            facts |= {"state": standing.state}
            facts |= {"reason": standing.reason, "decided_by": standing.decided_by, "rows": record.row_count}
            facts |= {"rescued": record.rescued_count, "sha": record.sha, "commit": record.commit_sha}
            facts |= {"committed_at": record.committed_at.isoformat()} | figures(record)
            decided = [
                {"status": row.status, "why": row.reason, "by": row.decided_by, "at": row.ingested_at.isoformat()}
                for row in decisions
            ]
            _print_json(facts | {"found": record.reason, "decisions": decided})
            continue
        why = [record.reason or ("" if decisions else standing.reason or "")]
        why += [f"{row.status} {row.ingested_at:%Y-%m-%d} by {row.decided_by}: {row.reason}" for row in decisions]
        table.add_row(
            record.source,
            record.path,
            _number(record.version),
            standing.state,
            f"{record.committed_at:%Y-%m-%d %H:%M}",
            *(_number(getattr(record, name)) for name in _FIGURES),
            "; ".join(part for part in [*why, *notes(record)] if part),
        )
    if log_format != "json":
        console().print(table, markup=False, highlight=False)


_FIGURES = ("row_count", "compared_with", "keys_lost", "keys_changed", "keys_new", "rescued_count")
_VERSIONS = (
    *("source", "file", "version", "state", "from"),
    *("records", "after", "lost", "changed", "new", "rescued", "why"),
)


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def print_differences(found: Differences, log_format: str) -> None:
    """Counts, then the first records of each kind."""
    old, new = found.old, found.new
    if log_format == "json":
        facts = asdict(found) | {"old": old.version, "new": new.version, "source": old.source, "path": old.path}
        _print_json(facts | {"changes": [change._asdict() for change in found.changes]})
        return
    names = [f"version {record.version} ({record.committed_at:%Y-%m-%d %H:%M})" for record in (new, old)]
    print(
        f"{old.source}: {old.path}: {' after '.join(names)}: {found.changed_records:,} records changed,"
        f" {found.lost_records:,} lost, {found.added_records:,} new"
    )
    for text, columns in (("columns that are gone", found.vanished), ("new columns", found.appeared)):
        if columns:
            print(f"{text}: {', '.join(map(printable, columns))}")
    if found.changed:
        counts = Table("column", "values changed", title="Changed", box=box.SIMPLE, title_justify="left")
        for name, count in found.changed.items():
            counts.add_row(printable(name), f"{count:,}")
        changes = Table(
            printable(", ".join(found.key)),
            "column",
            f"version {old.version}",
            f"version {new.version}",
            box=box.SIMPLE,
        )
        for change in found.changes:
            changes.add_row(*(_shown(text) for text in change))
        for table in (counts, changes):
            console().print(table, markup=False, highlight=False)
    for title, rows in (("Lost", found.lost), ("New", found.added)):
        if rows:
            table = Table(
                *map(printable, rows[0]),
                title=f"{title}: the first {len(rows):,}",
                box=box.SIMPLE,
                title_justify="left",
            )
            for row in rows:
                table.add_row(*map(_shown, row.values()))
            console().print(table, markup=False, highlight=False)


def _shown(text: str | None) -> str:
    """A value without line ends and control characters, and cut where it is long."""
    shown = printable(text or "")
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"
