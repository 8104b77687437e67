"""Object stores as sources: patterns, the lines for what is wrong, and the life of a file in S3 and in Azure."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import obstore
import pytest
from obstore.store import AzureStore, ObjectStore, S3Store

from ingest.config import Dataset, problem_of_store
from ingest.sources import store
from ingest.sources.listing import blob_sha
from ingest.sources.store import Store
from tests.python.ingest.conftest import Bench, Done, assert_sound
from tests.python.ingest.github_server import Repository
from tests.python.ingest.s3_server import Answers, serving
from tests.support.lake import CHECKOUT

CONFIG = """
sources:
  feed:
    path: {path}
    folder: data
    datasets:
      - {{file: people.csv, table: people, required: [id]}}
      - {{file: "days/**/*.csv", table: days, max_bytes: 1000}}
"""
SECRET = "hush-hush-hush"
PEOPLE = b"id\n1\n2\n"


def sha(content: bytes) -> str:
    return blob_sha(io.BytesIO(content), len(content))


# --- patterns and configuration: no server ---


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("*.csv", ["a.csv", ".csv"], ["b/a.csv", "a.csv/b", "a.CSV"]),
        ("**/*.csv", ["a.csv", "b/a.csv", "b/c/a.csv"], ["a.tsv", "b/a.csv/c"]),
        ("b/**/a.csv", ["b/a.csv", "b/c/a.csv", "b/c/d/a.csv"], ["a.csv", "bb/a.csv", "c/b/a.csv"]),
        ("b/**", ["b/a", "b/c/d"], ["b", "a", "c/b/a"]),
        ("**/b/**/*.csv", ["b/a.csv", "x/b/a.csv", "x/b/y/b/a.csv"], ["x/a.csv", "a.csv", "x/bb/a.csv"]),
        ("y=*/m=[01]?/*", ["y=1/m=02/a", "y=/m=11/b"], ["y=1/m=22/a", "y=1/a", "y=1/m=02/x/a"]),
        ("**/**/a", ["a", "b/a", "b/c/a"], ["b", "a/b"]),
    ],
)
def test_patterns_match_the_same_files_by_name_and_in_a_folder(
    bench: Bench, pattern: str, names: list[str], others: list[str]
) -> None:
    dataset = Dataset(file=pattern, table="t")
    assert [name for name in names + others if dataset.matches(name)] == names
    for number, name in enumerate(names + others):
        bench.config.write_text(f"sources: {{feed: {{repository: o/f, datasets: [{{file: '{pattern}', table: t}}]}}}}")
        case = bench.folder / str(number)
        (case / "feed" / name).parent.mkdir(parents=True)
        (case / "feed" / name).write_bytes(b"id\n1\n")
        done = bench.ingest("--from", str(case), "--dry-run")
        assert ("1 would load" in done.out) == (name in names), name
        assert (f"feed: no file matches '{pattern}'" in done.out) == (name in others)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("ftp://bucket/a", "must be a folder, or an address that starts with s3://"),
        ("s3a://bucket", "must start with s3://"),
        ("s3://", "must name a bucket"),
        ("s3://key:hush-hush-hush@bucket/a", "must name a bucket"),
        ("az://container/a?sig=hush-hush-hush", "must not hold a ?"),
        ("abfss://container/a", "must begin like abfss://container@account"),
        ("s3://bucket/a/../b", "must not hold an empty part"),
        ("s3://bucket//a", "must not hold an empty part"),
    ],
)
def test_a_place_that_is_none_is_one_line(bench: Bench, path: str, words: str) -> None:
    bench.config.write_text(CONFIG.format(path=path))
    done = bench.ingest()
    assert done.code == 2 and words in done.err and done.err.count("\n") == 1
    assert SECRET not in done.out + done.err


@pytest.mark.parametrize("path", ["s3://b/a b/ü%", "gs://b", "az://c/", "abfss://c@a.dfs.core.windows.net/x"])
def test_places(path: str) -> None:
    assert problem_of_store(path) is None


def test_a_pattern_of_folders_stands_between_slashes(bench: Bench) -> None:
    bench.config.write_text(CONFIG.format(path="s3://bucket").replace("days/**/", "days/**"))
    done = bench.ingest()
    assert done.code == 2 and "** stands for folders" in done.err


def test_a_pattern_of_folders_in_a_repository(bench: Bench, feed: Repository) -> None:
    bench.config.write_text(bench.config.read_text().replace("days-*.csv", "**/days*.csv"))
    days = {f"data/{name}": b"day\n1\n" for name in ("days.csv", "a/days-1.csv", "a/b/days-2.csv")}
    feed.commit(days | {"data/people.csv": PEOPLE, "data/places.tsv": b"id\n1\n", "data/a/people.csv": PEOPLE})
    assert bench.ingest().code == 0
    assert set(bench.raw("days")["_file_path"]) == set(days)


# --- the lines for a store that cannot be used ---


@pytest.fixture
def alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench with a source in S3, in an environment without any settings of clouds; a port where nobody listens."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(store, "_RETRIES", {"max_retries": 0})
    bench.config.write_text(CONFIG.format(path="s3://bucket/in"))
    with socket.socket() as nobody:  # bound, and not listening
        nobody.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        bench.env |= {"AWS_METADATA_ENDPOINT": nowhere, "AWS_ENDPOINT_URL": nowhere, "AWS_ALLOW_HTTP": "true"}
        bench.env |= {"AWS_REGION": "us-east-1"}
        yield bench


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAhush-hush-hush", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"t-{SECRET}"}


@pytest.mark.parametrize(
    ("path", "env", "code", "words"),
    [
        ("s3://bucket/in", {}, 2, "s3://bucket/in: there are no credentials for it; set AWS_ACCESS_KEY_ID"),
        ("s3://bucket/in", KEYS, 3, "s3://bucket/in does not answer: "),
        ("s3://bucket/in", KEYS | {"AWS_ALLOW_HTTP": ""}, 2, "AWS_ENDPOINT_URL is not https"),
        ("s3://bucket/in", KEYS | {"AWS_ENDPOINT_URL": f"http://u:{SECRET}@x"}, 2, "must not hold a user name"),
        ("s3://bucket/in", KEYS | {"AWS_ENDPOINT_URL": f"http://x {SECRET}"}, 2, "is not a valid address"),
        (
            "az://lake/in",
            {},
            2,
            "az://lake/in cannot be used: Account must be specified; set AZURE_STORAGE_ACCOUNT_NAME",
        ),
        (
            "az://lake/in",
            {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": f"{SECRET}!"},
            2,
            "az://lake/in cannot be used: Invalid Access Key",
        ),
        (
            "az://lake/in",
            {
                "AZURE_STORAGE_ACCOUNT_NAME": "a",
                "AZURE_STORAGE_SAS_TOKEN": f"sv=1&sig={SECRET}",
                "AZURE_STORAGE_ENDPOINT": "https://127.0.0.1:9",
            },
            3,
            "az://lake/in does not answer: ",
        ),
        ("gs://bucket/in", {"GOOGLE_SERVICE_ACCOUNT": "/no/such/file.json"}, 2, "gs://bucket/in cannot be used: "),
    ],
)
def test_what_cannot_be_reached_is_one_line(
    alone: Bench, path: str, env: dict[str, str], code: int, words: str
) -> None:
    alone.config.write_text(CONFIG.format(path=path))
    done = alone.ingest(**env)
    assert done.code == code, done.err
    assert words in done.err and done.err.count("\n") == 1
    assert SECRET not in done.out + done.err


def test_without_the_library_a_line_says_what_to_install(alone: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ingest.sources.store")
    monkeypatch.setitem(sys.modules, "obstore", None)
    done = alone.ingest(**KEYS)
    assert done.code == 2 and "source 'feed' is in an object store" in done.err and "pip install" in done.err
    assert alone.ingest(*alone.local({"people.csv": PEOPLE})).code == 0


def test_a_store_has_no_history(alone: Bench) -> None:
    done = alone.ingest("--backfill", **KEYS)
    assert done.code == 2 and "feed: failed: has no history; --backfill is for GitHub repositories" in done.err


def test_a_local_copy_takes_the_place_of_a_store(alone: Bench) -> None:
    assert alone.ingest(*alone.local({"people.csv": PEOPLE})).code == 0
    assert alone.ledger()["_file_path"].to_list() == ["data/people.csv"]


@pytest.fixture
def answers(alone: Bench) -> Iterator[Answers]:
    with serving(Answers()) as (found, port):
        alone.env |= KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        yield found


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (
            (403, f"<Error><Code>AccessDenied</Code><Message>{SECRET}</Message></Error>"),
            3,
            "access is denied (HTTP 403",
        ),
        ((401, ""), 3, "access is denied (HTTP 401)"),
        ((404, "<Error><Code>NoSuchBucket</Code></Error>"), 2, "s3://bucket is not there (HTTP 404 NoSuchBucket)"),
        ((503, "<Error><Code>SlowDown</Code></Error>"), 3, "s3://bucket/in answered HTTP 503"),
        ((301, ""), 3, "s3://bucket/in does not answer: Received redirect without LOCATION"),
        ((200, f"no list at all {SECRET}"), 3, "s3://bucket/in does not answer: Got invalid list response"),
    ],
)
def test_an_answer_that_is_no_listing_is_one_line(
    alone: Bench, answers: Answers, failure: tuple[int, str], code: int, words: str
) -> None:
    alone.config.write_text(CONFIG.format(path="s3://bucket/in").replace("people.csv", "p*.csv"))
    answers.failure = failure
    done = alone.ingest()
    assert done.code == code, done.err
    assert words in done.err and done.err.count("\n") == 1
    assert SECRET not in done.out + done.err


PAGE = (
    "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>{}"
    "</ListBucketResult>"
)
FILE = (
    "<Contents><Key>in/data/days/1.csv</Key><LastModified>2024-01-01T00:00:00Z</LastModified><ETag>1</ETag>"
    "<Size>8</Size></Contents>"
)


@pytest.mark.parametrize(
    ("pattern", "page", "words"),
    [
        ("days/**/*.csv", "", "s3://bucket/in/data/days is not listed to its end after 1 s"),
        ("days/*.csv", "", "s3://bucket/in/data/days is not listed to its end after 1 s"),
        ("days/*.csv", FILE, "s3://bucket/in/data/days is not listed to its end after 1 s"),
        ("days/**/*.csv", 500 * FILE, "s3://bucket/in/data/days has more than 5 files that datasets ask for"),
    ],
)
def test_a_listing_without_an_end_is_one_line(
    alone: Bench, answers: Answers, monkeypatch: pytest.MonkeyPatch, pattern: str, page: str, words: str
) -> None:
    monkeypatch.setattr(store, "_LISTING", 60.0 if "files" in words else 1.0)
    monkeypatch.setattr(store, "_OBJECTS", 5)
    alone.config.write_text(CONFIG.format(path="s3://bucket/in").replace("days/**/*.csv", pattern))
    answers.failure = 200, PAGE.format(page)
    done = alone.ingest("--dataset", "days")
    assert done.code in (2, 3) and done.err.count("\n") == 1
    assert words in done.err


@pytest.mark.parametrize("key", ["days//2.csv", "days/../2.csv", "days/./2.csv", "days/a\nb.csv", "days/\x7f.csv"])
def test_an_object_whose_name_cannot_be_listed_is_named(alone: Bench, answers: Answers, key: str) -> None:
    answers.objects = {"in/data/people.csv": PEOPLE, f"in/data/{key}": b"day\n1\n"}
    done = alone.ingest()
    assert done.code == 2 and done.err.count("\n") == 1
    assert "feed: failed: s3://bucket/in cannot be listed: the object 'in/data/days/" in done.err


def test_names_that_a_file_can_have_load_and_the_others_are_refused(alone: Bench, answers: Answers) -> None:
    names = ["a b", "a%41", "a#b", "ü", "a*", "+", "'\"&<"]
    bad = ["a\\b", "\u202eab"]
    answers.objects = {"in/data/people.csv": PEOPLE, "in/data/days/folder.csv/": b"", "in/data/days/empty.csv": b""}
    answers.objects |= {"in/data/dayside/1.csv": b"day\n1\n", "in/data/days/1.tsv": b"day\n1\n"}
    for number, name in enumerate(names + bad):
        answers.objects[f"in/data/days/{name}.csv"] = b"day\n%d\n" % number
    done = alone.ingest()
    assert done.code == 1, done.err
    loaded = alone.raw("days").select("_file_path", "day").sort("day").rows()
    assert loaded == [(f"data/days/{name}.csv", str(number)) for number, name in enumerate(names)]
    refused = alone.ledger().filter(status="refused").sort("_file_path").select("_file_path", "reason").rows()
    unsafe = "has a name that leaves its folder or is not printable"
    assert refused == [
        ("data/days/\\u202eab.csv", unsafe),
        ("data/days/a\\b.csv", unsafe),
        ("data/days/empty.csv", "is empty"),
    ]
    assert all("prefix=in%2Fdata%2Fdays%2F" in asked for asked in answers.asked if "list-type" in asked)
    assert alone.ingest().code == 0


@pytest.mark.parametrize(
    ("moment", "problem"),
    [("2090-06-01T00:00:00Z", "2090-06-01 00:00 UTC, is in the future"), ("0001-01-01T00:00:00Z", "is before 1970")],
)
def test_a_time_that_cannot_be_does_not_count(alone: Bench, answers: Answers, moment: str, problem: str) -> None:
    answers.objects = {"in/data/people.csv": PEOPLE, "in/data/days/1.csv": b"day\n1\n"}
    answers.modified = moment
    began = datetime.now(UTC)
    done = alone.ingest("--dataset", "days")
    assert done.code == 0 and f"{problem}, and does not count" in done.out
    assert began <= alone.raw("days")["_committed_at"][0] <= datetime.now(UTC)
    answers.objects["in/data/days/1.csv"] = b"day\n2\n"
    answers.modified = "2024-01-01T00:00:00Z"
    assert alone.ingest("--dataset", "days").code == 0
    assert alone.raw("days").sort("_committed_at")["day"].to_list() == ["1", "2"]


# --- the life of a file, on emulators ---


class Objects:
    """A folder of a bucket or container, and a source over it."""

    def __init__(self, bench: Bench, client: ObjectStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client = client
        self._base = url.split("://")[1].partition("/")[2]
        self.bench = bench
        bench.config.write_text(CONFIG.format(path=url))
        self.downloads: list[str] = []
        download = Store._download

        def counted(connector: Store, entry: Any, into: Any) -> str | None:
            self.downloads.append(entry.name)
            return download(connector, entry, into)

        monkeypatch.setattr(Store, "_download", counted)

    def put(self, name: str, content: bytes, **options: Any) -> None:
        obstore.put(self._client, f"{self._base}/data/{name}", content, **options)

    def delete(self, name: str) -> None:
        obstore.delete(self._client, f"{self._base}/data/{name}")

    def ingest(self, *args: str) -> Done:
        self.downloads.clear()
        done = self.bench.ingest(*args)
        if self.bench.lake.exists() and (self.bench.lake / "raw/_files").exists():
            assert_sound(self.bench.lake)
        return done


@pytest.fixture
def s3_objects(bench: Bench, s3: str, monkeypatch: pytest.MonkeyPatch) -> Objects:
    client = S3Store("bucket", client_options={"allow_http": True})
    return Objects(bench, client, f"{s3.rpartition('/')[0]}/in", monkeypatch)


@pytest.fixture
def azure_objects(bench: Bench, azure: str, monkeypatch: pytest.MonkeyPatch) -> Objects:
    return Objects(bench, AzureStore("lake"), f"{azure.rpartition('/')[0]}/in", monkeypatch)


def check_life(objects: Objects) -> None:
    bench = objects.bench
    days = {f"days/{name}": b"day\n%d\n" % number for number, name in enumerate(["1.csv", "a/2.csv", "a/b/3.csv"])}
    objects.put("people.csv", PEOPLE)
    for name, content in days.items():
        objects.put(name, content)
    objects.put("dayside/4.csv", b"day\n4\n")
    objects.put("days/5.tsv", b"day\n5\n")
    assert "4 would load" in objects.ingest("--dry-run").out and not objects.downloads

    done = objects.ingest()
    assert done.code == 0 and sorted(objects.downloads) == [*days, "people.csv"]
    ledger = bench.ledger().sort("_file_path")
    assert ledger.select("_file_path", "_file_version", "_file_sha", "size_bytes", "_commit_sha").rows() == [
        (f"data/{name}", 1, sha(content), len(content), None)
        for name, content in [*days.items(), ("people.csv", PEOPLE)]
    ]
    assert sorted(bench.raw("days")["day"]) == ["0", "1", "2"]

    versions = bench.versions()
    done = objects.ingest()
    assert done.code == 0 and "nothing new: 4 unchanged" in done.out and not objects.downloads
    assert bench.versions() == versions  # not a commit more, of the cache neither

    objects.put("people.csv", PEOPLE)  # the same bytes once more
    done = objects.ingest()
    assert done.code == 0 and "nothing new: 4 unchanged" in done.out
    assert "nothing new" in objects.ingest().out and not objects.downloads

    first = bench.ledger().filter(_file_path="data/people.csv")["_committed_at"][0]
    objects.put("people.csv", b"id\n3\n4\n")  # of the same size
    objects.delete("days/a/2.csv")
    done = objects.ingest()
    assert done.code == 0 and objects.downloads == ["people.csv"]
    assert "feed: data/days/a/2.csv: vanished: is no longer in the source; version 1 stays" in done.err
    assert sorted(bench.raw("people").select("_file_version", "id").rows()) == [(1, "1"), (1, "2"), (2, "3"), (2, "4")]
    assert bench.ledger().filter(_file_version=2)["_committed_at"][0] > first

    objects.put("people.csv", PEOPLE)  # back to what it was: a third version
    assert objects.ingest().code == 0
    assert bench.ledger().filter(_file_path="data/people.csv")["_file_version"].max() == 3


@pytest.mark.stores
def test_the_life_of_files_in_s3(s3_objects: Objects) -> None:
    check_life(s3_objects)


@pytest.mark.stores
def test_the_life_of_files_in_azure(azure_objects: Objects) -> None:
    check_life(azure_objects)


@pytest.mark.stores
def test_runs_at_the_same_time_and_killed_ones_load_each_version_once(s3_objects: Objects) -> None:
    bench = s3_objects.bench
    command = [sys.executable, "-m", "ingest", "--config", str(bench.config)]
    for version in (1, 2):
        s3_objects.put("people.csv", b"id\n" + b"".join(b"%d\n" % (version * 1000 + n) for n in range(500)))
        for day in range(5):
            s3_objects.put(f"days/{day}.csv", b"day\n%d\n" % (version * 10 + day))
        runs = [
            subprocess.Popen(
                command, cwd=CHECKOUT, env=os.environ | bench.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            for _ in range(3)
        ]
        while runs[0].poll() is None and not list(bench.lake.glob(f"raw/days/_delta_log/*{version * 5 - 3}.json")):
            time.sleep(0.01)
        runs[0].kill()
        for run in runs:
            _, err = run.communicate(timeout=300)
            assert run is runs[0] or run.returncode == 0, err.decode()
    assert s3_objects.ingest().code == 0
    assert_sound(bench.lake)
    assert sorted(map(int, bench.raw("people")["id"])) == [*range(1000, 1500), *range(2000, 2500)]
    assert sorted(map(int, bench.raw("days")["day"])) == [*range(10, 15), *range(20, 25)]


@pytest.mark.stores
def test_the_same_bytes_with_another_etag_are_no_version(s3_objects: Objects) -> None:
    s3_objects.put("people.csv", PEOPLE)
    s3_objects.ingest()
    s3_objects.put("people.csv", PEOPLE, use_multipart=True)
    done = s3_objects.ingest()
    assert "nothing new: 1 unchanged" in done.out and s3_objects.downloads == ["people.csv"]
    assert "nothing new: 1 unchanged" in s3_objects.ingest().out and not s3_objects.downloads


@pytest.mark.stores
def test_a_run_that_was_killed_before_it_could_note_what_it_read(
    s3_objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_objects.put("people.csv", PEOPLE)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "remember", lambda self: None)
        s3_objects.ingest()
    done = s3_objects.ingest()
    assert "nothing new: 1 unchanged" in done.out and s3_objects.downloads == ["people.csv"]
    assert s3_objects.bench.ledger().height == 1
    s3_objects.ingest()
    assert not s3_objects.downloads


@pytest.mark.stores
def test_bytes_that_were_rejected_are_not_taken_again(s3_objects: Objects) -> None:
    for content in (PEOPLE, b"id\n9\n"):
        s3_objects.put("people.csv", content)
        s3_objects.ingest()
    s3_objects.bench.ingest("reject", "people.csv", "--version", "2", "--why", "wrong")
    for content in (PEOPLE, b"id\n9\n"):
        s3_objects.put("people.csv", content)
        done = s3_objects.ingest()
    assert "has the bytes of version 2 of feed/data/people.csv" in done.out + done.err
    assert "rejected" in s3_objects.ingest().out and not s3_objects.downloads


def changing(
    monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[int], None], owner: Any = Store, before: bool = False
) -> None:
    """Let something happen each time after, or before, a function is called, with the number of calls so far."""
    function, calls = getattr(owner, name), 0

    def called(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if before:
            change(calls)
        result = function(*args, **kwargs)
        if not before:
            change(calls)
        return result

    monkeypatch.setattr(owner, name, called)


NEWER = b"id\n7\n8\n9\n"


@pytest.mark.stores
@pytest.mark.parametrize("when", ["listing", "parts"])
def test_what_changes_after_the_listing_is_read_as_it_is_now(
    s3_objects: Objects, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    s3_objects.put("people.csv", PEOPLE)

    def change(calls: int) -> None:
        if calls == 1:
            s3_objects.put("people.csv", NEWER)

    with monkeypatch.context() as patch:
        if when == "listing":
            changing(patch, "listing", change)
        else:
            patch.setattr(store, "_PART", 4)
            changing(patch, "get", change, obstore)
        done = s3_objects.ingest()
    assert done.code == 0
    ledger = s3_objects.bench.ledger()
    assert ledger.select("_file_sha", "size_bytes").rows() == [(sha(NEWER), len(NEWER))]
    assert sorted(s3_objects.bench.raw("people")["id"]) == ["7", "8", "9"]
    assert "nothing new" in s3_objects.ingest().out and not s3_objects.downloads


@pytest.mark.stores
@pytest.mark.parametrize("end", ["changes", "deleted", "too large"])
def test_what_does_not_hold_still_is_one_line_and_nothing_is_noted(
    s3_objects: Objects, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    s3_objects.put("days/1.csv", b"day\n0\n")

    def change(calls: int) -> None:
        if end == "deleted":
            s3_objects.delete("days/1.csv")
        else:
            s3_objects.put("days/1.csv", b"day\n%d\n" % calls * (1 if end == "changes" else 1000))

    with monkeypatch.context() as patch:
        changing(patch, "_download", change, before=True)
        done = s3_objects.ingest("--dataset", "days")
    assert done.code == 3 and done.err.count("\n") == 1
    words = "was listed, but is not there" if end == "deleted" else "changes while it is read"
    assert f"in/data/days/1.csv {words}; run again" in done.err
    assert not (s3_objects.bench.lake / "raw/_files").exists() or s3_objects.bench.ledger().is_empty()
    if end == "changes":
        assert s3_objects.ingest("--dataset", "days").code == 0
        assert s3_objects.bench.raw("days")["day"].to_list() == ["3"]


@pytest.mark.stores
def test_a_large_object_is_refused_without_a_download(s3_objects: Objects) -> None:
    s3_objects.put("people.csv", PEOPLE)
    s3_objects.put("days/1.csv", b"day\n" + b"1\n" * 1000)
    for code in (1, 0):
        done = s3_objects.ingest()
        assert done.code == code and "days/1.csv" not in s3_objects.downloads
    assert "is over the limit of 1000 bytes" in done.out + s3_objects.bench.ingest("status").out
    config = s3_objects.bench.config
    config.write_text(config.read_text().replace("1000", "10000"))
    assert s3_objects.ingest().code == 0
    assert s3_objects.bench.raw("days").height == 1000


@pytest.mark.stores
def test_nothing_there(s3_objects: Objects) -> None:
    done = s3_objects.ingest()
    assert done.code == 2 and "feed: no file matches 'days/**/*.csv'" in done.out
    assert "feed: data/people.csv: failed: is not in the source" in done.err
    config = s3_objects.bench.config
    config.write_text(config.read_text().replace("s3://bucket/", "s3://no-such-bucket/"))
    done = s3_objects.ingest()
    assert done.code == 2 and "s3://no-such-bucket is not there (HTTP 404 NoSuchBucket)" in done.err


@pytest.mark.stores
def test_more_objects_than_a_page_holds(s3_objects: Objects) -> None:
    for number in range(1003):
        s3_objects.put(f"days/{number % 7}/{number}.csv", b"day\n1\n")
    s3_objects.put("people.csv", PEOPLE)
    assert "1,004 would load" in s3_objects.ingest("--dry-run").out
