"""The command line: ``python -m lakehouse``. Each command loads what it needs only when it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lakehouse import settings
from lakehouse.engines import ENGINES, ON_SPARK

FILE = click.Path(path_type=Path)


class CannotDo(click.ClickException):
    """What keeps a command from its work, in one line."""

    exit_code = 2

    def __init__(self, problem: object) -> None:
        super().__init__(" ".join(str(problem).split()))

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


def _root() -> str:
    try:
        return settings.root()
    except ValueError as error:
        raise CannotDo(error) from None


def _lake() -> str:
    """The root of a lake that is there."""
    root = _root()
    from lakehouse.tables import listed

    if not listed(root):
        raise CannotDo(
            f"There is no lake at {root}: build one with 'make run', or set LAKEHOUSE_ROOT to where it lies."
        )
    return root


def _project() -> None:
    if not Path("dbt_project.yml").is_file():
        raise CannotDo("there is no dbt_project.yml here: run this in the folder of the project")


def _end_on_sigterm() -> None:
    """So that the servers that a command started end as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@click.group(context_settings={"max_content_width": 120})
def cli() -> None:
    """Everything about the lake in LAKEHOUSE_ROOT (default: lake) but loading it, which is `python -m ingest`."""


@cli.command()
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to; made if absent."
)
@click.option("--titles", default=1000, show_default=True, type=click.IntRange(50, 8_000_000), help="Titles in week 1.")
@click.option("--week", default=1, show_default=True, type=click.IntRange(1, 520), help="The week to write.")
@click.option("--seed", default=42, show_default=True, type=int, help="Another seed gives another catalogue.")
@click.option("--edition", is_flag=True, help="Only the catalogue, as one file in the layout of Kaggle.")
def sample(out: Path, titles: int, week: int, seed: int, edition: bool) -> None:
    """Write a made-up catalogue, Top 10 lists and half-yearly reports as of a week."""
    from lakehouse.sample.edition import write_edition
    from lakehouse.sample.files import write_sample

    try:
        records = (write_edition if edition else write_sample)(out, titles, week, seed)
    except OSError as error:
        where, why = error.filename or out, error.strerror or error
        raise CannotDo(f"cannot write to '{where}' ({why}): name another folder with --out") from None
    counts = ", ".join(f"{Path(name).stem} {count:,}" for name, count in records.items())
    click.echo(f"Wrote week {week} of the sample of {titles:,} titles (seed {seed}) to {out}; records: {counts}")


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def build(options: tuple[str, ...]) -> None:
    """Run `dbt build` with the given OPTIONS, showing progress and each warning in a line."""
    from lakehouse.build import build as build_with_dbt

    if not any(option.startswith("--project-dir") for option in options):
        _project()
    sys.exit(build_with_dbt(list(options)))


@cli.command()
@click.argument("name")
@click.argument("file", type=FILE)
@click.option("--key", default="", help="The columns that say what one record is, joined by commas, as in the file.")
def feed(name: str, file: Path, key: str) -> None:
    """Begin a feed NAME from the header and the first records of FILE: source, models, rules and a unit test."""
    from lakehouse.feed import CannotBegin, begin, read

    _project()
    try:
        found = read(name, file, [column.strip().lower() for column in key.split(",") if column.strip()])
        written = begin(found, Path())
    except CannotBegin as error:
        raise CannotDo(error) from None
    for path in written:
        click.echo(f"  {path}")
    click.echo(
        f"A record is known by its {', '.join(found.key)}. Look these files through, then:\n"
        f"  .venv/bin/python -m ingest --source {name}\n"
        f"  .venv/bin/python -m lakehouse build --select +silver_{name}"
    )


@cli.command()
@click.option("--remember", type=FILE, help="Write the state to this file instead of printing it.")
@click.option("--since", type=click.Path(exists=True, path_type=Path), help="Show what changed since that file.")
def tables(remember: Path | None, since: Path | None) -> None:
    """List the tables of the lake with their rows and versions."""
    root = _root() if remember else _lake()
    from lakehouse.inventory import show

    show(root, remember, since)


@cli.command()
def check() -> None:
    """Say where raw, bronze and the typed records do not agree, and what mends it; exit code 1 where anything is."""
    root = _lake()
    from lakehouse.check import findings

    found = list(findings(root))
    for finding in found:
        click.echo(finding.line)
    many = f"{len(found)} {'finding' if len(found) == 1 else 'findings'}"
    click.echo(many if found else "The layers of the lake agree.")
    sys.exit(1 if found else 0)


@cli.command()
def root() -> None:
    """Print where the lake lies, as every command understands it: an absolute path or an object store's URL."""
    click.echo(_root())


@cli.command()
@click.option("--out", type=FILE, default=Path("site"), show_default=True, help="Where to write.")
@click.option(
    "--target", type=FILE, default=Path("target"), show_default=True, help="Where `dbt docs generate --static` wrote."
)
def site(out: Path, target: Path) -> None:
    """Write the site from gold, with dbt's docs and lineage beside it."""
    from lakehouse.site.build import write_site
    from lakehouse.site.docs import NoArtifacts, write_docs
    from lakehouse.site.gold import NoGold

    try:
        write_site(out)
        write_docs(target, out)
    except (NoGold, NoArtifacts) as error:
        raise CannotDo(error) from None


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(folder: Path, port: int) -> None:
    """Serve the files of a FOLDER to the browser on this machine."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=folder))
    except OSError as error:
        raise CannotDo(
            f"Port {port} cannot be used ({error.strerror}): try another, as with PORT={port % 65535 + 1}"
        ) from None
    click.echo(f"Serving {folder} on http://127.0.0.1:{port}; Ctrl-C ends it.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


@cli.command()
@click.option("--site", type=click.Path(path_type=Path, exists=True), default=Path("site"), show_default=True)
@click.option("--out", type=FILE, help="Where to write, instead of <site>/screenshots.")
def screenshots(site: Path, out: Path | None) -> None:
    """Photograph every page of the site into <site>/screenshots/<page>-<look>.png (needs Chromium)."""
    from lakehouse.site.screenshots import chromium, take

    out, executable = out or site / "screenshots", chromium()
    if not executable:
        raise CannotDo("No Chromium was found: install it (Debian: chromium), or set CHROMIUM to its path.")
    take(site, out, executable)
    click.echo(f"Pictures of the pages: {out.absolute()}")


@cli.command()
@click.option("--out", type=FILE, default=Path("lakehouse.duckdb"), show_default=True, help="Where to write.")
def duckdb(out: Path) -> None:
    """Write a DuckDB file with a view for every table of gold, for BI tools."""
    root = _root()
    from duckdb import Error

    from lakehouse.serving import write

    try:
        views = write(out, root)
    except subprocess.CalledProcessError:
        sys.exit(2)  # dbt has said why
    except Error as error:
        raise CannotDo(f"There are no views of gold under {root}: {error}. Run `dbt build` first.") from None
    click.echo(f"{out.absolute()}: {views} views. Open it read-only, for example: duckdb -readonly {out}")


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True)
def spark(command: tuple[str, ...]) -> None:
    """Run COMMAND with a Spark session that knows the tables of the lake, for example `dbt build`.

    The session is at SPARK_REMOTE, or of a server that runs for the time of the command: pysail, or Apache Spark with
    SPARK=apache.
    """
    engine = os.environ.get("SPARK", "pysail")
    if engine not in ON_SPARK:
        raise CannotDo(f"SPARK is {engine}, but can only be {' or '.join(ON_SPARK)}.")
    root = _root()
    from lakehouse.engines.spark import run

    _end_on_sigterm()
    sys.exit(run(command, root, engine, os.environ.get("SPARK_REMOTE")))


@cli.command()
@click.option("--engine", "engines", multiple=True, type=click.Choice(ENGINES), help="Default: all that can run.")
def parity(engines: Sequence[str]) -> None:
    """Build the raw tables of the lake on every engine and compare all silver and gold tables."""
    root = _root()
    from lakehouse.engines.parity import compare

    _end_on_sigterm()
    compare(root, engines)


def main() -> None:
    """Run the command line; every mistake in its use is one line."""
    try:
        code = cli.main(prog_name="python -m lakehouse", standalone_mode=False)
    except click.UsageError as error:
        click.echo(f"python -m lakehouse: {error.format_message()}; see --help", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)  # as the shell reports an interrupt
    sys.exit(code)
