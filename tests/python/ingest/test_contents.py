"""Made-up data and real data never meet in one lake, whoever loads them, and in whichever order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ingest.contents import FIRST_RELEASE, MARKER, Contents
from ingest.storage.tables import _HOLDS, Lake, Ledger
from tests.python.ingest.conftest import Bench, Done
from tests.python.ingest.github_server import Repository
from tests.support.lake import CHECKOUT

PEOPLE = {"people.csv": b"id\n1\n2\n"}
PLACES = {"places.tsv": b"id\n7\n"}
ORDERS = [("made up", "real"), ("real", "made up")]
HOLDS = {"made up": "holds made-up data (the sample)", "real": "holds real data"}
WOULD_BRING = {"made up": "would bring made-up data (the sample)", "real": "would bring real data"}


def offered(bench: Bench, kind: str, files: dict[str, bytes]) -> list[str]:
    """The arguments that load files of a kind."""
    arguments = bench.local({**PEOPLE, **PLACES, "days-1.csv": b"day\n1\n", **files})
    marker = bench.folder / "local" / "feed" / MARKER
    marker.touch() if kind == "made up" else marker.unlink(missing_ok=True)
    return arguments


def assert_refused(done: Done, held: str, other: str) -> None:
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert HOLDS[held] in line and WOULD_BRING[other] in line
    assert "make clean" in line and "LAKEHOUSE_ROOT" in line
    assert done.out == ""


@pytest.mark.parametrize(("first", "second"), ORDERS)
def test_the_other_kind_is_refused_and_nothing_written(bench: Bench, first: str, second: str) -> None:
    assert bench.ingest(*offered(bench, first, PEOPLE)).code == 0
    before = bench.versions()
    arguments = offered(bench, second, {"people.csv": b"id\n3\n"})
    assert_refused(bench.ingest(*arguments), first, second)
    assert_refused(bench.ingest("--dry-run", *arguments), first, second)
    assert bench.versions() == before
    assert bench.ingest(*offered(bench, first, {"people.csv": b"id\n3\n"})).code == 0


def test_real_data_of_several_places_goes_into_one_lake(bench: Bench, feed: Repository) -> None:
    assert bench.ingest(*offered(bench, "real", PEOPLE)).code == 0
    feed.commit({"data/people.csv": b"id\n9\n", "data/places.tsv": b"id\n7\n"})
    assert bench.ingest().code == 0
    assert set(bench.raw("people")["id"]) == {"1", "2", "9"}


def test_the_sample_is_refused_for_github_before_anything_is_asked(bench: Bench) -> None:
    """As in the README: the sample first, then a plain `python -m ingest`."""
    assert bench.ingest(*offered(bench, "made up", PEOPLE)).code == 0
    before = bench.versions()
    assert_refused(bench.ingest(GITHUB_API_URL="http://127.0.0.1:9"), "made up", "real")
    assert bench.versions() == before


@pytest.mark.parametrize(("first", "second"), ORDERS)
def test_a_first_load_with_a_refused_file_marks_the_lake(bench: Bench, first: str, second: str) -> None:
    assert bench.ingest(*offered(bench, first, {"people.csv": b""})).code == 1
    assert_refused(bench.ingest(*offered(bench, second, {})), first, second)


def test_a_lake_into_which_nothing_came_is_open(bench: Bench, impatient: None) -> None:
    assert bench.ingest(GITHUB_API_URL="http://127.0.0.1:9").code == 3
    assert bench.ingest(*offered(bench, "made up", PEOPLE)).code == 0


def test_the_mark_stands_before_the_first_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.storage.tables import RawTable

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RawTable, "append", killed)
        assert bench.ingest(*offered(bench, "real", PEOPLE)).code == 130
    assert_refused(bench.ingest(*offered(bench, "made up", PEOPLE)), "real", "made up")


def test_sources_of_both_kinds_do_not_go_into_one_run(bench: Bench) -> None:
    one, other = (bench.folder / name for name in ("one", "other"))
    for folder in (one, other):
        folder.mkdir()
        (folder / "a.csv").write_text("id\n1\n")
    (one / MARKER).touch()
    datasets = "[{file: a.csv, table: TABLE}]"
    bench.config.write_text(
        "sources:\n"
        + "".join(
            f"  {folder.name}: {{path: {folder}, datasets: {datasets.replace('TABLE', folder.name)}}}\n"
            for folder in (one, other)
        )
    )
    done = bench.ingest()
    assert done.code == 2 and "one, other" in done.err and len(done.err.splitlines()) == 1
    assert not (bench.lake / "raw" / "_files").exists()
    assert bench.ingest("--source", "one").code == 0


@pytest.mark.parametrize(
    ("time", "marked", "refused"),
    [
        (datetime(2024, 1, 15, 6, tzinfo=UTC), "made up", "real"),
        (datetime(2024, 1, 15, 6, 30, tzinfo=UTC), "real", "made up"),
    ],
)
def test_a_lake_from_before_gets_the_mark_of_what_it_holds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, time: datetime, marked: str, refused: str
) -> None:
    arguments = offered(bench, marked, PEOPLE)
    for name in ("people.csv", "places.tsv", "days-1.csv"):
        os.utime(bench.folder / "local" / "feed" / name, (time.timestamp(), time.timestamp()))
    with monkeypatch.context() as patch:  # as if there were no marks yet
        patch.setattr(Ledger, "claim", lambda *_: False)
        assert bench.ingest(*arguments).code == 0
    ledger = str(bench.lake / "raw" / "_files")
    assert DeltaTable(ledger).transaction_version(_HOLDS) is None
    assert_refused(bench.ingest(*offered(bench, refused, PEOPLE)), marked, refused)
    done = bench.ingest(*offered(bench, marked, {"people.csv": b"id\n5\n"}))
    assert done.code == 0 and f"is marked from now on: it {HOLDS[marked]}" in done.out
    assert DeltaTable(ledger).transaction_version(_HOLDS) is not None
    assert bench.ledger().height == 4
    again = bench.ingest("--log-format", "json", *offered(bench, marked, {"people.csv": b"id\n6\n"}))
    assert again.code == 0 and all(json.loads(line)["event"] != "note" for line in again.out.splitlines())


def test_of_two_runs_at_once_one_decides(tmp_path: Path) -> None:
    """Many ledgers of one new lake, each claimed for the one or the other kind."""
    for number in range(10):
        root = str(tmp_path / str(number))
        kinds = [Contents.REAL, Contents.MADE_UP] * 3
        ledgers = [Ledger(Lake(root)) for _ in kinds]
        with ThreadPoolExecutor(len(kinds)) as threads:
            list(threads.map(lambda ledger, kind: ledger.claim(kind), ledgers, kinds))
        (held,) = {ledger.contents for ledger in (*ledgers, Ledger(Lake(root)))}
        assert held in kinds


def test_the_generator_marks_its_folders_and_spares_those_of_others(tmp_path: Path) -> None:
    def sample() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lakehouse", "sample", "--out", str(tmp_path), "--titles", "50"]
        return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    # also a report of a half-year that the sample has not reached: the mark is one of its whole folder
    report = tmp_path / "engagement" / "What_We_Watched_A_Netflix_Engagement_Report_2024Jul-Dec.xlsx"
    for file in (report, tmp_path / "catalogue" / "netflix_titles.csv"):
        file.parent.mkdir()
        file.write_text("somebody's own")
        done = sample()
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and str(file) in done.stderr
        assert file.read_text() == "somebody's own" and not (tmp_path / "top10").exists()
        file.unlink()
    assert sample().returncode == 0
    assert all((tmp_path / folder / MARKER).is_file() for folder in ("catalogue", "top10", "engagement"))
    (tmp_path / "catalogue" / MARKER).unlink()  # as a version without marks left it
    assert datetime.fromtimestamp(file.stat().st_mtime, UTC) == FIRST_RELEASE
    assert sample().returncode == 0
    assert pl.read_csv(file).height > 0
