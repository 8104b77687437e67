"""Builds the same raw tables on every engine and compares the results.

The raw tables are copied once per engine and built from nothing, each engine into a lake of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from dbt_duckdb_delta.object_store import load_extension, tables_below
from dbt_duckdb_delta.queries import literal, quote
from lakehouse.engines import ENGINES
from lakehouse.engines.spark import missing, session

OF_THE_RUN = (
    "_run_id",
    "_judged_at",
    "run_id",
    "_run_started_at",
    "_ingested_at",
    "_decided_at",
)  # columns that tell one run from another
BUILD = ("build", "--quiet", "--exclude-resource-types", "test", "unit_test")


@dataclass(frozen=True)
class Content:
    """What a table holds: the number of its rows, and a checksum over names, types and rows in any order."""

    rows: int
    checksum: str


def contents(root: Path) -> dict[str, Content]:
    """The content of every silver and gold table, by `<layer>/<table>`, without the columns of the run."""
    conn = duckdb.connect()
    load_extension(conn, "delta")
    conn.execute("set timezone = 'UTC'")
    found = {}
    for layer, name in tables_below(conn, str(root)):
        if layer not in ("silver", "gold"):
            continue
        table = f"delta_scan({literal(f'{root}/{layer}/{name}')})"
        columns = [row[:2] for row in conn.execute(f"describe from {table}").fetchall() if row[0] not in OF_THE_RUN]
        row = ", ".join(quote(column) for column, _ in columns)
        query = f"select count(*), coalesce(sum(hash({row}))::hugeint, 0) + hash({literal(str(columns))}) from {table}"
        rows, checksum = conn.execute(query).fetchone() or (0, 0)
        found[f"{layer}/{name}"] = Content(rows, f"{checksum % 2**64:016x}")
    return found


def build(engine: str, root: Path, limit: float | None = None) -> None:
    """Build the lake in `root` on an engine, in `limit` seconds at most.

    Raises CalledProcessError where dbt fails, TimeoutExpired beyond the limit.
    """
    dbt = [str(Path(sys.executable).with_name("dbt")), *BUILD]
    env = os.environ | {"LAKEHOUSE_ROOT": str(root), "DBT_TARGET_PATH": f"{root}.target", "DBT_TARGET": "dev"}
    if engine == "duckdb":
        subprocess.run(dbt, env=env, check=True, timeout=limit)
    else:
        with session(str(root), engine) as joined:
            subprocess.run(dbt, env=env | joined, check=True, timeout=limit)


def differences(of_engines: dict[str, dict[str, Content]]) -> list[str]:
    """The names of the tables that are not the same on all engines."""
    names = sorted({name for found in of_engines.values() for name in found})
    return [name for name in names if len({found.get(name) for found in of_engines.values()}) > 1]


def print_contents(of_engines: dict[str, dict[str, Content]]) -> None:
    """A row per table with what each engine made of it."""
    grid = Table(
        "table",
        *(f"{engine}: {what}" for engine in of_engines for what in ("rows", "checksum")),
        "",
        box=box.SIMPLE_HEAD,
    )
    differ = differences(of_engines)
    for name in sorted({name for found in of_engines.values() for name in found}):
        cells = [found.get(name) for found in of_engines.values()]
        told = [part for cell in cells for part in ((f"{cell.rows:,}", cell.checksum) if cell else ("-", "-"))]
        grid.add_row(name, *told, "differs" if name in differ else "=")
    Console(width=160).print(grid)


def compare(location: str, engines: Sequence[str]) -> None:
    """Print rows and checksum of every silver and gold table; no engines: all that can run.

    Raises click.ClickException where engines differ, or there is nothing to compare.
    """
    if "://" in location:
        raise click.ClickException(f"The raw tables lie at {location}, but can only be compared from a folder.")
    root = Path(location)
    if not any(root.glob("raw/*/_delta_log")):
        raise click.ClickException(f"There are no raw tables under {root}. Load them first: python -m ingest.")
    of_engines = {}
    with tempfile.TemporaryDirectory(prefix="parity-") as work:
        for engine in engines or ENGINES:
            if not engines and engine != "duckdb" and (lack := missing(engine)):
                click.echo(f"{engine} is left out: {lack}")
                continue
            lake = Path(work) / engine
            shutil.copytree(root / "raw", lake / "raw")
            build(engine, lake)
            of_engines[engine] = contents(lake)
    print_contents(of_engines)
    if differ := differences(of_engines):
        raise click.ClickException(f"{len(differ)} tables differ between engines.")
    click.echo(f"The results of {' and '.join(of_engines)} are the same.")
