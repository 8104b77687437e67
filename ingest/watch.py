"""Looking again and again, and running a command when something was loaded."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from ingest.errors import IngestError
from ingest.report import Report


class Watch:
    """Calls ``once`` every ``seconds`` until SIGTERM or SIGINT.

    The command is due when a run has loaded something, and stays so until it has succeeded.
    """

    def __init__(self, once: Callable[[], Report], seconds: float, command: str | None, stop: threading.Event) -> None:
        self._once = once
        self._seconds = seconds
        self._command = command
        self._stop = stop
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        due = False
        while not self._stop.is_set():
            try:
                due |= self._once().loaded > 0
            except IngestError as error:
                print(f"ingest: {error}; trying again in {self._seconds:g} s", file=sys.stderr, flush=True)
            if due and self._command and not self._stop.is_set():
                due = not self._succeeds(self._command)
            self._stop.wait(self._seconds)

    def _succeeds(self, command: str) -> bool:
        self._child = subprocess.Popen(command, shell=True)
        code = self._child.wait()
        self._child = None
        if code and not self._stop.is_set():
            print(f"ingest: {command!r} ended with code {code}; it is run again next time", file=sys.stderr, flush=True)
        return code == 0

    def _end(self, *_: object) -> None:
        self._stop.set()
        if self._child is not None:
            self._child.terminate()
