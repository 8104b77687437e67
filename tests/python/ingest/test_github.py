"""A GitHub that misbehaves, limits, or holds what cannot be loaded."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest import http
from tests.python.ingest.conftest import Bench, assert_sound
from tests.python.ingest.github_server import Fault, GitHubServer, Repository, blob_sha, running

FILES: dict[str, bytes | None] = {"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"}


def every_other(fault: Fault) -> Callable[[str], Fault | None]:
    turn = itertools.count()
    return lambda path: fault if next(turn) % 2 == 0 else None


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault",
    [
        ("drop", 0, {}),
        ("truncate", 0, {}),
        ("status", 500, {}),
        ("status", 503, {"Retry-After": "0"}),
        ("status", 429, {"Retry-After": "0"}),
        ("status", 403, {"Retry-After": "0"}),
        ("status", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}),
    ],
)
def test_passing_faults_are_tried_again(bench: Bench, feed: Repository, github: GitHubServer, fault: Fault) -> None:
    feed.commit(FILES)
    github.fault = every_other(fault)
    assert bench.ingest("--max-wait", "5").code == 0
    assert bench.raw("people").height == 1
    assert_sound(bench.lake)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["wrong bytes", "short"])
def test_wrong_bytes_are_tried_again_and_then_refused_until_they_are_right(
    bench: Bench, feed: Repository, github: GitHubServer, fault: str
) -> None:
    feed.commit(FILES)
    github.fault = lambda path: (fault, 0, {}) if path.endswith("people.csv") else None
    for _ in range(2):
        done = bench.ingest()
        assert done.code == 1
        assert "data/people.csv: refused: the download has " in done.err
        assert bench.raw("places").height == 1
    assert len(github.downloads) == 1 + 2 * http.ATTEMPTS
    assert bench.ledger().filter(pl.col("status") == "refused").height == 1
    github.fault = lambda path: None
    assert bench.ingest().code == 0
    assert bench.raw("people").height == 1
    assert_sound(bench.lake)


@pytest.mark.usefixtures("impatient")
def test_one_file_out_of_reach_does_not_keep_the_others(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    feed.commit(FILES)
    github.fault = lambda path: ("drop", 0, {}) if path.endswith("people.csv") else None
    done = bench.ingest()
    assert done.code == 3
    assert "data/people.csv: failed: " in done.err and "does not answer" in done.err
    assert bench.raw("places").height == 1
    github.fault = lambda path: None
    assert bench.ingest().code == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (("status", 401, {}), "the token in GITHUB_TOKEN was refused (HTTP 401)"),
        (("status", 403, {}), "is forbidden (HTTP 403); the token in GITHUB_TOKEN may not read it"),
        (("status", 404, {}), "is not there (HTTP 404)"),
        (("status", 429, {"Retry-After": "100000"}), "rate limit reached; try again after 20"),
        (("status", 200, {}), ""),
    ],
)
def test_faults_that_will_not_pass_end_at_once_without_the_token_in_the_line(
    bench: Bench, feed: Repository, github: GitHubServer, fault: Fault, words: str
) -> None:
    feed.commit(FILES)
    if fault[1] == 200:  # something other than GitHub answers
        github.repositories.clear()
    else:
        github.fault = lambda path: fault
    done = bench.ingest(GITHUB_TOKEN="ghp_secret")
    assert done.code == 3 and words in done.err and "feed" in done.err
    assert len(github.requests) == 1
    assert "ghp_secret" not in done.out + done.err


def test_a_server_that_is_not_there(bench: Bench, impatient: None) -> None:
    done = bench.ingest(GITHUB_API_URL="http://127.0.0.1:9", GITHUB_RAW_URL="http://127.0.0.1:9")
    assert done.code == 3
    assert "Connection refused" in done.err and "check the network" in done.err
    assert "nothing loaded: 1 failed" in done.out


def test_waiting_as_long_as_the_server_says(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    feed.commit(FILES)
    turn = itertools.count()
    github.fault = lambda path: ("status", 429, {"Retry-After": "1"}) if next(turn) == 0 else None
    began = time.monotonic()
    assert bench.ingest().code == 0
    assert time.monotonic() - began >= 1
    assert len(github.requests) == 1 + 3 + 2 * 2


def test_polling_what_has_not_changed_is_free(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    feed.commit(FILES)
    bench.ingest()
    github.requests.clear()
    before = bench.versions()
    done = bench.ingest()
    assert "nothing new: 2 unchanged" in done.out
    assert {request.status for request in github.requests} == {304}
    assert bench.versions() == before
    feed.commit({"data/people.csv": b"id\n2\n"})
    assert bench.ingest().code == 0
    assert bench.raw("people").height == 2


def test_a_commit_in_the_middle_of_a_run_is_for_the_next_one(
    bench: Bench, feed: Repository, github: GitHubServer
) -> None:
    first = feed.commit(FILES)

    def push(path: str) -> Fault | None:
        if "/git/trees/" in path and len(feed.commits) == 1:
            feed.commit({"data/people.csv": b"id\n2\n", "data/places.tsv": b"id\n2\n"})
        return None

    github.fault = push
    assert bench.ingest().code == 0
    for table in ("people", "places"):
        assert list(bench.raw(table)["id"]) == ["1"]
        assert set(bench.raw(table)["_commit_sha"]) == {first.sha}


def test_the_token_goes_to_the_api_and_nowhere_else(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    feed.commit(FILES)
    with running() as elsewhere:
        elsewhere.repositories = github.repositories
        done = bench.ingest(GITHUB_TOKEN="ghp_secret", GITHUB_RAW_URL=f"{elsewhere.url}/raw")
        assert done.code == 0
        assert {request.headers.get("Authorization") for request in github.requests} == {"Bearer ghp_secret"}
        assert len(elsewhere.requests) == 2
        assert all("Authorization" not in request.headers for request in elsewhere.requests)
        assert "ghp_secret" not in "".join(str(request.headers) for request in elsewhere.requests)


def test_the_token_does_not_follow_a_redirect(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    feed.commit(FILES)
    with running() as elsewhere:
        github.fault = lambda path: ("status", 302, {"Location": f"{elsewhere.url}{path}"})
        done = bench.ingest(GITHUB_TOKEN="ghp_secret")
        assert done.code == 3
        assert elsewhere.requests and all("Authorization" not in request.headers for request in elsewhere.requests)


def test_a_server_known_by_its_api_alone_and_private_repositories(
    bench: Bench, feed: Repository, github: GitHubServer
) -> None:
    feed.commit(FILES)
    assert bench.ingest("--dataset", "people", GITHUB_RAW_URL="").code == 0
    assert [request.path for request in github.requests][
        -1
    ] == f"/repos/owner/feed/git/blobs/{blob_sha(b'id' + bytes([10]) + b'1' + bytes([10]))}"
    github.fault = lambda path: ("status", 404, {}) if path.startswith("/raw/") else None
    assert bench.ingest(GITHUB_TOKEN="t").code == 0
    assert bench.raw("places").height == 1


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("data/days-1.csv", "symlink", "is a symbolic link"),
        ("data/days-1.csv", "submodule", "is a submodule"),
        ("data/../../days-1.csv", "file", "leaves its folder"),
        ("data/..\\days-1.csv", "file", "leaves its folder"),
    ],
)
def test_what_is_no_plain_file_of_the_folder_is_refused(
    bench: Bench, feed: Repository, github: GitHubServer, path: str, kind: str, reason: str
) -> None:
    feed.commit(FILES | {path: b"day\n1\n"}, kinds={path: kind})
    done = bench.ingest()
    assert done.code == 1 and reason in done.err
    assert not (bench.lake / "raw" / "days").exists()
    assert all("days" not in request.path for request in github.downloads)
    assert_sound(bench.lake)


def test_a_folder_that_is_not_there(bench: Bench, feed: Repository) -> None:
    feed.commit({"elsewhere/people.csv": b"id\n1\n"})
    done = bench.ingest()
    assert done.code == 2 and "has no folder 'data'" in done.err


def test_names_with_special_characters_are_asked_for_as_they_are(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES | {"data/days-é #1?%20&.csv": b"day\n1\n"})
    assert bench.ingest().code == 0
    assert list(bench.raw("days")["_file_path"]) == ["data/days-é #1?%20&.csv"]


def test_many_unchanged_files_in_one_listing(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    days: dict[str, bytes | None] = {f"data/days-{number}.csv": b"day\n%d\n" % number for number in range(40)}
    feed.commit(FILES | days)
    assert bench.ingest().code == 0
    github.requests.clear()
    done = bench.ingest()
    assert "nothing new: 42 unchanged" in done.out and "days-1.csv" not in done.out
    assert len(github.requests) == 3


def test_plain_web_files_by_their_etags(bench: Bench, github: GitHubServer, tmp_path: Path) -> None:
    feed = github.repositories["owner/feed"]
    commit = feed.commit(FILES)
    bench.config.write_text(f"""
sources:
  web:
    url: {github.url}/raw/owner/feed/{commit.sha}
    folder: data
    datasets:
      - {{file: people.csv, table: people}}
""")
    assert bench.ingest().code == 0
    assert "nothing new: 1 unchanged" in bench.ingest().out
    row = bench.raw("people").to_dicts()[0]
    assert (row["_source"], row["_file_path"], row["_commit_sha"]) == ("web", "data/people.csv", None)
    assert abs((row["_committed_at"] - datetime.now(UTC)).total_seconds()) < 60
    commit.files["data/people.csv"] = b"id\n2\n"
    assert bench.ingest().code == 0
    assert sorted(bench.raw("people")["id"]) == ["1", "2"]
    del commit.files["data/people.csv"]
    done = bench.ingest()
    assert done.code == 0 and "is no longer in the source" in done.err
    assert_sound(bench.lake)
