"""The command line: ``python -m ingest``."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest import config
from ingest.errors import EXIT_REFUSED, ConfigurationError, IngestError
from lakehouse import settings

if TYPE_CHECKING:
    from ingest.report import Report
    from ingest.storage.tables import Lake, Ledger
    from ingest.versions import Versions

_EPILOG = """
\b
Examples:
  python -m ingest                                     everything that is new on GitHub
  python -m ingest --source top10 --backfill           every version of the top-10 files there ever was
  python -m ingest --from data                         from local copies, data/catalogue/netflix_titles.csv and so on
  python -m ingest --watch 3600 --then 'dbt build'     once an hour, and dbt where something was loaded
  LAKEHOUSE_ROOT=s3://bucket/lake python -m ingest     into an object store
  python -m ingest status                              what the lake has, and what is held, refused or stale
  python -m ingest versions netflix_titles.csv         its versions, with states, figures and decisions
  python -m ingest diff netflix_titles.csv             what the newest version changed
  python -m ingest release netflix_titles.csv --version 7 --why 'the source renumbered its ids'
  python -m ingest reject netflix_titles.csv --version 6 --why 'half of the file is missing'

\b
Environment: LAKEHOUSE_ROOT (default: lake), GITHUB_TOKEN, GITHUB_API_URL, GITHUB_RAW_URL, and the clouds' own names.

\b
Exit codes: 0 all well (also when nothing was new), 1 a file was held or refused (of `status`: one is held, refused or
stale), 2 wrong usage or configuration, 3 a source is out of reach.
"""


class _Seconds(click.FloatRange):
    """A time to wait, of at most ten years: what a system can wait for has an end, and NaN is in every range."""

    def __init__(self) -> None:
        super().__init__(min=0, max=10 * 366 * 86_400)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> float:
        seconds: float = super().convert(value, param, context)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number.", param, context)
        return seconds


@click.group(invoke_without_command=True, epilog=_EPILOG, context_settings={"max_content_width": 120})
@click.option("--from", "from_", metavar="FOLDER", type=Path, help="Read FOLDER/<source>/<file>, or FOLDER/<file>.")
@click.option("--config", "config_path", metavar="FILE", type=Path, default=config.DEFAULT, help="Another sources.yml.")
@click.option("--source", "only", metavar="NAME", multiple=True, help="Only this source; may be given again.")
@click.option("--dataset", metavar="TABLE", help="Only the dataset of this raw table.")
@click.option("--dry-run", is_flag=True, help="Say what would be loaded; change nothing.")
@click.option("--backfill", is_flag=True, help="Load all past versions too, oldest first. May be stopped and resumed.")
@click.option("--since", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="With --backfill: from this date on.")
@click.option("--watch", metavar="SECONDS", type=_Seconds(), help="Look again every so often, until SIGTERM.")
@click.option("--then", metavar="COMMAND", help="With --watch: run this when the lake has something new to it.")
@click.option(
    "--max-wait",
    metavar="SECONDS",
    type=_Seconds(),
    default=60.0,
    show_default=True,
    help="Longest wait a server may ask for.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def cli(
    context: click.Context,
    from_: Path | None,
    config_path: Path,
    only: tuple[str, ...],
    dataset: str | None,
    dry_run: bool,
    backfill: bool,
    since: datetime | None,
    watch: float | None,
    then: str | None,
    max_wait: float,
    log_format: str,
) -> None:
    """Load what is new at the sources into the raw Delta tables under $LAKEHOUSE_ROOT."""
    if context.invoked_subcommand is not None:
        return
    if since and not backfill:
        raise click.UsageError("--since goes with --backfill")
    if then and watch is None:
        raise click.UsageError("--then goes with --watch")
    if watch is not None and (backfill or dry_run):
        raise click.UsageError("--watch goes neither with --backfill nor with --dry-run")
    found = config.load(config_path)
    selected = _select(found, only, dataset)

    # These take most of a start's time, and a usage error needs none of them.
    from ingest.report import Report
    from ingest.run import Run
    from ingest.sources.connect import connected
    from ingest.sources.http import RetryPolicy
    from ingest.storage.tables import Lake
    from ingest.watch import Watch

    lake = Lake(_root(), found.renamed)
    stop = threading.Event()

    def once() -> Report:
        report = Report(log_format)
        if not dry_run:
            lake.check_writable()
        with lake.failures():
            run = Run(lake, report, configured=found.sources, table=dataset, dry_run=dry_run, stop=stop)
            if backfill:
                run.backfill(sources, since.replace(tzinfo=UTC) if since else None)
            else:
                run.current(sources)
        report.close()
        return report

    with lake.failures():
        sources = connected(
            found, selected, from_ and from_.expanduser(), lake, RetryPolicy(max_wait, stop), read_only=dry_run
        )
    if watch is not None:
        Watch(lake, once, watch, then, stop).run()
    else:
        context.exit(once().exit_code)


_LOG_FORMAT = click.option("--log-format", type=click.Choice(["text", "json"]), help="As before the command.")
_FILE = click.argument("file")


def _decision(command: Callable[..., None]) -> Callable[..., None]:
    """What release and reject are given."""
    why = click.option("--why", metavar="TEXT", required=True, help="The reason, which stays in the ledger.")
    number = click.option("--version", "number", metavar="N", type=int, required=True, help="The version's number.")
    return _FILE(number(why(command)))


@cli.command()
@_LOG_FORMAT
@click.pass_context
def status(context: click.Context, log_format: str | None) -> None:
    """Show each file's newest version, its age, and what is held, refused or stale; exit code 1 where anything is."""
    from ingest.report import print_status
    from ingest.sources.listing import now

    found = config.load(context.find_root().params["config_path"])
    with _opened(context) as (_, ledger, versions):
        well = print_status(ledger, versions, found, now(), _format(context, log_format))
    context.exit(0 if well else EXIT_REFUSED)


@cli.command()
@click.argument("file", required=False)
@_LOG_FORMAT
@click.pass_context
def versions(context: click.Context, file: str | None, log_format: str | None) -> None:
    """List the versions of FILE, or of all files: states, figures, reasons and decisions.

    FILE is a file's name, its path, or <source>/<path>.
    """
    from ingest.report import print_versions

    with _opened(context) as (_, ledger, known):
        records = known.find(file) if file else ledger.records()
        print_versions(records, ledger, known, _format(context, log_format))


@cli.command()
@_FILE
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@click.option(
    "--rows", default=10, show_default=True, type=click.IntRange(0, 10**9), help="Records of each kind to show."
)
@_LOG_FORMAT
@click.pass_context
def diff(
    context: click.Context, file: str, old: int | None, new: int | None, rows: int, log_format: str | None
) -> None:
    """Show what differs between versions OLD and NEW of FILE: by default its newest and the last accepted before it."""
    from ingest.compare import ComparisonSettings
    from ingest.differences import differences
    from ingest.report import print_differences
    from ingest.storage.tables import RawTable
    from ingest.versions import pair

    found = config.load(context.find_root().params["config_path"])
    with _opened(context) as (lake, _, known):
        first, second = pair(known.find(file), known, old, new)
        dataset = found.dataset_of(first.source, first.path)
        comparing = ComparisonSettings.of(dataset) if dataset else ComparisonSettings()
        table = RawTable(lake, first.raw_table)
        print_differences(differences(table, first, second, comparing, rows), _format(context, log_format))


@cli.command()
@_decision
def release(file: str, number: int, why: str) -> None:
    """Take version N of FILE, which is held, refused by a rule of dbt, or was rejected."""
    _decide(file, number, why, "accepted", "released")


@cli.command()
@_decision
def reject(file: str, number: int, why: str) -> None:
    """Take back version N of FILE. Its bytes are not taken again, from any source, until it is released."""
    _decide(file, number, why, "rejected", "rejected")


def _decide(file: str, number: int, why: str, state: str, status: str) -> None:
    from ingest.versions import numbered

    if not why.strip():
        raise click.UsageError("--why needs a reason")
    with _opened(click.get_current_context()) as (lake, _, known):
        record = numbered(known.find(file), number)
        standing = known.of(record)
        what = f"{record.source}: {record.path}: version {number}"
        if standing.state == state:
            by = f" by {standing.decided_by}: {standing.reason}" if standing.decided_by else ""
            print(f"{what} is {state} already{by}; nothing was written")
        else:
            lake.check_writable()
            known.decide(record, status, why.strip())
            print(f"{what} is {state} now, and was {standing.state}; the next build of dbt shows it")


@contextmanager
def _opened(context: click.Context) -> Iterator[tuple[Lake, Ledger, Versions]]:
    """The lake with its ledger and the states in it, and one line for whatever is wrong with it."""
    from ingest.storage.tables import Lake, Ledger
    from ingest.versions import Versions

    lake = Lake(_root(), config.load(context.find_root().params["config_path"]).renamed)
    with lake.failures():
        ledger = Ledger(lake)
        yield lake, ledger, Versions(lake, ledger)


def _format(context: click.Context, given: str | None) -> str:
    """The option may stand before the command and after it."""
    return given or str(context.find_root().params["log_format"])


def _select(found: config.Config, only: Sequence[str], dataset: str | None) -> dict[str, config.Source]:
    for name in only:
        if name not in found.sources:
            raise ConfigurationError(f"there is no source {name!r}; there are: {', '.join(found.sources)}")
    selected = {name: value for name, value in found.sources.items() if not only or name in only}
    tables = sorted({entry.table for value in selected.values() for entry in value.datasets})
    if dataset is None:
        return selected
    if dataset not in tables:
        raise ConfigurationError(f"there is no dataset {dataset!r}; there are: {', '.join(tables)}")
    return {name: value for name, value in selected.items() if any(entry.table == dataset for entry in value.datasets)}


def _root() -> str:
    try:
        return settings.root()
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def main() -> None:
    try:
        sys.exit(cli.main(prog_name="python -m ingest", standalone_mode=False))
    except IngestError as error:
        print(f"ingest: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        print(f"ingest: {error.format_message()}; see python -m ingest --help", file=sys.stderr)
        sys.exit(ConfigurationError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        print("ingest: stopped; the next run goes on from here", file=sys.stderr)
        sys.exit(130)
