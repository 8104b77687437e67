"""Delta tables from dbt on DuckDB. `module: dbt_duckdb_delta` in a profile names the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt_duckdb_delta.plugin import Plugin as Plugin


def __getattr__(name: str) -> object:
    """The plugin, when dbt-duckdb asks for it: the smaller modules are useful to programs that do without dbt."""
    if name != "Plugin":
        raise AttributeError(name)
    from dbt_duckdb_delta import plugin

    return plugin.Plugin
