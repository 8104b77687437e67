"""Feeds over time: run by run, all at once from the history, or any mixture; the lake ends the same."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example
from hypothesis import strategies as st

from ingest import config
from tests.python.ingest.conftest import CONFIG, Bench, assert_sound, contents
from tests.python.ingest.github_server import GitHubServer, Repository, running
from tests.support.examples import examples
from tests.support.lake import DATA, needs_real_data

PLACES = {"data/places.tsv": b"id\n1\n"}


def versions(lake: Path) -> dict[str, list[tuple[object, ...]]]:
    """The states of each file in source time with their records. How they are numbered tells the order of loading, and
    which of several commits with the same content stands for it depends on when somebody looked."""
    found = contents(lake)
    states: dict[str, list[tuple[object, ...]]] = {}
    for entry in sorted(found.pop("_files"), key=lambda row: str(row["_committed_at"])):
        records = [
            (
                row["_row_number"],
                sorted((name, text) for name, text in row.items() if name[0] != "_" and text is not None),
            )
            for row in found.get(str(entry["raw_table"]), [])
            if (row["_file_path"], row["_file_version"]) == (entry["_file_path"], entry["_file_version"])
        ]
        states.setdefault(str(entry["_file_path"]), []).append((entry["status"], entry["_file_sha"], records))
    return states


# What a file may be changed to: two good contents, one that is refused, and no file at all.
CONTENTS = {"a": b"id\na\n", "b": b"id,new\nb,c\n", "bad": b"null", "gone": None}


@examples(
    3,
    10,
    suppress=[HealthCheck.function_scoped_fixture],
    changes=st.lists(st.sampled_from([*CONTENTS, "touch"]), min_size=1, max_size=6),
    runs=st.lists(st.sampled_from(["wait", "wait", "run", "backfill"]), min_size=6, max_size=6),
)
def test_any_mixture_of_runs_and_backfills_ends_with_the_same_versions(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, changes: list[str], runs: list[str]
) -> None:
    with running() as server:
        feed = server.repositories["owner/feed"] = Repository()
        feed.commit(dict(PLACES))
        mixed, clean = (Bench(tmp_path_factory.mktemp(name), monkeypatch) for name in ("mixed", "clean"))
        mixed.env |= server.environment
        clean.env |= server.environment
        for change, run in itertools.zip_longest(changes, runs[: len(changes)]):
            if change == "touch":  # a commit that leaves the content alone, like a change of mode
                feed.commit(
                    {}, kinds={"data/people.csv": "file"} if "data/people.csv" in feed.commits[-1].files else {}
                )
            else:
                feed.commit({"data/people.csv": CONTENTS[change]})
            if run != "wait":
                assert mixed.ingest(*(["--backfill"] if run == "backfill" else [])).code in (0, 1, 2)
        assert mixed.ingest("--backfill").code in (0, 1)
        assert clean.ingest("--backfill").code in (0, 1)
        assert versions(mixed.lake) == versions(clean.lake)
        before = mixed.versions()
        assert mixed.ingest("--backfill").code == 0
        assert mixed.ingest().code in (0, 2)  # 2 where the file is gone and never was good
        before.pop("_http_cache", None)
        after = mixed.versions()
        after.pop("_http_cache", None)
        assert after == before
        assert_sound(mixed.lake)


def test_backfill_since_a_date(bench: Bench, feed: Repository) -> None:
    for day in (1, 2, 3, 4):
        feed.commit({"data/people.csv": b"id\n%d\n" % day} | PLACES, at=datetime(2024, 1, day, 12, tzinfo=UTC))
    assert bench.ingest("--backfill", "--since", "2024-01-03").code == 0
    assert sorted(bench.raw("people")["id"]) == ["3", "4"]
    assert bench.ingest("--backfill").code == 0
    assert list(bench.raw("people").sort("_committed_at")["id"]) == ["1", "2", "3", "4"]
    assert list(bench.raw("people").sort("_committed_at")["_file_version"]) == [3, 4, 1, 2]
    assert "nothing new" in bench.ingest().out
    assert_sound(bench.lake)


def test_backfill_reads_all_pages_and_files_that_are_gone(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    github.page_size = 3
    for number in range(10):
        feed.commit({"data/people.csv": b"id\n%d\n" % number} | PLACES)
    feed.commit({"data/people.csv": None})
    assert bench.ingest("--backfill").code == 0
    assert list(bench.raw("people").sort("_file_version")["id"]) == [str(number) for number in range(10)]


def test_backfill_that_hits_the_rate_limit_keeps_what_it_has_and_goes_on_from_there(
    bench: Bench, feed: Repository, github: GitHubServer
) -> None:
    for number in range(10):
        feed.commit({"data/people.csv": b"id\n%d\n" % number, "data/places.tsv": b"id\n%d\n" % number})
    count = itertools.count()

    def limit(path: str) -> tuple[str, int, dict[str, str]] | None:
        if not path.startswith("/repos/") or next(count) < 12:
            return None
        return ("status", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4000000000"})

    github.fault = limit
    done = bench.ingest("--backfill")
    assert done.code == 3 and "try again after 2096-10-02 07:06:41 UTC" in done.err and "GITHUB_TOKEN" in done.err
    loaded = sorted(bench.raw("people")["id"])
    assert 0 < len(loaded) < 10 and loaded == [str(number) for number in range(len(loaded))]
    github.fault = lambda path: None
    assert bench.ingest("--backfill").code == 0
    assert list(bench.raw("people").sort("_file_version")["id"]) == [str(number) for number in range(10)]
    assert_sound(bench.lake)


def test_commits_whose_times_run_backwards_stay_in_order(bench: Bench, feed: Repository, tmp_path: Path) -> None:
    start = datetime(2024, 1, 10, tzinfo=UTC)
    for number, content in enumerate([b"id\na\n", b"id\nb\n", b"id\nc\n"]):
        feed.commit({"data/people.csv": content} | PLACES, at=start - timedelta(days=number))
        assert bench.ingest().code == 0
    in_steps = bench.raw("people").sort("_committed_at")
    assert list(in_steps["id"]) == ["a", "b", "c"]
    bench.ingest("--backfill", LAKEHOUSE_ROOT=str(tmp_path / "at-once"))
    assert versions(tmp_path / "at-once") == versions(bench.lake)


def full_copy(records: int) -> dict[str, bytes | None]:
    content = b"id\n" + b"".join(b"%d\n" % number for number in range(records))
    return {"data/people.csv": content, "data/places.tsv": content + b"more\n"}


def as_full_copies(bench: Bench) -> None:
    """The files of people are full copies with a key."""
    text = bench.config.read_text()
    bench.config.write_text(text.replace("required: [id]", "key: [id], vanished_rows: deleted"))


def states(sizes: list[int]) -> list[tuple[int, str, int | None]]:
    """Size, state and the version compared with, of each version of a full copy with these sizes."""
    found: list[tuple[int, str, int | None]] = []
    accepted = 0
    for before, size in zip([None, *sizes], sizes, strict=False):
        if size == before:
            continue
        last = found[accepted - 1][0] if accepted else 0
        beyond = last >= 20 and (last - size > last * 0.2 or size - last > last * 0.5)
        found.append((size, "held" if size == 0 or beyond else "loaded", accepted or None))
        accepted = accepted if found[-1][1] == "held" else len(found)
    return found


@examples(
    2,
    6,
    suppress=[HealthCheck.function_scoped_fixture],
    sizes=st.lists(st.sampled_from([0, 1, 19, 20, 24, 30, 31, 100]), min_size=2, max_size=7),
)
@example(sizes=[100, 81, 80, 79, 20, 100])
def test_what_is_held_one_by_one_is_held_in_a_backfill_too(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, sizes: list[int]
) -> None:
    with running() as server:
        feed = server.repositories["owner/feed"] = Repository()
        single, whole = (Bench(tmp_path_factory.mktemp(name), monkeypatch) for name in ("single", "whole"))
        for lake in (single, whole):
            lake.env |= server.environment
            as_full_copies(lake)
        for number, size in enumerate(sizes):
            feed.commit(full_copy(size))
            held = states(sizes[: number + 1])[-1][1] == "held" and sizes[number - 1 : number] != [size]
            assert single.ingest().code == (1 if held else 0)
        found = single.ledger().filter(raw_table="people").sort("_file_version")
        assert found.select("row_count", "status", "compared_with").rows() == states(sizes)
        whole.ingest("--backfill")
        for lake in (single, whole):
            assert contents(lake.lake) == contents(single.lake)
            assert_sound(lake.lake)
            assert lake.ingest("--backfill").code == 0
            assert contents(lake.lake) == contents(single.lake)


def test_a_version_that_a_backfill_finds_is_compared_with_the_one_before_it_in_the_source(
    bench: Bench, feed: Repository
) -> None:
    as_full_copies(bench)
    feed.commit(full_copy(100))
    assert bench.ingest().code == 0
    feed.commit(full_copy(90))
    feed.commit(full_copy(110))
    assert bench.ingest().code == 0
    feed.commit(full_copy(120))
    assert bench.ingest("--backfill").code == 0
    in_time = bench.ledger().filter(raw_table="people").sort("_committed_at")
    columns = ("_file_version", "compared_with", "keys_before", "keys_lost", "keys_new")
    assert in_time.select(columns).rows() == [
        (1, None, None, None, None),
        (3, 1, 100, 10, 0),
        (2, 1, 100, 0, 10),
        (4, 2, 110, 0, 10),
    ]


# --- a history that was rewritten at the source ---


def rewrite(feed: Repository, states: str, first: datetime) -> None:
    """Other commits, one a day from ``first`` on, after each of which the file holds the next letter."""
    feed.commits.clear()
    for number, letter in enumerate(states):
        at = first + timedelta(days=number)
        sha = hashlib.sha1(f"{first} {number} {states}".encode()).hexdigest()
        feed.commit({"data/people.csv": f"id\n{letter}\n".encode()} | PLACES, at=at, sha=sha)


def in_time(bench: Bench) -> str:
    """The letters that the file held, one after the other, as the lake has it."""
    return "".join(bench.raw("people").sort("_committed_at")["id"])


FIRST = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("by", ["runs", "backfill"])
@pytest.mark.parametrize(
    ("before", "after", "first", "expected"),
    [
        ("abc", "abc", FIRST, "abc"),  # other commits at the same times
        ("abc", "abc", FIRST + timedelta(days=99), "abc"),
        ("abc", "abc", FIRST - timedelta(days=99), "abc"),
        ("abc", "bc", FIRST + timedelta(days=1), "abc"),  # the first one was filtered out
        ("abc", "ac", FIRST + timedelta(days=99), "abc"),
        ("abac", "abac", FIRST + timedelta(days=99), "abac"),
        ("abc", "axbc", FIRST + timedelta(days=99), "axbc"),
        ("abc", "abcd", FIRST + timedelta(days=99), "abcd"),
        ("a", "aba", FIRST + timedelta(days=99), "aba"),
    ],
)
def test_versions_are_recognised_in_a_rewritten_history(
    bench: Bench, feed: Repository, by: str, before: str, after: str, first: datetime, expected: str
) -> None:
    rewrite(feed, before, FIRST)
    if by == "runs":
        commits = list(feed.commits)
        for number in range(len(commits)):
            feed.commits[:] = commits[: number + 1]
            assert bench.ingest().code == 0
    else:
        bench.ingest("--backfill")
    assert in_time(bench) == before
    rewrite(feed, after, first)
    for args in (["--backfill"], ["--backfill"], []):
        assert bench.ingest(*args).code == 0
        assert in_time(bench) == expected
    assert_sound(bench.lake)


def shortest(one: str, other: str) -> int:
    """How long the shortest history is in which both happen."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return 1 + shortest(one[1:], other[1:])
    return 1 + min(shortest(one[1:], other), shortest(one, other[1:]))


def happens(states: str, history: str) -> bool:
    letters = iter(history)
    return all(letter in letters for letter in states)


STATES = st.text("abc", min_size=1, max_size=6).filter(lambda text: all(x != y for x, y in itertools.pairwise(text)))


@examples(4, 40, suppress=[HealthCheck.function_scoped_fixture], before=STATES, after=STATES, days=st.integers(-9, 9))
def test_nothing_is_loaded_twice_from_a_rewritten_history(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, before: str, after: str, days: int
) -> None:
    with running() as server:
        feed = server.repositories["owner/feed"] = Repository()
        bench = Bench(tmp_path_factory.mktemp("lake"), monkeypatch)
        bench.env |= server.environment
        rewrite(feed, before, FIRST)
        bench.ingest("--backfill", "--dataset", "people")
        rewrite(feed, after, FIRST + timedelta(days=20 + days))  # at times that are all others
        bench.ingest("--backfill", "--dataset", "people")
        found = in_time(bench)
        assert happens(before, found) and happens(after, found) and len(found) == shortest(before, after)
        bench.ingest("--dataset", "people")
        assert in_time(bench)[-1] == after[-1]
        assert_sound(bench.lake)


@pytest.mark.parametrize("names", [("feed", "other"), ("other", "feed")])
def test_two_sources_with_the_same_path_in_one_table_do_not_meet(
    bench: Bench, feed: Repository, github: GitHubServer, names: tuple[str, str]
) -> None:
    """Or one that was renamed: each has versions of its own, compared with its own."""
    text = bench.config.read_text().replace("required: [id]", "key: [id], vanished_rows: deleted")
    second = text.replace("sources:\n", "").replace("  feed:", "  other:").replace("owner/feed", "owner/other")
    bench.config.write_text(text + second)
    github.repositories["owner/other"] = Repository()
    sizes = {"feed": (100, 101), "other": (50, 52)}
    for turn in (0, 1):
        for name in names:
            github.repositories[f"owner/{name}"].commit(full_copy(sizes[name][turn]))
            assert bench.ingest("--source", name).code == 0
    found = bench.ledger().filter(raw_table="people").sort("_source", "_file_version")
    assert found.select("_source", "_file_version", "row_count", "compared_with", "keys_new").rows() == [
        ("feed", 1, 100, None, None),
        ("feed", 2, 101, 1, 1),
        ("other", 1, 50, None, None),
        ("other", 2, 52, 1, 2),
    ]
    assert bench.ingest("reject", "other/data/people.csv", "--version", "2", "--why", "x").code == 0
    assert bench.ingest("--backfill").code == 0
    github.repositories["owner/feed"].commit(full_copy(102))
    github.repositories["owner/other"].commit(full_copy(53))
    assert bench.ingest().code == 0
    newest = bench.ledger().filter(_file_version=3, raw_table="people").sort("_source")
    assert newest.select("compared_with", "keys_before", "keys_new").rows() == [(2, 101, 1), (1, 50, 3)]
    assert_sound(bench.lake)


# --- the history that really was ---


def published() -> list[tuple[str, datetime, dict[str, bytes]]]:
    lines = (DATA / "top10" / "versions.tsv").read_text().splitlines()[1:]
    commits = [(sha, datetime.fromisoformat(at)) for sha, at in (line.split("\t") for line in lines)]
    return [
        (sha, at, {file.name: file.read_bytes() for file in (DATA / "top10" / sha).iterdir()}) for sha, at in commits
    ]


BAD = (b"<a href=", b"null")
# Lists of countries, before and after each file that is none, and a change of columns.
SOME = ("2f5fb38", "e87563e", "2e3af17", "2a711e4", "bbb8074", "0d5cea4", "664066a", "b0db052")


@needs_real_data
@pytest.mark.parametrize("commits", [SOME, pytest.param(("",), marks=pytest.mark.histories)], ids=["some", "all"])
def test_the_top_10_lists_week_by_week_and_all_at_once(
    bench: Bench, github: GitHubServer, tmp_path: Path, commits: tuple[str, ...]
) -> None:
    bench.env |= github.environment
    bench.config.write_text(config.DEFAULT.read_text())
    repository = github.repositories["dbready/netflix_top10"] = Repository()
    expected: dict[str, list[list[str]]] = {}
    before: dict[str, bytes] = {}
    for sha, at, files in published():
        if not sha.startswith(commits):
            continue
        repository.commit(dict(files), at, sha)
        done = bench.ingest("--source", "top10")
        bad = [name for name, content in files.items() if content.startswith(BAD)]
        assert done.code == (1 if bad else 0), done.err
        for name in bad:
            assert f"top10: {name}: refused: is " in done.err
        for name, content in files.items():
            if name not in bad and content != before.get(name):
                text = io.StringIO(content.decode("utf-8-sig"), newline="")
                expected.setdefault(name, []).extend(list(csv.reader(text, delimiter="\t"))[1:])
        before |= files
    assert_sound(bench.lake)
    for name, table in [("all-weeks-global.tsv", "top10_global"), ("most-popular.tsv", "top10_most_popular")]:
        rows = bench.raw(table).sort("_file_version", "_row_number")
        assert rows.height == len(expected[name])
        assert list(rows["show_title"]) == [row[3 if table == "top10_global" else 2] for row in expected[name]]
        assert rows["_rescued_data"].null_count() == rows.height
    world = bench.raw("top10_global")
    assert bench.raw("top10_countries").height == len(expected["all-weeks-countries.tsv"])
    first = world.filter(pl.col("runtime").is_not_null())["_committed_at"].min()
    assert first == datetime(2023, 7, 26, 6, 20, 23, tzinfo=UTC)
    assert {"weekly_views", "is_staggered_launch", "episode_launch_details"} <= set(world.columns)
    refused = bench.ledger().filter(pl.col("status") == "refused")
    assert sorted(refused["_commit_sha"].str.head(7)) == ["0d5cea4", "2e3af17", "2e3af17"]

    at_once = tmp_path / "at-once"
    assert bench.ingest("--source", "top10", "--backfill", LAKEHOUSE_ROOT=str(at_once)).code == 1
    assert contents(at_once) == contents(bench.lake)
    assert bench.ingest("--source", "top10", "--backfill").code == 0
    assert "nothing new" in bench.ingest("--source", "top10", LAKEHOUSE_ROOT=str(at_once)).out


def test_the_test_configuration_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(CONFIG)
    assert list(config.load(path).sources) == ["feed"]
