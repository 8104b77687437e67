"""dbt in a process that stays: after the first run, a run costs half."""

from __future__ import annotations

import subprocess
import sys
from typing import Self

from tests.python.lake import CHECKOUT, Lake

_DONE = "DBT PROCESS DONE "
_LOOP = f"""
import sys
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
for line in sys.stdin:
    done = dbtRunner().invoke(line.split())
    DuckDBConnectionManager.close_all_connections()  # the next run opens the lake anew, as a process of its own would
    print("{_DONE}" + str(done.success), flush=True)
"""


class DbtProcess:
    """Runs dbt commands one after the other against a lake; a context manager."""

    def __init__(self, lake: Lake) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            cwd=CHECKOUT,
            env=lake.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *args: str) -> None:
        """Run `dbt <args>`; raises AssertionError with dbt's output if it fails."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(" ".join(args), file=self._process.stdin, flush=True)
        output = []
        for line in self._process.stdout:
            output.append(line)
            if _DONE in line:
                assert line.strip().endswith("True"), "".join(output)
                return
        raise AssertionError("dbt ended:\n" + "".join(output))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
