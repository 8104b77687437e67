"""Real-looking files with random damage: either refused with a reason, or every record in raw exactly once."""

from __future__ import annotations

import io
import re
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


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """The seed with pieces inserted, replaced, removed, doubled or cut off."""
    data = draw(st.sampled_from([SEED, SEED.replace(b"\r\n", b"\n"), SEED[3:], SEED.replace(b",", b"\t")]))
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


DATASET = Dataset(file="people.csv", table="people", required=("id",))


@examples(100, 350, data=mutated())
def test_refused_with_a_reason_or_read_whole(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.csv"
    path.write_bytes(data)
    entry = Entry("people.csv", "people.csv", blob_sha(io.BytesIO(data), len(data)), len(data))
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    record = FileRecord(
        "s",
        "d",
        "people",
        "people.csv",
        1,
        entry.sha,
        None,
        moment,
        len(data),
        "loaded",
        None,
        None,
        None,
        None,
        "b",
        moment,
    )
    try:
        with RowSource(path, entry, DATASET, []) as source:
            rows = [row for frame in source.frames(record) for row in frame.iter_rows(named=True)]
            columns = source.columns
    except Refused as refusal:
        assert refusal.reason and "\n" not in refusal.reason
        return
    header, *expected = reference(data.decode("utf-8").removeprefix("\ufeff"))
    assert len(columns) == len(header)
    assert len(rows) == len(expected) == source.rows
    for number, (row, fields) in enumerate(zip(rows, expected, strict=True), 1):
        assert row["_row_number"] == number
        read = [row[column] for column in columns]
        assert read == (fields + [None] * len(columns))[: len(columns)]
        if len(fields) != len(columns):
            assert row["_rescued_data"] is not None


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
