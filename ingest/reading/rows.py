"""From the records of a file, however it is written, to the rows of its raw table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from ingest.config import Dataset, Format, SchemaEvolution
from ingest.errors import Refused
from ingest.reading.checks import check_content, column_name, column_names
from ingest.reading.delimited import RESCUED, Dialect, read_frames, read_header
from ingest.reading.json_lines import JsonLines
from ingest.reading.plain import in_utf8, plain
from ingest.reading.workbook import SHEET, Workbook
from ingest.sources.listing import Entry
from ingest.storage.lineage import LINEAGE_SCHEMA
from ingest.storage.tables import FileRecord


@dataclass(frozen=True)
class Fit:
    """How the fields of a file go into the columns of its raw table; positions are 0-based."""

    columns: list[str]
    positions: dict[str, int]
    rescued: dict[str, int]

    @staticmethod
    def of(names: list[str], columns: list[str], evolution: SchemaEvolution) -> Fit:
        """Match a file's names with a table's columns, ignoring case as Delta does.

        Raises:
            Refused: the file has new columns, and they are not allowed.
        """
        # A table from before signs that nobody sees were left out of names may have a column with and one without.
        known = {column_name(column).lower(): column for column in columns} | {c.lower(): c for c in columns}
        positions = {known[name.lower()]: at for at, name in enumerate(names) if name.lower() in known}
        new = {name: at for at, name in enumerate(names) if name.lower() not in known}
        if not columns or evolution is SchemaEvolution.ADD_NEW_COLUMNS:
            return Fit([*columns, *new], positions | new, {})
        if new and evolution is SchemaEvolution.FAIL_ON_NEW_COLUMNS:
            raise Refused(
                f"has new columns: {', '.join(new)}; to take them in, change schema_evolution of the dataset"
                " (now fail_on_new_columns)"
            )
        return Fit(columns, positions, new if evolution is SchemaEvolution.RESCUE else {})


class Records(Protocol):
    """What a file holds: the names of its columns, and its records with a text column for each name's position."""

    names: list[str]

    def frames(self) -> Iterator[pl.DataFrame]: ...


class Delimited:
    """The records of a file of delimited text."""

    def __init__(self, file: BinaryIO, dataset: Dataset) -> None:
        _skip_lines(file, dataset.skip_rows)
        dialect = Dialect(dataset.delimiter)
        header = read_header(file, dialect)
        self.names = column_names(header, dataset)
        self._file = file
        self._dialect = replace(dialect, width=len(header))

    def frames(self) -> Iterator[pl.DataFrame]:
        return read_frames(self._file, self._dialect)


_MOST_SKIPPED = 1 << 20
_LINE_END = re.compile(rb"\r\n?|\n")


def _skip_lines(file: BinaryIO, lines: int) -> None:
    """Go past so many lines, of any content."""
    if not lines:
        return
    ends = list(_LINE_END.finditer(file.read(_MOST_SKIPPED)))
    if len(ends) < lines:
        raise Refused(f"has no header below the {lines} lines to skip (skip_rows)")
    file.seek(ends[lines - 1].end())


def records_of(file: BinaryIO, dataset: Dataset) -> Records:
    """The records in ``file``.

    Raises:
        Refused: the file is no table, or not one for this dataset.
    """
    content = plain(file, dataset)
    if dataset.sheet:
        return Workbook(content, dataset)
    if dataset.encoding != "utf-8":
        content = in_utf8(content, dataset.encoding)
    check_content(content, dataset.format)
    return (JsonLines if dataset.format is Format.NDJSON else Delimited)(content, dataset)


class RowSource:
    """The rows of one file version; ``rows`` and ``rescued`` count those that ``frames`` has given out."""

    def __init__(self, path: Path, entry: Entry, dataset: Dataset, columns: list[str]) -> None:
        """Read and check the header.

        Args:
            columns: those of the raw table that come from files; empty where there is no table yet.

        Raises:
            Refused: the file is no table, or not one for this dataset.
        """
        self._entry = entry
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror}; the next run tries again", final=False) from None
        try:
            self._records = records_of(self._file, dataset)
            self._fit = Fit.of(self._records.names, columns, dataset.schema_evolution)
        except BaseException:
            self._file.close()
            raise
        self.rows = 0
        self.rescued = 0

    def __enter__(self) -> RowSource:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def columns(self) -> list[str]:
        """The columns of the raw table with this file in it."""
        return self._fit.columns

    @property
    def filled(self) -> set[str]:
        """Those of them that are in this file."""
        return set(self._fit.positions)

    def frames(self, record: FileRecord) -> Iterator[pl.DataFrame]:
        """All rows in order: the text columns, and the lineage columns from ``record``.

        Raises:
            Refused: the file is not text throughout, or a local file has changed since it was listed.
        """
        lineage = {
            "_source": record.source,
            "_file_sha": record.sha,
            "_file_version": record.version,
            "_commit_sha": record.commit_sha,
            "_committed_at": record.committed_at,
            "_batch_id": record.batch_id,
            "_ingested_at": record.ingested_at,
        }
        positions = self._fit.positions
        texts = [
            (pl.col(str(positions[name])) if name in positions else pl.lit(None, pl.String)).alias(name)
            for name in self._fit.columns
        ]
        constants = [pl.lit(value, LINEAGE_SCHEMA[name]).alias(name) for name, value in lineage.items()]
        path = pl.lit(record.path).alias("_file_path")
        for frame in self._records.frames():
            sheet = [pl.format("{}/{}", path, SHEET).alias("_file_path")] if SHEET in frame.columns else [path]
            number = pl.int_range(self.rows + 1, self.rows + 1 + frame.height, dtype=pl.Int64).alias("_row_number")
            out = frame.select(*texts, *constants[:1], *sheet, *constants[1:], number, _rescue(self._fit.rescued))
            self.rows += out.height
            self.rescued += out.height - out[RESCUED].null_count()
            yield out
        status = os.fstat(self._file.fileno())
        if self._entry.modified_ns not in (None, status.st_mtime_ns) or status.st_size != self._entry.size:
            raise Refused("changed while it was being read; the next run tries again", final=False)


def _rescue(columns: dict[str, int]) -> pl.Expr:
    """``_rescued_data``, with the values of columns that the raw table does not have under ``columns``."""
    if not columns:
        return pl.col(RESCUED)
    values = pl.struct(pl.col(str(at)).alias(name) for name, at in columns.items()).struct.json_encode()
    before = pl.when(pl.col(RESCUED).is_null()).then(pl.lit("{")).otherwise(pl.col(RESCUED).str.head(-1) + ",")
    return (before + '"columns":' + values + "}").alias(RESCUED)
