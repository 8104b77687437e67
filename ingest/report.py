"""What a run tells: a line for each event, a closing table, and the exit code."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from ingest.lake import FileRecord


class Outcome(StrEnum):
    LOADED = "loaded"
    UNCHANGED = "unchanged"
    WOULD_LOAD = "would load"
    REFUSED = "refused"
    VANISHED = "vanished"
    FAILED = "failed"


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
    def line(self) -> str:
        what = f"{self.source}: {self.path}" if self.path else self.source
        if self.record is not None and self.outcome is Outcome.LOADED:
            rescued = f", {self.record.rescued_count} with rescued data" if self.record.rescued_count else ""
            rows = f"{self.record.row_count:,} record{'' if self.record.row_count == 1 else 's'}{rescued}"
            return f"{what}: loaded version {self.record.version} into {self.record.raw_table}, {rows}"
        if self.outcome is Outcome.REFUSED:
            return f"{what}: refused: {self.text}"
        return f"{what}: {self.text}"


class Report:
    """Collects results from all threads and prints each as it comes in."""

    def __init__(self, log_format: str) -> None:
        self._json = log_format == "json"
        self._lock = threading.Lock()
        self.results: list[Result] = []

    def add(self, result: Result) -> None:
        with self._lock:
            self.results.append(result)
            if self._json:
                self._print_json(result)
            elif result.outcome is not Outcome.UNCHANGED:
                wrong = result.outcome in (Outcome.REFUSED, Outcome.FAILED, Outcome.VANISHED)
                print(result.line, file=sys.stderr if wrong else sys.stdout, flush=True)

    @property
    def exit_code(self) -> int:
        return max((result.exit_code for result in self.results), default=0)

    @property
    def loaded(self) -> int:
        return sum(result.outcome is Outcome.LOADED for result in self.results)

    def close(self) -> None:
        """The closing words: one line of totals, and that there was nothing new where that is so."""
        counts = Counter(result.outcome for result in self.results)
        rows = sum(result.record.row_count or 0 for result in self.results if result.record)
        if self._json:
            totals: dict[str, object] = {outcome.value.replace(" ", "_"): counts[outcome] for outcome in Outcome}
            print(json.dumps({"event": "done", **totals, "records": rows, "exit_code": self.exit_code}), flush=True)
            return
        parts = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
        idle = "nothing loaded" if self.exit_code else "nothing new"
        new = f"{rows:,} new records" if counts[Outcome.LOADED] else idle
        print(f"{new}: {', '.join(parts) or 'no files'}", flush=True)

    def _print_json(self, result: Result) -> None:
        facts: dict[str, object] = {"event": result.outcome.value, "source": result.source, "path": result.path}
        if result.record is not None:
            record = result.record
            facts |= {"raw_table": record.raw_table, "version": record.version, "rows": record.row_count}
            facts |= {"rescued": record.rescued_count, "sha": record.sha, "commit": record.commit_sha}
        if result.text:
            facts["message"] = result.text
        print(json.dumps(facts, ensure_ascii=False), flush=True)
