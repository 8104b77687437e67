"""`python -m lakehouse serve`, which `make serve` calls."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.in_process import python


def test_a_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the page")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "lakehouse", "serve", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None and f"http://127.0.0.1:{port}" in process.stdout.readline()
            assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).text == "the page"
        finally:
            process.terminate()


@pytest.mark.parametrize("port", ["taken", "99999", "abc"])
def test_a_port_that_cannot_be_used_is_one_line(tmp_path: Path, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        done = python("lakehouse", "serve", str(tmp_path), "--port", number, env=os.environ, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (f"Port {number} cannot be used" if port == "taken" else "Invalid value for '--port'") in done.stderr
