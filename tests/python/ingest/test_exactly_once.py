"""Killed at any moment, several at a time, or stopped at any commit: the lake ends as after one clean run."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from ingest.storage import tables as lake_module
from ingest.storage.tables import FileRecord, Ledger
from tests.python.ingest.conftest import Bench, assert_sound, contents, read
from tests.python.ingest.github_server import GitHubServer, Repository
from tests.support.lake import CHECKOUT

KILLS = int(os.environ.get("INGEST_KILLS", "9"))
ROUNDS = int(os.environ.get("INGEST_RACES", "1"))


def start(bench: Bench, *args: str, lake: Path | None = None) -> subprocess.Popen[bytes]:
    env = os.environ | bench.env | ({"LAKEHOUSE_ROOT": str(lake)} if lake else {})
    command = [sys.executable, "-m", "ingest", "--config", str(bench.config), *args]
    return subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(process: subprocess.Popen[bytes]) -> None:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out.decode()


def history(feed: Repository, size: int = 10_000) -> None:
    """Several files, two of them in one table, and one with two versions in the past."""
    lines = [b"%d,name %d\n" % (number, number) for number in range(4 * size)]
    for last in (size, 2 * size, 4 * size):
        feed.commit(
            {
                "data/people.csv": b"id,name\n" + b"".join(lines[:last]),
                "data/places.tsv": b"id\tplace\n" + b"".join(lines[: last // 2]).replace(b",", b"\t"),
                "data/days-1.csv": b"day\n" + b"".join(lines[:1000]),
                "data/days-2.csv": b"day\n" + b"".join(lines[:last]),
            }
        )


def commits(lake: Path) -> int:
    """How many commits the raw tables of a lake have, all in all."""
    return sum(1 for _ in lake.glob("raw/*/_delta_log/*.json"))


@pytest.mark.kills
def test_killed_at_random_moments_and_started_again(bench: Bench, feed: Repository, tmp_path: Path) -> None:
    history(feed)
    finish(start(bench, "--backfill"))
    expected, total = contents(bench.lake), commits(bench.lake)
    assert {row["_file_version"] for row in expected["people"]} == {1, 2, 3}
    chance = random.Random(7)
    cut_short = 0
    lake = tmp_path / "killed"
    for number in range(KILLS):
        known = min(commits(lake), total)
        process = start(bench, "--backfill", lake=lake)
        # Most of the time goes into starting Python; what matters comes after that, however busy the machine is.
        wanted = chance.randint(known, total)
        while process.poll() is None and commits(lake) < wanted:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        cut_short += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if number % 3 == 0:  # otherwise the next one starts on what this one left
            finish(start(bench, "--backfill", lake=lake))
            assert contents(lake) == expected
            assert_sound(lake)
            shutil.rmtree(lake)
    finish(start(bench, "--backfill", lake=lake))
    assert contents(lake) == expected
    assert_sound(lake)
    assert cut_short > KILLS // 3, "hardly any run was really cut short"


def test_a_run_that_is_stopped_says_so_and_leaves_no_download(
    bench: Bench, feed: Repository, github: GitHubServer, tmp_path: Path
) -> None:
    """At once, though the rest of the file would take minutes."""
    feed.commit({"data/people.csv": b"id\n" + (b"1" * 99 + b"\n") * 400_000, "data/places.tsv": b"id\n1\n"})
    github.fault = lambda path: ("slow", 0, {}) if path.endswith("people.csv") else None
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    bench.env |= {"TMPDIR": str(scratch)}
    process = start(bench)
    until = time.monotonic() + 60
    while not any(path.stat().st_size for path in scratch.rglob("content")) and time.monotonic() < until:
        time.sleep(0.05)
    assert process.poll() is None
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.decode().splitlines()[-1] == "ingest: stopped; the next run goes on from here"
    assert "Traceback" not in out.decode() and "failed" not in out.decode()
    assert list(scratch.iterdir()) == []
    github.fault = lambda path: None
    finish(start(bench))
    assert_sound(bench.lake)


@pytest.mark.kills
@pytest.mark.parametrize("mode", ["present", "backfill"])
def test_eight_at_once(bench: Bench, feed: Repository, tmp_path: Path, mode: str) -> None:
    args = ["--backfill"] if mode == "backfill" else []
    history(feed)
    finish(start(bench, *args))
    expected = contents(bench.lake)
    for number in range(ROUNDS):
        lake = tmp_path / f"race-{number}"
        for process in [start(bench, *args, lake=lake) for _ in range(8)]:
            finish(process)
        assert_sound(lake)
        found = contents(lake)
        for table, rows in expected.items():
            assert found[table] == rows


class Killed(BaseException):
    pass


def test_killed_at_every_commit_and_started_again(
    bench: Bench, feed: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without processes: each run ends before or after its third commit, until one finds nothing more to do."""
    history(feed, 10)
    assert bench.ingest("--backfill").code == 0
    expected = contents(bench.lake)
    commit, lock, left = lake_module._commit, threading.Lock(), [0]

    def killed(*args: Any, **facts: Any) -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0 and runs % 2:
                commit(*args, **facts)
            if left[0] <= 0:
                raise Killed
            commit(*args, **facts)

    monkeypatch.setattr(lake_module, "_commit", killed)
    lake, runs = tmp_path / "killed", 0
    while True:
        left[0], runs = 3, runs + 1
        try:
            assert bench.ingest("--backfill", LAKEHOUSE_ROOT=str(lake)).code == 0
            break
        except Killed:
            assert runs < 30
    assert runs > 5
    assert contents(lake) == expected
    assert_sound(lake)


@pytest.mark.parametrize("args", [[], ["--backfill"]], ids=["present", "backfill"])
def test_another_run_in_between(
    bench: Bench, feed: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    """All of another run takes place right before a commit of the first, which has read and decided by then."""
    history(feed, 10)
    assert bench.ingest(*args).code == 0
    expected = contents(bench.lake)
    commit, lock = lake_module._commit, threading.Lock()
    for number in (1, 2, 4):
        lake, count = str(tmp_path / f"race-{number}"), itertools.count(1)

        def overtaken(*given: Any, count: Any = count, number: int = number, lake: str = lake, **facts: Any) -> None:
            with lock:
                turn = next(count)
            if turn == number:
                assert bench.ingest(*args, LAKEHOUSE_ROOT=lake).code == 0
            commit(*given, **facts)

        monkeypatch.setattr(lake_module, "_commit", overtaken)
        assert bench.ingest(*args, LAKEHOUSE_ROOT=lake).code == 0
        assert next(count) > number
        assert_sound(Path(lake))
        assert contents(Path(lake)) == expected


WRITES_THAT_WAIT = """
import os, sys, threading
import polars as pl
from ingest.storage import tables

schema, frame = {"a": pl.String()}, pl.DataFrame({"a": ["x"] * 50_000})

def table(name):
    tables._create(f"{sys.argv[1]}/{name}", schema, "")
    return tables.open_table(f"{sys.argv[1]}/{name}")

there, found = table("there"), threading.Event()
for _ in range(2):
    tables._commit(there, [frame], schema)
    there.update_incremental()

def frames():
    yield frame
    begun.release()
    found.wait()

begun, count = threading.Semaphore(0), os.cpu_count()
for number in range(count):
    threading.Thread(target=tables._commit, args=(table(number), frames(), schema)).start()
for number in range(count):
    begun.acquire()
print(tables.query(there, "select max(a) from t").item())
found.set()
"""


def test_a_table_is_read_while_as_many_writes_as_there_are_processors_wait(tmp_path: Path) -> None:
    """Each has to wait for its records, which those who read make."""
    command = [sys.executable, "-c", WRITES_THAT_WAIT, str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if name != "TOKIO_WORKER_THREADS"}
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "x\n"


@pytest.mark.parametrize("also_vanishes", [False, True])
def test_killed_between_the_records_and_the_ledger(
    bench: Bench, feed: Repository, monkeypatch: pytest.MonkeyPatch, also_vanishes: bool
) -> None:
    feed.commit({"data/people.csv": b'id\n1\n"2\n', "data/places.tsv": b"id\n1\n"})
    append = Ledger.append

    def killed(self: Ledger, record: FileRecord) -> None:
        if record.raw_table == "people":
            raise Killed
        append(self, record)

    monkeypatch.setattr(Ledger, "append", killed)
    with pytest.raises(Killed):
        bench.ingest()
    monkeypatch.setattr(Ledger, "append", append)
    assert read(bench.lake, "people").height == 2
    if also_vanishes:
        feed.commit({"data/people.csv": None})
    assert bench.ingest().code == 0
    row = bench.ledger().filter(raw_table="people").to_dicts()
    assert [(entry["_file_version"], entry["row_count"], entry["rescued_count"]) for entry in row] == [(1, 2, 1)]
    assert read(bench.lake, "people").height == 2
    assert_sound(bench.lake)


def test_nothing_is_committed_from_a_file_that_turns_out_bad_at_its_end(bench: Bench, feed: Repository) -> None:
    feed.commit({"data/people.csv": b"id\n" + (b"1" * 99 + b"\n") * 100_000 + b"\xff\n", "data/places.tsv": b"id\n1\n"})
    assert bench.ingest().code == 1
    assert read(bench.lake, "people").height == 0
    assert_sound(bench.lake)


def test_a_commit_on_a_table_that_has_moved_on_fails(bench: Bench, feed: Repository) -> None:
    feed.commit({"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"})
    bench.ingest()
    stale = DeltaTable(str(bench.lake / "raw/people"))
    feed.commit({"data/people.csv": b"id\n2\n"})
    bench.ingest()
    schema = dict(read(bench.lake, "people").schema)
    with pytest.raises(lake_module.Conflict):
        lake_module._commit(stale, [read(bench.lake, "people")], schema)
    assert read(bench.lake, "people").height == 2


def test_a_ledger_and_a_table_that_disagree_are_not_made_worse(bench: Bench, feed: Repository) -> None:
    feed.commit({"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"})
    bench.ingest()
    shutil.rmtree(bench.lake / "raw/people")
    feed.commit({"data/people.csv": b"id\n2\n"})
    done = bench.ingest()
    assert done.code == 2
    assert "the ledger ends with version 1 of the file, raw table people with 0" in done.err
    assert not (bench.lake / "raw/people").exists()


def test_each_load_is_one_commit_that_says_what_it_is(bench: Bench, feed: Repository) -> None:
    feed.commit({"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"})
    bench.ingest()
    log = bench.lake / "raw/people/_delta_log/00000000000000000001.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    assert [action["txn"]["version"] for action in actions if "txn" in action] == [1]
    assert [action["txn"]["appId"] for action in actions if "txn" in action] == ["ingest:feed:data/people.csv"]
    note = next(json.loads(action["commitInfo"]["ingest"]) for action in actions if "commitInfo" in action)
    assert (note["path"], note["version"], note["raw_table"]) == ("data/people.csv", 1, "people")
