"""What a lake holds, read from its Delta logs alone, and what changed since an earlier look."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from rich import box
from rich.console import Console
from rich.table import Table

from lakehouse.tables import listed


@dataclass(frozen=True)
class TableState:
    """A Delta table's version and row count."""

    version: int
    rows: int


def read_lake(root: str) -> dict[str, TableState]:
    """The state of every table, by `<layer>/<table>` in the order of the layers; says which cannot be read."""
    lake = {}
    for name in listed(root):
        try:
            table = DeltaTable(f"{root}/{name}")
            lake[name] = TableState(table.version(), table.count())
        except DeltaError as error:
            reason = " ".join(str(error).split())
            click.echo(f"The Delta table {name} under {root} cannot be read: {reason}", err=True)
    return lake


def print_lake(console: Console, root: str, lake: dict[str, TableState]) -> None:
    """The tables with their rows, where they lie, and how to query them."""
    grid = Table("table", "rows", "version", box=box.SIMPLE_HEAD)
    for column in grid.columns[1:]:
        column.justify = "right"
    for name, state in lake.items():
        grid.add_row(name, f"{state.rows:,}", str(state.version))
    console.print(grid)
    console.print(f"Delta tables under {root}/<layer>/<table>", soft_wrap=True, markup=False)
    console.print("Query them, for example:")
    console.print("  .venv/bin/dbt show --inline 'select * from gold.dim_title' --limit 5", soft_wrap=True)
    code = f'from lakehouse.tables import read; print(read({json.dumps(root, ensure_ascii=False)}, "gold/dim_title"))'
    console.print(f"  .venv/bin/python -c {shlex.quote(code)}", soft_wrap=True, markup=False)


def print_changes(console: Console, before: dict[str, TableState], after: dict[str, TableState]) -> None:
    """Each table's rows before and after, and whether it was written at all."""
    grid = Table("table", "rows before", "rows after", "change", "commits", box=box.SIMPLE_HEAD)
    for column in grid.columns[1:]:
        column.justify = "right"
    for name, now in after.items():
        old = before.get(name, TableState(-1, 0))
        change = f"{now.rows - old.rows:+,}" if now.rows != old.rows else "="
        grid.add_row(name, f"{old.rows:,}", f"{now.rows:,}", change, str(now.version - old.version))
    console.print(grid)
    console.print("commits = how often the table was written; 0 means that the load did not touch it.")


def show(root: str, remember: Path | None = None, since: Path | None = None) -> None:
    """Print the tables, or what changed since the state in the file `since`; or only write the state to `remember`."""
    lake = read_lake(root)
    if remember:
        remember.write_text(json.dumps({name: asdict(state) for name, state in lake.items()}))
    elif since:
        states = json.loads(since.read_text())
        print_changes(Console(), {name: TableState(**state) for name, state in states.items()}, lake)
    else:
        print_lake(Console(), root, lake)
