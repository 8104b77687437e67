"""Files as people have them: workbooks, archives, other encodings, lines above the header, JSON lines."""

from __future__ import annotations

import functools
import gzip
import io
import json
import zipfile
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from ingest.config import Config
from ingest.errors import Refused
from ingest.reading import workbook as reading
from tests.python.ingest.conftest import Bench
from tests.support.lake import DATA
from tests.support.workbooks import number, rows, text, texts, workbook

CONFIG = """
sources:
  feed:
    repository: owner/feed
    datasets:
      - {file: "*.csv*", table: plain, required: [id]}
      - {file: "*.latin", table: latin, required: [id], encoding: cp1252, skip_rows: 2}
      - {file: "*.utf16", table: wide, required: [id], encoding: utf-16}
      - {file: "*.jsonl*", table: lines, required: [id], format: ndjson}
      - {file: "*.xlsx*", table: books, required: [id], key: [id], sheet: [TV, "Film*"]}
"""
ABOVE = texts(["A report"], ["January to June"])


@pytest.fixture
def files(bench: Bench) -> Bench:
    bench.config.write_text(CONFIG)
    return bench


def load(bench: Bench, table: str, name: str, content: bytes) -> pl.DataFrame:
    done = bench.ingest(*bench.local({name: content}), "--dataset", table)
    assert done.code == 0, done.err
    return bench.raw(table).sort("_file_path", "_row_number").sort("_row_number")


def zipped(**members: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return found.getvalue()


CSV = b"id,name\n1,Ann\n2,\n"
packed = partial(gzip.compress, mtime=0)  # the time would give the cases another name in each process


@pytest.mark.parametrize(
    ("table", "name", "content", "expected"),
    [
        ("plain", "a.csv.gz", packed(CSV), [("1", "Ann"), ("2", "")]),
        ("plain", "a.csv.gz", packed(CSV[:8]) + packed(CSV[8:]), [("1", "Ann"), ("2", "")]),
        ("plain", "a.csv.zip", zipped(**{"x.csv": CSV, "MACOSX__": b""}), [("1", "Ann"), ("2", "")]),
        ("plain", "a.csv", CSV, [("1", "Ann"), ("2", "")]),
        ("latin", "a.latin", 'say "hi\r\n\r\nid,name\r\n1,Zoë €\r\n'.encode("cp1252"), [("1", "Zoë €")]),
        ("wide", "a.utf16", "id,name\n1,시즌\n".encode("utf-16"), [("1", "시즌")]),
        (
            "lines",
            "a.jsonl",
            b'\xef\xbb\xbf{"id": 1.50, "name": "x\\ny"}\n\n{"name":null,"id":"01"}\r\n'
            b' {"id": true, "name": {"a": [1, 2.0]}}',
            [("1.50", "x\ny"), ("01", None), ("true", '{"a": [1, 2.0]}')],
        ),
        ("lines", "a.jsonl.gz", packed(b'{"id":1234567890123456789,"name":""}'), [("1234567890123456789", "")]),
    ],
)  # fmt: skip
def test_what_is_packed_or_written_otherwise_is_read_as_it_is(
    files: Bench, table: str, name: str, content: bytes, expected: list[tuple[str, str]]
) -> None:
    frame = load(files, table, name, content)
    assert frame.select("id", "name").rows() == expected
    assert frame["_rescued_data"].null_count() == frame.height
    assert frame["_row_number"].to_list() == list(range(1, frame.height + 1))


def test_a_line_that_is_no_object_is_kept_as_it_stands(files: Bench) -> None:
    bad = ["[1]", '{"id": 2', '{"id": 3} x', '{"id": 4, "id": 5}', '{"id": "\\ud800"}', "[" * 5000]
    frame = load(files, "lines", "a.jsonl", "\n".join(['{"id": 1}', *bad]).encode())
    assert frame["id"].to_list() == ["1", None, None, None, "5", None, None]
    assert [json.loads(note)["raw"] for note in frame["_rescued_data"][1:]] == bad


def test_cells_are_text_as_the_sheet_stores_it(files: Bench) -> None:
    cells = {
        text(" a "): " a ",
        number("100000"): "100000",
        number("0.1"): "0.1",
        number("12345678901234567890"): "12345678901234567890",
        number("007"): "007",
        number("1E-3"): "1E-3",
        ' t="b"><v>1</v>': "TRUE",
        ' t="e"><v>#N/A</v>': "#N/A",
        "><f>1+1</f><v>2</v>": "2",
        ' t="str"><f>a</f><v></v>': "",
        number("45008", style=1): "2023-03-23",
        number("45008.5", style=4): "2023-03-23T12:00:00",
        number("0.0986111111111111", style=2): "02:22:00",
        number("4.27361111111111", style=3): "PT102H34M",
        "/": "",
    }
    lines = [[text(f"{at}"), cell.replace(' t="x"/', "")] for at, cell in enumerate(cells) if cell != "/"]
    book = workbook({"Notes": texts(["x"]), "TV": ABOVE + texts(["id", "value"], first=4) + rows(*lines, first=5)})
    frame = load(files, "books", "w.xlsx", book)
    assert frame["value"].to_list() == [value for cell, value in cells.items() if cell != "/"]
    assert set(frame["_file_path"]) == {"w.xlsx/TV"}


def test_sheets_are_one_version_of_one_file(files: Bench) -> None:
    tv = texts(["id", "name"], ["1", "a"], ["", ""], ["2", ""])
    film = ABOVE + texts(["", "name", "id", "hours"], ["", "b", "3", "9", "stray"], first=3)
    frame = load(files, "books", "w.xlsx", workbook({"Films": film, "TV": tv}))
    found = frame.select("id", "name", "hours", "_file_path", "_row_number").rows()
    assert found == [
        ("3", "b", "9", "w.xlsx/Films", 1),
        ("1", "a", None, "w.xlsx/TV", 2),
        ("2", "", None, "w.xlsx/TV", 3),
    ]
    assert json.loads(frame["_rescued_data"][0]) == {"extra": ["stray"]}
    assert files.ledger().select("_file_path", "_file_version", "row_count", "rescued_count").rows() == [
        ("w.xlsx", 1, 3, 1)
    ]
    # The next version is compared with the records of all sheets, and the same bytes are no news.
    assert "1 unchanged" in files.ingest("--from", str(files.folder / "local")).out
    load(files, "books", "w.xlsx", workbook({"Films": film, "TV": texts(["id", "name"], ["1", "a"])}))
    second = files.ledger().sort("_ingested_at").row(1, named=True)
    assert (second["keys_before"], second["keys_lost"], second["keys_changed"]) == (3, 1, 0)


def lying(data: bytes) -> bytes:
    """A zip file whose last member says that it is shorter than it is."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + (1).to_bytes(4, "little") + data[at + 28 :]


def before_its_start(data: bytes) -> bytes:
    """A zip file whose members lie before its first byte."""
    at = data.rindex(b"PK\x05\x06") + 16
    return data[:at] + (int.from_bytes(data[at : at + 4], "little") + 10**6).to_bytes(4, "little") + data[at + 4 :]


def renamed(data: bytes) -> bytes:
    """A workbook whose sheet ``Films`` is called ``TV``."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(found, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'name="Films"', b'name="TV"'))
    return found.getvalue()


PROPER = texts(["id", "name"], ["1", "a"])
MERGED = '<mergeCells count="1"><mergeCell ref="B1:C1"/></mergeCells>'
NESTED = functools.reduce(lambda content, _: gzip.compress(content), range(2000), CSV)
BOMB = gzip.compress(b"id\n" + b"0" * (80 << 20))
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
WITH_PASSWORD = bytearray(zipped(a=CSV))
WITH_PASSWORD[WITH_PASSWORD.rindex(b"PK\x01\x02") + 8] |= 1
REFUSED = {
    "a gzip bomb": ("a.csv.gz", BOMB, "unpacks to more than 250 times its size"),
    "a zip bomb": ("a.csv.zip", zipped(a=b"0" * (80 << 20)), "unpacks to more than 250 times its size"),
    "a truncated gzip": ("a.csv.gz", packed(CSV * 99)[:-20], "is a truncated gzip file"),
    "a damaged gzip": ("a.csv.gz", packed(CSV)[:-8] + bytes(8), "is a damaged gzip file"),
    "a truncated zip": ("a.csv.zip", zipped(a=CSV)[:-30], "is a damaged or truncated zip file"),
    "a zip that lies about its size": ("a.csv.zip", lying(zipped(a=CSV)), "is a damaged or truncated zip file"),
    "a zip with files before its start": ("a.csv.zip", before_its_start(zipped(a=CSV)), " zip file"),
    "archives without end": ("a.csv.gz", NESTED, "is packed more than 8 times, archives within archives"),
    "two files": ("a.csv.zip", zipped(a=CSV, b=CSV), "is a zip file with 2 files: a, b;"),
    "no file": ("a.csv.zip", zipped(), "is a zip file with no file"),
    "a zip with a password": ("a.csv.zip", bytes(WITH_PASSWORD), "protected by a password"),
    "nothing packed": ("a.csv.gz", packed(b""), "is empty once unpacked"),
    "a workbook for text": ("a.csv", workbook({"TV": PROPER}), "is an Excel workbook; name the sheet"),
    "text for a workbook": ("w.xlsx", CSV, "is not an Excel workbook"),
    "another encoding": (
        "a.latin",
        b"\n\nid\n\x81\n",
        "is not text in the encoding cp1252: see the byte at position 5",
    ),
    "cut UTF-16": ("a.utf16", "id\n12".encode("utf-16")[:-1], "is not text in the encoding utf-16"),
    "too few lines": ("a.latin", b"id\n", "has no header below the 2 lines to skip"),
    "a list in JSON": ("a.jsonl", b'[\n{"id": 1},\n{"id": 2}\n]', "is one JSON list, and not an object on each line"),
    "no object": ("a.jsonl", b"1\n2\n", "has no line that is a JSON object"),
    "HTML": ("a.jsonl", b"<html></html>", "is an HTML or XML page"),
    "no such column": ("a.jsonl", b'{"x": 1}', "lacks the required column 'id'"),
    "a truncated workbook": ("w.xlsx", workbook({"TV": PROPER})[:-400], "is a damaged or truncated"),
    "a password": ("w.xlsx", ENCRYPTED, "is a workbook protected by a password"),
    "an old workbook": ("w.xlsx", ENCRYPTED[:500], "(.xls); save it as a workbook"),
    "macros": ("w.xlsx", workbook({"TV": PROPER}, more={"xl/vbaProject.bin": b"x"}), "workbook with macros"),
    "a binary workbook": ("w.xlsx", workbook({"TV": PROPER}, more={"xl/workbook.bin": b"x"}), "(.xlsb)"),
    "another sheet": ("w.xlsx", workbook({"Tv ": PROPER}), "has no sheet 'TV' or 'Film*'; it has: Tv"),
    "no header": ("w.xlsx", workbook({"TV": texts(["x"], ["1"])}), "sheet 'TV' has no row with the columns 'id'"),
    "a header too far below": ("w.xlsx", workbook({"TV": texts(["id"], first=21)}), "among its first 20"),
    "an empty sheet": ("w.xlsx", workbook({"TV": ""}), "sheet 'TV' has no row with the columns 'id'"),
    "1,048,576 empty rows": ("w.xlsx", workbook({"TV": '<row><c s="1"/></row>' * (1 << 20)}), "has no row with"),
    "cells far apart": (
        "w.xlsx",
        workbook({"TV": PROPER + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'}),
        "values as far apart as B1 and XFD1048576",
    ),
    "a cell that cannot be": ("w.xlsx", workbook({"TV": '<row><c r="A9999999"/></row>'}), "outside of what a sheet"),
    "a cell without a place": ("w.xlsx", workbook({"TV": '<row><c r="ABCD1"/></row>'}), "cell 'ABCD1'"),
    "a merged header": ("w.xlsx", workbook({"TV": PROPER}, after=MERGED), "merged cells in its header (B1:C1)"),
    "a formula": (
        "w.xlsx",
        workbook({"TV": PROPER + '<row r="3"><c r="C3"><f>1+1</f><v></v></c></row>'}),
        "sheet 'TV' has a formula without a stored value in cell C3",
    ),
    "a column twice": ("w.xlsx", workbook({"TV": texts(["id", "Id"])}), "has the column name 'Id' twice"),
    "two sheets of one name": ("w.xlsx", renamed(workbook({"TV": PROPER, "Films": PROPER})), "two sheets named 'TV'"),
    "no XML": ("w.xlsx", workbook({"TV": "<row>"}), "sheet 'TV' is damaged"),
    "a document type": (
        "w.xlsx",
        workbook({"TV": PROPER}, more={"xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "declares a document type",
    ),
    "parts before its start": ("w.xlsx", before_its_start(workbook({"TV": PROPER})), " Excel workbook"),
    "a part twice": ("w.xlsx", workbook({"TV": PROPER}, more={"xl/styles.xml": b""}), "holds the same part twice"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_cannot_be_read_is_refused_in_one_line(files: Bench) -> None:
    names = {what: f"{at}{name}" for at, (what, (name, _, _)) in enumerate(REFUSED.items())}
    done = files.ingest(*files.local({names[what]: REFUSED[what][1] for what in REFUSED}))
    assert done.code == 1
    reasons = dict(files.ledger().select("_file_path", "reason").rows())
    assert set(reasons) == set(names.values())
    wrong = {
        what: reasons[names[what]]
        for what, (_, _, reason) in REFUSED.items()
        if reason not in str(reasons[names[what]])
    }
    assert not wrong
    for what in REFUSED:
        assert "\n" not in reasons[names[what]]
    assert not (files.lake / "raw" / "books").exists() or not files.raw("books").height


def test_an_unpacked_size_is_checked_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    book = io.BytesIO(workbook({"TV": PROPER}))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("read"))
    dataset = Config.model_validate(
        {"sources": {"s": {"path": "x", "datasets": [{"file": "a", "table": "t", "key": ["id"], "sheet": "TV"}]}}}
    )
    monkeypatch.setattr(reading, "MAX_UNPACKED", 1000)
    with pytest.raises(Refused, match="unpacks to more than the limit of 1000 bytes"):
        reading.Workbook(book, dataset.sources["s"].datasets[0])


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("encoding: klingon", "there is no encoding 'klingon'"),
        ("encoding: base64", "'base64' is no encoding of text"),
        ("sheet: TV", "sheet needs required or key"),
        ("sheet: TV, key: [id], delimiter: ;", "delimiter does not go with sheet"),
        ("format: ndjson, skip_rows: 1", "do not go with format: ndjson"),
        ("skip_rows: -1", "greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_be_are_one_line(files: Bench, setting: str, problem: str) -> None:
    files.config.write_text(f"sources: {{feed: {{path: x, datasets: [{{file: a, table: t, {setting}}}]}}}}")
    done = files.ingest()
    assert done.code == 2 and problem in done.err and len(done.err.splitlines()) == 1


REPORTS = sorted((DATA / "engagement").glob("*.xlsx"))
COUNTED = [  # sheet, records, hours; by another reader
    [("Engagement", 18_214, 93_455_200_000)],
    [("Film", 9_395, 25_067_700_000), ("TV", 6_599, 64_955_400_000)],
    [("Film", 9_360, 25_743_500_000), ("TV", 6_801, 68_260_000_000)],
    [("Film", 8_680, 25_905_700_000), ("TV", 6_883, 68_209_400_000)],
]


@pytest.mark.skipif(not REPORTS, reason="no engagement reports")
def test_every_record_of_the_reports_is_in_raw(files: Bench) -> None:
    files.config.write_text(
        "sources: {feed: {path: x, datasets: [{file: '*.xlsx', table: books, required: [Title, Hours Viewed],"
        " sheet: [Engagement, TV, Film]}]}}"
    )
    done = files.ingest(*files.local({path.name: path.read_bytes() for path in REPORTS}))
    assert done.code == 0, done.err
    found = (
        files.raw("books")
        .group_by(
            file=pl.col("_file_path").str.split("/").list.first(), sheet=pl.col("_file_path").str.split("/").list.last()
        )
        .agg(pl.len(), pl.col("Hours_Viewed").cast(pl.Int64).sum(), numbers=pl.col("_row_number").n_unique())
        .sort("file", "sheet")
    )
    expected = [(path.name, *sheet) for path, sheets in zip(REPORTS, COUNTED, strict=True) for sheet in sheets]
    assert found.select("file", "sheet", "len", "Hours_Viewed").rows() == expected
    assert Path(found["file"][0]).suffix == ".xlsx"


def test_a_source_that_is_optional_may_be_missing_in_a_copy_unless_it_is_asked_for(files: Bench) -> None:
    more = "  more: {repository: o/m, optional: true, datasets: [{file: a.csv, table: more}]}\n"
    files.config.write_text(CONFIG.rstrip("\n") + "\n" + more)
    copy = files.local({"a.csv": CSV})
    assert files.ingest(*copy, "--dataset", "plain").code == 0
    done = files.ingest(*copy, "--source", "more")
    assert done.code == 2 and "there is no folder" in done.err
