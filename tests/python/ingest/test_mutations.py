"""Real-looking files with random damage: either refused with a reason, or every record in raw exactly once."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import strategies as st

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.rows import RowSource
from ingest.sources.listing import Entry, blob_sha
from ingest.storage.tables import FileRecord
from tests.python.ingest.conftest import Bench, assert_sound
from tests.support.examples import examples
from tests.support.workbooks import number, rows, text, texts, workbook

SEED = (
    b"\xef\xbb\xbfid,type,title,description\r\n"
    b'80119194,Movie,"A Story, of a ""Flying"" Fortress",plain text\r\n'
    b'80188902,TV Show,,"two\r\nlines"\r\n'
    b"3,Movie,caf\xc3\xa9 \xe2\x80\x93 bar,\r\n"
    b'"4","Movie","x","y"\r\n'
) * 3
DAMAGE = st.sampled_from(
    [
        b'"',
        b'""',
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff",
        b"\xc3",
        b"\xef\xbb\xbf",
        b"<html>",
        b"{",
        b"\t",
        b" ",
        b"",
    ]
)


SEEDS = (SEED, SEED.replace(b"\r\n", b"\n"), SEED[3:], SEED.replace(b",", b"\t"))


@st.composite
def mutated(draw: st.DrawFn, *seeds: bytes) -> bytes:
    """A seed with pieces inserted, replaced, removed, doubled or cut off."""
    data = draw(st.sampled_from(seeds or SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.sampled_from([0, 0, 1, 2, 10, 100])))
        data = data[:at] + draw(DAMAGE | st.binary(max_size=3)) + data[until:]
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


def reference(text: str) -> list[list[str]]:
    """The records of a text, read as simply as can be, by the rules of ``ingest.reading.delimited``."""
    found: list[list[str]] = []
    at = 0
    while at < len(text):
        if text[at] in "\r\n":
            at += 1
            continue
        fields: list[str] = []
        while True:
            quoted = re.compile(r'"((?:[^"]|"")*)"(?=,|\r|\n|\Z)').match(text, at) if text[at : at + 1] == '"' else None
            if quoted:
                fields.append(quoted[1].replace('""', '"'))
                at = quoted.end()
            else:
                end = min((p for p in (text.find(sign, at) for sign in ",\r\n") if p >= 0), default=len(text))
                fields.append(text[at:end])
                at = end
            if text[at : at + 1] != ",":
                break
            at += 1
        found.append(fields)
    return found


def record_of(entry: Entry) -> FileRecord:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    facts = ("s", "d", "people", entry.path, 1, entry.sha, None, moment, entry.size, "loaded")
    return FileRecord(*facts, None, None, None, None, "b", moment)


DATASET = Dataset(file="people.csv", table="people", required=("id",))


@examples(100, 350, data=mutated())
def test_refused_with_a_reason_or_read_whole(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.csv"
    path.write_bytes(data)
    entry = Entry("people.csv", "people.csv", blob_sha(io.BytesIO(data), len(data)), len(data))
    try:
        with RowSource(path, entry, DATASET, []) as source:
            found = [row for frame in source.frames(record_of(entry)) for row in frame.iter_rows(named=True)]
            columns = source.columns
    except Refused as refusal:
        assert refusal.reason and "\n" not in refusal.reason
        return
    header, *expected = reference(data.decode("utf-8").removeprefix("\ufeff"))
    assert len(columns) == len(header)
    assert len(found) == len(expected) == source.rows
    for place, (row, fields) in enumerate(zip(found, expected, strict=True), 1):
        assert row["_row_number"] == place
        read = [row[column] for column in columns]
        assert read == (fields + [None] * len(columns))[: len(columns)]
        if len(fields) != len(columns):
            assert row["_rescued_data"] is not None


SHEET = texts(["id", "name"], ["1", "Ann"], ["", ""]) + rows([number("7", style=1), text("x")], first=4)
LINES = b'{"id": 1, "name": "x\\ny", "a": {"b": [1, null]}}\n\n{"id": "2", "name": null}\r\n'
OTHERS: dict[str, tuple[dict[str, object], Callable[[bytes], bytes], bytes]] = {  # settings, from the parts to the file
    "lines": ({"format": "ndjson"}, bytes, LINES),
    "packed lines": ({"format": "ndjson"}, gzip.compress, LINES),
    "packed": ({}, gzip.compress, SEED),
    "packed twice": ({}, lambda data: zipped(gzip.compress(data)), SEED),
    "UTF-16": ({"encoding": "utf-16"}, bytes, SEED[3:].decode().encode("utf-16")),
    "lines above": ({"encoding": "cp1252", "skip_rows": 2}, bytes, b"Report\n\n" + SEED[3:]),
    "a sheet": ({"sheet": "TV"}, lambda data: workbook({"TV": data.decode("latin-1")}), SHEET.encode()),
    "texts": (
        {"sheet": "TV"},
        lambda data: workbook({"TV": SHEET}, more={"xl/sharedStrings.xml": data}),
        b"<sst><si><t>id</t></si></sst>",
    ),
}


def zipped(data: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("x.csv.gz", data)
    return found.getvalue()


@examples(25, 250, which=st.sampled_from(list(OTHERS)), before=st.booleans(), data=st.data())
def test_other_kinds_of_files_are_refused_with_a_reason_or_read(
    tmp_path_factory: pytest.TempPathFactory, which: str, before: bool, data: st.DataObject
) -> None:
    """The damage is done ``before`` the file is packed, or after that."""
    settings, made, seed = OTHERS[which]
    damaged = made(data.draw(mutated(seed))) if before else data.draw(mutated(made(seed)))
    path = tmp_path_factory.getbasetemp() / "other"
    path.write_bytes(damaged)
    entry = Entry("other", "other", blob_sha(io.BytesIO(damaged), len(damaged)), len(damaged))
    needed = {"required": ("id",)} | settings
    try:
        with RowSource(path, entry, Dataset.model_validate({"file": "other", "table": "t"} | needed), []) as source:
            found = [row for frame in source.frames(record_of(entry)) for row in frame["_row_number"]]
    except Refused as refusal:
        assert refusal.reason.isprintable() and refusal.reason
        return
    assert found == list(range(1, source.rows + 1))


@examples(5, 20, data=mutated())
def test_the_same_through_the_command_line_into_delta(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch_session: pytest.MonkeyPatch, data: bytes
) -> None:
    bench = Bench(tmp_path_factory.mktemp("mutated"), monkeypatch_session)
    done = bench.ingest(*bench.local({"people.csv": data, "places.tsv": b"id\n1\n"}))
    assert done.code in (0, 1)
    assert bench.raw("places").height == 1
    if "data/people.csv: refused: " in done.err:
        assert done.code == 1
    else:
        records = len(reference(data.decode().removeprefix("\ufeff"))) - 1
        assert bench.raw("people").height == records
        is_cut = "ends within a record" in done.err
        assert (done.code == 1, "held" in done.err) == (records == 0 or is_cut,) * 2
        assert not is_cut or not data.endswith((b"\r", b"\n"))
    assert_sound(bench.lake)


@pytest.fixture(scope="module")
def monkeypatch_session() -> object:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def test_the_reference_reads_the_seed(tmp_path: Path) -> None:
    records = reference(SEED[3:].decode().replace("\ufeff", ""))
    assert records[1] == ["80119194", "Movie", 'A Story, of a "Flying" Fortress', "plain text"]
    assert records[2] == ["80188902", "TV Show", "", "two\r\nlines"]
