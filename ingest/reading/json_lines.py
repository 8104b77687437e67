"""Newline-delimited JSON to records: one object a line. Texts are taken as they are, all other values as JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import BinaryIO

import polars as pl

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.checks import column_names
from ingest.reading.delimited import MAX_RECORD, RESCUED

_ROWS_AT_ONCE = 50_000
_MOST_NAMES = 20_000
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class JsonLines:
    """The records of a file; its columns are all names that any object of it has, in the order of appearance."""

    def __init__(self, file: BinaryIO, dataset: Dataset) -> None:
        """Read the file once for the names.

        Raises:
            Refused: no line holds an object, too many names, or not the columns that the dataset needs.
        """
        self._file = file
        names: dict[str, None] = {}
        for line in self._lines():
            for name, _ in fields(line) or ():
                names[name] = None
            if len(names) > _MOST_NAMES:
                raise Refused(f"has more than {_MOST_NAMES:,} different names; is each line an object of one kind?")
        if not names:
            raise Refused("has no line that is a JSON object with a name in it")
        self._positions = {name: at for at, name in enumerate(names)}
        self.names = column_names(list(names), dataset)

    def _lines(self) -> Iterator[str]:
        self._file.seek(0)
        position = 0
        while line := self._file.readline(MAX_RECORD + 1):
            if len(line) > MAX_RECORD:
                raise Refused(f"has a record of more than {MAX_RECORD} bytes at position {position}")
            try:
                text = line.decode("utf-8-sig" if position == 0 else "utf-8")
            except UnicodeDecodeError as error:
                at = position + error.start
                raise Refused(f"is not UTF-8 text: byte {line[error.start]:#04x} at position {at}") from None
            position += len(line)
            if text := text.strip(" \t\r\n"):
                yield text

    def frames(self) -> Iterator[pl.DataFrame]:
        """The records in order: text columns ``0``, ``1``, … and ``_rescued_data``."""
        rows: list[list[str | None]] = []
        for line in self._lines():
            row: list[str | None] = [None] * (len(self.names) + 1)
            found = fields(line)
            for name, value in found or ():
                row[self._positions[name]] = value
            if found is None or len({name for name, _ in found}) < len(found):
                row[-1] = json.dumps({"raw": line}, ensure_ascii=False)
            rows.append(row)
            if len(rows) * len(row) >= _ROWS_AT_ONCE * 10:
                yield self._frame(rows)
                rows = []
        if rows:
            yield self._frame(rows)

    def _frame(self, rows: list[list[str | None]]) -> pl.DataFrame:
        columns = [*map(str, range(len(self.names))), RESCUED]
        return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def fields(line: str) -> list[tuple[str, str | None]] | None:
    """Names and values of an object, in order; None where ``line`` is no object that can be kept as text.

    A text is itself, null is None, any other value the JSON text that stands in the line.
    """
    try:
        if not line.startswith("{"):
            return None
        found: list[tuple[str, str | None]] = []
        at = _skip(line, 1)
        while line[at] != "}":
            if found:
                if line[at] != ",":
                    return None
                at = _skip(line, at + 1)
            if line[at] != '"':
                return None
            name, at = scanstring(line, at + 1, True)
            at = _skip(line, at)
            if line[at] != ":":
                return None
            begin = _skip(line, at + 1)
            value, at = _DECODER.raw_decode(line, begin)
            text = value if isinstance(value, str) else None if value is None else line[begin:at]
            f"{name}{text}".encode()  # half a surrogate pair is no text
            found.append((name, text))
            at = _skip(line, at)
        return found if at + 1 == len(line) else None
    except (ValueError, IndexError, RecursionError):
        return None


def _skip(line: str, at: int) -> int:
    return _SPACE.match(line, at).end()  # type: ignore[union-attr]  # it matches the empty text too
