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
    row: dict[str, object] = {
        "_source": "catalogue",
        "raw_table": TABLES[decision.file],
        "_file_path": PATHS[decision.file],
    }
    row |= {"status": decision.status, "reason": "why", "_file_version": decision.number, "_committed_at": FIRST_DAY}
    row |= {"decided_by": None if decision.status == "held" else "somebody"}
    _append(pl.DataFrame([row | {"_ingested_at": FIRST_DAY + timedelta(minutes=at)}]), lake, "_files")


@dataclass(frozen=True)
class Version:
    """A version of a file, as the ledger has it."""

    file: str
    number: int
    sha: str
    committed_at: datetime

    @property
    def row(self) -> dict[str, object]:
        return {
            "_source": "catalogue",
            "_file_path": PATHS[self.file],
            "_file_sha": self.sha,
            "_file_version": self.number,
            "_committed_at": self.committed_at,
            "_ingested_at": self.committed_at,
        }


def write(load: Load, number: int, lake: Lake) -> None:
    """Append a load to raw as version `number` of its files."""
    for file, records in load.files.items():
        if records:
            append(Version(file, number, f"sha{number}", load.committed_at), records, lake)


def append(version: Version, records: Sequence[Record], lake: Lake, without: Sequence[str] = ()) -> None:
    """Append a version to its raw table, but for columns that it lacks."""
    fields = FIELDS[version.file.removeprefix("more ")]
    frame = pl.DataFrame(
        [tuple(value or None for value in record) for record in records],
        schema=dict.fromkeys(fields, pl.String),
        orient="row",
    ).drop(without)
    frame = frame.with_columns(
        *(pl.lit(value).alias(name) for name, value in version.row.items()),
        pl.lit(None, dtype=pl.String).alias("_commit_sha"),
        pl.lit(f"batch{version.number}").alias("_batch_id"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_row_number"),
        pl.lit(None, dtype=pl.String).alias("_rescued_data"),
    )
    _append(frame, lake, TABLES[version.file])


def loaded(version: Version, records: int, lake: Lake, held: bool = False) -> None:
    """Append the row of a version that was loaded, and maybe held, to the ledger."""
    row: dict[str, object] = version.row | {"raw_table": TABLES[version.file], "row_count": records}
    row |= {"status": "held" if held else "loaded", "reason": "why" if held else None, "decided_by": None}
    _append(pl.DataFrame([row]), lake, "_files")


def _append(frame: pl.DataFrame, lake: Lake, table: str) -> None:
    times = pl.col("_committed_at", "_ingested_at").cast(pl.Datetime("us", "UTC"))
    frame = frame.with_columns(times, pl.col("_file_version").cast(pl.Int64), pl.col(pl.Null).cast(pl.String))
    frame.write_delta(str(lake.root / "raw" / table), mode="append", delta_write_options={"schema_mode": "merge"})
