"""The Delta tables of a lake, wherever it lies: which there are, and what one holds."""

from __future__ import annotations

import duckdb
import polars as pl
from deltalake import DeltaTable, QueryBuilder

from dbt_duckdb_delta.object_store import connect_object_store, tables_below

LAYERS = ("raw", "bronze", "silver", "gold")


def listed(root: str) -> list[str]:
    """The names `<layer>/<table>` of all tables below a root as lakehouse.settings gives it, in the layers' order."""
    with duckdb.connect() as connection:
        connect_object_store(connection, root)
        found = tables_below(connection, root)
    return [f"{layer}/{name}" for at in LAYERS for layer, name in found if layer == at]


def read(root: str, name: str) -> pl.DataFrame:
    """A whole table by `<layer>/<table>`.

    Through delta-rs, as polars finds no files below a path with a space or a letter that ASCII lacks.

    Raises:
        TableNotFoundError: there is no such table.
        DeltaError: it cannot be read.
    """
    table = QueryBuilder().register("t", DeltaTable(f"{root}/{name}"))
    return pl.DataFrame(table.execute("select * from t").read_all())
