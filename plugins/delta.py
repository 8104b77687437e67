"""A dbt-duckdb plugin that keeps the models of a project in Delta tables: DuckDB computes, delta-rs commits.

A table lies at `<root>/<schema>/<name>` and is readable in DuckDB as a view of that name over `delta_scan`. The views
are made again whenever a connection opens: DuckDB itself holds no state.

Every job is compare and swap: the table's version is read before the SQL runs, and the commit succeeds only as the
very next version. What the SQL read of its own table is therefore exactly what it changes; after a conflict the whole
attempt is repeated. How an attempt computes what to commit is in plugins/delta_attempt.py.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt.adapters.events.logging import AdapterLogger
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from dbt_common.invocation import get_invocation_id
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from duckdb import DuckDBPyConnection as Connection

from plugins.delta_attempt import Attempt, one_line, open_table
from plugins.delta_job import Job
from plugins.delta_sql import literal, quote, volatile_functions
from plugins.location import resolve
from plugins.object_store import connect_object_store, load_extension, tables_below

logger = AdapterLogger("Delta")
ATTEMPTS = 5
SCHEMA_CHANGES = ("ignore", "fail", "append_new_columns", "sync_all_columns")


class Plugin(BasePlugin):
    """Keeps models as Delta tables.

    Configured with `root`, the folder or object-store prefix of all tables, and `root_variable`, the name of an
    environment variable that says otherwise. It is read when dbt connects, and so is no part of what dbt parses.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self.config = plugin_config
        self.tables: dict[tuple[str, str], str] = {}  # (schema, name) -> path, of every view over a Delta table
        self.unreadable: list[str] = []  # what is said of Delta tables that cannot be read

    def configure_connection(self, conn: Connection) -> None:
        """Load the extensions and make a view of every Delta table below the root."""
        self.conn = conn
        load_extension(conn, "delta")
        self.volatile = volatile_functions(conn)
        self._open_lake()

    def configure_cursor(self, cursor: Connection) -> None:
        """Look again in a process that runs dbt once more: the lake may be another one, or hold other tables."""
        if self.invocation != get_invocation_id():
            self._open_lake()

    def _open_lake(self) -> None:
        root = os.environ.get(self.config.get("root_variable", "")) or self.config.get("root") or ""
        self.root = _resolved(str(root))
        connect_object_store(self.conn, self.root)
        found, self.invocation = tables_below(self.conn, self.root), get_invocation_id()
        for schema, name in self.tables.keys() - set(found):
            self.conn.execute(f"drop view if exists {quote(schema)}.{quote(name)}")
            del self.tables[schema, name]
        self.unreadable.clear()
        for schema, name in found:
            try:
                self._create_view(self.conn, schema, name)
            except duckdb.Error as error:
                self._create_broken_view(schema, name, error)

    def _create_broken_view(self, schema: str, name: str, error: Exception) -> None:
        """Warn of a table that cannot be read, and leave a view that says so to whoever uses it; all others work."""
        self.tables.pop((schema, name), None)
        said = f"The Delta table {schema}.{name} cannot be read: delta_scan('{self.root}/{schema}/{name}') says: "
        said += one_line(error)
        self.unreadable.append(said)
        logger.warning(f"{said} What uses it will fail; everything else works.")
        # DuckDB looks for what a view is made of only when the view is used, and then names what is missing.
        self.conn.execute(f"create schema if not exists {quote(schema)}")
        self.conn.execute(f"create or replace table {quote(said)} as select 1 as unreadable")
        self.conn.execute(f"create or replace view {quote(schema)}.{quote(name)} as from {quote(said)}")
        self.conn.execute(f"drop table {quote(said)}")

    def store(self, target_config: TargetConfig) -> None:
        """Carry out one job: `config["job"]` describes it, `config["result"]` receives what was done.

        Raises DbtRuntimeError when it cannot be done; the table is then at the version it had before.
        """
        schema, name = str(target_config.relation.schema), str(target_config.relation.identifier)
        if target_config.config["job"]["strategy"] == "root":
            target_config.config["result"] = self.root
            return
        job, path, commit = Job(**target_config.config["job"]), f"{self.root}/{schema}/{name}", uuid.uuid4().hex
        if job.location is not None and _resolved(job.location) != path:
            raise CompilationError(f"location_root puts the table at {job.location}, but the profile's root at {path}.")
        if job.on_schema_change not in SCHEMA_CHANGES:
            raise CompilationError(f"on_schema_change: {job.on_schema_change} is none of {', '.join(SCHEMA_CHANGES)}.")
        for turn in range(ATTEMPTS):
            with self._cursor(job) as cursor:
                attempt = Attempt(
                    cursor, job, f"{schema}.{name}", path, open_table(path), commit, self.tables, self.volatile
                )
                try:
                    target_config.config["result"] = getattr(attempt, job.strategy)()
                    break
                except duckdb.CatalogException as error:
                    if used := [said for said in self.unreadable if said in str(error)]:
                        raise DbtRuntimeError(f"{schema}.{name}: {used[0]}") from None
                    raise
                except CommitFailedError as error:
                    if turn == ATTEMPTS - 1:
                        said = f"{schema}.{name}: another writer committed at the same time, {ATTEMPTS} times in a row."
                        raise DbtRuntimeError(f"{said} Nothing was written; run the model again. ({error})") from error
            time.sleep(0.1 * 2**turn)
        if (table := attempt.table or open_table(path)) is not None:
            self._persist_docs(table, job)
            self._create_view(self.conn.cursor(), schema, name, table)

    def _persist_docs(self, table: DeltaTable, job: Job) -> None:
        """Bring description, column comments and properties of a table up to date, where they differ."""
        try:
            if job.description is not None and (table.metadata().description or "") != job.description:
                table.alter.set_table_description(job.description)
            for column in table.schema().fields:
                comment = job.comments.get(column.name)
                if comment is not None and column.metadata.get("comment") != comment:
                    table.alter.set_column_metadata(column.name, {"comment": comment})
            if job.tblproperties.items() - table.metadata().configuration.items():
                table.alter.set_table_properties(job.tblproperties)
        except CommitFailedError:
            pass  # another writer came first; the data is committed, and the next build brings the rest

    def _create_view(self, cursor: Connection, schema: str, name: str, table: DeltaTable | None = None) -> None:
        """Make a Delta table readable as a view, with the table's comments where the table is at hand."""
        path, view = f"{self.root}/{schema}/{name}", f"{quote(schema)}.{quote(name)}"
        cursor.execute(f"create schema if not exists {quote(schema)}")
        sql = f"create or replace view {view} as select * from delta_scan({literal(path)})"
        try:
            cursor.execute(sql)
        except duckdb.CatalogException:  # a table of that name: what dbt loaded a seed's rows into
            cursor.execute(f"drop table {view}")
            cursor.execute(sql)
        self.tables[schema, name] = path
        if table is not None and table.metadata().description:
            cursor.execute(f"comment on view {view} is {literal(table.metadata().description)}")
        for column in table.schema().fields if table is not None else ():
            if comment := column.metadata.get("comment"):
                cursor.execute(f"comment on column {view}.{quote(column.name)} is {literal(comment)}")

    def _cursor(self, job: Job) -> Connection:
        """A cursor with the session settings of the profile, as dbt-duckdb gives them to its own cursors."""
        cursor: Connection = Environment.initialize_cursor(self.creds, self.conn.cursor())  # type: ignore[arg-type]
        if job.sql_header:
            cursor.execute(job.sql_header)
        return cursor


def _resolved(root: str) -> str:
    try:
        return resolve(root)
    except ValueError as error:
        raise DbtRuntimeError(str(error)) from None
