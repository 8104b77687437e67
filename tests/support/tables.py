"""The plugin without dbt: jobs as the materializations hand them over."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from deltalake import DeltaTable

from dbt_duckdb_delta.plugin import Plugin


class Tables:
    """Delta tables in a folder, one schema `s`, as a dbt process of its own sees and writes them."""

    def __init__(self, root: Path | str, **settings: str) -> None:
        settings = settings or {"TimeZone": "UTC"}
        credentials = DuckDBCredentials(database="memory", schema="s", path=":memory:", settings=settings)
        self.root = str(root)
        self.plugin = Plugin("delta", {"root": self.root}, credentials=credentials)
        self.connection = duckdb.connect()
        self.plugin.configure_connection(self.connection)

    def move(self, root: Path | str) -> None:
        """Go on in another, empty lake (cheaper than another connection)."""
        self.root = self.plugin.root = str(root)
        self.plugin.tables.clear()

    def job(self, strategy: str, sql: str = "", table: str = "t", **fields: Any) -> Any:
        """Carry out a job; returns what it did."""
        config: dict[str, Any] = {"job": {"strategy": strategy, "sql": sql, **fields}}
        target: Any = SimpleNamespace(
            relation=SimpleNamespace(database=None, schema="s", identifier=table), config=config
        )
        self.plugin.store(target)
        return config["result"]

    def rows(self, sql: str = "from s.t") -> list[tuple[Any, ...]]:
        """The rows of a query, sorted."""
        cursor = self.connection.cursor()
        cursor.execute("set TimeZone = 'UTC'")
        return sorted(cursor.execute(sql).fetchall(), key=repr)

    def path(self, table: str = "t") -> str:
        return f"{self.root}/s/{table}"

    def delta(self, table: str = "t") -> DeltaTable:
        """The table as delta-rs opens it."""
        return DeltaTable(self.path(table))

    def version(self, table: str = "t") -> int:
        return self.delta(table).version()


def values(rows: list[tuple[Any, ...]], columns: dict[str, str]) -> str:
    """A query that returns the given rows, with the given types."""
    types = ", ".join(f"cast(column{i} as {dtype}) as {name}" for i, (name, dtype) in enumerate(columns.items()))
    if not rows:
        nulls = ", ".join(f"cast(null as {dtype}) as {name}" for name, dtype in columns.items())
        return f"select {nulls} where false"

    def text(value: Any) -> str:
        return "null" if value is None else "'" + str(value).replace("'", "''") + "'"

    lines = ", ".join(f"({', '.join(map(text, row))})" for row in rows)
    return f"select {types} from (values {lines}) as v ({', '.join(f'column{i}' for i in range(len(columns)))})"
