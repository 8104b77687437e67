"""DuckDB and dbt with less work in this process, where what comes out is the same."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import dbt.artifacts.schemas.base as artifacts
import duckdb
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.tests import enable_test_caching
from dbt_common.utils.encoding import JSONEncoder


def quicken() -> None:
    """Call it before the first connection; calling it again changes nothing."""
    enable_test_caching()  # dbt's own: it parses a macro once in a process, and not in each run
    MacroFuzzEnvironment.compile = _compile  # type: ignore[method-assign]
    artifacts.write_json = _write_json  # type: ignore[attr-defined]
    if duckdb.connect is not _connect:
        duckdb.connect = _connect


_original = duckdb.connect
_original_compile = MacroFuzzEnvironment.compile
_compiled: dict[tuple[Any, ...], Any] = {}


def _compile(self: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
    """Jinja's code for the text of a model, once in a process and not once in each run."""
    key = (type(self), *sorted(self.extensions), source, args, *sorted(kwargs.items()))
    if key not in _compiled:
        _compiled[key] = _original_compile(self, source, *args, **kwargs)
    return _compiled[key]


@functools.wraps(_original)
def _connect(*args: Any, **kwargs: Any) -> duckdb.DuckDBPyConnection:
    """Without hashing the 80 MB of the delta extension at each start, half a second each: pip has checked the wheel."""
    kwargs["config"] = {"allow_unsigned_extensions": "true"} | (kwargs.get("config") or {})
    return _original(*args, **kwargs)


def _write_json(path: str, data: dict[str, Any]) -> bool:
    """As dbt's own, but in one piece: `json.dump` takes the slow way, value by value."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(data, cls=JSONEncoder), encoding="utf-8")
    return True
