"""Wall time of a full build on each engine: `python -m bench.engines --titles 60000`.

The sample is made and loaded once per size; each engine builds its own copy of the raw tables, without tests.
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

from scripts.parity import ENGINES, build
from scripts.spark import missing


@click.command()
@click.option(
    "--titles", "sizes", multiple=True, type=int, default=(60_000,), help="Titles of the sample (repeatable)."
)
@click.option(
    "--engine", "engines", multiple=True, type=click.Choice(ENGINES), help="Which (default: all that can run)."
)
def main(sizes: Sequence[int], engines: Sequence[str]) -> None:
    """Print a table with the seconds that each engine takes."""
    chosen = [engine for engine in engines or ENGINES if engine == "duckdb" or not missing(engine)]
    grid = Table(
        "titles", *chosen, title="full build, wall seconds (dbt's and the engine's start included)", box=box.SIMPLE_HEAD
    )
    for titles in sizes:
        with tempfile.TemporaryDirectory(prefix="bench-engines-") as work:
            sample, lake = Path(work) / "sample", Path(work) / "lake"
            env = os.environ | {"LAKEHOUSE_ROOT": str(lake)}
            made = [sys.executable, "-m", "ingest.sample", "--out", str(sample), "--titles", str(titles)]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
            loaded = [sys.executable, "-m", "ingest", "--from", str(sample)]
            subprocess.run(loaded, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seconds = []
            for engine in chosen:
                shutil.copytree(lake / "raw", Path(work) / engine / "raw")
                start = time.perf_counter()
                build(engine, Path(work) / engine)
                seconds.append(f"{time.perf_counter() - start:.0f}")
                shutil.rmtree(Path(work) / engine)
            grid.add_row(f"{titles:,}", *seconds)
    Console().print(grid)


if __name__ == "__main__":
    main()
