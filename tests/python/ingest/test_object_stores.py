"""Lakes in S3 and in Azure Blob Storage, on emulators; in the lane `stores` with several writers at once."""

from __future__ import annotations

import os
import subprocess
import sys

import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder

from ingest.contents import MARKER
from ingest.storage.tables import Lake
from ingest.storage.trigger import Trigger
from tests.python.ingest.conftest import Bench
from tests.python.ingest.github_server import Repository
from tests.support.lake import CHECKOUT

WRITERS = 4


def read(uri: str) -> pl.DataFrame:
    return pl.DataFrame(QueryBuilder().register("t", DeltaTable(uri)).execute("select * from t").read_all())


def check_concurrent_writers(bench: Bench, feed: Repository, root: str) -> None:
    """Several ingests at once, twice, each time after a change; then one more that finds nothing to do."""
    for version in (1, 2):
        feed.commit(
            {
                "data/people.csv": b"id\n" + b"".join(b"%d\n" % (version * 1000 + n) for n in range(500)),
                "data/places.tsv": b"id\n%d\n" % version,
                "data/days-1.csv": b"day\n%d\n" % version,
                "data/days-2.csv": b"day\n%d\n" % version,
            }
        )
        env = os.environ | bench.env | {"LAKEHOUSE_ROOT": root}
        command = [sys.executable, "-m", "ingest", "--config", str(bench.config)]
        runs = [
            subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(WRITERS)
        ]
        for run in runs:
            out, _ = run.communicate(timeout=300)
            assert run.returncode == 0, out.decode()
    ledger = read(f"{root}/raw/_files")
    assert sorted(ledger.select("_file_path", "_file_version").rows()) == [
        (f"data/{name}", version)
        for name in ("days-1.csv", "days-2.csv", "people.csv", "places.tsv")
        for version in (1, 2)
    ]
    people = read(f"{root}/raw/people")
    assert sorted(people["id"].cast(pl.Int64)) == [*range(1000, 1500), *range(2000, 2500)]
    assert sorted(people["_row_number"]) == sorted([*range(1, 501)] * 2)
    assert sorted(read(f"{root}/raw/days").select("_file_path", "_file_version", "day").rows()) == [
        (f"data/days-{file}.csv", version, str(version)) for file in (1, 2) for version in (1, 2)
    ]
    versions = {table: DeltaTable(f"{root}/raw/{table}").version() for table in ("people", "places", "days", "_files")}
    done = bench.ingest(LAKEHOUSE_ROOT=root)
    assert done.code == 0 and "nothing new: 4 unchanged" in done.out
    assert versions == {table: DeltaTable(f"{root}/raw/{table}").version() for table in versions}
    trigger = Trigger(Lake(root), "dbt build")
    assert trigger.due() == 8
    trigger.succeeded(8)
    assert trigger.due() is None


@pytest.mark.stores
def test_s3_with_concurrent_writers(bench: Bench, feed: Repository, s3: str) -> None:
    check_concurrent_writers(bench, feed, s3)


def test_s3_made_up_and_real_data_never_meet(bench: Bench, feed: Repository, s3: str) -> None:
    feed.commit({"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"})
    assert bench.ingest(LAKEHOUSE_ROOT=s3).code == 0
    version = DeltaTable(f"{s3}/raw/people").version()
    arguments = bench.local({"people.csv": b"id\n2\n", "places.tsv": b"id\n2\n", MARKER: b""})
    done = bench.ingest(*arguments, LAKEHOUSE_ROOT=s3)
    assert done.code == 2 and f"the lake {s3} holds real data" in done.err
    assert DeltaTable(f"{s3}/raw/people").version() == version


def test_an_object_store_that_refuses_is_one_line(bench: Bench, feed: Repository, s3: str) -> None:
    feed.commit({"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"})
    done = bench.ingest(LAKEHOUSE_ROOT="s3://no-such-bucket/lake")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("ingest: the lake s3://no-such-bucket/lake cannot be used: ")


@pytest.mark.stores
def test_azure_with_concurrent_writers(bench: Bench, feed: Repository, azure: str) -> None:
    check_concurrent_writers(bench, feed, azure)
