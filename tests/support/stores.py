"""Object stores for lakes: emulators of S3 (moto) and Azure Blob Storage (Azurite), started once a worker."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from filelock import FileLock

# The account and key that Azurite has built in; they open nothing else.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _started(command: list[str], port: int, folder: Path) -> Iterator[None]:
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


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that speaks S3 and has a bucket named `bucket`."""
    port = _free_port()
    program = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    with _started(program, port, tmp_path_factory.mktemp("s3")):
        requests.put(f"http://127.0.0.1:{port}/bucket", timeout=30).raise_for_status()
        yield port


@pytest.fixture
def s3(s3_server: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an empty lake in S3, with the environment to reach it."""
    settings = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3_server}",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{uuid4().hex}/lake"


def _azurite(cache: Path) -> str:
    """The program `azurite-blob`: the installed one, or else from npm into pytest's cache."""
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
            pytest.skip(f"Azurite could not be installed from npm: {' '.join(done.stderr.split())[-200:]}")
    return str(installed)


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[int]:
    """The port of Azurite, with a container named `lake`."""
    folder = tmp_path_factory.mktemp("azure")
    program = _azurite(pytestconfig.cache.mkdir("azurite") if pytestconfig.cache else folder / "azurite")
    port = _free_port()
    command = [program, "--skipApiVersionCheck", "--inMemoryPersistence", "--silent", "--blobPort", str(port)]
    with _started(command, port, folder):
        _create_container(port, "lake")
        yield port


@pytest.fixture
def azure(azure_server: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an empty lake in Azure Blob Storage, with the environment to reach it."""
    settings = {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_USE_EMULATOR": "true",  # Azurite cannot list from a name on, and this makes up for it
        "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{azure_server}",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return f"az://lake/{uuid4().hex}/tables"


def _create_container(port: int, name: str) -> None:
    """By the REST API, signed with the account's key."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{version}\n{resource}"
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {ACCOUNT}:{signature}"}
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{name}?restype=container"
    response = requests.put(url, headers=headers, timeout=30)
    assert response.status_code == 201, response.text
