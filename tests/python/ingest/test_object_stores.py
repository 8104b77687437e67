"""Lakes in S3 and in Azure Blob Storage, on emulators that the tests start; also with several writers at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import polars as pl
import pytest
import requests
from deltalake import DeltaTable, QueryBuilder
from filelock import FileLock

from ingest.contents import MARKER
from ingest.handed import Handed
from ingest.lake import Lake
from tests.python.ingest.conftest import Bench
from tests.python.ingest.github_server import Repository
from tests.support.lake import CHECKOUT

WRITERS = 4
# The account and key that Azurite has built in; they open nothing else.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


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
    handed = Handed(Lake(root), "dbt build")
    assert handed.due() == 8
    handed.had(8)
    assert handed.due() is None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server until the block ends. Not in this process, whose threads stand still while Delta reads."""
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            assert time.monotonic() < until and server.poll() is None, f"{command[0]} did not start"
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    port = free_port()
    settings = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    program = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    with started(program, port, tmp_path):
        requests.put(f"http://127.0.0.1:{port}/bucket", timeout=30).raise_for_status()
        yield "s3://bucket/lake"


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


def azurite_program(cache: Path) -> str:
    """The program ``azurite-blob``: the installed one, or else from npm into pytest's cache."""
    if found := shutil.which("azurite-blob"):
        return found
    installed = cache / "node_modules" / ".bin" / "azurite-blob"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "lock"):  # tests of several processes may want it at the same time
        if installed.exists():
            return str(installed)
        if not shutil.which("npm"):
            pytest.skip("Azurite is not installed, and neither is npm to get it with")
        command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(cache), "azurite"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            pytest.skip(f"Azurite could not be installed from npm: {done.stderr.strip()[-200:]}")
    return str(installed)


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Iterator[str]:
    program = azurite_program(pytestconfig.cache.mkdir("azurite") if pytestconfig.cache else tmp_path / "azurite")
    port = free_port()
    command = [program, "--skipApiVersionCheck", "--inMemoryPersistence", "--silent", "--blobPort", str(port)]
    settings = {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_USE_EMULATOR": "true",  # Azurite cannot list from a name on, and this makes up for it
        "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{port}",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with started(command, port, tmp_path):
        create_container(port, "lake")
        yield "az://lake/tables"


def create_container(port: int, name: str) -> None:
    """By the REST API, signed with the account's key."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{version}\n{resource}"
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {ACCOUNT}:{signature}"}
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{name}?restype=container"
    response = requests.put(url, headers=headers, timeout=30)
    assert response.status_code == 201, response.text


def test_azure_with_concurrent_writers(bench: Bench, feed: Repository, azure: str) -> None:
    check_concurrent_writers(bench, feed, azure)
