"""A GitHub that misbehaves, limits, or holds what cannot be loaded."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import itertools
import json
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from ingest.sources import http
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


def test_what_github_says_is_shown_shortened_and_without_the_token(
    bench: Bench, feed: Repository, github: GitHubServer
) -> None:
    said = "Git Repository\n is \x1b[31mempty \u202e, ghp_secret. " + "x" * 1000
    for status in (403, 409, 422, 451):
        github.fault = lambda path, status=status: ("status", status, {})  # type: ignore[misc]
        github.edit = lambda path, body: json.dumps({"message": said}).encode()
        done = bench.ingest(GITHUB_TOKEN="ghp_secret")
        assert done.code == 3 and f"HTTP {status}" in done.err and done.err.count("\n") == 1
        assert "the server says: Git Repository is \\x1b[31mempty \\u202e, ***. xxx" in done.err
        assert len(done.err) < 600 and "ghp_secret" not in done.out + done.err
    for body in (b"", b"no JSON", b'{"message": 1}', b"[1]", b"[" * 60_000):
        github.edit = lambda path, _, body=body: body  # type: ignore[misc]
        done = bench.ingest()
        assert done.code == 3 and "answered HTTP 451\n" in done.err


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_rate_limit_is_waited_for(
    bench: Bench, feed: Repository, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """As GitHub has it: neither a time to come back at nor a count that has run out, only words."""
    assert http.SECONDARY_PAUSE == 60
    monkeypatch.setattr(http, "SECONDARY_PAUSE", 0.2)
    feed.commit(FILES)
    turn = itertools.count()
    words = "You have exceeded a secondary rate limit." if status == 403 else "Our abuse detection mechanism ..."
    message = json.dumps({"message": words}).encode()
    limit = ("status", status, {"X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": "4000000000"})
    github.fault = lambda path: limit if next(turn) < 3 else None
    github.edit = lambda path, body: message if body == b'{"message": "fault"}' else body
    began = time.monotonic()
    assert bench.ingest("--max-wait", "1").code == 0
    assert time.monotonic() - began >= 0.2 + 0.4 + 0.8
    github.fault = lambda path: limit
    github.requests.clear()
    done = bench.ingest("--max-wait", "1")
    assert done.code == 3 and "secondary rate limit reached; try again after 20" in done.err
    assert len(github.requests) == 1 + 3  # after 0.2, 0.4 and 0.8 s; 1.6 is longer than it may wait
    monkeypatch.undo()


@pytest.mark.parametrize(
    "header", ["\xb2", "9" * 400, "Fri, 99 Foo 99999", "Fri, 31 Dec 9999 23:59:59 -2300", "-1", ""]
)
def test_a_time_to_come_back_at_that_is_none(
    bench: Bench, feed: Repository, github: GitHubServer, impatient: None, header: str
) -> None:
    feed.commit(FILES)
    github.fault = lambda path: ("status", 429, {"Retry-After": header})
    done = bench.ingest()
    assert done.code == 3 and "rate limit reached" in done.err and done.err.count("\n") == 1


def committed(date: object, sha: object = "a" * 40) -> bytes:
    return json.dumps([{"sha": sha, "commit": {"committer": {"date": date}}}]).encode()


def listed(**fields: object) -> bytes:
    item = {"path": "people.csv", "type": "blob", "mode": "100644", "sha": blob_sha(b"id\n1\n"), "size": 5} | fields
    return json.dumps({"sha": "b" * 40, "tree": [item], "truncated": False}).encode()


NO_SHA = [
    "",
    "../../canary",
    "{canary}",
    "A" * 40,
    "a" * 39,
    "a" * 41,
    "a" * 40 + "\n",
    "\u0661" * 40,
    1,
    None,
    ["a" * 40],
]


@pytest.mark.parametrize("place", ["file", "folder", "head", "origin"])
def test_a_sha_that_is_none_never_gets_as_far_as_a_file_or_an_address(
    bench: Bench, feed: Repository, github: GitHubServer, place: str
) -> None:
    feed.commit(FILES)
    canary = bench.folder / "canary"
    canary.write_text("as it was")
    sha: object = None

    def edit(path: str, body: bytes) -> bytes:
        if not path.startswith("/repos/"):
            return b"from the server"
        if path.endswith("/commits"):
            first = not github.requests
            return committed("2024-01-01T00:00:00Z", sha) if place == ("head" if first else "origin") else body
        if place == "folder":
            return listed(path="data", type="tree", mode="040000", sha=sha)
        return listed(sha=sha) if place == "file" and b"people.csv" in body else body

    github.edit = edit
    for sha in [*NO_SHA, str(canary)]:
        github.requests.clear()
        done = bench.ingest()
        assert done.code == 3, (sha, done)
        lines = done.err.splitlines()
        assert lines and all("GitHub owner/feed: the API's answer cannot be used: " in line for line in lines)
        assert canary.read_text() == "as it was"
        assert not bench.versions().keys() - {"_http_cache"}
        assert {path.name for path in bench.folder.iterdir()} == {"canary", "lake", "sources.yml"}


ODD_TREES = [
    *(b"", b"null", b"{}", b"[]", b"1", b"no JSON", b"\xff\xfe[]", b"[" * 100_000, b'{"tree": {}}', b'{"tree": null}'),
    *(b'{"tree": [1]}', b'{"tree": [{}]}', b'{"tree": [], "truncated": "maybe"}', b'{"tree": "people.csv"}'),
    *(listed(path=1), listed(path=""), listed(path=None), listed(path=["people.csv"]), listed(path="\ud800")),
    *(listed(type=1), listed(mode=100644), listed(size=-1), listed(size="5"), listed(size=10**30), listed(size=5.5)),
    *(listed(size=None), listed(size={}), listed(size=5).replace(b'"size": 5', b'"size": 1' + b"0" * 5000)),
    listed().replace(b"[{", b"[{}, {"),
    json.dumps({"tree": json.loads(listed())["tree"] * 2}).encode(),
]
ODD_COMMITS = [
    *(b"", b"null", b"{}", b"1", b"[1]", b"[[]]", b"[{}]", b'{"message": "hello"}', b'"text"', b"\xff"),
    *(b'[{"sha": "' + b"a" * 40 + b'"}]', b'[{"sha": "' + b"a" * 40 + b'", "commit": {"committer": null}}]'),
    *(committed(None), committed(1_700_000_000), committed("yesterday"), committed(""), committed(["2024-01-01"])),
    *(
        committed("9999-12-31T23:59:59-01:00"),
        committed("0001-01-01T00:00:00+01:00"),
        committed("2024-02-30T00:00:00Z"),
    ),
]


@pytest.mark.parametrize(("ends_with", "odd"), [("/git/trees/", ODD_TREES), ("/commits", ODD_COMMITS)])
def test_an_answer_of_another_shape_is_one_line(
    bench: Bench, feed: Repository, github: GitHubServer, ends_with: str, odd: list[bytes]
) -> None:
    feed.commit(FILES)
    for body in odd:
        github.edit = lambda path, good, body=body: body if ends_with in path else good  # type: ignore[misc]
        done = bench.ingest()
        assert done.code == 3, (body[:100], done)
        assert done.err.count("\n") == 1 and done.err.startswith("feed: failed: GitHub owner/feed"), (body[:100], done)
        assert not bench.versions(), body[:100]
    github.edit = lambda path, body: body
    assert bench.ingest().code == 0


def test_a_commit_of_a_year_that_cannot_be_is_one_line_for_its_file(
    bench: Bench, feed: Repository, github: GitHubServer
) -> None:
    commit = feed.commit(FILES)

    def edit(path: str, body: bytes) -> bytes:
        if path.endswith("/commits") and len(github.requests) >= 3:
            return committed("9999-12-31T23:59:59-01:00", commit.sha)
        return body

    github.edit = edit
    done = bench.ingest()
    assert done.code == 3 and done.err.count("\n") == 2
    assert (
        "data/people.csv: failed: GitHub owner/feed: the API's answer cannot be used: 0.commit.committer.date"
        in done.err
    )


@pytest.mark.parametrize("page", ["2", "{next}"])
def test_a_list_of_commits_without_an_end_is_one_line_for_its_file(
    bench: Bench, feed: Repository, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr("ingest.sources.github._PAGES", 20)
    feed.commit(FILES)

    def edit(path: str, body: bytes) -> bytes:
        link = f"{github.url}/repos/owner/feed/commits?page={page.format(next=len(github.requests))}"
        github.headers = {"Link": f'<{link}>; rel="next"'}
        return body

    github.edit = edit
    done = bench.ingest("--backfill")
    assert done.code == 3 and len(github.requests) < 100
    for name in ("people.csv", "places.tsv"):
        assert f"the list of commits of data/{name} has no end" in done.err


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
        assert done.code == 3 and f"redirects to {elsewhere.url}, another server" in done.err
        assert elsewhere.requests == []


WEB = """
sources:
  web:
    url: {url}/raw/owner/feed/{sha}/data
    redirects: [{allowed}]
    datasets: [{{file: people.csv, table: people}}]
"""
ELSEWHERE = {  # where to, what the configuration allows, and what is said
    "another port": ("http://127.0.0.1:9{path}", "", "another server; if that is meant, write redirects: [127.0.0.1]"),
    "another host": ("{elsewhere}{path}", "", "another server; if that is meant, write redirects: [localhost]"),
    "a private address": ("{elsewhere}{path}", "localhost", "which has a private address; it is not followed"),
    "the clouds' metadata": ("http://169.254.169.254{path}", "169.254.169.254", "which has a private address"),
    "IPv6": ("http://[::1]:9{path}", "", "another server"),
    "a file": ("file:///etc/hostname", "", "which is not https"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_redirect_leads_to_no_other_server_nor_to_a_private_address(
    bench: Bench, github: GitHubServer, case: str
) -> None:
    to, allowed, words = ELSEWHERE[case]
    commit = github.repositories["owner/feed"].commit(FILES)
    bench.config.write_text(WEB.format(url=github.url, sha=commit.sha, allowed=allowed))
    with running() as elsewhere:
        elsewhere.repositories = github.repositories
        there = elsewhere.url.replace("127.0.0.1", "localhost")
        github.fault = lambda path: ("status", 302, {"Location": to.format(elsewhere=there, path=path)})
        done = bench.ingest()
        assert done.code == 3 and words in done.err
        assert elsewhere.requests == [] and not (bench.lake / "raw/people").exists()


def test_a_redirect_that_is_allowed_is_followed(
    bench: Bench, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = github.repositories["owner/feed"].commit(FILES)
    bench.config.write_text(WEB.format(url=github.url, sha=commit.sha, allowed="localhost"))
    monkeypatch.setattr(http, "_addresses", lambda host: [ipaddress.ip_address("93.184.216.34")])
    with running() as elsewhere:
        elsewhere.repositories = github.repositories
        there = elsewhere.url.replace("127.0.0.1", "localhost")
        github.fault = lambda path: ("status", 302, {"Location": f"{there}{path}"})
        assert bench.ingest().code == 0
        assert len(elsewhere.requests) == 1
    # On the same server, no permission is needed.
    bench.config.write_text(WEB.format(url=github.url, sha=commit.sha, allowed="").replace("/data\n", "/moved\n"))
    github.fault = lambda path: (
        ("status", 301, {"Location": path.replace("/moved/", "/data/")}) if "/moved/" in path else None
    )
    assert bench.ingest().code == 0


@pytest.mark.parametrize(
    "token", ["ghp_top\nsecret", "ghp_top\r\nsecret", "ghp_top secret", "ghp_top\u20acsecret", "ghp_topé"]
)
def test_a_token_that_is_none_is_not_shown(bench: Bench, feed: Repository, github: GitHubServer, token: str) -> None:
    feed.commit(FILES)
    done = bench.ingest(GITHUB_TOKEN=token)
    assert done.code == 2 and done.err.count("\n") == 1 and "GITHUB_TOKEN holds a line break" in done.err
    assert "ghp_top" not in done.out + done.err and "secret" not in done.out + done.err
    assert github.requests == []
    assert bench.ingest(GITHUB_TOKEN=" \tghp_plain\r\n").code == 0
    assert {request.headers["Authorization"] for request in github.api_calls} == {"Bearer ghp_plain"}


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_RAW_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:hunter2@host/api",
        "user:hunter2@host/api",
        "https://user:hunter2@host/api",
        "https://hunter2@host",
        "https://user:hunter2@[host",
        "https://user:hunter2@host:port",
        "https:///hunter2",
    ],
)
def test_a_password_in_an_address_is_not_shown(bench: Bench, feed: Repository, name: str, url: str) -> None:
    feed.commit(FILES)
    done = bench.ingest(**{name: url})
    assert done.code == 2 and done.err.startswith(f"ingest: {name} ") and done.err.count("\n") == 1
    assert "hunter2" not in done.out + done.err
    bench.config.write_text(f"sources: {{web: {{url: {url!r}, datasets: [{{file: people.csv, table: people}}]}}}}")
    done = bench.ingest()
    assert done.code == 2 and "sources.web.url: " in done.err and done.err.count("\n") == 1
    assert "hunter2" not in done.out + done.err


def test_a_password_in_a_proxy_or_a_redirect_is_not_shown(
    bench: Bench, feed: Repository, github: GitHubServer, impatient: None
) -> None:
    feed.commit(FILES)
    for proxy in ("http://user:hunter2@[", "http://user:hunter2@127.0.0.1:9", "http://user:hunter2@host:port"):
        done = bench.ingest(HTTP_PROXY=proxy, NO_PROXY="")
        assert done.code == 3 and "hunter2" not in done.out + done.err and done.err.count("\n") == 1
    for address in ("http://user:hunter2@[", "http://user:hunter2@127.0.0.1:9/x", "nothing://user:hunter2@host"):
        github.fault = lambda path, address=address: ("status", 302, {"Location": address})  # type: ignore[misc]
        done = bench.ingest(HTTP_PROXY="", NO_PROXY="*")
        assert done.code == 3 and "hunter2" not in done.out + done.err and done.err.count("\n") == 1
    # As the client reads two headers, of which the first leads to the same server.
    for first, shown in ((f"{github.url}/x", "/x,%20http://***@host/x"), ("..", "/..,%20http:/***@host/x")):
        two = f"{first}, http://user:hunter2@host/x"
        github.fault = lambda path, to=two: None if "http" in path else ("status", 302, {"Location": to})  # type: ignore[misc]
        done = bench.ingest(HTTP_PROXY="", NO_PROXY="*")
        assert done.code == 3 and "hunter2" not in done.out + done.err and shown in done.err


@pytest.mark.parametrize("token", ["", "ghp_plain"])
def test_proxies_of_the_environment_are_used_and_netrc_never(
    bench: Bench, feed: Repository, github: GitHubServer, token: str
) -> None:
    feed.commit(FILES)
    netrc = bench.folder / "netrc"
    netrc.write_text("machine github.invalid login user password hunter2\ndefault login user password hunter2\n")
    bench.config.write_text(
        bench.config.read_text().replace("folder: data", "folder: data\n    redirects: [other.invalid]")
        + f"""
  web:
    url: http://web.invalid/raw/owner/feed/{feed.commits[0].sha}
    folder: data
    datasets:
      - {{file: people.csv, table: web}}
"""
    )
    with running() as elsewhere:
        elsewhere.repositories = github.repositories
        redirect = f"http://other.invalid/raw/owner/feed/{feed.commits[0].sha}/data/people.csv"
        github.fault = lambda path: ("status", 302, {"Location": redirect}) if path.endswith("places.tsv") else None
        addresses = {"GITHUB_API_URL": "http://github.invalid", "GITHUB_RAW_URL": "http://raw.invalid/raw"}
        environment = {"NETRC": str(netrc), "GITHUB_TOKEN": token, "HTTP_PROXY": github.url, "http_proxy": github.url}
        environment |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        assert bench.ingest(**environment, **addresses).code == 0
        hosts = ["github", "raw", "web", "other"]
        assert {request.headers["Host"] for request in github.requests} == {f"{host}.invalid" for host in hosts}
        assert elsewhere.requests == []
        feed.commit({"data/people.csv": b"id\n2\n"})
        assert bench.ingest("--source", "feed", **environment | elsewhere.environment).code == 0  # past the proxy
        found = [*github.requests, *elsewhere.requests]
    api = {request.headers.get("Authorization") for request in found if request.path.startswith("/repos/")}
    assert api == {f"Bearer {token}" if token else None}
    others = [request for request in found if request.path.startswith("/raw/")]
    assert len(others) == 5 and all("Authorization" not in request.headers for request in others)


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


def test_a_plain_web_file_is_read_up_to_its_limit_and_whatever_its_server_says_of_its_time(
    bench: Bench, github: GitHubServer
) -> None:
    feed = github.repositories["owner/feed"]
    commit = feed.commit({"data/people.csv": b"id\n" + b"1\n" * 600_000, "data/days.csv": b"day\n1\n"})
    bench.config.write_text(f"""
sources:
  web:
    url: {github.url}/raw/owner/feed/{commit.sha}
    folder: data
    datasets:
      - {{file: people.csv, table: people, max_bytes: 1000}}
      - {{file: days.csv, table: days}}
""")
    github.headers = {"Last-Modified": "yesterday", "ETag": '"one"'}
    done = bench.ingest()
    assert done.code == 1 and "data/people.csv: refused: is over the limit of 1000 bytes (max_bytes)" in done.err
    assert list(bench.raw("days")["day"]) == ["1"]
    assert bench.ledger().filter(status="refused")["size_bytes"].to_list() == [1001]
    assert "was refused before" in bench.ingest().out
    bench.config.write_text(bench.config.read_text().replace("1000", "10000000"))
    assert bench.ingest().code == 0
    assert bench.raw("people").height == 600_000
    assert_sound(bench.lake)


@pytest.mark.parametrize("kind", ["web", "GitHub"])
def test_an_etag_that_cannot_be_sent_back_is_none(
    bench: Bench, feed: Repository, github: GitHubServer, kind: str
) -> None:
    commit = feed.commit(FILES)
    if kind == "web":
        bench.config.write_text(WEB.format(url=github.url, sha=commit.sha, allowed=""))
    for tag in ("\x1cpV", '"a\r\n b"', '"\xff"', '"' + "x" * 70_000 + '"', " ", '"\x00"'):
        github.headers = {"ETag": tag}
        bench.ingest()
        github.headers = {}
        done = bench.ingest()
        assert done.code == 0 and "nothing new" in done.out, (tag[:9], done)


class Endless(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"id\n" + b"1\n" * 100_000)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_plain_web_file_without_an_end_is_left_at_its_limit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = bench.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        bench.config.write_text(f"""
sources:
  web:
    url: http://127.0.0.1:{server.server_port}
    datasets: [{{file: people.csv, table: people, max_bytes: 1000}}]
""")
        done = bench.ingest()
        server.shutdown()
    assert done.code == 1 and "people.csv: refused: is over the limit of 1000 bytes (max_bytes)" in done.err
    assert bench.ledger()["size_bytes"].to_list() == [1001]
    gc.collect()  # what the end of a process does
    assert list(scratch.iterdir()) == []
