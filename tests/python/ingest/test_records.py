"""The reader: RFC 4180 to the letter, and nothing lost where a file is not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.reading import delimited
from ingest.reading.delimited import RESCUED, Dialect, parse_record, read_frames, read_header
from tests.support.examples import examples
from tests.support.lake import DATA, needs_real_data

Row = tuple[str | None, ...]

# Short pieces that make trouble more often than chance would.
PIECES = st.sampled_from(
    ["a", "b", "é", "\ufeff", "x", "(", " ", ",", ",", '"', '"', '""', "\n", "\n", "\r", "\r\n", '",']
)
TEXTS = st.lists(PIECES, max_size=50).map("".join)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.just(","),
    width=st.integers(1, 4),
    block=st.sampled_from([1, 2, 3, 7, 20, 1 << 20]),
    max_quoted=st.sampled_from([6, 15, 1 << 20]),
)


def rows(data: bytes, dialect: Dialect) -> list[Row]:
    """All records through the real reader, each with its rescued data last."""
    return [row for frame in read_frames(io.BytesIO(data), dialect) for row in frame.rows()]


def exact(data: bytes, dialect: Dialect) -> list[Row]:
    """The same through ``parse_record`` alone."""
    found, pos = [], 0
    while pos < len(data):
        record = parse_record(data, pos, dialect, final=True)
        assert record is not None
        if data[pos] not in b"\r\n":
            fields: list[str | None] = [field.decode() for field in record.fields]
            notes: dict[str, object] = {}
            if len(fields) > dialect.width:
                notes["extra"] = fields[dialect.width :]
            if len(fields) < dialect.width:
                notes["missing"] = dialect.width - len(fields)
            if record.unclosed:
                notes["raw"] = data[pos : record.end].decode().rstrip("\r\n")
            if notes.keys() & {"missing", "raw"} and not data[pos : record.end].endswith((b"\r", b"\n")):
                notes["cut"] = True
            fields = (fields + [None] * dialect.width)[: dialect.width]
            found.append((*fields, json.dumps(notes, ensure_ascii=False) if notes else None))
        pos = record.end
    return found


@examples(150, 350, text=TEXTS, dialect=DIALECTS, stretch=st.sampled_from([1, 5, 1000]))
def test_both_paths_and_all_block_sizes_read_the_same(text: str, dialect: Dialect, stretch: int) -> None:
    before = delimited._EXACT_STRETCH
    delimited._EXACT_STRETCH = stretch
    try:
        assert rows(text.encode(), dialect) == exact(text.encode(), dialect)
    finally:
        delimited._EXACT_STRETCH = before


@examples(
    150,
    350,
    table=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.tuples(*[st.lists(PIECES, max_size=5).map("".join)] * width))
    ),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([0, 1]),
    delimiter=st.sampled_from([",", "\t", ";"]),
    last_end=st.booleans(),
    block=st.sampled_from([5, 30, 1 << 20]),
)
def test_what_a_csv_writer_writes_is_read_as_the_csv_module_reads_it(
    table: list[tuple[str, ...]], line_end: str, quoting: Literal[0, 1], delimiter: str, last_end: bool, block: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=quoting, delimiter=delimiter).writerows(table)
    written = text.getvalue() if last_end else text.getvalue().removesuffix(line_end)
    dialect = Dialect(delimiter, len(table[0]) if table else 1, block=block)
    expected = [row for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter) if row]
    read = rows(written.encode(), dialect)
    assert [[field for field in row[:-1] if field is not None] for row in read if not row[-1]] == [
        row for row in expected if len(row) == dialect.width
    ]
    assert len(read) == len(expected)
    if quoting == 1:  # otherwise the writer leaves carriage returns without quotes
        assert read == [(*row, None) for row in table]


@examples(
    150,
    350,
    text=TEXTS,
    at=st.integers(0, 60),
    bad=st.sampled_from([b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\xc3("]),
)
def test_bytes_that_are_no_utf8_are_refused_with_their_place(text: str, at: int, bad: bytes) -> None:
    good = text.encode()
    at = min(at, len(good))
    data = good[:at] + bad + b"\n"
    with pytest.raises(UnicodeDecodeError) as expected:
        data.decode()
    with pytest.raises(Refused, match=f"at position {expected.value.start}$"):
        rows(data, Dialect(",", 2, block=8))


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("1,2\n3,4", 2, [("1", "2", None), ("3", "4", None)]),
        ("1,2\r\n3,4\r\n", 2, [("1", "2", None), ("3", "4", None)]),
        ("1,2\r3,4\r", 2, [("1", "2", None), ("3", "4", None)]),
        ('"a\r\nb","c ""d"""\n', 2, [("a\r\nb", 'c "d"', None)]),
        ("1,\n\n\n,2\n\n", 2, [("1", "", None), ("", "2", None)]),
        ('a\n""\n', 1, [("a", None), ("", None)]),
        ("1,2,3,4\n", 2, [("1", "2", '{"extra": ["3", "4"]}')]),
        ("1\n", 3, [("1", None, None, '{"missing": 2}')]),
        ("1", 3, [("1", None, None, '{"missing": 2, "cut": true}')]),
        ('5 "feet",x\n', 2, [('5 "feet"', "x", None)]),
        ("x\u005e,1\n\ufeffa,2\n", 2, [("x^", "1", None), ("\ufeffa", "2", None)]),
    ],
)
def test_examples(text: str, width: int, expected: list[Row]) -> None:
    for block in (1, 4, 1 << 20):
        assert rows(text.encode(), Dialect(",", width, block=block)) == expected


@pytest.mark.parametrize("start", ["\ufeff", "x\x01", "x^", "x\u009c", "(\u00b5/", "\x1f"])
def test_a_block_that_starts_like_something_else_is_read_as_text(start: str) -> None:
    text = f"{start}a,1\nb,2\n"
    assert rows(text.encode(), Dialect(",", 2)) == [(f"{start}a", "1", None), ("b", "2", None)]


def test_an_open_quote_costs_one_marked_record_only() -> None:
    good = [f'{number},"name, {number}"' for number in range(2000)]
    lines = [*good[:500], '500,"never closed', *good[501:]]
    read = rows("\n".join(lines).encode(), Dialect(",", 2, block=1000))
    assert [row[0] for row in read] == [str(number) for number in range(2000)]
    assert [row[1] for row in read] == [f"name, {n}" if n != 500 else '"never closed' for n in range(2000)]
    assert {number: row[2] for number, row in enumerate(read) if row[2]} == {500: json.dumps({"raw": lines[500]})}


def test_an_open_quote_at_the_end_of_the_file_keeps_all_lines_after_it() -> None:
    lines = ['1,"open', *(f"{number},x" for number in range(2, 3000))]
    read = rows("\n".join(lines).encode(), Dialect(",", 2, block=512))
    assert [row[0] for row in read] == [str(number) for number in range(1, 3000)]


def test_a_quoted_field_over_the_limit_is_kept_line_by_line() -> None:
    body = "\n".join("y" * 50 for _ in range(100))
    text = f'1,"{body}"\n2,z\n'
    assert len(rows(text.encode(), Dialect(",", 2))) == 2
    read = rows(text.encode(), Dialect(",", 2, block=256, max_quoted=1000))
    assert len(read) == 101
    assert read[-1] == ("2", "z", None)
    assert "".join(part or "" for row in read[:-1] for part in row[:2]) == "1" + f'"{body}"'.replace("\n", "")


def test_a_record_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(Refused, match="longer than 1000 bytes"):
        rows(b"a" * 5000, Dialect(",", 2, block=100, max_record=1000))


def test_nul_bytes_are_refused() -> None:
    with pytest.raises(Refused, match="NUL"):
        rows(b"a,b\n1,\x00\n", Dialect(",", 2))


@pytest.mark.parametrize(
    ("data", "names", "rest"),
    [
        (b"\xef\xbb\xbfid,name\r\n1,2", ["id", "name"], b"1,2"),
        (b'"id","a\nb"\n1,2', ["id", "a\nb"], b"1,2"),
        (b"\n\nid\n", ["id"], b""),
        (b"id,name", ["id", "name"], b""),
    ],
)
def test_header(data: bytes, names: list[str], rest: bytes) -> None:
    file = io.BytesIO(data)
    assert read_header(file, Dialect()) == names
    assert file.read() == rest


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b'id,"name\n1,2\n', b"\xff\xfei\x00d\x00", b"\xef\xbb\xbf\n"])
def test_files_without_a_usable_header_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_header(io.BytesIO(data), Dialect())


def real_files() -> Iterator[Any]:
    """All of them in the lane `histories`; in the fast lane the catalogue, and one file of each layout of the lists."""
    seen = set()
    for path in sorted([*DATA.glob("catalogue/*.csv"), *DATA.glob("top10/*/*.tsv")]):
        with path.open("rb") as file:
            layout = (path.name, file.readline(), file.readline()[:1] == b"")
        marks = [pytest.mark.histories] if layout in seen else []
        yield pytest.param(path, id=f"{path.parent.name[:7]}/{path.name}", marks=marks)
        seen.add(layout)


@needs_real_data
@pytest.mark.parametrize("path", list(real_files()))
def test_the_real_files_read_as_the_csv_module_reads_them(path: Path) -> None:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as text:
        header, *expected = [row for row in csv.reader(text, delimiter=delimiter) if row] or [[""]]
    with path.open("rb") as file:
        assert read_header(file, Dialect(delimiter)) == header
        start = file.tell()
        for block in (1 << 12, 1 << 22):
            file.seek(start)
            dialect = replace(Dialect(delimiter, len(header)), block=block)
            read = [row for frame in read_frames(file, dialect) for row in frame.drop(RESCUED).rows()]
            assert read == [tuple(row) for row in expected]
