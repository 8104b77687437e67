"""Build with dbt: `python -m lakehouse build [options of dbt build]`.

dbt itself prints errors only; this shows how far the build is, and at the end each warning in a line. In a workflow of
GitHub the warnings stand in the run's summary too. The exit code is dbt's: 1 where a model or test failed, 2 where dbt
could not begin. After a known fault of DuckDB the build goes on by itself, once. Where nothing that a build reads or
writes has changed since one passed (lakehouse/nothing_new.py), it says so, with the warnings of that one, and does not
start dbt.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from ingest.errors import printable
from lakehouse.nothing_new import LastBuild

SECONDS = 5  # between two lines of progress where there is no terminal
OF_RESULTS = ("LogTestResult", "RunResultWarning", "RunResultWarningMessage")  # events that repeat what the results say
# A race of DuckDB 1.5.5 (duckdb/duckdb#25713): now and then a query with a window in several threads ends with this and
# takes its database along. What dbt had committed stays, and the next build goes on from there.
FAULT_OF_DUCKDB = "Attempted to access index 0 within vector of size 0"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Watch:
    """Listens to dbt's events: shows progress, and keeps warnings that are of no test and the line of totals."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("dbt reads the project ...")
        self._done = 0
        self._said = time.monotonic()
        self.warnings: dict[str, None] = {}
        self.totals = ""

    def __enter__(self) -> Watch:
        if self._console.is_terminal:
            self._status.start()
        else:
            self._console.print("dbt reads the project ...")
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, event: Any) -> None:
        name = event.info.name
        if name == "LogStartLine":
            self._tell(f"dbt builds and tests: {self._done} of {event.data.total} done ...")
        elif name == "NodeFinished":
            self._done += 1
        elif name == "StatsLine":
            self.totals = one_line(event.info.msg)
        elif event.info.level == "warn" and name not in OF_RESULTS:
            self.warnings[one_line(event.info.msg)] = None

    def _tell(self, text: str) -> None:
        if self._console.is_terminal:
            self._status.update(text)
        elif time.monotonic() - self._said >= SECONDS:
            self._said = time.monotonic()
            self._console.print(text, highlight=False)


def one_line(text: str) -> str:
    """Without colours and line breaks, and with what a terminal would act on as escape sequences."""
    return printable(" ".join(COLOUR.sub("", text).split()))


def of_tests(results: list[Any]) -> list[str]:
    """A line for each test that warned: of which model, which test, how many rows, and where it is declared."""
    lines = []
    for result in results:
        if result.status == "warn":
            node, rows = result.node, result.failures or 0
            model = (getattr(node, "attached_node", None) or "").rsplit(".", 1)[-1]
            name = f"{model}: {node.name}" if model else node.name
            lines.append(f"{name}: {rows:,} {'row' if rows == 1 else 'rows'} ({node.original_file_path})")
    return sorted(lines)


def tell(console: Console, warnings: list[str], totals: str) -> None:
    """Print the warnings, and write them into the summary of a run on GitHub."""
    count = f"{len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'} of dbt"
    if warnings:
        console.print(f"{count}:", highlight=False)
        for line in warnings:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
        console.print("The rows of one: .venv/bin/dbt show --select <its name>", markup=False, highlight=False)
    if totals:
        console.print(totals, markup=False, highlight=False, soft_wrap=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in (f"### {count}\n", *(f"- `{line}`" for line in warnings))))


def forget_dbt() -> None:
    """Close what dbt leaves open in its process, so that its next run opens the lake again."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    reset_adapters()  # type: ignore[no-untyped-call]


@contextmanager
def _ended_by_control_c(watch: Watch) -> Iterator[None]:
    """Ctrl-C is one line and code 130, at once: dbt would print errors of what it ends, and wait for queries that begin
    after it ended the others. What was committed stays, as where a build is killed.
    """

    def stop(*_: object) -> None:
        watch.__exit__()
        print("stopped; the next build goes on from here", file=sys.stderr, flush=True)
        os._exit(130)

    # The process by which Python cleans up behind others takes this over, and does not warn of such an end.
    sys.warnoptions.append("ignore:resource_tracker")
    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.warnoptions.remove("ignore:resource_tracker")


def build(options: list[str], again: bool = False) -> int:
    """Run `dbt build`; returns its exit code. again: after a fault of DuckDB, which may happen once."""
    console = Console()
    last = LastBuild(options)
    if said := last.said():
        console.print("Nothing has changed since the last build that passed: there is nothing to build.")
        tell(console, *said)
        return 0
    # Importing dbt takes longer than all of the above
    from dbt.cli.exceptions import DbtUsageException
    from dbt.cli.main import dbtRunner

    # What dbt reads stays until the end: looking through it for garbage again and again takes an eighth of a build.
    gc.set_threshold(200_000, 20, 100)
    with Watch(console) as watch, _ended_by_control_c(watch):
        done = dbtRunner(callbacks=[watch]).invoke(["build", "--quiet", *options])
    results = getattr(done.result, "results", None) or []
    if not again and any(FAULT_OF_DUCKDB in str(result.message) for result in results):
        console.print("That was a known fault of DuckDB (duckdb/duckdb#25713): the build goes on from there ...")
        forget_dbt()
        return build(options, again=True)
    warnings = [*of_tests(results), *watch.warnings]
    tell(console, warnings, watch.totals)
    if done.success:
        last.remember(warnings, watch.totals)
        return 0
    if done.exception is not None:
        if isinstance(done.exception, DbtUsageException):  # dbt prints any other itself
            print(f"dbt: {one_line(str(done.exception))}", file=sys.stderr)
        return 2
    return 1
