"""Files as people have them: workbooks, archives, other encodings, lines above the header, JSON lines."""

from __future__ import annotations

import functools
import gzip
import io
import json
import re
import zipfile
import zlib
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl
import pytest

from ingest.config import DEFAULT, Config
from ingest.config import load as load_config
from ingest.errors import Refused
from ingest.reading import workbook_parts as parts
from ingest.reading.workbook import Workbook
from tests.python.ingest.conftest import Bench
from tests.support.lake import CHECKOUT, DATA
from tests.support.workbooks import edited, number, replaced, rows, text, texts, with_shared, workbook

CONFIG = """
sources:
  feed:
    repository: owner/feed
    datasets:
      - {file: "*.csv*", table: plain, required: [id]}
      - {file: "*.latin", table: latin, required: [id], encoding: cp1252, skip_rows: 2}
      - {file: "*.utf16", table: wide, required: [id], encoding: utf-16}
      - {file: "*.jsonl*", table: lines, required: [id], format: ndjson}
      - {file: "*.xlsx*", table: books, required: [id], key: [id], sheet: [TV, "Film*", "!*notes"]}
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


def test_a_record_in_another_sheet_has_changed(files: Bench) -> None:
    """Which sheet it stands in is what it is: a film, or a series."""
    tv, film = (texts(["id", "name"], *[[f"{kind}{n}", "a"] for n in range(12)]) for kind in ("t", "f"))
    load(files, "books", "w.xlsx", workbook({"TV": tv, "Film": film}))
    load(files, "books", "w.xlsx", workbook({"Film": film, "TV": tv}))
    done = files.ingest(*files.local({"w.xlsx": workbook({"TV": film, "Film": tv})}), "--dataset", "books")
    assert done.code == 1 and "held: version 3 into books, 24 records: 24 of 24 keys shared with version 2" in done.err
    ledger = files.ledger().sort("_file_version").select("status", "keys_changed").rows()
    assert ledger == [("loaded", None), ("loaded", 0), ("held", 24)]
    told = files.ingest("diff", "w.xlsx").out
    assert "_file_path" in told and "w.xlsx/Film" in told


def lying(data: bytes, size: int = 1, content: bytes | None = None) -> bytes:
    """A zip file whose last member says that it is shorter than it is; with the checksum of `content`, if given."""
    at = data.rindex(b"PK\x01\x02")
    checksum = data[at + 16 : at + 20] if content is None else zlib.crc32(content[:size]).to_bytes(4, "little")
    return data[: at + 16] + checksum + data[at + 20 : at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def before_its_start(data: bytes) -> bytes:
    """A zip file whose members lie before its first byte."""
    at = data.rindex(b"PK\x05\x06") + 16
    return data[:at] + (int.from_bytes(data[at : at + 4], "little") + 10**6).to_bytes(4, "little") + data[at + 4 :]


def protected(data: bytes) -> bytes:
    """A zip file whose last member is said to have a password."""
    at = data.rindex(b"PK\x01\x02") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]


def damaged(packing: int) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", packing) as archive:
        archive.writestr("a", CSV * 99)
    return found.getvalue().replace(CSV[:3], b"???")[:50] + b"?" * 9 + found.getvalue()[59:]


def in_row_2(*cells: str) -> bytes:
    """A workbook with a sheet `TV`: a header, and these cells in the row below, as their XML without the row's own."""
    return workbook({"TV": HEADER + f'<row r="2">{"".join(cells)}</row>'})


HEADER = texts(["id", "name"])
PROPER = texts(["id", "name"], ["1", "a"])
MERGED = '<mergeCells count="1"><mergeCell ref="B1:C1"/></mergeCells>'
NESTED = functools.reduce(lambda content, _: gzip.compress(content), range(2000), CSV)
BOMB = gzip.compress(b"id\n" + b"0" * (80 << 20))
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
TV = workbook({"TV": PROPER})
SHEET = "xl/worksheets/sheet1.xml"
DOCTYPE = '<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'
REFUSED = {
    "a gzip bomb": ("a.csv.gz", BOMB, "unpacks to more than 250 times its size"),
    "a zip bomb": ("a.csv.zip", zipped(a=b"0" * (80 << 20)), "unpacks to more than 250 times its size"),
    "a truncated gzip": ("a.csv.gz", packed(CSV * 99)[:-20], "is a truncated gzip file"),
    "a damaged gzip": ("a.csv.gz", packed(CSV)[:-8] + bytes(8), "is a damaged gzip file"),
    "a truncated zip": ("a.csv.zip", zipped(a=CSV)[:-30], "is a damaged or truncated zip file"),
    "a zip that lies about its size": ("a.csv.zip", lying(zipped(a=CSV)), "is a damaged or truncated zip file"),
    "a zip with files before its start": ("a.csv.zip", before_its_start(zipped(a=CSV)), " zip file"),
    "archives without end": ("a.csv.gz", NESTED, "is packed more than 8 times, archives within archives"),
    "a zip with more than it says": (
        "a.csv.zip",
        lying(zipped(a=CSV), 14, CSV),
        "is a damaged or truncated zip file: Bad CRC-32",
    ),
    "a damaged LZMA zip": ("a.csv.zip", damaged(zipfile.ZIP_LZMA), "is a zip file that cannot be unpacked"),
    "a damaged bzip2 zip": ("a.csv.zip", damaged(zipfile.ZIP_BZIP2), "is a zip file that cannot be unpacked"),
    "long names": ("a.csv.zip", zipped(**{"a" * 60000: CSV, "b": CSV}), "is a zip file with 2 files: aaaa"),
    "two files": ("a.csv.zip", zipped(a=CSV, b=CSV), "is a zip file with 2 files: a, b;"),
    "no file": ("a.csv.zip", zipped(), "is a zip file with no file"),
    "a zip with a password": ("a.csv.zip", protected(zipped(a=CSV)), "protected by a password"),
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
    "a sheet with records that is not named": (
        "w.xlsx",
        workbook({"TV": PROPER, "Movies": ABOVE + texts(["name", "id"], ["b", "2"], *[["c", "3"]] * 30, first=3)}),
        "has a sheet 'Movies' with the columns of this feed, which sheet does not name: write 'Movies' there too, or"
        " '!Movies' to leave it out",
    ),
    "a sheet with records in shared texts": (
        "w.xlsx",
        with_shared({"TV": PROPER, "Movies": '<row r="20"><c t="s"><v>0</v></c></row>'}, "<t>ID</t>"),
        "has a sheet 'Movies'",
    ),
    "no header": ("w.xlsx", workbook({"TV": texts(["x"], ["1"])}), "sheet 'TV' has no row with the columns 'id'"),
    "a header too far below": ("w.xlsx", workbook({"TV": texts(["id"], first=21)}), "among its first 20"),
    "an empty sheet": ("w.xlsx", workbook({"TV": ""}), "sheet 'TV' has no row with the columns 'id'"),
    "1,048,576 empty rows": ("w.xlsx", workbook({"TV": "<row/>" * (1 << 20)}), "has no row with"),
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
    "two sheets of one name": (
        "w.xlsx",
        replaced(workbook({"TV": PROPER, "Films": PROPER}), '"Films"', '"TV"'),
        "two sheets named 'TV'",
    ),
    "no XML": ("w.xlsx", workbook({"TV": "<row>"}), "sheet 'TV' is damaged"),
    "a document type": (
        "w.xlsx",
        workbook({"TV": PROPER}, more={"xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "declares a document type",
    ),
    "a document type beside the sheets": (
        "w.xlsx",
        edited(TV, lambda name, content: (name, (DOCTYPE.encode() if "styles" in name else b"") + content)),
        "declares a document type",
    ),
    "a part under another case": ("w.xlsx", workbook({"TV": PROPER}, more={SHEET.upper(): b""}), "same part twice"),
    "a part with a password": ("w.xlsx", protected(TV), "protected by a password"),
    "parts in LZMA": ("w.xlsx", edited(TV, lambda *part: part, zipfile.ZIP_LZMA), "packed in another way"),
    "a part with more than it says": (
        "w.xlsx",
        lying(workbook({"TV": PROPER}, more={"xl/sharedStrings.xml": b"<sst/> "}), 6, b"<sst/>"),
        "is a damaged or truncated Excel workbook: Bad CRC-32",
    ),
    "an OpenDocument spreadsheet": ("w.xlsx", zipped(mimetype=b"a", **{"content.xml": b"<a/>"}), "a zip file with 2"),
    "another kind of file within": (
        "w.xlsx",
        edited(TV, lambda name, content: None if name == "_rels/.rels" else (name, content)),
        "has no part with a list of sheets",
    ),
    "a sheet elsewhere": (
        "w.xlsx",
        replaced(TV, 'Target="worksheets/', 'TargetMode="External" Target="file:///worksheets/'),
        "the part with sheet 'TV' is missing",
    ),
    "only a chart": ("w.xlsx", replaced(TV, "/worksheet", "/chartsheet"), "it has no sheet with cells"),
    "a sheet with a slash": ("w.xlsx", workbook({"Film/TV": PROPER}), "a name that Excel does not allow: 'Film/TV'"),
    "a sheet cut short": ("w.xlsx", replaced(TV, "</sheetData></worksheet>", ""), "sheet 'TV' is damaged"),
    "sheets without end": ("w.xlsx", replaced(TV, "<sheets>", "<sheets>" + "<sheet/>" * 10_001), "more than 10,000"),
    "merged cells without end": ("w.xlsx", workbook({"TV": PROPER}, after=2 * MERGED), "more than 1 merged cells"),
    "elements without end": ("w.xlsx", workbook({"TV": PROPER + "<a>" * 101}), "one in another more than 100 times"),
    "a tag without end": ("w.xlsx", workbook({"TV": f'{PROPER}<a b="{"c" * (10 << 20)}"/>'}), "XML of more than 8 MiB"),
    "a text again and again": (
        "w.xlsx",
        with_shared({"TV": '<row><c t="s"><v>0</v></c></row>' * 17_000}, f"<t>{'z' * 32_000}</t>"),
        "or 536,870,912 characters in them, in the sheets up to 'TV'",
    ),
    "sheets that are too large together": (
        "w.xlsx",
        workbook({f"Film{at}": HEADER + '<row><c r="B1048576"><v>1</v></c></row>' for at in range(5)}),
        "has more than 10,000,000 cells",
    ),
    "a row that says that it is elsewhere": (
        "w.xlsx",
        workbook({"TV": f'{PROPER}<row r="1048576"><c r="B3" s="1"/></row><row><c><v>1</v></c></row>'}),
        "outside of what a sheet",
    ),
    "a shared text that there is not": (
        "w.xlsx",
        with_shared({"TV": HEADER + '<row r="2"><c r="B2" t="s"><v>-1</v></c></row>'}, "<t>a</t>"),
        "cell B2 has the text of number '-1', and there is none",
    ),
    "a cell twice": ("w.xlsx", in_row_2('<c r="B2"><v>1</v></c>' * 2), "has 4 cells with a value, of which only 3"),
    "two values": ("w.xlsx", in_row_2('<c r="B2"><v>1</v><v>2</v></c>'), "cell B2 has two values"),
    "a text in the wrong place": ("w.xlsx", in_row_2('<c t="inlineStr"><v>a</v></c>'), "has 3 cells with a value"),
    "a formula after its value": ("w.xlsx", in_row_2("<c><v>1</v><f>1</f></c>"), "has 3 cells with a value"),
    "cells outside of the table": (
        "w.xlsx",
        replaced(TV, "</sheetData>", "</sheetData><sheetData><row><c><v>9</v></c></row></sheetData>"),
        "has 5 cells with a value, of which only 4",
    ),
    "a comment in a value": (
        "w.xlsx",
        in_row_2('<c r="B2"><v>1<!-- -->2</v></c>'),
        "cell B2 has a value with a comment",
    ),
    "a text in CDATA": ("w.xlsx", in_row_2('<c t="str"><v>a<![CDATA[b]]></v></c>'), "has a value with a comment or"),
    "an endless duration": ("w.xlsx", in_row_2(f"<c{number('1e9', style=3)}</c>"), "a duration that is too long"),
    "parts before its start": ("w.xlsx", before_its_start(workbook({"TV": PROPER})), " Excel workbook"),
    "a part twice": ("w.xlsx", workbook({"TV": PROPER}, more={"xl/styles.xml": b""}), "holds the same part twice"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_cannot_be_read_is_refused_in_one_line(files: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_MOST_MERGED", 1)
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
        assert "\n" not in reasons[names[what]] and len(reasons[names[what]]) <= 1000
    assert not (files.lake / "raw" / "books").exists() or not files.raw("books").height


TWO = workbook({"TV": PROPER, "Film": texts(["id", "name"], ["2", "b"])})
UNUSUAL = {
    "rows in any order": (
        workbook({"TV": texts(["3", "c"], first=3) + PROPER}),
        [("1", "a"), ("3", "c")],
    ),
    "cells in any order": (in_row_2(f'<c r="C2"{text("a")}</c>', f'<c r="B2"{text("1")}</c>'), [("1", "a")]),
    "cells without a place": (
        workbook({"TV": HEADER.replace(' r="B1"', "").replace(' r="C1"', "") + "<row><c><v>1</v></c></row>"}),
        [("1", "")],
    ),
    "negative dates": (
        in_row_2(f'<c r="B2"{number("-1.5", 1)}</c>', f'<c r="C2"{number("-0.5", 2)}</c>'),
        [("-1.5", "-0.5")],
    ),
    "a number in pieces": (in_row_2('<c r="B2"><v>1&#50;3</v></c>'), [("123", "")]),
    "an ISO date": (in_row_2('<c r="B2" t="d"><v>2023-03-23</v></c>'), [("2023-03-23", "")]),
    "days since 1904": (
        replaced(in_row_2(f'<c r="B2"{number("45008", 1)}</c>'), "<sheets>", '<workbookPr date1904="1"/><sheets>'),
        [("2027-03-24", "")],
    ),
    "formatted text": (
        with_shared(
            {"TV": HEADER + '<row r="2"><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v/></c></row>'},
            "<t>no</t>",
            '<r><t xml:space="preserve">R&amp;B </t></r><r><t><![CDATA[<b>]]></t></r><rPh><t>no</t></rPh>',
        ),
        [("R&B <b>", "")],
    ),
    "a sheet that is left out": (workbook({"TV": PROPER, "Film notes": PROPER}), [("1", "a")]),
    "sheets with other things": (
        workbook({"TV": PROPER, "a": "<row>", "b": texts(["id"], first=21), "c": "", "d": texts(["name"])}),
        [("1", "a")],
    ),
    "hidden sheets": (replaced(TWO, 'name="TV"', 'name="TV" state="veryHidden"'), [("1", "a"), ("2", "b")]),
    "Strict Open XML": (
        replaced(
            replaced(
                TV,
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            ),
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
        [("1", "a")],
    ),
    "parts elsewhere": (
        edited(
            replaced(TV, 'Target="xl/', 'Target="/A/../Book/'),
            lambda name, content: (name.replace("xl/", "BOOK\\"), content),
        ),
        [("1", "a")],
    ),
    "an OpenDocument spreadsheet beside it": (
        workbook(
            {"TV": PROPER}, more={"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"?"}
        ),
        [("1", "a")],
    ),
    "another archive before it": (zipped(a=CSV) + TV, [("1", "a")]),
    "a workbook in a zip file": (zipped(**{"a.xlsx": TV}), [("1", "a")]),
}


def test_what_is_unusual_is_read_as_it_is(files: Bench) -> None:
    names = {what: f"{at}.xlsx" for at, what in enumerate(UNUSUAL)}
    done = files.ingest(*files.local({names[what]: content for what, (content, _) in UNUSUAL.items()}))
    assert done.code == 0, done.err
    frame = files.raw("books").with_columns(pl.col("_file_path").str.split("/").list.first())
    found = {
        what: frame.filter(_file_path=names[what]).sort("_row_number").select("id", "name").rows() for what in UNUSUAL
    }
    assert found == {what: expected for what, (_, expected) in UNUSUAL.items()}


def test_an_unpacked_size_is_checked_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    book = io.BytesIO(workbook({"TV": PROPER}))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("read"))
    dataset = Config.model_validate(
        {"sources": {"s": {"path": "x", "datasets": [{"file": "a", "table": "t", "key": ["id"], "sheet": "TV"}]}}}
    )
    monkeypatch.setattr(parts, "MAX_UNPACKED", 1000)
    with pytest.raises(Refused, match="unpacks to more than the limit of 1000 bytes"):
        Workbook(book, dataset.sources["s"].datasets[0])


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("encoding: klingon", "there is no encoding 'klingon'"),
        ("encoding: base64", "'base64' is no encoding of text"),
        ("sheet: TV", "sheet needs required or key"),
        ('sheet: "!TV", key: [id]', "sheet names no sheet to read"),
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


def report_of_2025() -> dict[str, list[list[str]]]:
    """The report on the first half of 2025 as it is described: 16,182 titles, a third of them with two names."""

    def record(title: str, n: int, minutes: int) -> list[str]:
        released = "2025-02-14" if n % 3 == 1 else ""
        hours = 1 + 60_000 // (n + 10)  # in units of 100,000, as the views
        views = max(1, round(hours * 60 / minutes))
        runtime = f"{minutes // 60}:{minutes % 60:02}" + ("*" if n % 90 == 0 else "")
        return [title, "Yes" if n % 4 == 0 else "No", released, f"{hours}00000", runtime, f"{views}00000"]

    shows = [
        record(f"R&B <{n}>: Season 1" + (f' // "쇼" {n}: 시즌 1' if n % 3 == 0 else ""), n, 300 + n % 300)
        for n in range(7_532)
    ]
    films = [record(f"Film {n // 2}", n, 60 + n % 150) for n in range(8_650)]  # two of one title
    rest = ["", "", "123400000", "", ""]
    return {"Shows": [*shows, ["Other Shows", *rest]], "Movies": [*films, ["Other Movies", *rest]]}


def test_the_report_on_the_first_half_of_2025_is_in_raw_to_the_last_cell(files: Bench) -> None:
    """By the project's own sources: sheets of other names, dates as text, cells that share their texts."""
    header = ["Title", "Available Globally?", "Release Date", "Hours Viewed", "Runtime", "Views"]
    above = texts(["What We Watched: A Netflix Engagement Report"], first=2) + texts(["January to June 2025"], first=4)
    report = report_of_2025()
    places: dict[str, int] = {}

    def cell(value: str) -> str:
        return number(value) if value.isdecimal() else f' t="s"><v>{places.setdefault(value, len(places))}</v>'

    sheets = {
        name: above + texts(header, first=6) + rows(*([cell(value) for value in line] for line in lines), first=7)
        for name, lines in report.items()
    }
    shared = [f"<t>{escape(text)}</t>" for text in places]
    folder = files.folder / "copy" / "engagement"
    folder.mkdir(parents=True)
    (folder / "What_We_Watched_2025Jan-Jun.xlsx").write_bytes(with_shared(sheets, *shared))
    files.config.write_bytes((CHECKOUT / "ingest" / "sources.yml").read_bytes())
    done = files.ingest("--from", str(folder.parent), "--source", "engagement")
    assert done.code == 0, done.err
    raw = files.raw("engagement").sort("_row_number")
    assert raw["_row_number"].to_list() == list(range(1, 16_182 + 2 + 1))
    columns = ["Title", "Available_Globally?", "Release_Date", "Hours_Viewed", "Runtime", "Views"]
    assert raw.select(columns).rows() == [tuple(line) for lines in report.values() for line in lines]
    sheet = raw["_file_path"].str.split("/").list.last()
    assert sheet.to_list() == ["Shows"] * 7_533 + ["Movies"] * 8_651
    assert raw["_rescued_data"].null_count() == raw.height


def test_silver_knows_the_section_of_every_sheet_that_is_read() -> None:
    (dataset,) = load_config(DEFAULT).sources["engagement"].datasets
    sql = (CHECKOUT / "models" / "silver" / "records" / "silver_engagement_records.sql").read_text()
    known = re.findall(r"'([^']+)'", " ".join(re.findall(r"lower\(_sheet\) in \((.*)\)", sql)))
    unknown = [name for name in dataset.sheet if name.lower() not in known]
    assert unknown == ["Engagement"]
