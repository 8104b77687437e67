"""Commands in the process that tests: dbt, and what runs as `python -m …`. Starting Python and dbt takes seconds."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from lakehouse.build import FAULT_OF_DUCKDB, forget_dbt

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said; of dbt also status and message of every node, by name."""

    returncode: int
    stdout: str
    stderr: str
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)


@contextlib.contextmanager
def _as_a_process(env: Mapping[str, str], cwd: Path) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Environment, working folder and output as a process of its own would have them; yields what is said."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, env, clear=True),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        yield out, err


@contextlib.contextmanager
def _dbt_left_behind() -> Iterator[None]:
    """Take away what dbt leaves in its process: the next run opens its lake again."""
    try:
        yield
    finally:
        forget_dbt()


@cache
def _parsed() -> Manifest:
    """The project as this process parsed it, for the builds that follow: reading it back takes a tenth of a build."""
    result = dbtRunner().invoke(["parse", "--quiet"]).result
    assert isinstance(result, Manifest)
    return result


def dbt(*args: str, env: Mapping[str, str], cwd: Path, parsed: bool = False) -> Done:
    """Run `dbt <args>`; `parsed`: over the project as it was parsed before, for commands that read no other one."""
    done = _dbt(args, env, cwd, parsed)
    if FAULT_OF_DUCKDB in done.stderr + done.stdout + "".join(message for _, message in done.nodes.values()):
        warnings.warn(f"dbt {' '.join(args)} met a known fault of DuckDB, and was run again", stacklevel=2)
        done = _dbt(args, env, cwd, parsed)
    return done


def _dbt(args: tuple[str, ...], env: Mapping[str, str], cwd: Path, parsed: bool) -> Done:
    with _as_a_process(env, cwd) as (out, err), _dbt_left_behind():
        result = dbtRunner(_parsed() if parsed else None).invoke(list(args))
    nodes = {
        run.node.name: (str(run.status), str(run.message))
        for run in getattr(result.result, "results", [])
        if hasattr(run, "node")
    }
    if result.exception is not None:
        print(result.exception, file=err)
    return Done(0 if result.success else 2 if result.exception else 1, out.getvalue(), err.getvalue(), nodes)


def python(module: str, *args: str, env: Mapping[str, str], cwd: Path) -> Done:
    """Run `python -m <module> <args>`."""
    code: object = 0
    if "lakehouse.site.gold" in sys.modules:  # which keeps the tables that it has read
        sys.modules["lakehouse.site.gold"].read.cache_clear()
    with _as_a_process(env, cwd) as (out, err), patch.object(sys, "argv", [module, *args]):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # that the module is imported already
                runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            code = ended.code
            if isinstance(code, str):
                print(code, file=err)
    return Done(code if isinstance(code, int) else 0 if code is None else 1, out.getvalue(), err.getvalue())


def call(function: Callable[[], Result], env: Mapping[str, str], cwd: Path) -> Result:
    """Call what uses dbt as a library."""
    with _as_a_process(env, cwd), _dbt_left_behind():
        return function()
