"""Wall time of a full build on each engine: `python -m bench.engines --titles 60000`.

The sample is made and loaded once per size; each engine builds its own copy of the raw tables, without tests. A build
that takes longer than the limit is ended, and its engine is not given a larger sample.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from lakehouse.engines import ENGINES
from lakehouse.engines.parity import build
from lakehouse.engines.spark import missing


def seconds(engine: str, raw: Path, lake: Path, limit: float) -> str:
    """Wall time of a build from copied raw tables, the engine's start included, or why there is none."""
    shutil.copytree(raw, lake / "raw")
    start = time.perf_counter()
    try:
        build(engine, lake, limit)
    except subprocess.TimeoutExpired:
        return f"over {limit:.0f}"
    except subprocess.CalledProcessError:
        return "failed"
    finally:
        shutil.rmtree(lake)
    return f"{time.perf_counter() - start:.0f}"


@click.command()
@click.option(
    "--titles",
    "sizes",
    multiple=True,
    type=int,
    default=(60_000, 600_000, 6_000_000),
    help="Titles of the sample (repeatable).",
)
@click.option(
    "--engine", "engines", multiple=True, type=click.Choice(ENGINES), help="Which (default: all that can run)."
)
@click.option("--limit", default=3600.0, show_default=True, help="Seconds that a build may take.")
def main(sizes: Sequence[int], engines: Sequence[str], limit: float) -> None:
    """Print a table with the seconds that each engine takes."""
    chosen = [engine for engine in engines or ENGINES if engine == "duckdb" or not missing(engine)]
    grid = Table("titles", *chosen, title="Full build, wall seconds", title_justify="left", box=box.SIMPLE_HEAD)
    beyond: set[str] = set()
    for titles in sorted(sizes):
        with tempfile.TemporaryDirectory(prefix="bench-engines-") as work:
            sample, lake = Path(work) / "sample", Path(work) / "lake"
            env = os.environ | {"LAKEHOUSE_ROOT": str(lake)}
            made = [sys.executable, "-m", "lakehouse", "sample", "--out", str(sample), "--titles", str(titles)]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
            loaded = [sys.executable, "-m", "ingest", "--from", str(sample)]
            subprocess.run(loaded, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            shutil.rmtree(sample)
            cells = []
            for engine in chosen:
                took = "not tried" if engine in beyond else seconds(engine, lake / "raw", Path(work) / engine, limit)
                if not took.isdigit():
                    beyond.add(engine)
                cells.append(took)
                click.echo(f"{titles:,} titles, {engine}: {took}", err=True)
            grid.add_row(f"{titles:,}", *cells)
    Console().print(grid)


if __name__ == "__main__":
    main()
