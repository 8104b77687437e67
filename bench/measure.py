"""Time commands and their peak memory, and print the results as a table."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parents[1]
DATA = Path(os.environ.get("NETFLIX_DATA_DIR", CHECKOUT.parent / "shared" / "data"))
PYTHON = sys.executable
DBT = str(Path(sys.executable).parent / "dbt")


@dataclass(frozen=True)
class Measured:
    """Wall and processor time in seconds, and peak resident memory in MiB, of one or several commands."""

    seconds: float
    processor: float
    peak_mib: float

    def __add__(self, other: Measured) -> Measured:
        peak = max(self.peak_mib, other.peak_mib)
        return Measured(self.seconds + other.seconds, self.processor + other.processor, peak)


def run(*command: str, lake: Path) -> Measured:
    """Run a command in the checkout against a lake; ends the benchmark with its output if it fails."""
    env = os.environ | {"LAKEHOUSE_ROOT": str(lake), "DBT_TARGET_PATH": f"{lake}-dbt", "DBT_LOG_PATH": f"{lake}-dbt"}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one benchmark, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="netflix-bench-") as folder:
        yield Path(folder)


def show(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a table; all columns but the first are numbers."""
    table = Table(*header, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    Console().print(table)
