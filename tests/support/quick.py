"""DuckDB and dbt with less work in this process, where what comes out is the same."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, cast

import dbt.artifacts.schemas.base as artifacts
import duckdb
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Compiler, Linker
from dbt.context.configured import ConfiguredContext
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import Macro
from dbt.graph.graph import Graph
from dbt.tracking import track_behavior_change_warn
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import _log_level_map
from dbt_common.tests import enable_test_caching
from dbt_common.utils.encoding import JSONEncoder


def quicken() -> None:
    """Call it before the first connection; calling it again changes nothing."""
    enable_test_caching()  # dbt's own: it parses a macro once in a process, and not in each run
    MacroFuzzEnvironment.compile = _compile  # type: ignore[method-assign]
    artifacts.write_json = _write_json  # type: ignore[attr-defined]
    MacroNamespaceBuilder.build_namespace = _build_namespace  # type: ignore[method-assign]
    ManifestContext.to_dict = _to_dict  # type: ignore[method-assign]
    Manifest.find_materialization_macro_by_name = _find_materialization  # type: ignore[method-assign]
    Compiler.compile = _graph_of  # type: ignore[method-assign]
    BehaviorFlagRendered._default_source = staticmethod(lambda: "")  # type: ignore[method-assign]  # of a warning
    Linker.get_graph_summary = lambda self, manifest: {}  # type: ignore[method-assign]
    BaseEvent.__init__ = _remember_event  # type: ignore[method-assign]
    BaseEvent.__getattr__ = _read_event  # type: ignore[method-assign]
    EventManager.fire_event = _fire_event  # type: ignore[method-assign]
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


_original_namespace = MacroNamespaceBuilder.build_namespace
_original_dict = ManifestContext.to_dict


def _build_namespace(self: Any, macros_by_package: dict[str, dict[str, Any]], ctx: dict[str, Any]) -> MacroNamespace:
    """As dbt's own, which calls five functions for each of 700 macros, in the context of each node."""
    for package, macros in macros_by_package.items():
        made = {}
        for macro in macros.values():
            made[macro.name] = generator = MacroGenerator.__new__(MacroGenerator)
            generator.__dict__ = {"context": ctx, "macro": macro, "node": self.node, "stack": self.thread_ctx}
        if len(made) < len(macros):
            return _original_namespace(self, macros_by_package, ctx)  # which says what is there twice
        if package in self.internal_package_names:
            self.internal_packages[package] = made
            continue
        self.packages[package] = made
        if package == self.search_package:
            self.locals.update(made)
        elif package == self.root_package:
            self.globals.update(made)
    of_dbt: dict[str, MacroGenerator] = {}
    for package in reversed(self.internal_package_names_order):
        of_dbt.update(self.internal_packages.get(package, {}))
    return MacroNamespace(self.globals, self.locals, of_dbt, self.packages)


def _to_dict(self: Any) -> dict[str, Any]:
    """As dbt's own, which looks each macro up in five places."""
    if type(self.namespace) is not MacroNamespace:
        return cast(dict[str, Any], _original_dict(self))  # type: ignore[no-untyped-call]
    found: dict[str, Any] = ConfiguredContext.to_dict(self)  # itself, as all of its macros refer to it
    for part in reversed(list(self.namespace._search_order())):
        found.update(part)
    return found


_original_graph = Compiler.compile
_original_find = Manifest.find_materialization_macro_by_name


def _graph_of(self: Any, manifest: Manifest, write: bool = True, add_test_edges: bool = False) -> Graph:
    """As dbt's own, once for a manifest and not once in each run over it."""
    made = vars(manifest).setdefault("_graphs", {})
    if add_test_edges not in made:
        made[add_test_edges] = _original_graph(self, manifest, write, add_test_edges)
    self.initialize()
    return cast(Graph, made[add_test_edges])


def _find_materialization(self: Manifest, *args: str, **kwargs: str) -> Macro | None:
    """As dbt's own, which looks through all macros, once for a manifest and not once for each node."""
    found = vars(self).setdefault("_materializations", {})
    key = (*args, *sorted(kwargs.items()))
    if key not in found:
        found[key] = _original_find(self, *args, **kwargs)
    return cast(Macro | None, found[key])


_original_event = BaseEvent.__init__
_original_fire = EventManager.fire_event


def _remember_event(self: Any, *args: Any, **kwargs: Any) -> None:
    """An event whose message is made when somebody reads it: most are for a log that no test writes."""
    object.__setattr__(self, "_said", (args, kwargs))


def _read_event(self: Any, name: str) -> Any:
    if "pb_msg" not in self.__dict__:
        args, kwargs = self.__dict__["_said"]
        _original_event(self, *args, **kwargs)
        if name == "pb_msg":
            return self.__dict__["pb_msg"]
    return getattr(self.__dict__["pb_msg"], name)


def _fire_event(
    self: Any, e: Any, level: Any = None, node: Any = None, force_warn_or_error_handling: bool = False
) -> None:
    """As dbt's own, for what somebody listens to; dbt itself listens to warnings only."""
    at = level or e.level_tag()
    loud = force_warn_or_error_handling or at == EventLevel.WARN or type(e).__name__ == "PrintEvent"
    loud = loud or any(callback is not track_behavior_change_warn for callback in self.callbacks)
    if loud or any(_log_level_map[at] >= _log_level_map[logger.level] for logger in self.loggers):
        _original_fire(self, e, level, node, force_warn_or_error_handling)
