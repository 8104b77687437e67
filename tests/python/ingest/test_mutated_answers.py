"""Answers of servers, their headers and files, with random damage: every run ends in lines for a person, none of them
tells a secret, nothing is written outside of the lake, and once the answers are right again the lake is too."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import pytest
import tenacity
from hypothesis import strategies as st

from ingest.sources import http, store
from tests.python.ingest.between import Between, Change, standing_before
from tests.python.ingest.conftest import Bench, Done, assert_sound
from tests.python.ingest.github_server import GitHubServer, Repository, blob_sha, running
from tests.python.ingest.s3_server import Answers, serving
from tests.support.examples import examples

SECRETS = {
    "GITHUB_TOKEN": "ghp_planted0token0planted",
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDID",
    "AWS_SECRET_ACCESS_KEY": "planted/key/planted",
    "AWS_SESSION_TOKEN": "planted-session-planted",
    "AZURE_STORAGE_ACCOUNT_KEY": "cGxhbnRlZC1rZXktcGxhbnRlZA==",
}
PASSWORD = "planted:password"  # in addresses that a server names, and in ~/.netrc
IN_CANARY = "planted line of a file"
FIRST = {"people.csv": b"id,name\n1,Ann\n2,Bo\n", "places.tsv": b"id\n1\n", "days-1.csv": b"day\n1\n"}
STATES = [
    FIRST,
    FIRST | {"people.csv": b"id,name\n1,Ann\n3,Cy\n", "days-2.csv": b"day\n2\n"},
    FIRST | {"people.csv": b"id,name\n1,Ann\n4,Di\n", "days-2.csv": b"day\n3\n"},
]
DATASETS = """
    folder: data
    datasets:
      - {file: people.csv, table: people, required: [id]}
      - {file: places.tsv, table: places, delimiter: "\\t"}
"""
PATTERN = '      - {file: "days-*.csv", table: days}\n'


@dataclass
class Conversation:
    """A source behind a server that changes what it answers, a lake that has its first state, and what must stay."""

    bench: Bench
    between: Between
    elsewhere: Between
    publish: Callable[[int], None]
    arguments: Sequence[Sequence[str]] = ((),)
    env: dict[str, str] = field(default_factory=dict)

    def ingest(self, *arguments: str) -> Done:
        return self.bench.ingest("--max-wait", "0", *arguments, **self.env)


@pytest.fixture(scope="module")
def monkeypatch_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """No waits between attempts, a home with a .netrc, and a temporary folder of its own."""
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text(f"default login me password {PASSWORD}\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setattr(http, "_BACKOFF", tenacity.wait_none())
        patch.setattr(store, "_RETRIES", {"max_retries": 0})
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("scratch")))
        yield patch


@pytest.fixture(scope="module")
def conversations(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[dict[str, Conversation]]:
    with ExitStack() as open_:
        elsewhere = open_.enter_context(standing_before("http://127.0.0.1:9"))

        def conversation(url: str, config: Callable[[str], str], publish: Callable[[int], None]) -> Conversation:
            bench = Bench(tmp_path_factory.mktemp("mutated"), monkeypatch_module)
            (bench.folder / "canary").mkdir()
            (bench.folder / "canary" / "people.csv").write_text(f"{IN_CANARY}\n1\n")
            between = open_.enter_context(standing_before(url))
            bench.config.write_text(config(between.own_url))
            publish(0)
            return Conversation(bench, between, elsewhere, publish, env=dict(SECRETS))

        github: GitHubServer = open_.enter_context(running())
        repository = github.repositories["owner/feed"] = Repository()
        repository.commit({"data/x": b""})
        web = github.repositories["owner/web"] = Repository()
        fixed = web.commit({"data/x": b""}, sha="1" * 40)
        answers, port = open_.enter_context(serving(Answers()))

        def commit(state: int) -> None:
            del repository.commits[state + 1 :]
            repository.commit({f"data/{name}": content for name, content in STATES[state].items()})

        def overwrite(state: int) -> None:
            fixed.files.clear()
            fixed.files.update({f"data/{name}": content for name, content in STATES[state].items()})

        def put(state: int) -> None:
            answers.objects = {f"in/data/{name}": content for name, content in STATES[state].items()}

        found = {
            "GitHub": conversation(
                github.url, lambda _: f"sources:\n  feed:\n    repository: owner/feed{DATASETS}{PATTERN}", commit
            ),
            "web": conversation(
                github.url,
                lambda url: f"sources:\n  feed:\n    url: {url}/raw/owner/web/{fixed.sha}{DATASETS}",
                overwrite,
            ),
            "S3": conversation(
                f"http://127.0.0.1:{port}",
                lambda _: f"sources:\n  feed:\n    path: s3://bucket/in{DATASETS}{PATTERN}",
                put,
            ),
        }
        found["Azure"] = conversation(
            f"http://127.0.0.1:{port}",
            lambda _: f"sources:\n  feed:\n    path: az://bucket/in{DATASETS}{PATTERN}",
            put,
        )
        found["Azure"].env |= {"AZURE_STORAGE_ENDPOINT": found["Azure"].between.own_url, "AZURE_ALLOW_HTTP": "true"}
        found["Azure"].env |= {"AZURE_STORAGE_ACCOUNT_NAME": "account"}
        url = found["GitHub"].between.own_url
        found["GitHub"].env |= {"GITHUB_API_URL": url, "GITHUB_RAW_URL": f"{url}/raw"}
        found["GitHub"].arguments = ((), (), ("--backfill",))
        found["S3"].env |= {"AWS_ENDPOINT_URL": found["S3"].between.own_url, "AWS_ALLOW_HTTP": "true"}
        found["S3"].env |= {"AWS_REGION": "us-east-1"}
        for one in found.values():
            done = one.ingest()
            assert done.code == 0, done
            shutil.copytree(one.bench.lake, one.bench.folder / "first")
        yield found


ODD: list[object] = [
    *(..., list, None, True, -1, 0, 5.5, 10**30, 1 << 62, "", [], {}, [[]], {"a": 1}, "..", ".", "/", "../../canary/x"),
    *(
        "data/../../canary/people.csv",
        "\\..\\x",
        "a//b",
        "people.csv",
        "people.csv/",
        "days-\u202e3.csv",
        "days-\n.csv",
    ),
    *(
        "\x1b[31mred",
        "a\rb",
        "\x00",
        "\ud800",
        "ü" * 300,
        "x" * 100_000,
        "120000",
        "160000",
        "tree",
        "a" * 40,
        "A" * 40,
    ),
    *("2090-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "Mon, 99 Feb 2024 25:00:00", "yesterday", "nan", "-1"),
    *("Fri, 01 Jan 2090 00:00:00 GMT", "9" * 400, "1" + "0" * 5000, "gzip", "deflate", "br", "zstd", "chunked", "1e9"),
    *('W/"', '"', '<x>; rel="next"', "x\r\nETag: y", "text/html", "bytes 0-0/1", "bytes 5-1/x", "file:///etc/passwd"),
    *(
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<html>",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"\x00",
    ),
    *(b"]]>", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", b"&#0;", b"&amp;", b"0\r\n\r\n"),
    *("//x@", "http://[::1", "http://\x7f/", "https:\\\\x", "?" * 9000),
]


# Words for addresses and a path that are known once the servers are there.
SOMEWHERE = ("ELSEWHERE", "ELSEWHERE", "SELF", "CANARY")


def change(addresses: int, *ways: str) -> st.SearchStrategy[Change]:
    """A change of one of so many answers in one of the ``ways``, or of its headers, its status or its length."""
    return st.builds(
        Change,
        what=st.sampled_from([*ways, "header", "answered", "redirected", "cut_off"]),
        at=st.integers(0, addresses - 1),
        place=st.integers(0, 5000),
        value=st.sampled_from(SOMEWHERE)
        | st.sampled_from(ODD)
        | st.text(max_size=8)
        | st.binary(max_size=4)
        | st.integers(),
        once=st.booleans(),
    )


CHANGES = {
    "GitHub": change(9, "json", "json", "json", "spot", "whole"),
    "web": change(2, "spot", "whole", "header"),
    "S3": change(6, "text", "text", "text", "spot", "whole"),
    "Azure": change(6, "text", "text", "text", "spot", "whole"),
}


@examples(3, 30, data=st.data(), is_new=st.booleans())
@pytest.mark.parametrize("kind", CHANGES)
def test_answers_with_damage(
    conversations: dict[str, Conversation], kind: str, data: st.DataObject, is_new: bool
) -> None:
    one = conversations[kind]
    bench = one.bench
    shutil.rmtree(bench.lake, ignore_errors=True)
    if not is_new:
        shutil.copytree(bench.folder / "first", bench.lake)
    one.publish(1)
    changes = data.draw(st.lists(CHANGES[kind], min_size=1, max_size=5))
    one.between.forget([replace(change, value=somewhere(one, change)) for change in changes])
    before = snapshot(bench)
    done = one.ingest(*data.draw(st.sampled_from(one.arguments)))
    assert done.code in (0, 1, 2, 3)
    check(one, done, before)
    if kind == "GitHub" and (bench.lake / "raw" / "people").exists():
        assert_content(bench)

    one.between.forget()
    one.publish(2)
    done = one.ingest()
    check(one, done, before)
    assert done.code == 0
    newest = bench.raw("people").filter(pl.col("_committed_at") == pl.col("_committed_at").max())
    assert newest.sort("_row_number").select("id", "name").rows() == [("1", "Ann"), ("4", "Di")]


def somewhere(one: Conversation, change: Change) -> object:
    """The value of a change, with the address or the path that its word stands for; a header's has a password.

    Of redirects, those with a value that is no text lead elsewhere.
    """
    there, word = one.elsewhere.own_url, change.value
    if change.what == "redirected" and not isinstance(word, str):
        word = "ELSEWHERE"
    if change.what in ("header", "redirected"):
        there = there.replace("//", f"//me:{PASSWORD}@")
    meant = {"ELSEWHERE": f"{there}/x", "SELF": f"{one.between.own_url}/x"}
    meant["CANARY"] = str(one.bench.folder / "canary" / "people.csv")
    return meant.get(str(word), word)


def assert_content(bench: Bench) -> None:
    """Every version of a file holds what belongs to its SHA-1, which GitHub's listing has."""
    contents = {blob_sha(content): content for state in STATES for content in state.values()}
    for (sha,), records in bench.raw("people").sort("_row_number").group_by("_file_sha", maintain_order=True):
        lines = contents[str(sha)].decode().splitlines()[1:]
        versions = records["_file_version"].n_unique()
        assert records["id"].to_list() == [line.split(",")[0] for line in lines for _ in range(versions)]


def check(one: Conversation, done: Done, before: object) -> None:
    said = done.out + done.err
    assert all(line.isprintable() for line in said.splitlines()), said
    assert not [secret for secret in [*SECRETS.values(), PASSWORD, IN_CANARY] if secret in said], said
    assert snapshot(one.bench) == before
    asked = "\n".join(one.elsewhere.asked)
    if {"AWS_ENDPOINT_URL", "AZURE_STORAGE_ENDPOINT"} & one.env.keys():
        # The client of stores follows redirects, and has no setting for that. The token of a session goes along in a
        # header of its own: to where a server sends us that has it already.
        assert "authorization" not in asked.lower()
        kept = SECRETS.keys() - {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}
        assert not [name for name in kept if SECRETS[name] in asked]
        one.elsewhere.asked.clear()
    assert not one.elsewhere.asked
    if list(Path(tempfile.gettempdir()).iterdir()):
        gc.collect()  # a process that ends does that
    assert not list(Path(tempfile.gettempdir()).iterdir())
    if (one.bench.lake / "raw" / "_files").exists():
        assert_sound(one.bench.lake)


def snapshot(bench: Bench) -> dict[str, tuple[int, bytes]]:
    """All files of the bench's folder but those of the lake; of the lake, what is no table."""
    tables = {"people", "places", "days", "_files", "_http_cache", "_hashes"}
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in bench.folder.rglob("*")
        if path.is_file()
        and not (path.is_relative_to(bench.lake / "raw") and path.relative_to(bench.lake / "raw").parts[0] in tables)
    }
