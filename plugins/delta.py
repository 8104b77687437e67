"""A dbt-duckdb plugin that keeps every model of a project in Delta tables.

DuckDB computes, delta-rs commits. A materialization hands over the compiled SQL and the wanted change
(`store`); the plugin runs the SQL on a cursor of dbt's own connection and streams the result as Arrow record
batches into one Delta commit. Each table is readable in DuckDB as a view of the same name over `delta_scan`;
the views are made again whenever a connection opens, so DuckDB itself holds no state.

A table lies at `<root>/<schema>/<name>`. A commit is made only to the version right after the one that was
loaded before the SQL ran (compare and swap): whatever the SQL read of its own table is then what it changes.
"""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

import duckdb
from arro3.core import RecordBatchReader
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt_common.exceptions import DbtRuntimeError
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

ATTEMPTS = 3
OPERATION = "__dbt_operation"  # column of a change set: 'upsert', 'delete' or 'insert'


@dataclass
class Job:
    """What a materialization asks for, by the names it uses in Jinja."""

    sql: str
    strategy: str
    unique_key: list[str] = field(default_factory=list)
    partition_by: list[str] = field(default_factory=list)
    delete_unmatched: bool = False
    tblproperties: dict[str, str] = field(default_factory=dict)


class Plugin(BasePlugin):
    """Keeps models as Delta tables; configured with `root`, the folder or object-store prefix of all tables."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        root = str(plugin_config["root"]).rstrip("/")
        self.root = root if "://" in root else str(Path(root).absolute())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extensions and make a view of every Delta table below the root."""
        self.conn = conn
        self._load_extension("delta")
        for log in sorted(Path(self.root).glob("*/*/_delta_log")):
            if any(log.glob("*.json")):
                self._create_view(conn, log.parent.parent.name, log.parent.name)

    def store(self, target_config: TargetConfig) -> None:
        """Carry out one job; `config["job"]` describes it and `config["result"]` receives what was done.

        Raises DbtRuntimeError when the SQL fails or another writer keeps getting in between; the table is then
        at the version it had before.
        """
        schema = str(target_config.relation.schema)
        name = str(target_config.relation.identifier)
        job = Job(**target_config.config["job"])
        for attempt in range(ATTEMPTS):
            try:
                target_config.config["result"] = self._run(job, schema, name)
                break
            except CommitFailedError as error:
                if attempt == ATTEMPTS - 1:
                    raise DbtRuntimeError(
                        f"Another writer changed {self._path(schema, name)} at the same time, {ATTEMPTS} times in"
                        f" a row; nothing was written. Run the model again. ({error})"
                    ) from error
                time.sleep(0.2 * 2**attempt)
        with self._cursor() as cursor:
            self._create_view(cursor, schema, name)

    def _run(self, job: Job, schema: str, name: str) -> str:
        """One attempt: returns a line that says what was committed."""
        path = self._path(schema, name)
        try:
            table: DeltaTable | None = DeltaTable(path)
        except TableNotFoundError:
            table = None
        with self._cursor() as cursor:
            if table is None or job.strategy == "overwrite":
                return self._overwrite(cursor, table or path, job)
            if job.strategy == "append":
                return self._append(cursor, table, job)
            return self._merge(cursor, table, job, f'"{schema}"."{name}"')

    def _overwrite(self, cursor: duckdb.DuckDBPyConnection, table: DeltaTable | str, job: Job) -> str:
        write_deltalake(
            table,
            cursor.sql(projection(cursor, job.sql)),
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=job.partition_by or None,
            configuration=job.tblproperties or None,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
        return "overwrite"

    def _append(self, cursor: duckdb.DuckDBPyConnection, table: DeltaTable, job: Job) -> str:
        stream = non_empty(cursor.sql(projection(cursor, job.sql)))
        if stream is None:
            return "nothing new"
        write_deltalake(table, stream, mode="append", commit_properties=CommitProperties(max_commit_retries=0))
        return "append"

    def _merge(self, cursor: duckdb.DuckDBPyConnection, table: DeltaTable, job: Job, target: str) -> str:
        """Write only the rows that differ: a change set is worked out in DuckDB, then merged in one commit."""
        cursor.execute(f"create temp table __source as {projection(cursor, job.sql)}")
        columns = cursor.table("__source").columns
        keys = ", ".join(map(quote, job.unique_key))
        duplicates = cursor.execute(
            f"select {keys}, count(*) from __source group by {keys} having count(*) > 1 limit 5"
        ).fetchall()
        if duplicates:
            raise DbtRuntimeError(
                f"{target}: the model returns more than one row for the same unique_key ({', '.join(job.unique_key)}),"
                f" for example {', '.join(str(row[:-1]) for row in duplicates)}. Nothing was written."
            )
        on_keys = " and ".join(f"s.{quote(key)} = t.{quote(key)}" for key in job.unique_key)
        same = " and ".join(f"s.{quote(c)} is not distinct from t.{quote(c)}" for c in columns)
        changes = f"select *, 'upsert' as {OPERATION} from __source s where not exists (select 1 from {target} t where {on_keys} and {same})"
        if job.delete_unmatched:
            changes += f" union all by name select {keys}, 'delete' as {OPERATION} from {target} t where not exists (select 1 from __source s where {on_keys})"
        cursor.execute(f"create temp table __changes as {changes}")
        counts = dict(cursor.execute(f"select {OPERATION}, count(*) from __changes group by all").fetchall())
        if not counts:
            return "nothing new"
        assignments = {quote(c): f"source.{quote(c)}" for c in columns}
        (
            table.merge(
                cursor.table("__changes"),
                predicate=" and ".join(f"target.{quote(key)} = source.{quote(key)}" for key in job.unique_key),
                source_alias="source",
                target_alias="target",
                commit_properties=CommitProperties(max_commit_retries=0),
            )
            .when_matched_delete(f"source.{OPERATION} = 'delete'")
            .when_matched_update(assignments, f"source.{OPERATION} = 'upsert'")
            .when_not_matched_insert(assignments, f"source.{OPERATION} = 'upsert'")
            .execute()
        )
        return "merge " + ", ".join(f"{n} {operation}" for operation, n in sorted(counts.items()))

    def _path(self, schema: str, name: str) -> str:
        return f"{self.root}/{schema}/{name}"

    def _create_view(self, cursor: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
        cursor.execute(f"create schema if not exists {quote(schema)}")
        path = self._path(schema, name).replace("'", "''")
        view = f"create or replace view {quote(schema)}.{quote(name)} as select * from delta_scan('{path}')"
        try:
            cursor.execute(view)
        except duckdb.CatalogException:  # a table of that name: what dbt loaded a seed's or Python model's rows into
            cursor.execute(f"drop table {quote(schema)}.{quote(name)}")
            cursor.execute(view)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor with the session settings of the profile, as dbt-duckdb gives them to its own cursors."""
        cursor: duckdb.DuckDBPyConnection = Environment.initialize_cursor(self.creds, self.conn.cursor())
        return cursor

    def _load_extension(self, name: str) -> None:
        """Load an extension from its Python wheel (`duckdb-extension-<name>`); nothing is downloaded."""
        try:
            package = importlib.import_module(f"duckdb_extension_{name}")
        except ImportError as error:
            raise DbtRuntimeError(f"The package duckdb-extension-{name} is not installed: run `make setup`.") from error
        folder = os.path.dirname(str(package.__file__))
        self.conn.execute(f"load '{folder}/extensions/v{duckdb.__version__}/{name}.duckdb_extension'")


def quote(identifier: str) -> str:
    """An identifier in double quotes, as DuckDB and DataFusion both read it."""
    return '"' + identifier.replace('"', '""') + '"'


def non_empty(relation: duckdb.DuckDBPyRelation) -> RecordBatchReader | None:
    """The relation as a stream of record batches, or None where it has no row."""
    reader = RecordBatchReader.from_arrow(relation)
    first = next((batch for batch in reader if batch.num_rows), None)
    if first is None:
        return None

    def batches() -> Iterator[Any]:
        yield first
        yield from reader

    return RecordBatchReader.from_batches(reader.schema, batches())


def projection(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The query with every column cast to a type that Delta at reader 1 / writer 2 has."""
    relation = cursor.sql(f"select * from (\n{sql}\n) limit 0")
    casts = ", ".join(
        f"cast({quote(column)} as {delta_type(column, dtype)}) as {quote(column)}"
        for column, dtype in zip(relation.columns, relation.types)
    )
    return f"select {casts} from (\n{sql}\n)"


WIDENED = {
    "utinyint": "smallint",
    "usmallint": "integer",
    "uinteger": "bigint",
    "ubigint": "decimal(20, 0)",
    "uuid": "varchar",
    "enum": "varchar",
    "timestamp": "timestamp with time zone",
    "timestamp_s": "timestamp with time zone",
    "timestamp_ms": "timestamp with time zone",
    "timestamp_ns": "timestamp with time zone",
    "hugeint": "decimal(38, 0)",
}
NATURAL = {
    *("boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "decimal", "varchar", "blob"),
    *("date", "timestamp with time zone"),
}


def delta_type(column: str, dtype: Any) -> str:
    """The DuckDB type to write a column as; raises DbtRuntimeError for a type that Delta does not have."""
    kind = dtype.id
    if kind in ("list", "array"):
        return f"{delta_type(column, dict(dtype.children)['child'])}[]"
    if kind == "struct":
        return "struct(" + ", ".join(f"{quote(n)} {delta_type(column, t)}" for n, t in dtype.children) + ")"
    if kind == "map":
        parts = dict(dtype.children)
        return f"map({delta_type(column, parts['key'])}, {delta_type(column, parts['value'])})"
    if kind in WIDENED:
        return WIDENED[kind]
    if kind in NATURAL:
        return str(dtype)
    raise DbtRuntimeError(f"Column {column} has the type {dtype}, which Delta does not have. Cast it in the model.")
