"""The parts of an Excel workbook that are read: looked at before anything is in memory, and copied.

A first look at the XML, with a parser that streams, refuses what would not fit or is not what it seems: cells far
apart, texts repeated without end, formulas without a stored value. It also finds the cells whose stored text calamine
does not keep, and counts those with a value, so that none is lost.
"""

from __future__ import annotations

import io
import math
import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import IO, BinaryIO
from urllib.parse import unquote
from xml.parsers import expat

import polars as pl

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.plain import opened, unpacking

HEADER_AMONG = 20  # rows of a sheet
MAX_UNPACKED = 512 << 20  # bytes of all parts; characters of all cells, however many share a text
MAX_CELLS = 10_000_000  # of the rectangles around the values of the sheets; texts that cells share
_MOST = 10_000  # sheets, relationships
_MOST_MERGED = 1_000_000
_DEEPEST = 100  # elements one in another
ROWS, COLUMNS = 1 << 20, 1 << 14  # of a sheet
_CHUNK = 1 << 20
_LONGEST = 8 << 20  # bytes of a piece of XML that expat waits for the end of
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TEXTS_AT_ONCE = 50_000
_EXACT = 1e15  # whole numbers up to here are written without an exponent


class Texts:
    """Texts of cells, each with its place: row * 16,384 + column. In a frame, as there may be millions."""

    def __init__(self) -> None:
        self._new: list[tuple[int, str]] = []
        self._frames: list[pl.DataFrame] = []

    def add(self, row: int, column: int, text: str) -> None:
        self._new.append((row * COLUMNS + column, text))
        if len(self._new) >= _TEXTS_AT_ONCE:
            self._gather()

    def _gather(self) -> None:
        self._frames.append(pl.DataFrame(self._new, {"place": pl.Int64, "text": pl.String}, orient="row"))
        self._new = []

    def in_order(self) -> Iterator[tuple[int, str]]:
        self._gather()
        self._frames = [pl.concat(self._frames).sort("place")]
        return self._frames[0].iter_rows()


@dataclass
class Look:
    """What one part of a workbook shows without reading it into memory. Rows and columns count from 0."""

    texts: Texts = field(default_factory=Texts)  # of cells that calamine does not keep as stored
    values: int = 0
    top: int = ROWS  # first and last row and column with a value
    bottom: int = 0
    left: int = COLUMNS
    right: int = 0
    filled: int = 0  # values in which there is something to see
    characters: int = 0  # of all values
    shared: array[int] = field(default_factory=lambda: array("l"))  # `_size` of each text that cells share
    merged: int = 0
    without_value: str | None = None  # the first cell with a formula and nothing stored

    @property
    def cells(self) -> int:
        """Those of the rectangle around the values."""
        area = (self.bottom - self.top + 1) * (self.right - self.left + 1) if self.values else 0
        return max(area, self.values)


def copied(file: BinaryIO, copy: IO[bytes], dataset: Dataset) -> tuple[dict[str, Look], dict[str, Look]]:
    """Looks at the sheets to read, by name, and at the topmost rows of those that no setting names; ``copy`` holds a
    workbook with the first ones and then the second in the same order, and no more.

    Raises:
        Refused: no workbook, or none that can be read within bounds.
    """
    where = "is a damaged Excel workbook:"
    try:
        with unpacking(file, "an Excel workbook") as archive, zipfile.ZipFile(copy, "w") as clean:
            try:
                parts = _Parts(archive, min(MAX_UNPACKED, dataset.max_bytes))
                book = parts.book()
                wanted, others = parts.sheets(book, dataset)
                shared = _look(parts.open(book, "sharedStrings"), clean, "xl/sharedStrings.xml").shared
                _look(parts.open(book, "styles"), clean, "xl/styles.xml")
                looks: dict[str, Look] = {}
                cells = characters = 0
                for at, (name, part) in enumerate(wanted.items()):
                    where = f"sheet {name!r} is damaged:"
                    look = looks[name] = _look(opened(archive, part), clean, f"xl/worksheets/{at}.xml", shared)
                    _check(name, look)
                    cells, characters = cells + look.cells, characters + look.characters
                    if cells > MAX_CELLS or characters > MAX_UNPACKED:
                        raise Refused(
                            f"has more than {MAX_CELLS:,} cells or {MAX_UNPACKED:,} characters in them,"
                            f" in the sheets up to {name!r}; name fewer sheets"
                        )
                beside: dict[str, Look] = {}
                for name, part in others.items():
                    if top := _top(archive, part, shared):
                        clean.writestr(f"xl/worksheets/{len(looks) + len(beside)}.xml", top[0])
                        beside[name] = top[1]
                for path, content in _frame_of(len(looks) + len(beside), book.since_1904):
                    clean.writestr(path, content)
            except (expat.ExpatError, ValueError) as error:
                raise Refused(f"{where} {error}") from None
    except OSError as error:
        raise Refused(f"cannot be unpacked: {error.strerror}; the next run tries again", final=False) from None
    copy.flush()
    return looks, beside


class _Enough(Exception):
    """The topmost rows of a sheet have been seen."""


def _top(archive: zipfile.ZipFile, part: zipfile.ZipInfo, shared: Sequence[int]) -> tuple[bytes, Look] | None:
    """The XML of a sheet without the rows below those in which a header may stand, and a look at it; None where that
    cannot be had, as nothing is to be read from this sheet."""
    content = b""
    within: list[str] = []
    row = end = 0
    parser = _parser()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, end
        if name.rpartition(":")[2] == "row":
            row = int(attributes.get("r", row + 1))
            if row > HEADER_AMONG:
                end = parser.CurrentByteIndex
                raise _Enough
        within.append(name)
        _deeper(len(within))

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: within.pop()
    try:
        with opened(archive, part) as source:
            while chunk := source.read(_CHUNK):
                content += chunk
                parser.Parse(chunk, False)
                if len(content) > _LONGEST:
                    return None
    except _Enough:
        content = content[:end] + "".join(f"</{name}>" for name in reversed(within)).encode()
    except (expat.ExpatError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(), "w") as nowhere:
            return content, _look(io.BytesIO(content), nowhere, "sheet", shared)
    except (expat.ExpatError, ValueError, Refused):
        return None


def _check(name: str, look: Look) -> None:
    """Refuse a sheet that is not to be read."""
    if look.without_value:
        raise Refused(
            f"sheet {name!r} has a formula without a stored value in cell {look.without_value};"
            " open and save the workbook in Excel"
        )
    if look.cells > MAX_CELLS:
        raise Refused(
            f"sheet {name!r} has values as far apart as {cell_name(look.top, look.left)} and"
            f" {cell_name(look.bottom, look.right)}: more than {MAX_CELLS:,} cells; delete stray ones"
        )


def _frame_of(sheets: int, since_1904: bool) -> Iterator[tuple[str, str]]:
    """What holds the parts of a workbook together, for so many sheets: path and content."""
    yield "_rels/.rels", _relationships({"officeDocument": "xl/workbook.xml"})
    numbered = "".join(f'<sheet name="{at}" sheetId="{at + 1}" r:id="worksheet{at}"/>' for at in range(sheets))
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{since_1904:d}"/>'
        f"<sheets>{numbered}</sheets></workbook>",
    )
    targets = {f"worksheet{at}": f"worksheets/{at}.xml" for at in range(sheets)}
    targets |= {kind: f"{kind}.xml" for kind in ("styles", "sharedStrings")}
    yield "xl/_rels/workbook.xml.rels", _relationships(targets)


def _relationships(targets: Mapping[str, str]) -> str:
    """Relationships by their identifiers, which begin with their kind."""
    found = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{name.rstrip("0123456789")}" Target="{target}"/>'
        for name, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{found}</Relationships>'


@dataclass
class _Book:
    """The part with the list of sheets: where it lies, its elements, and the parts that it names, with their kinds."""

    folder: str
    elements: list[tuple[str, dict[str, str]]]
    related: dict[str, tuple[str, zipfile.ZipInfo | None]]

    @property
    def since_1904(self) -> bool:
        return any(of.get("date1904") in ("1", "true") for name, of in self.elements if name == "workbookPr")


class _Parts:
    """The parts of a workbook as it lies in its archive, by their names, of which the case does not count."""

    def __init__(self, archive: zipfile.ZipFile, limit: int) -> None:
        self._archive = archive
        members = archive.infolist()
        self._members = {self._name(member.filename): member for member in members}
        if len(self._members) < len(members):
            raise Refused("is an Excel workbook that holds the same part twice")
        if sum(member.file_size for member in members) > limit:
            raise Refused(f"is an Excel workbook that unpacks to more than the limit of {limit} bytes")
        if any(name.endswith("vbaproject.bin") for name in self._members):
            raise Refused("is an Excel workbook with macros; save it as a workbook without any (.xlsx)")
        if any(name.endswith("workbook.bin") for name in self._members):
            raise Refused("is a binary Excel workbook (.xlsb); save it as a workbook (.xlsx)")
        if any(member.flag_bits & 1 for member in members):
            raise Refused("is an Excel workbook protected by a password; save it without one")
        if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
            raise Refused("is an Excel workbook that is packed in another way than Excel does; save it again in Excel")

    @staticmethod
    def _name(path: str) -> str:
        return path.replace("\\", "/").lstrip("/").lower()

    def book(self) -> _Book:
        for kind, part in self._related("").values():
            if kind == "officeDocument" and part is not None:
                elements = list(self._elements(part, "workbook", "workbookPr", "sheet"))
                if any(name == "workbook" for name, _ in elements):
                    path = self._name(part.filename)
                    return _Book(posixpath.dirname(path), elements, self._related(path))
        raise Refused("is not an Excel workbook (.xlsx): it has no part with a list of sheets")

    def sheets(self, book: _Book, dataset: Dataset) -> tuple[dict[str, zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]:
        """The sheets that the dataset names, and those that it neither names nor leaves out; in their order."""
        wanted: dict[str, zipfile.ZipInfo] = {}
        beside: dict[str, zipfile.ZipInfo] = {}
        others = []
        for element, attributes in book.elements:
            identifier = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            kind, part = book.related.get(identifier, ("worksheet", None))
            if element != "sheet" or kind != "worksheet":
                continue
            name = attributes.get("name", "")
            left_out = any(fnmatchcase(name, pattern[1:]) for pattern in dataset.sheet if pattern.startswith("!"))
            if left_out or not any(fnmatchcase(name, pattern) for pattern in dataset.sheet):
                others.append(name)
                if part is not None and not left_out:
                    beside[name] = part
                continue
            if name in wanted:
                raise Refused(f"has two sheets named {name!r}; each needs its own name")
            if not name.isprintable() or "/" in name or len(name) > 255:
                raise Refused(f"has a sheet with a name that Excel does not allow: {name[:40]!r}")
            if part is None:
                raise Refused(f"is a damaged Excel workbook: the part with sheet {name!r} is missing")
            wanted[name] = part
        if not wanted:
            has = f"it has: {', '.join(others)[:300]}" if others else "it has no sheet with cells"
            named = (repr(pattern) for pattern in dataset.sheet if not pattern.startswith("!"))
            raise Refused(f"has no sheet {' or '.join(named)}; {has}")
        return wanted, beside

    def open(self, book: _Book, kind: str) -> IO[bytes] | None:
        """A part of the workbook that there may be."""
        named = (part for found, part in book.related.values() if found == kind and part is not None)
        part = next(named, self._members.get(self._name(f"{book.folder}/{kind}.xml")))
        return opened(self._archive, part) if part else None

    def _related(self, path: str) -> dict[str, tuple[str, zipfile.ZipInfo | None]]:
        """The kinds and parts of what a part names (the archive itself, if empty), by their identifiers."""
        folder, name = posixpath.split(path)
        member = self._members.get(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for _, of in self._elements(member, "Relationship") if member else ():
            inside = of.get("TargetMode") != "External"
            target = posixpath.normpath(posixpath.join("/", folder, unquote(of.get("Target", ""))))
            part = self._members.get(self._name(target)) if inside else None
            found[of.get("Id", "")] = (of.get("Type", "").rpartition("/")[2], part)
        return found

    def _elements(self, part: zipfile.ZipInfo, *names: str) -> Iterator[tuple[str, dict[str, str]]]:
        """The elements of these names in a part, with their attributes."""
        found: list[tuple[str, dict[str, str]]] = []
        depth = 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth = _deeper(depth)
            name = name.rpartition(":")[2]
            if name in names:
                found.append((name, attributes))
                if len(found) > _MOST:
                    raise ValueError(f"it has more than {_MOST:,} sheets or relationships")

        def end(_: str) -> None:
            nonlocal depth
            depth -= 1

        parser = _parser()
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        with opened(self._archive, part) as source:
            _parse(parser, source)
        return iter(found)


def _parser() -> expat.XMLParserType:
    """A parser for UTF-8, the encoding in which calamine reads a part whatever it declares, without document types."""

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type, which no workbook does")

    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _deeper(depth: int) -> int:
    if depth >= _DEEPEST:
        raise ValueError(f"it has elements one in another more than {_DEEPEST} times")
    return depth + 1


def _parse(parser: expat.XMLParserType, part: IO[bytes], copy: IO[bytes] | None = None) -> None:
    """Parse a part to its end, which checks its size and checksum too, and copy it."""
    size = 0
    while chunk := part.read(_CHUNK):
        size += len(chunk)
        parser.Parse(chunk, False)
        if size - parser.CurrentByteIndex > _LONGEST:
            raise ValueError(f"it has a piece of XML of more than {_LONGEST >> 20} MiB")
        if copy is not None:
            copy.write(chunk)
    parser.Parse(b"", True)


def _look(part: IO[bytes] | None, clean: zipfile.ZipFile, path: str, shared: Sequence[int] = ()) -> Look:
    """One look at a part, which goes into ``clean`` at ``path``.

    Args:
        shared: `_size` of each text that cells share.

    Raises:
        ValueError, ExpatError: it is no proper XML or has impossible cells.
        Refused: it is not to be read.
    """
    look = Look()
    if part is None:
        return look
    parser = _parser()
    depth = 0
    row = column = 0  # of the next cell that does not say where it stands
    here = (0, 0)
    kind = ""
    formula = value = phonetic = False
    texts: list[str] = []
    reading: str | None = None  # the element whose text belongs to a value

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, here, kind, formula, value, phonetic, reading, depth
        depth = _deeper(depth)
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            kind, formula, value = attributes.get("t", "n"), False, False
            texts.clear()
            here = (row, column) if (reference := attributes.get("r")) is None else _place(reference)
            column = here[1]
            if here[0] >= ROWS or column >= COLUMNS:
                raise ValueError("it has cells outside of what a sheet can hold")
        elif name == "v":
            if value:
                raise ValueError(f"cell {cell_name(*here)} has two values")
            reading, value = name, True
        elif name == "row":
            row = int(attributes["r"]) - 1 if "r" in attributes else row
        elif name == "t":
            reading = None if phonetic else name
        elif name == "f":
            formula = True
        elif name == "is":
            value = True
        elif name == "si":
            texts.clear()
        elif name == "rPh":
            phonetic = True
        elif name == "mergeCell":
            look.merged += 1
            if look.merged > _MOST_MERGED:
                raise ValueError(f"it has more than {_MOST_MERGED:,} merged cells")

    def end(name: str) -> None:
        nonlocal row, column, phonetic, reading, depth
        depth -= 1
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in ("v", "t"):
            reading = None
        elif name == "c":
            stored = "".join(texts)
            if formula and not stored.strip() and kind != "str" and look.without_value is None:
                look.without_value = cell_name(*here)
            if value:
                count(stored)
            column += 1
        elif name == "row":
            row, column = row + 1, 0
        elif name == "si":
            look.shared.append(_size("".join(texts)))
            if len(look.shared) > MAX_CELLS:
                raise Refused(f"is an Excel workbook with more than {MAX_CELLS:,} texts")
        elif name == "rPh":
            phonetic = False

    def count(stored: str) -> None:
        at, across = here
        look.values += 1
        if at < look.top:
            look.top = at
        if at > look.bottom:
            look.bottom = at
        if across < look.left:
            look.left = across
        if across > look.right:
            look.right = across
        if kind == "s" and stored:
            if not (stored.isascii() and stored.isdecimal() and int(stored) < len(shared)):
                raise ValueError(f"cell {cell_name(*here)} has the text of number {stored[:20]!r}, and there is none")
            size = shared[int(stored)]
        else:
            size = _size(stored)
        look.filled += size > 0
        look.characters += abs(size)
        if kind == "e" or (kind == "n" and size > 0 and (len(texts) > 1 or _is_unusual(stored.strip()))):
            look.texts.add(at, across, stored.strip())

    def text(data: str) -> None:
        if reading:
            texts.append(data)

    def refuse(*_: object) -> None:
        if reading == "v":
            raise ValueError(f"cell {cell_name(*here)} has a value with a comment or the like in it")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartCdataSectionHandler = refuse
    parser.CommentHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    with part, clean.open(path, "w") as copy:
        _parse(parser, part, copy)
    return look


def _size(text: str) -> int:
    """How many characters a text has, as a negative number where none of them can be seen."""
    return -len(text) if text.isspace() else len(text)


def _is_unusual(stored: str) -> bool:
    """Whether calamine may give another number, or a date, which does not lead back to the text that is stored."""
    number = float(stored)
    return not number >= 0 or number_text(number) != stored


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


def number_text(number: float) -> str:
    whole = math.isfinite(number) and number == int(number) and abs(number) < _EXACT
    return str(int(number)) if whole else repr(number)


def cell_name(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
