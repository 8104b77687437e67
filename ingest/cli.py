"""The command line: ``python -m ingest``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ingest import config
from ingest.errors import ConfigurationError, IngestError

_EXAMPLES = """
\b
Examples:
  python -m ingest                                 everything that is new on GitHub
  python -m ingest --from data --source catalogue  from a local copy, data/catalogue/netflix_titles.csv and so on
  LAKEHOUSE_ROOT=s3://bucket/lake python -m ingest into an object store

\b
Exit codes: 0 all well (also when nothing was new), 1 a file was refused, 2 wrong usage or configuration,
3 a source is out of reach.
"""


@click.group(invoke_without_command=True, epilog=_EXAMPLES, context_settings={"max_content_width": 120})
@click.option("--from", "from_", metavar="FOLDER", type=Path, help="Read FOLDER/<source>/<file> instead.")
@click.option("--config", "config_path", metavar="FILE", type=Path, default=config.DEFAULT, help="Another sources.yml.")
@click.option("--source", metavar="NAME", help="Only this source.")
@click.option("--dataset", metavar="TABLE", help="Only the dataset of this raw table.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--max-wait", metavar="SECONDS", default=60.0, show_default=True, help="Longest wait a server may ask.")
@click.pass_context
def cli(
    context: click.Context,
    from_: Path | None,
    config_path: Path,
    source: str | None,
    dataset: str | None,
    log_format: str,
    max_wait: float,
) -> None:
    """Load what is new at the sources into the raw Delta tables under $LAKEHOUSE_ROOT (default: lake).

    Reads GITHUB_API_URL, GITHUB_RAW_URL and GITHUB_TOKEN.
    """
    if context.invoked_subcommand is not None:
        return
    selected = _select(config.load(config_path), source, dataset)

    # These take most of a start's time, and a usage error needs none of them.
    from ingest.lake import Lake
    from ingest.places import feeds_of
    from ingest.report import Report
    from ingest.run import Run

    report = Report(log_format)
    feeds = feeds_of(selected, from_, max_wait)
    lake = Lake(_root())
    lake.check_writable()
    try:
        Run(lake, report).current(feeds, dataset)
    except OSError as error:
        raise lake.failure(error) from None
    report.close()
    context.exit(report.exit_code)


def _select(found: config.Config, source: str | None, dataset: str | None) -> dict[str, config.Source]:
    if source is not None and source not in found.sources:
        raise ConfigurationError(f"there is no source {source!r}; there are: {', '.join(found.sources)}")
    selected = {name: value for name, value in found.sources.items() if source in (None, name)}
    tables = [entry.table for value in selected.values() for entry in value.datasets]
    if dataset is not None and dataset not in tables:
        raise ConfigurationError(f"there is no dataset {dataset!r}; there are: {', '.join(tables)}")
    if dataset is not None:
        selected = {
            name: value for name, value in selected.items() if any(entry.table == dataset for entry in value.datasets)
        }
    return selected


def _root() -> str:
    return os.environ.get("LAKEHOUSE_ROOT") or "lake"


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
