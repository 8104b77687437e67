"""A dbt-duckdb plugin that keeps the models of a project in Delta tables.

DuckDB computes, delta-rs commits. A materialization (macros/delta/materializations.sql) hands over the compiled SQL
and the wanted strategy; the plugin runs the SQL on a cursor of dbt's own connection and streams the result as Arrow
record batches into one Delta commit.

- A table lies at `<root>/<schema>/<name>` and is readable in DuckDB as a view of that name over `delta_scan`. The
  views are made again whenever a connection opens, so that DuckDB itself holds no state.
- Compare and swap: the table's version is read before the SQL runs, and the commit succeeds only as the very next
  version. What the SQL read of its own table is therefore exactly what it changes; after a conflict the whole
  attempt is repeated.
- What changes existing rows (merge, delete+insert, snapshots) works out in DuckDB which rows go and which come, and
  replaces the ranges of keys in which they lie: files outside are neither read nor written.
- Nothing is committed where nothing would change.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from plugins import delta_sql
from plugins.delta_sql import literal, names, quote
from plugins.object_store import absolute, connect_object_store, load_extension

ATTEMPTS = 5
SCHEMA_CHANGES = ("ignore", "fail", "append_new_columns", "sync_all_columns")
# Files small enough that a change within one range of keys rewrites little, row groups small enough that DuckDB reads
# one file with several threads and skips most of it on a filter.
FILE_BYTES = 8 * 2**20
WRITER = WriterProperties(compression="SNAPPY", max_row_group_size=122_880)
FINGERPRINT, COMMIT = "dbt.fingerprint", "dbt.commit"  # in the metadata of commits
# Operations that leave a table's rows as they are.
DATA_PRESERVING = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UPDATE FIELD METADATA")
SOURCE, TARGET = "dbt_internal_source", "dbt_internal_dest"  # dbt's names, for incremental_predicates
# Columns of a change set: where a row of the table lies, whether it is still there afterwards, its partition before.
FILE, ROW, KEPT, WAS = "__file", "__row", "__kept", "__was_"
RANGES = 10  # at most so many ranges make up what one commit replaces


@dataclass
class Job:
    """What a materialization asks for; the fields are configurations, which docs/delta.md explains."""

    strategy: str
    sql: str = ""
    sql_header: str | None = None
    unique_key: list[str] = field(default_factory=list)
    partition_by: list[str] = field(default_factory=list)
    incremental_predicates: list[str] = field(default_factory=list)
    merge_update_columns: list[str] = field(default_factory=list)
    merge_exclude_columns: list[str] = field(default_factory=list)
    delete_unmatched: bool = False
    on_schema_change: str = "ignore"
    not_null: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    description: str | None = None
    comments: dict[str, str] = field(default_factory=dict)
    tblproperties: dict[str, str] = field(default_factory=dict)
    timestamp_ntz: bool = False
    location: str | None = None
    reuse: bool = False
    input_token: str | None = None
    batch: list[str] = field(default_factory=list)  # event_time, from, to
    insert_if: str = "true"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Write:
    """One attempt: a cursor, the job, and the table as it was found (None where there is none yet)."""

    cursor: duckdb.DuckDBPyConnection
    job: Job
    name: str
    path: str
    table: DeltaTable | None
    commit: str  # by which a commit is known as this job's own

    @property
    def found(self) -> DeltaTable:
        """The table, where there must be one."""
        if self.table is None:
            raise DbtRuntimeError(f"{self.name}: there is no Delta table at {self.path}. Build the model first.")
        return self.table

    @property
    def target(self) -> str:
        """The table at the version that this attempt found, as a DuckDB table function."""
        return f"delta_scan({literal(self.path)}, version => {self.found.version()})"

    @property
    def columns(self) -> list[str]:
        """The table's columns."""
        return self.cursor.sql(f"from {self.target}").columns

    @property
    def located(self) -> str:
        """The table's rows with the FILE and the ROW at which each lies, as a subquery."""
        # The columns get other names inside, so that none of them hides delta_scan's own columns.
        inside = ", ".join(f"c{i}" for i in range(len(self.columns)))
        renamed = ", ".join(f"c{i} as {quote(column)}" for i, column in enumerate(self.columns))
        return f"(select {renamed}, filename as {FILE}, file_row_number as {ROW} from {self.target} as t ({inside}))"


class Plugin(BasePlugin):
    """Keeps models as Delta tables; configured with `root`, the folder or object-store prefix of all tables."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self.root = absolute(str(plugin_config["root"]))
        self.tables: dict[tuple[str, str], str] = {}  # (schema, name) -> path, of every view over a Delta table

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extensions and make a view of every Delta table below the root."""
        self.conn = conn
        load_extension(conn, "delta")
        connect_object_store(conn, self.root)
        self.unsteady = delta_sql.unsteady_functions(conn)
        pattern = f"{self.root}/*/*/_delta_log/*.json"
        for (log,) in conn.execute(f"select distinct parse_path(file)[:-3] from glob({literal(pattern)})").fetchall():
            self._create_view(conn, log[-2], log[-1])

    def store(self, target_config: TargetConfig) -> None:
        """Carry out one job: `config["job"]` describes it, `config["result"]` receives what was done.

        Raises DbtRuntimeError when the job cannot be done or another writer keeps getting in between; the table is
        then at the version it had before.
        """
        schema, name = str(target_config.relation.schema), str(target_config.relation.identifier)
        job, path, commit = Job(**target_config.config["job"]), f"{self.root}/{schema}/{name}", uuid.uuid4().hex
        if job.location is not None and absolute(job.location) != path:
            raise CompilationError(
                f"{schema}.{name}: location_root puts the table at {job.location}, but this profile keeps it at {path}."
                " Set location_root to <root>/<schema>, with the plugin's root and the model's schema."
            )
        if job.on_schema_change not in SCHEMA_CHANGES:
            raise CompilationError(
                f"on_schema_change is {job.on_schema_change}, not one of {', '.join(SCHEMA_CHANGES)}."
            )
        for attempt in range(ATTEMPTS):
            with self._cursor(job) as cursor:
                write = Write(cursor, job, f"{schema}.{name}", path, open_table(path), commit)
                try:
                    target_config.config["result"] = getattr(self, f"_{job.strategy}")(write)
                    break
                except CommitFailedError as error:
                    if attempt == ATTEMPTS - 1:
                        raise DbtRuntimeError(
                            f"{write.name}: another writer committed to {path} at the same time, {ATTEMPTS} times in a"
                            f" row. Nothing was written; run the model again. ({error})"
                        ) from error
            time.sleep(0.1 * 2**attempt)
        if (table := write.table or open_table(path)) is not None:
            self._persist_docs(table, job)
            self._create_view(self.conn.cursor(), schema, name, table)

    # -- strategies: each makes at most one commit of data and returns a line that says what it did -------------------

    def _overwrite(self, write: Write) -> str:
        """Replace the whole table, unless the same SQL over the same input versions wrote it last."""
        job, table = write.job, write.table
        sql = delta_sql.select_as(job, delta_sql.delta_types(write.cursor, job.sql, job.timestamp_ntz))
        fingerprint = self._fingerprint(write, sql) if job.reuse else None
        if table is not None and fingerprint is not None and fingerprint == last_fingerprint(table):
            return "unchanged"
        self._replace(write, sql, fingerprint)
        return "overwrite"

    def _append(self, write: Write) -> str:
        """Add the rows of the query to the table."""
        if write.table is None:
            return self._overwrite(write)
        sql, types, rewrite = self._reconcile(write)
        if rewrite:
            kept = delta_sql.cast({c: types[c] for c in write.columns if c in types})
            self._replace(write, f"select {kept} from {write.target} union all by name {sql}")
            return "append, with columns changed"
        stream = delta_sql.non_empty(write.cursor.sql(sql))
        if stream is None:
            return "nothing new"
        self._commit(write, stream, mode="append", schema_mode="merge")
        return "append"

    def _merge(self, write: Write) -> str:
        """Insert rows with a new key, update those that differ and, where asked, delete those no longer returned."""
        job, cursor = write.job, write.cursor
        if write.table is None or not job.unique_key:
            return self._append(write)
        types, rewrite = self._stage_source(write, unique=True)
        old, (target, on) = write.columns, self._matching(write)
        updated = [c for c in job.merge_update_columns or types if c not in job.merge_exclude_columns]
        values = [f"{TARGET}.{quote(c)}" for c in old if c not in types]
        for column in types:
            theirs, ours = f"{SOURCE}.{quote(column)}", f"{TARGET}.{quote(column)}"
            kept = f"case when {TARGET}.{ROW} is null then {theirs} else {ours} end as {quote(column)}"
            values.append(kept if column in old and column not in updated else theirs)
        differs = [
            f"{SOURCE}.{quote(c)} is distinct from " + (f"{TARGET}.{quote(c)}" if c in old else "null") for c in updated
        ]
        cursor.execute(
            f"create temp table __changes as select {', '.join(values + self._partition_before(write))},"
            f" {TARGET}.{FILE}, {TARGET}.{ROW}, true as {KEPT} from __source as {SOURCE} left join {target} on {on}"
            f" where case when {TARGET}.{ROW} is null then {job.insert_if} else {' or '.join(differs) or 'false'} end"
        )
        if job.delete_unmatched:
            target, on = self._matching(write, everywhere=True)
            self._remove(write, f"from {target} anti join __source as {SOURCE} on {on}")
        return self._apply(write, "merge", types, rewrite)

    def _delete_insert(self, write: Write) -> str:
        """Delete every row whose key the query returns, then insert what it returns (several rows a key are fine)."""
        if write.table is None or not write.job.unique_key:
            return self._append(write)
        types, rewrite = self._stage_source(write)
        target, on = self._matching(write)
        write.cursor.execute(
            f"create temp table __changes as select *, null::varchar as {FILE}, null::bigint as {ROW}, true as {KEPT}"
            " from __source"
        )
        self._remove(write, f"from {target} semi join __source as {SOURCE} on {on}")
        return self._apply(write, "delete+insert", types, rewrite)

    def _insert_overwrite(self, write: Write) -> str:
        """Replace the partitions that the query returns rows for; without partition_by, the whole table."""
        columns = {column: quote(column) for column in write.job.partition_by}
        if write.table is None or not columns:
            return self._overwrite(write)
        self._stage_source(write)
        partitions = delta_sql.bounds(write.cursor, "__source", columns, names(list(columns)), exact=True)
        if not partitions:
            return "nothing new"
        self._replace_where(write, " or ".join(partitions), write.cursor.table("__source"))
        return f"replaced {len(partitions)} partitions"

    def _microbatch(self, write: Write) -> str:
        """Replace the rows of one batch, a range of event_time."""
        if write.table is None:
            return self._overwrite(write)
        event_time, start, end = write.job.batch
        batch = f"{quote(event_time)} >= {literal(start)} and {quote(event_time)} < {literal(end)}"
        self._stage_source(write)
        rows = f"select 1 from {write.target} where {batch} union all select 1 from __source"
        if not write.cursor.execute(f"{rows} limit 1").fetchall():
            return "nothing new"
        self._replace_where(write, batch, write.cursor.table("__source"))
        return "replaced batch"

    # -- table care: dbt run-operation ---------------------------------------------------------------------------------

    def _optimize(self, write: Write) -> str:
        """Compact small files, or cluster the table; nothing where that was the last thing done to it."""
        table, zorder = write.found, write.job.options.get("zorder")
        if table.history(1)[0].get("operation") == "OPTIMIZE":
            return "nothing to do"
        sizes: dict[str, Any] = {"target_size": FILE_BYTES, "writer_properties": WRITER}
        done = table.optimize.z_order(zorder, **sizes) if zorder else table.optimize.compact(**sizes)
        return f"{done['numFilesRemoved']} files became {done['numFilesAdded']}"

    def _vacuum(self, write: Write) -> Any:
        return write.found.vacuum(write.job.options["retention_hours"], dry_run=write.job.options["dry_run"])

    def _history(self, write: Write) -> Any:
        return write.found.history(write.job.options["limit"])

    def _restore(self, write: Write) -> str:
        write.found.restore(write.job.options["version"])
        return f"restored version {write.job.options['version']}"

    def _as_of(self, write: Write) -> str:
        """The table at a version, or at the last one that is not younger than a timestamp (UTC)."""
        version, timestamp, past = write.job.options["version"], write.job.options["timestamp"], write.found
        if version is None:
            moment = datetime.fromisoformat(timestamp)
            past.load_as_version(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            version = past.version()
        return f"delta_scan({literal(write.path)}, version => {int(version)})"

    def _describe(self, write: Write) -> None:
        """Nothing of its own: every job puts the table's comments on its view, where dbt's catalog finds them."""

    # -- the parts that strategies share -------------------------------------------------------------------------------

    def _reconcile(self, write: Write) -> tuple[str, dict[str, str], bool]:
        """Fit the query to the existing table as on_schema_change says.

        Returns the query, its columns with their types, and whether the table has to be rewritten (a column goes or
        changes its type).
        """
        job, cursor, partitions = write.job, write.cursor, write.found.metadata().partition_columns
        if partitions != job.partition_by:
            raise CompilationError(
                f"{write.name}: partition_by is {job.partition_by}, but the table is partitioned by {partitions}."
                " Run it with --full-refresh."
            )
        old = delta_sql.delta_types(cursor, f"from {write.target}", timestamp_ntz=True)
        spelling = {c.lower(): c for c in old}
        new = delta_sql.delta_types(cursor, job.sql, job.timestamp_ntz)
        new = {spelling.get(c.lower(), c): dtype for c, dtype in new.items()}
        added = [c for c in new if c not in old and not steering(c)]
        removed = [c for c in old if c not in new]
        retyped = [c for c in new if c in old and new[c] != old[c]]
        mode = job.on_schema_change
        problem = f"{write.name}: the model's columns differ from the table's (new: {added or 'none'},"
        problem += f" missing: {removed or 'none'}, of another type: {[f'{c} {old[c]} -> {new[c]}' for c in retyped]})."
        if (mode == "fail" and (added or removed or retyped)) or (mode == "ignore" and removed):
            raise CompilationError(f"{problem} on_schema_change is {mode}: change it, or run with --full-refresh.")
        narrowed = [c for c in retyped if not delta_sql.castable(cursor, new[c], old[c])]
        if mode != "sync_all_columns" and narrowed:
            raise CompilationError(f"{problem} Cast {narrowed} in the model, or run with --full-refresh.")
        rewrite = mode == "sync_all_columns" and bool(removed or retyped)
        if rewrite and (job.strategy in ("insert_overwrite", "microbatch") or job.merge_update_columns):
            raise CompilationError(f"{problem} A write of only a part cannot change that: run with --full-refresh.")
        kept = [c for c in new if c in old or mode != "ignore" or steering(c)]
        types = {c: new[c] if rewrite else old.get(c, new[c]) for c in kept}
        return delta_sql.select_as(job, types), types, rewrite

    def _stage_source(self, write: Write, unique: bool = False) -> tuple[dict[str, str], bool]:
        """Run the query into the temporary table __source, and refuse keys that are not unique if they must be.

        Returns its columns, without those by which dbt steers a snapshot, and whether the table must be rewritten.
        """
        sql, types, rewrite = self._reconcile(write)
        write.cursor.execute(f"create temp table __source as {sql}")
        keys = names(write.job.unique_key)
        twice = f"select {keys}, count(*) from __source group by {keys} having count(*) > 1 limit 5"
        if unique and (rows := write.cursor.execute(twice).fetchall()):
            examples = ", ".join(f"{row[:-1] if len(row) > 2 else row[0]} ({row[-1]} rows)" for row in rows)
            raise DbtRuntimeError(
                f"{write.name}: the query returns more than one row for a unique_key ({keys}): {examples}."
                " Nothing was written."
            )
        return {c: dtype for c, dtype in types.items() if not steering(c)}, rewrite

    def _matching(self, write: Write, everywhere: bool = False) -> tuple[str, str]:
        """The rows of the table that a row of __source may match, as a subquery, and the condition to join them on.

        everywhere: all rows, and not only those in the source's range of keys.
        """
        job, keys = write.job, {key: quote(key) for key in write.job.unique_key}
        where = [] if everywhere else delta_sql.bounds(write.cursor, "__source", keys)
        where += [f"({p})" for p in job.incremental_predicates if SOURCE not in p.lower()]
        on = [f"{SOURCE}.{key} = {TARGET}.{key}" for key in keys.values()]
        on += [f"({p})" for p in job.incremental_predicates if SOURCE in p.lower()]
        rows = f"(from {write.located} as {TARGET} where {' and '.join(where) or 'true'}) as {TARGET}"
        return rows, " and ".join(on)

    def _partition_before(self, write: Write) -> list[str]:
        return [f"{TARGET}.{quote(c)} as {quote(WAS + c)}" for c in write.job.partition_by]

    def _remove(self, write: Write, rows: str) -> None:
        """Note rows of the table (`from … where …`) in __changes as going."""
        columns = ", ".join(["*", *self._partition_before(write), f"false as {KEPT}"])
        write.cursor.execute(f"create temp table __going as select {columns} {rows}")
        write.cursor.execute("create or replace temp table __changes as from __changes union all by name from __going")

    def _apply(self, write: Write, done: str, types: dict[str, str], rewrite: bool) -> str:
        """Commit what __changes holds: rows that are KEPT are written, those that had a ROW are no longer there."""
        cursor = write.cursor
        inserted, updated, deleted = cursor.execute(
            f"select count(*) filter ({ROW} is null), count(*) filter ({KEPT} and {ROW} is not null),"
            f" count(*) filter (not {KEPT}) from __changes"
        ).fetchall()[0]
        if not (inserted or updated or deleted or rewrite):
            return "nothing new"
        done = f"{done} ({inserted} inserted, {updated} updated, {deleted} deleted)"
        old = [c for c in write.columns if c in types or not rewrite]
        coming = f"select {names([*old, *(c for c in types if c not in old)])} from __changes where {KEPT}"
        if not (updated or deleted or rewrite):
            self._commit(write, cursor.sql(coming), mode="append", schema_mode="merge")
            return done
        where = "true" if rewrite else self._ranges(write, [c for c in types if c in old])
        staying = (
            f"select {delta_sql.cast({c: types[c] for c in old}) if rewrite else names(old)} from"
            f" (from {write.located} where {where}) anti join __changes using ({FILE}, {ROW})"
        )
        if rewrite:
            self._replace(write, f"{staying} union all by name {coming}")
        else:
            self._replace_where(write, where, cursor.sql(f"{staying} union all by name {coming}"))
        return done

    def _ranges(self, write: Write, columns: list[str]) -> str:
        """A predicate that each row that comes or goes meets, and few other rows do.

        Rows that go lie in ranges of keys, file by file; for rows that come anew, all columns narrow the range.
        """
        job, cursor = write.job, write.cursor
        keys, partitions = {c: quote(c) for c in job.unique_key}, {c: quote(c) for c in job.partition_by}
        before = {c: quote(WAS + c) for c in partitions}
        files = cursor.execute(f"select count(distinct {FILE}) from __changes").fetchall()[0][0]
        by_file = FILE if files <= RANGES else names([WAS + c for c in partitions])
        going = delta_sql.bounds(cursor, f"__changes where {ROW} is not null", keys | before, by_file)
        moved = delta_sql.bounds(cursor, f"__changes where {KEPT} and {ROW} is not null", keys | partitions, by_file)
        anew = {c: quote(c) for c in columns}
        coming = delta_sql.bounds(cursor, f"__changes where {ROW} is null", anew, names(list(partitions)))
        (overall,) = delta_sql.bounds(cursor, "__changes", keys)  # which DuckDB skips files by, as it does not by `or`
        return f"{overall} and ({' or '.join(dict.fromkeys(going + moved + coming))})"

    def _replace(self, write: Write, sql: str, fingerprint: str | None = None) -> None:
        """Commit the query's result as the new content of the table, schema included."""
        job = write.job
        data = delta_sql.decorated(write.cursor.sql(sql), set(job.not_null), job.comments)
        if write.table is not None:
            how: dict[str, Any] = {"mode": "overwrite", "schema_mode": "overwrite"}
        else:
            how = {"mode": "error", "configuration": job.tblproperties or None, "description": job.description}
        self._commit(write, data, {FINGERPRINT: fingerprint} if fingerprint else {}, **how)

    def _replace_where(self, write: Write, where: str, data: duckdb.DuckDBPyRelation) -> None:
        """Commit rows in place of all that meet a condition, which they must meet too."""
        self._commit(write, data, mode="overwrite", schema_mode="merge", predicate=where)

    def _commit(self, write: Write, data: Any, metadata: dict[str, str] | None = None, **how: Any) -> None:
        """One commit, as the version right after the one that this attempt found, or CommitFailedError."""
        try:
            write_deltalake(
                write.path if write.table is None else write.table,
                data,
                partition_by=write.job.partition_by or None,
                target_file_size=int(write.job.tblproperties.get("delta.targetFileSize", FILE_BYTES)),
                writer_properties=WRITER,
                commit_properties=CommitProperties({**(metadata or {}), COMMIT: write.commit}, max_commit_retries=0),
                **how,
            )
        except DeltaError as error:
            now = open_table(write.path)
            # An object store may carry out a request whose answer got lost: the commit is there, and by this job.
            if now is not None and any(commit.get(COMMIT) == write.commit for commit in now.history(ATTEMPTS)):
                return
            if write.table is None and now is not None:
                raise CommitFailedError(str(error)) from error
            raise

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

    def _fingerprint(self, write: Write, sql: str) -> str | None:
        """What decides the result: configuration, SQL and the versions of all inputs; None where that is not all."""
        versions = [write.job.input_token or ""]
        if write.job.input_token is None:
            tables = delta_sql.inputs(write.cursor, sql, self.unsteady)
            if tables is None or not tables <= self.tables.keys():
                return None
            for name in sorted(tables):
                table = DeltaTable(self.tables[name])
                versions.append(f"{table.metadata().id}@{table.version()}")
        return hashlib.sha256(json.dumps([sql, versions, asdict(write.job)], sort_keys=True).encode()).hexdigest()

    def _create_view(
        self, cursor: duckdb.DuckDBPyConnection, schema: str, name: str, table: DeltaTable | None = None
    ) -> None:
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

    def _cursor(self, job: Job) -> duckdb.DuckDBPyConnection:
        """A cursor with the session settings of the profile, as dbt-duckdb gives them to its own cursors."""
        cursor: duckdb.DuckDBPyConnection = Environment.initialize_cursor(self.creds, self.conn.cursor())  # type: ignore[arg-type]
        if job.sql_header:
            cursor.execute(job.sql_header)
        return cursor


def open_table(path: str) -> DeltaTable | None:
    """The Delta table at its latest version, or None where there is none."""
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        return None


def steering(column: str) -> bool:
    """Whether a column only tells dbt what to do with a row of a snapshot."""
    return column == "dbt_change_type" or column.startswith("dbt_unique_key")


def last_fingerprint(table: DeltaTable) -> str | None:
    """The fingerprint of the commit that last changed the table's rows."""
    commits = (commit for commit in table.history(20) if commit.get("operation") not in DATA_PRESERVING)
    return next(commits, {}).get(FINGERPRINT)
