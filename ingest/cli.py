"""The command line: ``python -m ingest``."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest import config
from ingest.errors import ConfigurationError, IngestError
from lakehouse import settings

if TYPE_CHECKING:
    from ingest.report import Report

_EPILOG = """
\b
Examples:
  python -m ingest                                     everything that is new on GitHub
  python -m ingest --source top10 --backfill           every version of the top-10 files there ever was
  python -m ingest --from data                         from local copies, data/catalogue/netflix_titles.csv and so on
  python -m ingest --watch 3600 --then 'dbt build'     once an hour, and dbt where something was loaded
  LAKEHOUSE_ROOT=s3://bucket/lake python -m ingest     into an object store
  python -m ingest status                              what the lake has

\b
Environment: LAKEHOUSE_ROOT (default: lake), GITHUB_TOKEN, GITHUB_API_URL, GITHUB_RAW_URL, and the clouds' own names.

\b
Exit codes: 0 all well (also when nothing was new), 1 a file was held or refused, 2 wrong usage or configuration,
3 a source is out of reach.
"""


@click.group(invoke_without_command=True, epilog=_EPILOG, context_settings={"max_content_width": 120})
@click.option("--from", "from_", metavar="FOLDER", type=Path, help="Read FOLDER/<source>/<file> instead.")
@click.option("--config", "config_path", metavar="FILE", type=Path, default=config.DEFAULT, help="Another sources.yml.")
@click.option("--source", metavar="NAME", help="Only this source.")
@click.option("--dataset", metavar="TABLE", help="Only the dataset of this raw table.")
@click.option("--dry-run", is_flag=True, help="Say what would be loaded; change nothing.")
@click.option("--backfill", is_flag=True, help="Load all past versions too, oldest first. May be stopped and resumed.")
@click.option("--since", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="With --backfill: from this date on.")
@click.option(
    "--watch", metavar="SECONDS", type=click.FloatRange(min=0), help="Look again every so often, until SIGTERM."
)
@click.option("--then", metavar="COMMAND", help="With --watch: run this when the lake has something new to it.")
@click.option(
    "--max-wait", metavar="SECONDS", default=60.0, show_default=True, help="Longest wait a server may ask for."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def cli(
    context: click.Context,
    from_: Path | None,
    config_path: Path,
    source: str | None,
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
    selected = _select(config.load(config_path), source, dataset)

    # These take most of a start's time, and a usage error needs none of them.
    from ingest.report import Report
    from ingest.run import Run
    from ingest.sources.connect import feeds_of
    from ingest.sources.http import Patience
    from ingest.storage.tables import Lake
    from ingest.watch import Watch

    lake = Lake(_root())
    stop = threading.Event()

    def once() -> Report:
        report = Report(log_format)
        if not dry_run:
            lake.check_writable()
        with lake.failures():
            run = Run(lake, report, table=dataset, dry_run=dry_run, stop=stop)
            if backfill:
                run.backfill(feeds, since.replace(tzinfo=UTC) if since else None)
            else:
                run.current(feeds)
        report.close()
        return report

    with lake.failures():
        feeds = feeds_of(selected, from_, lake, Patience(max_wait, stop), read_only=dry_run)
    if watch is not None:
        Watch(lake, once, watch, then, stop).run()
    else:
        context.exit(once().exit_code)


@cli.command()
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(log_format: str) -> None:
    """Show the ledger: for each file its newest version, its records, its age and what was refused."""
    from ingest.report import print_status
    from ingest.sources.listing import now
    from ingest.storage.tables import Lake, Ledger

    lake = Lake(_root())
    with lake.failures():
        print_status(Ledger(lake).records(), now(), log_format)


def _select(found: config.Config, source: str | None, dataset: str | None) -> dict[str, config.Source]:
    if source is not None and source not in found.sources:
        raise ConfigurationError(f"there is no source {source!r}; there are: {', '.join(found.sources)}")
    selected = {name: value for name, value in found.sources.items() if source in (None, name)}
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
