"""A dbt-duckdb plugin that keeps the models of a project in Delta tables: DuckDB computes, delta-rs commits.

A table lies at `<root>/<schema>/<name>` and is readable in DuckDB as a view of that name over `delta_scan`. The views
are made again whenever a connection opens: DuckDB itself holds no state.

Every job is compare and swap: the table's version is read before the SQL runs, and the commit succeeds only as the
very next version. What the SQL read of its own table is therefore exactly what it changes; after a conflict the whole
attempt is repeated. How an attempt computes what to commit is in attempt.py.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, cast

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.factory import FACTORY
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from dbt_common.invocation import get_invocation_id
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from duckdb import DuckDBPyConnection as Connection

from dbt_duckdb_delta.attempt import CHANGES, GOING, STAGED, Attempt, one_line, open_table
from dbt_duckdb_delta.inputs import shadowing
from dbt_duckdb_delta.job import OWNER, Job
from dbt_duckdb_delta.location import resolve
from dbt_duckdb_delta.object_store import (
    connect_object_store,
    delta_options,
    load_extension,
    mapped_partitions,
    tables_below,
)
from dbt_duckdb_delta.queries import BrokenContractError, literal, quote

logger = AdapterLogger("Delta")
ATTEMPTS = 5
MARK = "dbt_delta_table"  # in the text of views that stand for Delta tables, by which those of gone tables are found
WRAPPED = ("table", "incremental", "seed", "snapshot", "test")  # the materializations in wrappers.sql
READING = ("describe", "as_of", "history")  # strategies that leave the table as it is
SCHEMA_CHANGES = ("ignore", "fail", "append_new_columns", "sync_all_columns")


class Plugin(BasePlugin):
    """Keeps models as Delta tables.

    Configured with `root`, the folder or object-store prefix of all tables, and `root_variable`, the name of an
    environment variable that says otherwise. It is read when dbt connects, and so is no part of what dbt parses.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self.config = plugin_config
        # (schema, name) -> path, of every view over a Delta table; other threads add to it, so loops go over a copy
        self.tables: dict[tuple[str, str], str] = {}
        self.pinned: dict[str, int] = {}  # path -> the version of a source that this run reads, whatever comes after it
        self.unreadable: list[str] = []  # what is said of Delta tables that cannot be read
        self.locks: defaultdict[str, Lock] = defaultdict(Lock)  # path -> for jobs of this process on one table
        self.shadowed: set[str] | None = None  # functions of DuckDB for which a macro stands; None: not looked for yet
        self.hooked = False  # whether the project has hooks, which may make such a macro at any time

    def configure_connection(self, conn: Connection) -> None:
        """Load the extensions and make a view of every Delta table below the root."""
        self.conn = conn
        self.database = conn.execute("select current_database()").fetchall()[0][0]
        load_extension(conn, "delta")
        self._open_lake()

    def configure_cursor(self, cursor: Connection) -> None:
        """Look again in a process that runs dbt once more: the lake may be another one, or hold other tables.

        Where the profile names no time zone, it is UTC and not that of the machine: plain timestamps count as UTC.
        """
        if self.invocation != get_invocation_id():
            self._open_lake()
        self._set_zone(cursor)

    def _set_zone(self, cursor: Connection) -> None:
        if "timezone" not in map(str.lower, (self.creds and self.creds.settings) or {}):
            cursor.execute("set TimeZone = 'UTC'")

    def _manifest(self) -> tuple[Any, str]:
        """What dbt knows of the project, and the project's name; outside of dbt None."""
        adapter: Any = FACTORY.adapters.get("duckdb")
        if not adapter or adapter.config.credentials != self.creds:
            return None, ""
        return adapter.get_macro_resolver(), getattr(adapter.config, "project_name", "")

    def _check_materializations(self) -> None:
        """Refuse a project of which dbt would build a Delta model as something else."""
        manifest, project = self._manifest()
        others, always = [], []
        for node in getattr(manifest, "nodes", {}).values():
            kind = node.config.materialized
            if kind in WRAPPED and node.config.get("file_format") == "delta":
                macro = manifest.find_materialization_macro_by_name(project, kind, "duckdb")
                others += [node.name] if "dbt_duckdb_delta" not in macro.macro_sql else []
            elif kind == "delta_incremental" and "macro.dbt.is_incremental" in node.depends_on.macros:
                always.append(node.name)
        if others:
            said = f"file_format: delta would have no effect on {_some(others)}: the project lacks the wrappers."
            raise DbtRuntimeError(f"{said} Run `python -m dbt_duckdb_delta wrappers` in its folder.")
        if always:
            said = f"is_incremental() is never true for materialized: delta_incremental ({_some(always)})."
            raise DbtRuntimeError(f"{said} Write dbt_duckdb_delta.is_incremental().")

    def _open_lake(self) -> None:
        self._check_materializations()
        root = os.environ.get(self.config.get("root_variable", "")) or self.config.get("root") or ""
        self.root = _resolved(str(root))
        secrets = delta_options(self.root, getattr(self.creds, "_secrets", None) or [])
        self.storage = secrets | self.config.get("storage_options", {})
        connect_object_store(self.conn, self.root, self.storage)
        found, self.invocation = tables_below(self.conn, self.root), get_invocation_id()
        self.shadowed, (manifest, _) = None, self._manifest()
        nodes, hooks = getattr(manifest, "nodes", {}).values(), ("pre_hook", "post_hook", "sql_header")
        self.hooked = any(node.config.get(hook) for node in nodes for hook in hooks)
        ours = f"database_name = current_database() and contains(sql, {literal(MARK)})"
        made = self.conn.execute(f"select schema_name, view_name from duckdb_views() where {ours}").fetchall()
        for schema, name in set(made) - set(found):
            self.conn.execute(f"drop view {quote(schema)}.{quote(name)}")
            self.tables.pop((schema, name), None)
        self.unreadable.clear()
        self._pin_sources(found)
        mapped = mapped_partitions(self.conn, self.root, found, self.storage)
        called = Counter((schema.lower(), name.lower()) for schema, name in found)
        for schema, name in found:
            try:
                self._create_view(self.conn, schema, name)
            except duckdb.Error as error:
                self._create_broken_view(schema, name, f"says: {one_line(error)}")
            else:
                if (schema, name) in mapped:
                    why = "returns null for its partition columns, because it has column mapping."
                    self._create_broken_view(schema, name, why)
                if called[schema.lower(), name.lower()] > 1:
                    why = "has a name that only case tells from another's, as DuckDB cannot: remove one folder by hand."
                    self._create_broken_view(schema, name, why)

    def _pin_sources(self, found: Iterable[tuple[str, str]]) -> None:
        """Note the versions of the tables that are sources of the project: all of a run, its tests too, reads these."""
        manifest, _ = self._manifest()
        sources = {(node.schema.lower(), node.identifier.lower()) for node in getattr(manifest, "sources", {}).values()}
        made = {(node.schema.lower(), node.alias.lower()) for node in getattr(manifest, "nodes", {}).values()}
        read_only = sources - made
        self.pinned.clear()
        for schema, name in found:
            if (schema.lower(), name.lower()) in read_only:
                path = f"{self.root}/{schema}/{name}"
                with suppress(DeltaError, OSError):  # a table that cannot be read gets its warning with its view
                    self.pinned[path] = DeltaTable(path, storage_options=self.storage).version()

    def _create_broken_view(self, schema: str, name: str, why: str) -> None:
        """Warn of a table that cannot be read, and leave a view that says so to whoever uses it; all others work."""
        self.tables.pop((schema, name), None)
        said = f"The Delta table {schema}.{name} cannot be read: delta_scan('{self.root}/{schema}/{name}') {why}"
        self.unreadable.append(said)
        logger.warning(f"{said} What uses it will fail; everything else works.")
        # DuckDB looks for what a view is made of only when the view is used, and then names what is missing.
        self.conn.execute(f"create schema if not exists {quote(schema)}")
        self.conn.execute(f"create or replace table {quote(said)} as select 1 as unreadable")
        self.conn.execute(f"create or replace view {quote(schema)}.{quote(name)} as from {quote(said)} as {MARK}")
        self.conn.execute(f"drop table {quote(said)}")

    def store(self, target_config: TargetConfig) -> None:
        """Carry out one job: `config["job"]` describes it, `config["result"]` receives what was done.

        Raises DbtRuntimeError when it cannot be done; the table is then at the version it had before. One that is to
        go on with other tables has that as its result instead, as Jinja cannot catch it.
        """
        try:
            self._store(target_config)
        except Exception as error:
            if not target_config.config["job"].get("options", {}).get("go_on"):
                raise
            target_config.config["result"] = {"failed": one_line(getattr(error, "msg", error))}

    def _store(self, target_config: TargetConfig) -> None:
        relation, asked = target_config.relation, target_config.config["job"]
        schema, name, result = str(relation.schema), str(relation.identifier), target_config.config
        if asked["strategy"] == "lake":
            result["result"] = {"root": self.root, "tables": list(map(list, list(self.tables)))}
            return
        if (database := relation.database) and database.lower() != self.database.lower():
            if asked["strategy"] == "describe":
                return
            said = f"{database}.{schema}.{name} is in another database, but Delta tables are all in {self.database}."
            raise CompilationError(f"{said} Take `database` out of its configuration, or file_format: delta.")
        job, path = Job(**asked), f"{self.root}/{schema}/{name}"
        job.project = self.config.get("project", job.project)
        # DuckDB's delta_scan loses a last character of a path that is not ASCII.
        long = max(len(os.fsencode(part)) for part in (schema, name)) > 255  # bytes, more than a folder's name may have
        odd = "/" in schema + name or not name[-1:].isascii() or "_delta_log" in (schema.lower(), name.lower())
        if long or odd or not _is_path(f"/{schema}/{name}"):
            if job.strategy == "describe":
                return
            better = "shorter" if long else "plainer"
            raise CompilationError(f"{schema}.{name} cannot be the name of a Delta table: give it a {better} alias.")
        twins = [(s, n) for s, n in list(self.tables) if (s.lower(), n.lower()) == (schema.lower(), name.lower())]
        if twins and (schema, name) not in twins and job.strategy not in READING:
            said = (
                f"{schema}.{name} and the Delta table {'.'.join(twins[0])} differ in case alone, as DuckDB cannot tell"
            )
            raise CompilationError(f"{said}: give the model another alias, or remove that one's folder.")
        if job.location is not None and _resolved(job.location) != path:
            raise CompilationError(f"location_root puts the table at {job.location}, but the profile's root at {path}.")
        if job.on_schema_change not in SCHEMA_CHANGES:
            raise CompilationError(f"on_schema_change: {job.on_schema_change} is none of {', '.join(SCHEMA_CHANGES)}.")
        with self.locks[path], self._session(job) as cursor:
            with _told(f"{schema}.{name}"):
                result["result"], table = self._carry_out(cursor, job, f"{schema}.{name}", path)
            known = (schema, name) in self.tables and job.strategy in (*READING[1:], "optimize", "vacuum")
            if table is not None and not known:  # a view is not made again for a look at its table
                with _told(f"{schema}.{name}: its rows are written, but its comments and properties are not"):
                    self._persist_docs(table, job)
                self._create_view(self.conn.cursor(), schema, name, table)

    def _carry_out(self, cursor: Connection, job: Job, name: str, path: str) -> tuple[Any, DeltaTable | None]:
        """Attempt a job until nothing comes in between; returns what it did, and the table."""
        commit, shadowed = uuid.uuid4().hex, self._shadowed(cursor, job)
        for turn in range(ATTEMPTS):
            table = open_table(path, self.storage)
            if table is None and job.options.get("go_on"):
                return "left out, as it was never built", None
            attempt = Attempt(cursor, job, name, path, table, commit, self.tables, self.pinned, shadowed, self.storage)
            found = _version(attempt.table)
            if attempt.table is not None and job.strategy not in READING:
                _check_owner(attempt.table, job, name)
            # is_incremental() said otherwise: all rows would be there twice, or the old ones lost.
            if job.found is False and table is not None and job.adds:
                raise DbtRuntimeError(f"{name}: another process made the table since this run began; run it again.")
            if job.found and table is None:
                if _is_native(cursor, *path.split("/")[-2:]):
                    said = "DuckDB itself has a table or view of that name: build once with --full-refresh, or drop it."
                    raise DbtRuntimeError(f"{name}: {said}")
                raise DbtRuntimeError(f"{name}: the table is gone since this run began; run it again.")
            try:
                done = getattr(attempt, job.strategy)()
                return done, attempt.table or open_table(path, self.storage)
            except BrokenContractError:
                return "contract", None
            except duckdb.CatalogException as error:
                if used := [said for said in self.unreadable if said in str(error)]:
                    raise DbtRuntimeError(f"{name}: {used[0]}") from None
                raise
            except CommitFailedError as error:
                if _version(open_table(path, self.storage)) == found:  # nobody came in between
                    raise DbtRuntimeError(f"{name}: nothing was written, for {one_line(error)}") from error
                if turn == ATTEMPTS - 1:
                    said = f"{name}: another writer committed at the same time, {ATTEMPTS} times in a row."
                    raise DbtRuntimeError(f"{said} Nothing was written; run the model again. ({error})") from error
            except (DeltaError, duckdb.InterruptException) as error:
                # Of a query that fails in one thread, DuckDB now and then reports only that it interrupted the others.
                # The next turn meets the error itself.
                if "INTERRUPT Error" not in str(error) or turn == ATTEMPTS - 1:
                    raise DbtRuntimeError(f"{name}: nothing was written, for {one_line(error)}") from error
            finally:
                with suppress(Exception):  # which would hide the one that ended the attempt
                    for temporary in (STAGED, CHANGES, GOING):
                        cursor.execute(f"drop table if exists temp.{temporary}")
            time.sleep(0.1 * 2**turn)
        raise AssertionError("the last turn returns or raises")

    def _persist_docs(self, table: DeltaTable, job: Job) -> None:
        """Bring description, column comments and properties of a table up to date, where they differ."""
        comments = {column.lower(): said for column, said in job.comments.items()}
        try:
            if job.description is not None and (table.metadata().description or "") != job.description:
                table.alter.set_table_description(job.description)
            for column in table.schema().fields:
                comment = comments.get(column.name.lower())
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
        version = f", version => {self.pinned[path]}" if path in self.pinned else ""
        sql = f"create or replace view {view} as select * from delta_scan({literal(path)}{version}) as {MARK}"
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

    @contextmanager
    def _session(self, job: Job) -> Iterator[Connection]:
        """The session in which dbt runs the model's hooks; outside of dbt one of its own, with the profile's settings.

        What the hooks leave there (temporary tables, variables, settings), the query finds.
        """
        adapter, env = FACTORY.adapters.get("duckdb"), DuckDBConnectionManager._ENV
        dbt = adapter.connections.get_if_exists() if adapter and getattr(env, "conn", None) is self.conn else None
        handle = dbt.handle if dbt is not None else None
        cursor = handle.cursor() if handle is not None else self.conn.cursor()
        if handle is None:
            cursor = Environment.initialize_cursor(self.creds, cursor)  # type: ignore[arg-type]
            self._set_zone(cursor)
        try:
            if job.sql_header:
                cursor.execute(job.sql_header)
            yield cast(Connection, cursor)
        finally:
            if job.sql_header:
                self.shadowed = None
            if handle is None:
                cursor.close()

    def _shadowed(self, cursor: Connection, job: Job) -> set[str]:
        """The functions of DuckDB for which somebody's macro stands, which matter where a job may be left out."""
        if not job.reuse:
            return set()
        if self.hooked or job.hooks or job.sql_header:
            return shadowing(cursor)
        shadowed = self.shadowed = shadowing(cursor) if self.shadowed is None else self.shadowed
        return shadowed


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Make an error of the model of what delta-rs says, be it raised as Exception itself (what DataFusion and Arrow
    say), or a panic of Rust, which would end dbt's thread without a word."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, DeltaError) and type(error).__name__ not in ("Exception", "PanicException"):
            raise
        raise DbtRuntimeError(f"{what}: delta-rs gave up: {one_line(error)}") from error


def _some(names: list[str]) -> str:
    """The first few of some names."""
    return ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _check_owner(table: DeltaTable, job: Job, name: str) -> None:
    """Refuse to write what another project made. A table that does not say so (of another writer) is anybody's."""
    _, said, owner = (table.metadata().name or "").partition(OWNER)
    if said and job.project and owner != job.project:
        text = f"{name} is a table of the dbt project {owner}, and not of {job.project}: give the model another schema"
        text += (
            f" or alias. (If the project was renamed, add `project: {owner}` to the plugin's config in the profile.)"
        )
        raise CompilationError(text)


def _is_native(cursor: Connection, schema: str, name: str) -> bool:
    """Whether DuckDB itself has a table or view of a name, as before its model was kept in Delta."""
    where = f"schema_name = {literal(schema)} and database_name = current_database()"
    tables = f"select 1 from duckdb_tables() where {where} and table_name = {literal(name)}"
    views = f"select 1 from duckdb_views() where {where} and view_name = {literal(name)}"
    return bool(cursor.execute(f"{tables} union all {views} and not contains(sql, {literal(MARK)})").fetchall())


def _version(table: DeltaTable | None) -> int | None:
    return None if table is None else table.version()


def _is_path(path: str) -> bool:
    """Whether delta-rs and DuckDB both take a path for what it is."""
    try:
        return resolve(path) == path
    except ValueError:
        return False


def _resolved(root: str) -> str:
    try:
        return resolve(root)
    except ValueError as error:
        raise DbtRuntimeError(str(error)) from None
