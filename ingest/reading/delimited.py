"""Delimited text to records: exact, streaming, in order.

The grammar is RFC 4180 with any one-byte delimiter, and with rules for what the RFC leaves open:

- A record ends at LF, CRLF or CR outside quotes, or at the end of the file. An empty line is not a record.
- A field is quoted if it starts with a quote and has a closing quote: one that is followed by the delimiter, a line
  end or the end of the file, with only doubled quotes before it, within ``MAX_QUOTED`` bytes. Otherwise that first
  quote is an ordinary character, the field ends at the next delimiter or line end, and the record is marked with its
  raw text. So a quote that nobody closed costs one marked record and cannot swallow the rest of the file.
- A quote inside an unquoted field is an ordinary character.

Two paths apply the one grammar. ``_survey`` checks a block with numpy and finds the records that have exactly as many
fields as the header and quotes only where they belong; polars parses these. All others go through ``parse_record``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import call
from typing import BinaryIO, NamedTuple

import numpy as np
import polars as pl

from ingest.errors import Refused
from ingest.prefetch import prefetch

BLOCK = 8 << 20  # bytes read at a time
MAX_QUOTED = 2 << 20  # bytes of one quoted field, quotes included
MAX_RECORD = 64 << 20  # bytes of one record
RESCUED = "_rescued_data"

_BOM = b"\xef\xbb\xbf"
_QUOTE, _CR, _LF = b'"'[0], b"\r"[0], b"\n"[0]
_QUOTED = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"')
# After a record that the fast path cannot take, this many bytes are read exactly before it is tried again.
_EXACT_STRETCH = 64 << 10
# polars drops a byte-order mark and unpacks what looks compressed; a block may start with the same bytes by chance.
_MAGIC = (_BOM, b"\x1f", b"x", b"(")


class Record(NamedTuple):
    """One record read exactly: field texts, the position after its line end, and whether a quote was left open."""

    fields: list[bytes]
    end: int
    unclosed: bool


@dataclass(frozen=True)
class Dialect:
    """How one file is written. ``width`` is the number of fields in its header; limits are in bytes."""

    delimiter: str = ","
    width: int = 0
    block: int = BLOCK
    max_quoted: int = MAX_QUOTED
    max_record: int = MAX_RECORD


def parse_record(data: bytes, pos: int, dialect: Dialect, final: bool) -> Record | None:
    """The record that starts at ``pos``; None where ``data`` ends too early to tell and more may follow."""
    delimiter = dialect.delimiter.encode()[0]
    unquoted = _unquoted(dialect.delimiter)
    fields: list[bytes] = []
    unclosed = False
    size = len(data)
    while True:
        if pos < size and data[pos] == _QUOTE:
            quoted = _QUOTED.match(data, pos, pos + dialect.max_quoted)
            end = quoted.end() if quoted else size
            if not final and end == size and size - pos < dialect.max_quoted:
                return None
            if quoted and (end == size or data[end] in (delimiter, _CR, _LF)):
                fields.append(quoted[1].replace(b'""', b'"'))
            else:
                quoted, unclosed = None, True
        else:
            quoted = None
        if quoted is None:
            end = unquoted.match(data, pos).end()  # type: ignore[union-attr]  # it matches the empty text too
            fields.append(data[pos:end])
        if end == size:
            return Record(fields, end, unclosed) if final else None
        if data[end] == delimiter:
            pos = end + 1
        elif data[end] == _LF:
            return Record(fields, end + 1, unclosed)
        elif end + 1 == size and not final:
            return None
        else:
            return Record(fields, end + 2 if data[end + 1 : end + 2] == b"\n" else end + 1, unclosed)


def _unquoted(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"[^" + re.escape(delimiter.encode()) + rb"\r\n]*+")


def read_header(file: BinaryIO, dialect: Dialect) -> list[str]:
    """The first record, as text; from the position of ``file`` on; leaves that at the first byte after it.

    Raises:
        Refused: there is no record, it is not UTF-8, or it has a quote that is never closed.
    """
    begin = file.tell()
    data = b""
    start = 0
    while True:
        chunk = file.read(64 << 10)
        data += chunk
        while data.startswith(_BOM, start):  # some files have several
            start += len(_BOM)
        while data[start : start + 1] in (b"\r", b"\n"):
            start += 1
        record = parse_record(data, start, dialect, final=not chunk)
        if record is not None:
            break
        if len(data) > dialect.max_quoted + dialect.block:
            raise Refused("has no header: the first line does not end")
    if start == len(data):
        raise Refused("has no header: there is no line with text in it")
    file.seek(begin + record.end)
    if record.unclosed:
        raise Refused("has a header with a quote that is never closed")
    if b"\0" in data[: record.end]:
        raise Refused("is not text: it holds NUL bytes")
    try:
        return [field.decode() for field in record.fields]
    except UnicodeDecodeError as error:
        raise _not_utf8(data, 0, error.object) from None


def read_frames(file: BinaryIO, dialect: Dialect) -> Iterator[pl.DataFrame]:
    """All records from the position of ``file`` on, in order, in frames of about ``dialect.block`` bytes.

    Columns: ``0`` … ``width-1`` (text; empty where the field is empty, null where the record has no such field) and
    ``_rescued_data`` (JSON text, null where the record fits): ``extra`` holds the fields beyond the header, ``missing``
    counts the fields the record lacks, ``raw`` is the record's own text where a quote was never closed, and ``cut``
    says that the file ends within such a record.

    Raises:
        Refused: bytes that are not UTF-8 text, or a record longer than ``dialect.max_record``.
    """
    with ThreadPoolExecutor(2) as pool:  # the records of two blocks are parsed while the next one is surveyed
        for parsed in prefetch(pool, _surveyed(file, dialect), call, 2):
            if (frame := parsed.result()).height:
                yield frame


def _surveyed(file: BinaryIO, dialect: Dialect) -> Iterator[Callable[[], pl.DataFrame]]:
    """What parses the records of ``file``, block by block; raises ``Refused`` as ``read_frames`` does."""
    data = b""
    offset = file.tell()
    while True:
        chunk = file.read(dialect.block)
        data = data + chunk if data else chunk
        if b"\0" in chunk:
            raise Refused(f"is not text: it holds a NUL byte near byte {offset + data.index(0)}")
        consumed = 0
        for parse, end in _frames(data, dialect, final=not chunk):
            yield partial(_text_only, parse, data, consumed, offset)
            consumed = end
        data = data[consumed:]
        offset += consumed
        if not chunk:
            return
        if len(data) > dialect.max_record:
            raise Refused(f"has a record longer than {dialect.max_record} bytes, at byte {offset}")


def _text_only(parse: Callable[[], pl.DataFrame], data: bytes, begin: int, offset: int) -> pl.DataFrame:
    try:
        return parse()
    except (UnicodeDecodeError, pl.exceptions.ComputeError) as error:
        raise _not_utf8(data[begin:], offset + begin, error) from None


def _frames(data: bytes, dialect: Dialect, final: bool) -> Iterator[tuple[Callable[[], pl.DataFrame], int]]:
    """What makes frames of the complete records in ``data``, each with the position after its last record."""
    pos = 0
    while pos < len(data):
        survey = _survey(data, pos, dialect)
        if survey.end > pos:
            yield partial(_take, data, survey, dialect), survey.end
            pos = survey.end
        if not (survey.stopped or final or len(data) - pos > dialect.max_quoted):
            return  # the rest is one record that goes on in the next block
        exact: list[Record] = []
        starts: list[int] = []
        until = pos + _EXACT_STRETCH
        while pos < min(until, len(data)):
            record = parse_record(data, pos, dialect, final)
            if record is None:
                break
            if data[pos] not in (_CR, _LF):
                exact.append(record)
                starts.append(pos)
            pos = record.end
        stuck = record is None
        yield partial(_exact_frame, data, starts, exact, dialect), pos
        if stuck:
            return


class _Survey(NamedTuple):
    """What the fast path sees from ``begin``: where records end (positions after their line ends), which of them are
    regular, and whether it stopped at something only the exact path can judge."""

    begin: int
    ends: np.ndarray  # int64
    regular: np.ndarray  # bool
    stopped: bool

    @property
    def end(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else self.begin


def _survey(data: bytes, begin: int, dialect: Dialect) -> _Survey:
    """Find the records of ``data`` from ``begin`` on, up to the first quote or carriage return out of place."""
    delimiter = dialect.delimiter.encode()[0]
    bytes_ = np.frombuffer(data, np.uint8, offset=begin)
    size = stop = len(bytes_)
    has_quotes = data.find(b'"', begin) >= 0
    is_mark = bytes_ == _LF
    is_mark |= bytes_ == delimiter
    if has_quotes:
        is_mark |= bytes_ == _QUOTE
    marks = np.flatnonzero(is_mark)
    kinds = bytes_[marks]
    is_end = kinds == _LF
    line_ends = marks[is_end]
    if data.find(b"\r", begin) >= 0:
        is_return = bytes_ == _CR
        before_end = np.count_nonzero(is_return[line_ends[line_ends > 0] - 1])
        if before_end != np.count_nonzero(is_return):
            returns = np.flatnonzero(is_return[:-1])
            alone = returns[bytes_[returns + 1] != _LF]
            stop = int(alone[0]) if len(alone) else size
    if has_quotes:
        is_quote = kinds == _QUOTE
        quotes = marks[is_quote]
        # Opening and closing quotes take turns; of a doubled quote the first closes and the second opens.
        opening, closing = quotes[::2], quotes[1::2]
        before = bytes_[opening - 1]
        wrong = (before != delimiter) & (before != _LF) & (before != _QUOTE)
        if len(opening) and opening[0] == 0:
            wrong[0] = False
        if wrong.any():
            stop = min(stop, int(opening[wrong.argmax()]))
        if len(closing) and closing[-1] == size - 1:
            closing = closing[:-1]  # its record does not end in this block
        after = bytes_[closing + 1]
        wrong = (after != delimiter) & (after != _LF) & (after != _QUOTE) & (after != _CR)
        if wrong.any():
            stop = min(stop, int(closing[wrong.argmax()]))
        # Outside: no quote, and after an even number of them.
        outside = (np.cumsum(is_quote, dtype=np.uint8) & 1).view(bool)
        outside |= is_quote
        np.logical_not(outside, out=outside)
        line_ends = marks[is_end & outside]
        kinds = kinds[outside]
    ends = line_ends + 1
    fields = len(ends) * dialect.width
    if (kinds[:fields][dialect.width - 1 :: dialect.width] == _LF).all() and len(kinds) >= fields:
        # As many line ends as there can be, each after as many fields as the header has: all records are regular.
        regular = np.ones(len(ends), dtype=bool)
    else:
        regular = np.diff(np.flatnonzero(kinds == _LF), prepend=-1) == dialect.width
    stopped = stop < size
    if stopped:
        ends = ends[: int(np.searchsorted(ends, stop, side="right"))]
    lengths = np.diff(ends, prepend=0)
    too_long = lengths > dialect.max_quoted
    if too_long.any():  # a quoted field in it may be over the limit
        ends, stopped = ends[: int(too_long.argmax())], True
    regular = regular[: len(ends)]
    if dialect.width == 1:
        lengths = lengths[: len(ends)]
        regular &= (lengths > 2) | ((lengths == 2) & (bytes_[ends - 2] != _CR))
    return _Survey(begin, ends + begin, regular, stopped)


def _take(data: bytes, survey: _Survey, dialect: Dialect) -> pl.DataFrame:
    """The surveyed records as a frame, in order."""
    if survey.regular.all():
        return _fast_frame(data[survey.begin : survey.end], dialect)
    starts = np.concatenate(([survey.begin], survey.ends[:-1]))
    odd = [int(i) for i in np.flatnonzero(~survey.regular) if data[starts[i]] not in (_CR, _LF)]
    records: list[Record] = []
    for i in odd:
        record = parse_record(data, int(starts[i]), dialect, final=True)
        assert record is not None and record.end == survey.ends[i]
        records.append(record)
    exact = _exact_frame(data, [int(starts[i]) for i in odd], records, dialect)
    flips = np.flatnonzero(np.diff(survey.regular.astype(np.int8), prepend=0, append=0))
    runs = [data[starts[a] : survey.ends[b - 1]] for a, b in zip(flips[::2], flips[1::2], strict=True)]
    if not runs:
        return exact
    fast = _fast_frame(b"".join(runs), dialect)
    order = np.concatenate((np.flatnonzero(survey.regular), np.array(odd, dtype=np.int64)))
    return pl.concat([fast, exact])[np.argsort(order)]


def _fast_frame(text: bytes, dialect: Dialect) -> pl.DataFrame:
    """Regular records, through polars."""
    guarded = text.startswith(_MAGIC)
    if guarded:
        text = dialect.delimiter.encode() * (dialect.width - 1) + b"\n" + text
    frame = pl.read_csv(
        text,
        has_header=False,
        schema={str(i): pl.String for i in range(dialect.width)},
        separator=dialect.delimiter,
        empty_string_is_null=False,
    )
    return (frame[1:] if guarded else frame).with_columns(pl.lit(None, pl.String).alias(RESCUED))


def _exact_frame(data: bytes, starts: list[int], records: list[Record], dialect: Dialect) -> pl.DataFrame:
    """Records that ``parse_record`` read, fitted to the header."""
    columns: list[list[str | None]] = [[] for _ in range(dialect.width)]
    rescued: list[str | None] = []
    for start, record in zip(starts, records, strict=True):
        fields: list[str | None] = [field.decode() for field in record.fields]
        notes: dict[str, object] = {}
        if len(fields) > dialect.width:
            notes["extra"] = fields[dialect.width :]
        elif len(fields) < dialect.width:
            notes["missing"] = dialect.width - len(fields)
            fields += [None] * (dialect.width - len(fields))
        if record.unclosed:
            notes["raw"] = data[start : record.end].rstrip(b"\r\n").decode()
        if (record.unclosed or "missing" in notes) and data[record.end - 1] not in (_CR, _LF):
            notes["cut"] = True
        rescued.append(json.dumps(notes, ensure_ascii=False) if notes else None)
        for column, field in zip(columns, fields, strict=False):
            column.append(field)
    series = [pl.Series(str(i), column, dtype=pl.String) for i, column in enumerate(columns)]
    return pl.DataFrame([*series, pl.Series(RESCUED, rescued, dtype=pl.String)])


def _not_utf8(data: bytes, offset: int, error: object) -> Refused:
    """The refusal of bytes that are no UTF-8, with the place of the first one."""
    try:
        data.decode()
    except UnicodeDecodeError as found:
        hint = " (it looks like UTF-16)" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        return Refused(f"is not UTF-8 text: byte {data[found.start]:#04x} at position {offset + found.start}{hint}")
    return Refused(f"could not be read as delimited text: {str(error).splitlines()[0]}")
