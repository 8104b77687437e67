"""Excel workbooks (.xlsx) to records: the sheets that a dataset names, one after the other.

The workbook is read by calamine, which holds a sheet in memory as a rectangle. So a first look at the XML, with a
parser that streams, refuses what would not fit or is not what it seems: cells far apart, formulas without a stored
value. It also finds the cells whose stored text calamine does not keep: errors, and numbers in an unusual spelling.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.checks import column_name, column_names
from ingest.reading.delimited import RESCUED
from ingest.reading.plain import unpacking

SHEET = "_sheet"  # in the frames, the name of the sheet that a record stands in
HEADER_AMONG = 20  # rows
MAX_UNPACKED = 512 << 20  # bytes of all parts
MAX_CELLS = 10_000_000  # of the rectangle around a sheet's values; strings that cells share
_ROWS, _COLUMNS = 1 << 20, 1 << 14  # of a sheet
_ROWS_AT_ONCE = 50_000
_EXACT = 1e15  # whole numbers up to here are written without an exponent
_PARTS = "xl/"

Cell = str | float | bool | date | time | datetime | timedelta


@dataclass
class Look:
    """What one part of a workbook shows without reading it into memory. Rows and columns count from 0."""

    texts: dict[tuple[int, int], str] = field(default_factory=dict)  # of cells that calamine does not keep as stored
    values: int = 0
    top: int = _ROWS  # first and last row and column with a value
    bottom: int = 0
    left: int = _COLUMNS
    right: int = 0
    shared: int = 0
    without_value: str | None = None  # the first cell with a formula and nothing stored

    @property
    def area(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1) if self.values else 0


class Workbook:
    """The records of the sheets of one workbook that ``dataset`` names."""

    def __init__(self, file: BinaryIO, dataset: Dataset) -> None:
        """Check the workbook and find the headers.

        Raises:
            Refused: no workbook that can be read within bounds, or none for this dataset.
        """
        parts = _checked(file, dataset)
        try:
            self._book = CalamineWorkbook.from_filelike(file)
        except CalamineError as error:
            raise Refused(f"is an Excel workbook that cannot be read: {error}") from None
        sheets = [sheet.name for sheet in self._book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        wanted = [name for name in sheets if any(fnmatchcase(name, pattern) for pattern in dataset.sheet)]
        if not wanted:
            raise Refused(f"has no sheet {' or '.join(map(repr, dataset.sheet))}; it has: {', '.join(sheets)[:300]}")
        for name in wanted:  # they are found by their names: the same one would be read twice
            if wanted.count(name) > 1:
                raise Refused(f"has two sheets named {name!r}; each needs its own name")
        looks = _looks(file, {name: parts.get(name) for name in wanted})
        self._sheets = [_Sheet(self._book, name, looks[name], dataset) for name in wanted]
        self.names = list(dict.fromkeys(name for sheet in self._sheets for name in sheet.names))
        spelled: dict[str, str] = {}
        for name in self.names:
            if spelled.setdefault(name.lower(), name) != name:
                raise Refused(f"has the column {name!r} in one sheet and {spelled[name.lower()]!r} in another")

    def frames(self) -> Iterator[pl.DataFrame]:
        """The records in order: text columns ``0``, ``1``, … for ``names``, ``_rescued_data``, and the sheet."""
        for sheet in self._sheets:
            yield from sheet.frames(self.names)


class _Sheet:
    def __init__(self, book: CalamineWorkbook, name: str, look: Look, dataset: Dataset) -> None:
        self._name = name
        self._texts = look.texts
        try:
            self._sheet: CalamineSheet = book.get_sheet_by_name(name)
        except CalamineError as error:
            raise Refused(f"sheet {name!r} cannot be read: {error}") from None
        needed = {column_name(column).lower() for column in dataset.needed}
        for number, cells in self._rows():
            if number >= HEADER_AMONG:
                break
            while cells and not cells[-1]:
                cells.pop()
            found = {column_name(text).lower() for text in cells}
            if needed <= found | {dataset.spellings.get(text, text).lower() for text in found}:
                self._header = number
                self.names = column_names(cells, dataset)
                break
        else:
            number = HEADER_AMONG
        if not hasattr(self, "names"):
            columns = ", ".join(map(repr, dataset.needed))
            raise Refused(f"sheet {name!r} has no row with the columns {columns} among its first {HEADER_AMONG}")
        for (top, left), (bottom, right) in self._sheet.merged_cell_ranges or []:
            if top <= self._header <= bottom:
                merged = f"{_reference(top, left)}:{_reference(bottom, right)}"
                raise Refused(f"sheet {name!r} has merged cells in its header ({merged}); each column needs its own")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with something in them, by their place in the sheet, from 0."""
        start = self._sheet.start
        if start is None:
            return
        left = start[1]
        for number, cells in enumerate(self._sheet.iter_rows()):
            texts = [_text(cell) for cell in cells]
            if self._texts:
                for at, cell in enumerate(cells):
                    stored = self._texts.get((number, left + at))
                    if stored is not None and (cell == "" or isinstance(cell, (int, float))):
                        texts[at] = stored
            if any(texts):
                yield number, texts

    def frames(self, names: list[str]) -> Iterator[pl.DataFrame]:
        width = len(self.names)
        rows: list[list[str | None]] = []
        for number, cells in self._rows():
            if number <= self._header:
                continue
            extra = cells[width:]
            while extra and not extra[-1]:
                extra.pop()
            rescued = json.dumps({"extra": extra}, ensure_ascii=False) if extra else None
            rows.append([*cells[:width], rescued])
            if len(rows) >= _ROWS_AT_ONCE:
                yield self._frame(rows, names)
                rows = []
        if rows:
            yield self._frame(rows, names)

    def _frame(self, rows: list[list[str | None]], names: list[str]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys([*self.names, RESCUED], pl.String), orient="row")
        has = set(self.names)
        columns = [
            (pl.col(name) if name in has else pl.lit(None, pl.String)).alias(str(at)) for at, name in enumerate(names)
        ]
        return frame.select(*columns, RESCUED, pl.lit(self._name).alias(SHEET))


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


def number_text(number: float) -> str:
    whole = math.isfinite(number) and number == int(number) and abs(number) < _EXACT
    return str(int(number)) if whole else repr(number)


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


def _reference(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _checked(file: BinaryIO, dataset: Dataset) -> dict[str, str]:
    """The part of each sheet, by its name, of a workbook that may be read; ``file`` is at its start after that."""
    try:
        with unpacking(file, "an Excel workbook") as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if len(set(names)) < len(names):
                raise Refused("is an Excel workbook that holds the same part twice")
            limit = min(MAX_UNPACKED, dataset.max_bytes)
            if sum(member.file_size for member in members) > limit:
                raise Refused(f"is an Excel workbook that unpacks to more than the limit of {limit} bytes")
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise Refused("is an Excel workbook with macros; save it as a workbook without any (.xlsx)")
            if f"{_PARTS}workbook.bin" in names:
                raise Refused("is a binary Excel workbook (.xlsb); save it as a workbook (.xlsx)")
            damaged = archive.testzip()  # no part is longer than it says, either
            if damaged is not None:
                raise Refused(f"is a damaged Excel workbook: {damaged} is not whole")
            shared = [name for name in names if name.lower() == f"{_PARTS}sharedstrings.xml"]
            if shared and _look(archive, shared[0]).shared > MAX_CELLS:
                raise Refused(f"is an Excel workbook with more than {MAX_CELLS:,} texts")
            return _parts(archive, set(names))
    except (ElementTree.ParseError, expat.ExpatError) as error:
        raise Refused(f"is a damaged Excel workbook: {error}") from None


def _parts(archive: zipfile.ZipFile, names: set[str]) -> dict[str, str]:
    book, relations = f"{_PARTS}workbook.xml", f"{_PARTS}_rels/workbook.xml.rels"
    if not {book, relations} <= names:
        raise Refused(f"is not an Excel workbook (.xlsx): it has no {book if book not in names else relations}")
    targets = {}
    for relation in _tree(archive, relations):
        target = relation.get("Target", "")
        path = target[1:] if target.startswith("/") else posixpath.normpath(_PARTS + target)
        targets[relation.get("Id")] = path
    found = {}
    for sheet in _tree(archive, book).iter():
        if sheet.tag.endswith("}sheet"):
            number = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
            part = targets.get(number)
            if part in names:
                found[sheet.get("name", "")] = part
    return {name: part for name, part in found.items() if part is not None}


def _tree(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    _look(archive, part)  # no document type
    return ElementTree.fromstring(archive.read(part))


def _looks(file: BinaryIO, parts: Mapping[str, str | None]) -> dict[str, Look]:
    found = {}
    with zipfile.ZipFile(file) as archive:
        for name, part in parts.items():
            if part is None:
                raise Refused(f"is a damaged Excel workbook: the part with sheet {name!r} is missing")
            try:
                look = found[name] = _look(archive, part)
            except (ValueError, expat.ExpatError) as error:
                raise Refused(f"sheet {name!r} is damaged: {error}") from None
            if look.without_value:
                raise Refused(
                    f"sheet {name!r} has a formula without a stored value in cell {look.without_value};"
                    " open and save the workbook in Excel"
                )
            if max(look.area, look.values) > MAX_CELLS:
                raise Refused(
                    f"sheet {name!r} has values as far apart as {_reference(look.top, look.left)} and"
                    f" {_reference(look.bottom, look.right)}: more than {MAX_CELLS:,} cells; delete stray ones"
                )
    file.seek(0)
    return found


def _look(archive: zipfile.ZipFile, part: str) -> Look:
    """One look at a part; raises ValueError or ExpatError where it is no proper XML or has impossible cells."""
    look = Look()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    row = column = -1
    kind = ""
    formula = value = False
    texts: list[str] = []
    reading = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, kind, formula, value, reading
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            kind, formula, value = attributes.get("t", "n"), False, False
            texts.clear()
            if (reference := attributes.get("r")) is None:
                column += 1
            else:
                row, column = _place(reference)
            if row >= _ROWS or column >= _COLUMNS:
                raise ValueError("it has cells outside of what a sheet can hold")
        elif name == "row":
            row, column = (int(attributes["r"]) - 1 if "r" in attributes else row + 1), -1
        elif name == "f":
            formula = True
        elif name == "v":
            reading = value = True
        elif name == "is":
            value = True
        elif name == "si":
            look.shared += 1

    def end(name: str) -> None:
        nonlocal reading
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "v":
            reading = False
        elif name == "c":
            stored = "".join(texts).strip() if formula or kind in ("n", "e") else ""
            if formula and not stored and kind != "str" and look.without_value is None:
                look.without_value = _reference(row, column)
            if not value:
                return
            look.values += 1
            if row < look.top:
                look.top = row
            if row > look.bottom:
                look.bottom = row
            if column < look.left:
                look.left = column
            if column > look.right:
                look.right = column
            if kind == "e" or (kind == "n" and stored and number_text(float(stored)) != stored):
                look.texts[row, column] = stored
                if len(look.texts) > MAX_CELLS:
                    raise ValueError("it has too many cells")

    def text(data: str) -> None:
        if reading:
            texts.append(data)

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type, which no workbook does")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    with archive.open(part) as file:
        parser.ParseFile(file)
    return look


_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def _place(reference: str) -> tuple[int, int]:
    """Row and column of a cell, from 0."""
    match = _PLACE.fullmatch(reference)
    if match is None:
        raise ValueError(f"it has a cell {reference[:20]!r}, which no sheet has")
    return int(match[2]) - 1, _column(match[1])


@cache
def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return column - 1
