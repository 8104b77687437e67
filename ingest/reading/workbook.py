"""Excel workbooks (.xlsx) to records: the sheets that a dataset names, one after the other.

The workbook is read by calamine, which holds a sheet in memory as a rectangle. So workbook_parts.py looks at its parts
first and copies them, and calamine sees nothing but the copy.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.checks import column_name, column_names
from ingest.reading.delimited import RESCUED
from ingest.reading.workbook_parts import COLUMNS, HEADER_AMONG, ROWS, Look, cell_name, copied, number_text

SHEET = "_sheet"  # in the frames, the name of the sheet that a record stands in
_ROWS_AT_ONCE = 50_000
_CHARACTERS_AT_ONCE = 32 << 20

Cell = str | float | bool | date | time | datetime | timedelta


class Workbook:
    """The records of the sheets of one workbook that ``dataset`` names."""

    def __init__(self, file: BinaryIO, dataset: Dataset) -> None:
        """Check the workbook and find the headers.

        Raises:
            Refused: no workbook that can be read within bounds, or none for this dataset.
        """
        with tempfile.NamedTemporaryFile(prefix="ingest-", suffix=".xlsx") as copy:
            looks, beside = copied(file, copy, dataset)
            try:
                book = CalamineWorkbook.from_path(copy.name)
            except CalamineError:
                raise Refused(
                    "is a damaged Excel workbook: its styles or shared texts cannot be read; save it again in Excel"
                ) from None
            self._sheets = [_Sheet(book, at, name, look) for at, (name, look) in enumerate(looks.items())]
            for sheet in self._sheets:
                sheet.take_header(dataset)
            for at, (name, look) in enumerate(beside.items(), len(looks)):
                if _has_header(book, at, name, look, dataset):
                    raise Refused(
                        f"has a sheet {name[:40]!r} with the columns of this feed, which sheet does not name: write"
                        f" {name[:40]!r} there too, or {'!' + name[:40]!r} to leave it out"
                    )
        self.names = list(dict.fromkeys(name for sheet in self._sheets for name in sheet.names))
        spelled: dict[str, str] = {}
        for name in self.names:
            if spelled.setdefault(name.lower(), name) != name:
                raise Refused(f"has the column {name!r} in one sheet and {spelled[name.lower()]!r} in another")

    def frames(self) -> Iterator[pl.DataFrame]:
        """The records in order: text columns ``0``, ``1``, … for ``names``, ``_rescued_data``, and the sheet.

        Raises:
            Refused: a sheet has values that get lost when it is read.
        """
        for sheet in self._sheets:
            yield from sheet.frames(self.names)


def _has_header(book: CalamineWorkbook, at: int, name: str, look: Look, dataset: Dataset) -> bool:
    """Whether a sheet has a row with the columns that are needed, as far as it can be read."""
    try:
        return _Sheet(book, at, name, look).header(dataset) is not None
    except Refused:
        return False


class _Sheet:
    def __init__(self, book: CalamineWorkbook, at: int, name: str, look: Look) -> None:
        self._name = name
        self._look = look
        self._header = 0
        self.names: list[str] = []
        try:
            self._sheet: CalamineSheet = book.get_sheet_by_index(at)
        except CalamineError as error:
            raise Refused(f"sheet {name!r} cannot be read: {error}") from None

    def take_header(self, dataset: Dataset) -> None:
        name, header = self._name, self.header(dataset)
        if header is None:
            columns = ", ".join(map(repr, dataset.needed))
            raise Refused(f"sheet {name!r} has no row with the columns {columns} among its first {HEADER_AMONG}")
        self._header, self.names = header[0], column_names(header[1], dataset)
        for (top, left), (bottom, right) in self._sheet.merged_cell_ranges or []:
            if top <= self._header <= bottom:
                merged = f"{cell_name(top, left)}:{cell_name(bottom, right)}"
                raise Refused(f"sheet {name!r} has merged cells in its header ({merged}); each column needs its own")

    def header(self, dataset: Dataset) -> tuple[int, list[str]] | None:
        """The row with the columns that are needed, and its place."""
        needed = {column_name(column).lower() for column in dataset.needed}
        for number, cells in self._rows():
            if number >= HEADER_AMONG:
                break
            while cells and not cells[-1]:
                cells.pop()
            found = {column_name(text).lower() for text in cells}
            if needed <= found | {dataset.spellings.get(text, text).lower() for text in found}:
                return number, cells
        return None

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with something in them, by their place in the sheet, from 0."""
        start = self._sheet.start
        if start is None:
            return
        left = start[1]
        stored = self._look.texts.in_order()
        place, text = next(stored, (ROWS * COLUMNS, ""))
        try:
            for number, cells in enumerate(self._sheet.iter_rows()):
                texts = [_text(cell) for cell in cells]
                while place < (number + 1) * COLUMNS:
                    at = place % COLUMNS - left
                    if 0 <= at < len(cells) and not _is_time(cells[at], text):
                        texts[at] = text
                    place, text = next(stored, (ROWS * COLUMNS, ""))
                if any(texts):
                    yield number, texts
        except OverflowError as error:
            raise Refused(f"sheet {self._name!r} has a duration that is too long: {error}") from None

    def frames(self, names: list[str]) -> Iterator[pl.DataFrame]:
        width = len(self.names)
        rows: list[list[str | None]] = []
        filled = characters = 0
        for number, cells in self._rows():
            filled += len(cells) - cells.count("")
            if number <= self._header:
                continue
            characters += sum(map(len, cells))
            extra = cells[width:]
            while extra and not extra[-1]:
                extra.pop()
            rescued = json.dumps({"extra": extra}, ensure_ascii=False) if extra else None
            rows.append([*cells[:width], rescued])
            if len(rows) >= _ROWS_AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
                yield self._frame(rows, names)
                rows, characters = [], 0
        if rows:
            yield self._frame(rows, names)
        if filled < self._look.filled:
            raise Refused(
                f"sheet {self._name!r} has {self._look.filled:,} cells with a value, of which only {filled:,} can be"
                " read: some stand in it twice or otherwise than Excel writes them; save it again in Excel"
            )

    def _frame(self, rows: list[list[str | None]], names: list[str]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys([*self.names, RESCUED], pl.String), orient="row")
        has = set(self.names)
        columns = [
            (pl.col(name) if name in has else pl.lit(None, pl.String)).alias(str(at)) for at, name in enumerate(names)
        ]
        return frame.select(*columns, RESCUED, pl.lit(self._name).alias(SHEET))


def _is_time(cell: Cell, stored: str) -> bool:
    """Whether a cell is shown as a date, time or duration; negative numbers and those that are none are no dates."""
    return isinstance(cell, timedelta) or (isinstance(cell, (date, time)) and float(stored) >= 0)


def _text(cell: Cell) -> str:
    """A cell as text: dates, times and durations in ISO form, other values as the sheet stores them."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, (int, float)):
        return number_text(cell)
    if isinstance(cell, timedelta):
        return _duration(cell)
    return cell.isoformat()


def _duration(duration: timedelta) -> str:
    """ISO 8601, in hours, minutes and seconds; to the millisecond, the most that Excel shows."""
    milliseconds = round(duration / timedelta(milliseconds=1))
    if abs(milliseconds - 1000 * round(milliseconds / 1000)) <= 1:  # what days as a fraction cannot hold exactly
        milliseconds = 1000 * round(milliseconds / 1000)
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:03}" if rest else ""
    return f"{sign}PT{hours}H{minutes}M" + (f"{seconds}{fraction}S" if seconds or rest else "")
