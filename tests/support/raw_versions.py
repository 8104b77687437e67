"""Versions of the catalogue's files, written to raw as the ingest writes them, with any commit time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from tests.support.lake import Lake

Record = Sequence[str]

FIELDS = {
    "titles": (
        *("duration_minutes", "duration_seasons", "type", "title", "date_added", "release_year", "rating"),
        *("description", "show_id"),
    ),
    "cast": ("cast", "show_id"),
    "category": ("listed_in", "show_id"),
    "countries": ("country", "show_id"),
    "directors": ("director", "show_id"),
    "edition": (
        *("show_id", "type", "title", "director", "cast", "country", "date_added", "release_year", "rating"),
        *("duration", "listed_in", "description"),
    ),
}
PATHS = {file: f"netflix_{file}.csv" for file in FIELDS}
PATHS |= {f"more {file}": f"netflix_{file}_2.csv" for file in ("titles", "category", "edition")}
"""Path of each file; the second ones go to the raw table of the first."""
TABLES = {file: f"netflix_{file.removeprefix('more ')}" for file in PATHS}
TABLES |= dict.fromkeys(("edition", "more edition"), "kaggle_titles")
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Load:
    """New versions of some files, committed upstream on a day (0 is FIRST_DAY); file -> records, fields as text."""

    day: int
    files: Mapping[str, tuple[Record, ...]]

    @property
    def committed_at(self) -> datetime:
        return FIRST_DAY + timedelta(days=self.day)


@dataclass(frozen=True)
class Decision:
    """What ingest (held) or a person (released, rejected) says of version `number` of a file."""

    number: int
    file: str
    status: str


def decide(decision: Decision, at: int, lake: Lake) -> None:
    """Append a decision to the ledger; `at`: its place among all decisions."""
    by = None if decision.status == "held" else "somebody"
    row = {"_source": "catalogue", "raw_table": TABLES[decision.file], "_file_path": PATHS[decision.file]}
    row |= {"status": decision.status, "reason": "why"}
    times = {"_committed_at": FIRST_DAY, "_ingested_at": FIRST_DAY + timedelta(minutes=at)}
    frame = pl.DataFrame([row | {"_file_version": decision.number} | times]).with_columns(
        pl.lit(by, pl.String).alias("decided_by"), pl.col(*times).cast(pl.Datetime("us", "UTC"))
    )
    frame.write_delta(str(lake.root / "raw/_files"), mode="append", delta_write_options={"schema_mode": "merge"})


def write(load: Load, number: int, lake: Lake) -> None:
    """Append a load to raw as version `number` of its files."""
    for file, records in load.files.items():
        if not records:
            continue
        fields = FIELDS[file.removeprefix("more ")]
        frame = pl.DataFrame(
            [tuple(value or None for value in record) for record in records],
            schema=dict.fromkeys(fields, pl.String),
            orient="row",
        ).with_columns(
            pl.lit("catalogue").alias("_source"),
            pl.lit(PATHS[file]).alias("_file_path"),
            pl.lit(f"sha{number}").alias("_file_sha"),
            pl.lit(number, dtype=pl.Int64).alias("_file_version"),
            pl.lit(None, dtype=pl.String).alias("_commit_sha"),
            pl.lit(load.committed_at, dtype=pl.Datetime("us", "UTC")).alias("_committed_at"),
            pl.lit(f"batch{number}").alias("_batch_id"),
            pl.lit(load.committed_at, dtype=pl.Datetime("us", "UTC")).alias("_ingested_at"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_row_number"),
            pl.lit(None, dtype=pl.String).alias("_rescued_data"),
        )
        frame.write_delta(str(lake.root / "raw" / TABLES[file]), mode="append")
