"""Whatever happens, a command ends with one line that names the cause, or with none where nobody reads."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.ending import described
from tests.python.ingest.conftest import Bench
from tests.support import in_process
from tests.support.lake import CHECKOUT

TOKEN = "ghp_planted_secret"


class PanicException(BaseException):
    """As libraries in Rust raise it."""


def no_space(_: object = None, **__: object) -> object:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/ingest-x")


def fails(error: BaseException) -> Callable[..., object]:
    def raising(*_: object, **__: object) -> object:
        raise error

    return raising


UNEXPECTED = {
    "a bug": (KeyError("column \x1b[31m"), "unexpected: KeyError: ", 70),
    "a panic": (PanicException("called unwrap on None"), "unexpected: PanicException: called unwrap", 70),
    "the token": (RuntimeError(f"Bearer {TOKEN} at https://me:{TOKEN}@host"), "Bearer *** at https://***@host", 70),
    "many lines": (ValueError("one\ntwo\u202ethree"), "ValueError: one two\\u202ethree", 70),
    "no rights": (PermissionError(errno.EACCES, "Permission denied", "/there"), "/there: Permission denied", 2),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device", "/full/x"), "/full/x: No space left on device", 2),
    "not UTF-8": (UnicodeEncodeError("ascii", "x\xe9", 1, 2, "ordinal not in range"), "can't encode character", 2),
}


@pytest.mark.parametrize("case", UNEXPECTED)
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_what_is_unexpected_is_one_line(bench: Bench, monkeypatch: pytest.MonkeyPatch, case: str, debug: bool) -> None:
    error, words, code = UNEXPECTED[case]
    source = bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"})
    monkeypatch.setattr("ingest.run.current_candidates", fails(error))
    env = os.environ | bench.env | {"GITHUB_TOKEN": TOKEN}
    arguments = ["--debug"] * debug + ["--config", str(bench.config), *source]
    done = in_process.python("ingest", *arguments, env=env, cwd=CHECKOUT)
    assert done.returncode == code
    lines = done.stderr.splitlines()
    assert words in lines[-1] and lines[-1].startswith("ingest: ")
    assert ("Traceback" in done.stderr) == debug
    if not debug:
        assert len(lines) == 1 and TOKEN not in done.stderr and "\x1b" not in done.stderr


def test_a_full_temporary_folder_is_not_the_lake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    source = bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"})
    monkeypatch.setattr("ingest.run.tempfile.TemporaryDirectory", no_space)
    env = os.environ | bench.env
    done = in_process.python("ingest", "--config", str(bench.config), *source, env=env, cwd=CHECKOUT)
    assert (done.returncode, done.stderr) == (2, "ingest: /full/ingest-x: No space left on device\n")


def test_a_temporary_folder_without_room_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: os.statvfs_result([0] * 10) and type("U", (), {"free": 0}))
    said = described(OSError(errno.ENOSPC, "No space left on device"))
    assert "the temporary folder" in said and "TMPDIR" in said


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [("| head -c 0", 141, ""), ("> /dev/full", 2, "No space left on device")],
    ids=["closed", "full"],
)
def test_standard_output_that_takes_nothing(bench: Bench, out: str, code: int, words: str) -> None:
    if "full" in out and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    bench.ingest(*bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"}))
    command = f"'{sys.executable}' -m ingest --config '{bench.config}' --log-format json status"
    line = f"set -o pipefail; (sleep 0.3; exec {command}) {out}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=CHECKOUT, env=os.environ | bench.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stderr == "" if not words else words in done.stderr and done.stderr.count("\n") == 1
    assert "the lake" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_then_has_started(bench: Bench, number: signal.Signals) -> None:
    source = bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"})
    told = bench.folder / "told"
    then = f"(sh -c 'echo $$ > \"{told}\"; sleep 60; true'; true) | cat"
    command = [sys.executable, "-m", "ingest", "--config", str(bench.config), *source, "--watch", "60", "--then", then]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | bench.env, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (told.exists() and told.read_text().strip()) and time.monotonic() < until:
            time.sleep(0.05)
        child = int(told.read_text())
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        until = time.monotonic() + 10
        while is_there(child) and time.monotonic() < until:
            time.sleep(0.05)
        assert not is_there(child)
    finally:
        process.kill()
        process.wait()


def is_there(pid: int) -> bool:
    """Whether a process is there and no zombie that nobody has looked after yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
