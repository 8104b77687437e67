"""Clocks that are wrong, and answers that are old: content and commits decide."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.sources import listing
from tests.python.ingest.conftest import Bench, Done, assert_sound
from tests.python.ingest.github_server import Repository

PLACES = b"id\n1\n"
NOW = listing.now
FAR = datetime(2090, 6, 1, tzinfo=UTC)


def ids(bench: Bench) -> list[str]:
    """What the versions of people hold, in the source's time."""
    return bench.raw("people").sort("_committed_at")["id"].to_list()


def load(bench: Bench, text: str, at: datetime | None = None) -> Done:
    source = bench.local({"people.csv": f"id\n{text}\n".encode(), "places.tsv": PLACES})
    if at:
        os.utime(bench.folder / "local/feed/people.csv", (at.timestamp(),) * 2)
    done = bench.ingest(*source)
    assert done.code == 0
    assert_sound(bench.lake)
    return done


@pytest.mark.parametrize("ahead", [timedelta(0, 40), timedelta(0, 300), timedelta(1), timedelta(365 * 64)], ids=str)
@pytest.mark.parametrize("wrong", [1, 2])
def test_a_run_whose_clock_was_ahead_settles_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ahead: timedelta, wrong: int
) -> None:
    """The clock of one run of three was ahead."""
    done = None
    for turn, text in enumerate(["1", "2", "1"]):
        with monkeypatch.context() as patch:
            if turn == wrong - 1:
                for module in ("run", "candidates", "sources.folder"):
                    patch.setattr(f"ingest.{module}.now", lambda: NOW() + ahead)
            done = load(bench, text)
        if turn == wrong and ahead > timedelta(minutes=1):
            assert f"the clock of the run that loaded version {turn} was ahead" in done.out
    assert ids(bench) == ["1", "2", "1"]
    assert bench.raw("people")["_committed_at"].max() < NOW()  # type: ignore[operator]


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_file_that_is_dated_in_the_future_is_reported_and_later_ones_have_their_own_time(
    bench: Bench, turn: int
) -> None:
    for at, text in enumerate(["1", "2", "1"]):
        done = load(bench, text, FAR if at == turn else None)
        words = "its time at the source, 2090-06-01 00:00 UTC, is in the future, and does not count"
        assert (words in done.out) == (at == turn)
    assert ids(bench) == ["1", "2", "1"]
    assert bench.raw("people")["_committed_at"].max() < NOW()  # type: ignore[operator]


@pytest.mark.parametrize("how", [(), ("--backfill",)], ids=["run", "backfill"])
def test_a_commit_that_is_dated_in_the_future(bench: Bench, feed: Repository, how: tuple[str, ...]) -> None:
    for at, text in enumerate(["1", "2", "3", "1"]):
        time = FAR if at == 1 else datetime(2024, 1, 1 + at, tzinfo=UTC)
        feed.commit({"data/people.csv": f"id\n{text}\n".encode(), "data/places.tsv": PLACES}, at=time)
        if not how:
            bench.ingest()
    bench.ingest(*how)
    assert ids(bench) == ["1", "2", "3", "1"]
    assert bench.raw("people")["_committed_at"].max() < NOW()  # type: ignore[operator]
    assert bench.ingest("--backfill").code == bench.ingest().code == 0
    assert bench.raw("people").height == 4
    assert_sound(bench.lake)


def test_a_lake_whose_newest_version_is_dated_in_the_future_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a lake from before times in the future were left out may have it."""
    with monkeypatch.context() as patch:
        patch.setattr("ingest.candidates.now", lambda: FAR)
        load(bench, "1", FAR)
    done = load(bench, "2")
    assert "it is dated 2090-06-01 as version 1 before it is" in done.out
    assert ids(bench) == ["1", "2"]


@pytest.mark.parametrize("back", [1, 2])
def test_an_old_answer_is_reported_and_the_newest_version_stays(bench: Bench, feed: Repository, back: int) -> None:
    for text in "123":
        feed.commit({"data/people.csv": f"id\n{text}\n".encode(), "data/places.tsv": PLACES})
        bench.ingest()
    newer = [feed.commits.pop() for _ in range(back)]
    for _ in range(2):
        done = bench.ingest()
        assert done.code == 0
        assert f"data/people.csv: behind: the source shows commit {feed.commits[-1].sha[:7]}" in done.err
        assert "Version 3 stays" in done.err
    feed.commits.extend(reversed(newer))
    assert bench.ingest().err == ""
    assert ids(bench) == ["1", "2", "3"]
    # Where the history was set back, a person says so, and the version before is what the source has.
    for version in range(3, 3 - back, -1):
        bench.ingest("reject", "people.csv", "--version", str(version), "--why", "set back")
    del feed.commits[-back:]
    assert bench.ingest().err == ""
    feed.commit({"data/people.csv": b"id\n4\n"})
    assert bench.ingest().code == 0
    assert ids(bench)[-1] == "4"
    assert_sound(bench.lake)


def renamed(bench: Bench, name: str, formerly: str = "") -> None:
    """Give the source another name in the configuration, and in the local copy."""
    bench.config.write_text(bench.config.read_text().replace("  feed:\n", f"  {name}:\n{formerly}"))
    (bench.folder / "local/feed").rename(bench.folder / f"local/{name}")


FORMERLY = "    formerly: [feed]\n"


def test_a_source_that_was_renamed_goes_on(bench: Bench) -> None:
    load(bench, "1")
    renamed(bench, "persons", FORMERLY)
    where = ["--from", str(bench.folder / "local")]
    assert "unchanged" in bench.ingest(*where).out
    (bench.folder / "local/persons/people.csv").write_bytes(b"id\n2\n")
    assert bench.ingest(*where).code == 0
    found = bench.ledger().filter(raw_table="people").sort("_file_version")
    columns = ("_source", "_file_path", "_file_version", "compared_with")
    assert found.select(columns).rows() == [
        ("feed", "data/people.csv", 1, None),
        ("persons", "data/people.csv", 2, 1),
    ]
    assert bench.ingest("reject", "persons/data/people.csv", "--version", "1", "--why", "x").code == 0
    assert "rejected" in bench.ingest("versions", "people.csv").out
    assert bench.ingest("diff", "people.csv", "1", "2").code == 0
    assert bench.raw("people").height == 2


@pytest.mark.parametrize(
    ("formerly", "words"),
    [
        ("", "the lake has data/people.csv of a source 'feed', which the configuration has no more: if 'persons'"),
        ("    formerly: [persons]\n", "persons is the name of a source that is still there"),
        ("    formerly: ['../x']\n", "formerly"),
    ],
)
def test_a_name_that_cannot_be_told_is_one_line(bench: Bench, formerly: str, words: str) -> None:
    load(bench, "1")
    renamed(bench, "persons", formerly)
    before = bench.versions()
    done = bench.ingest("--from", str(bench.folder / "local"))
    assert done.code == 2 and words in done.err
    assert bench.versions() == before


def test_two_sources_may_share_a_path(bench: Bench) -> None:
    """The one that comes second has its name before it, so that each file has versions of its own in all tables."""
    load(bench, "1")
    second = bench.config.read_text().replace("sources:\n", "").replace("  feed:", "  other:")
    bench.config.write_text(bench.config.read_text() + second)
    other = Path(bench.folder / "local/other")
    other.mkdir()
    for turn, text in enumerate(["7", "8"]):
        for name, content in {"people.csv": f"id\n{text}\n".encode(), "places.tsv": PLACES}.items():
            (other / name).write_bytes(content)
        assert bench.ingest("--from", str(bench.folder / "local")).code == 0
        found = bench.raw("people").sort("_source", "_file_version")
        assert (
            found.select("_source", "_file_path", "_file_version", "id").rows()
            == [
                ("feed", "data/people.csv", 1, "1"),
                ("other", "other/data/people.csv", 1, "7"),
                ("other", "other/data/people.csv", 2, "8"),
            ][: turn + 2]
        )
    assert bench.ingest("--from", str(bench.folder / "local")).err == ""
    assert bench.ingest("diff", "other/data/people.csv").code == 0
    # A source that is new, and no other name of one that is gone.
    bench.config.write_text(bench.config.read_text().replace("  feed:\n", "  third:\n    formerly: []\n"))
    (bench.folder / "local/feed").rename(bench.folder / "local/third")
    assert bench.ingest("--from", str(bench.folder / "local")).code == 0
    assert set(bench.raw("people")["_file_path"]) == {
        "data/people.csv",
        "other/data/people.csv",
        "third/data/people.csv",
    }
    assert_sound(bench.lake)
