"""Looking again and again, and running a command when something was loaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ingest.errors import IngestError
from ingest.report import Report
from ingest.storage.tables import Lake
from ingest.storage.trigger import Trigger
from lakehouse.ending import described


class Watch:
    """Calls ``once`` every ``seconds`` until SIGTERM or SIGINT.

    The command is due when the lake has versions that it has not run over, whoever loaded them, and stays so until it
    has succeeded, also when this process ends in between.
    """

    def __init__(
        self, lake: Lake, once: Callable[[], Report], seconds: float, command: str | None, stop: threading.Event
    ) -> None:
        self._lake = lake
        self._once = once
        self._seconds = seconds
        self._command = command
        self._stop = stop
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._stop.is_set():
            self._attempt(self._once)
            if self._command and not self._stop.is_set():
                self._attempt(partial(self._run_if_due, self._command))
            self._stop.wait(self._seconds)

    def _attempt(self, step: Callable[[], object]) -> None:
        try:
            step()
        except BrokenPipeError:
            raise
        except Exception as error:
            said = error if isinstance(error, IngestError) else described(error)
            print(f"ingest: {said}; trying again in {self._seconds:g} s", file=sys.stderr, flush=True)

    def _run_if_due(self, command: str) -> None:
        """Run the command if it is due."""
        trigger = Trigger(self._lake, command)
        with self._lake.failures():
            loaded = trigger.due()
        if loaded is not None and self._succeeds(command):
            with self._lake.failures():
                trigger.succeeded(loaded)

    def _succeeds(self, command: str) -> bool:
        # A group of its own, so that all that the shell starts can be ended with it.
        self._child = subprocess.Popen(command, shell=True, start_new_session=True)
        code = self._child.wait()
        self._child = None
        if code and not self._stop.is_set():
            print(f"ingest: {command!r} ended with code {code}; it is run again next time", file=sys.stderr, flush=True)
        return code == 0

    def _end(self, *_: object) -> None:
        self._stop.set()
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGTERM)
