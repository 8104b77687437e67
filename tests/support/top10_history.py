"""The published history of the Top 10 files, as commits that can be ingested one by one."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from tests.support.lake import DATA, Lake

REFUSED = ("2e3af172", "0d5cea4c")
"""Commits with a file that is no table: a redirect page, and the word null."""


@dataclass(frozen=True)
class Commit:
    """One commit of the source: its SHA-1 and its time."""

    sha: str
    committed_at: datetime

    def ingest(self, lake: Lake, folder: Path) -> None:
        """Load the commit's files, as `python -m ingest --from` would find them: a file's time is its commit's."""
        shutil.rmtree(folder / "top10", ignore_errors=True)
        (folder / "top10").mkdir(parents=True)
        for file in (DATA / "top10" / self.sha).iterdir():
            copy = folder / "top10" / file.name
            shutil.copy(file, copy)
            os.utime(copy, (self.committed_at.timestamp(),) * 2)
        done = lake.ingest("--from", str(folder), "--source", "top10", check=False)
        assert "Traceback" not in done.stderr
        assert (done.returncode == 1) == self.sha.startswith(REFUSED), done.stderr


def commits() -> list[Commit]:
    """All commits, oldest first."""
    lines = (DATA / "top10" / "versions.tsv").read_text().splitlines()[1:]
    return [Commit(sha, datetime.fromisoformat(time)) for sha, time in (line.split("\t") for line in lines)]


def load_in_any_order(source: Lake, lake: Lake, dice: random.Random) -> Iterator[int]:
    """Bring the versions that one lake has in raw into another, commit by commit in a random order.

    What a backfill does: versions are numbered as they come and keep the time of their commit, and a column is not in
    raw before a version brought it. Yields the number of commits so far, after each.
    """
    names = [name for name in source.tables("raw") if "/top10_" in name]
    tables = {name: source.read(name) for name in names}
    times = sorted(set().union(*(frame["_committed_at"] for frame in tables.values())))
    dice.shuffle(times)
    versions = dict.fromkeys(names, 0)
    for number, time in enumerate(times, start=1):
        for name, frame in tables.items():
            rows = frame.filter(pl.col("_committed_at") == time)
            if rows.is_empty():
                continue
            versions[name] += 1
            seen = [c for c in rows.columns if c.startswith("_") or rows[c].null_count() < rows.height]
            rows = rows.select(seen).with_columns(pl.lit(versions[name], dtype=pl.Int64).alias("_file_version"))
            target = str(lake.root / name)
            rows.write_delta(target, mode="append", delta_write_options={"schema_mode": "merge"})
        yield number
