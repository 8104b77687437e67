"""A dbt-duckdb plugin that keeps the models of a project in Delta tables.

DuckDB computes, delta-rs commits. A materialization (macros/delta/materializations.sql) hands over the compiled
SQL and the wanted strategy; the plugin runs the SQL on a cursor of dbt's own connection and streams the result as
Arrow record batches into one Delta commit.

- A table lies at `<root>/<schema>/<name>` and is readable in DuckDB as a view of that name over `delta_scan`. The
  views are made again whenever a connection opens, so that DuckDB itself holds no state.
- Compare and swap: the table's version is read before the SQL runs, and the commit succeeds only as the very next
  version. What the SQL read of its own table is therefore exactly what it changes; after a conflict the whole
  attempt is repeated.
- Nothing is committed where nothing would change.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import RecordBatchReader, Schema
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt_common.exceptions import DbtRuntimeError
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from plugins.delta_sql import delta_types, inputs, literal, quote, select_as

ATTEMPTS = 5
# A merge of more rows than this is written as a new version of the whole table: DuckDB spills to disk, a merge in
# delta-rs holds its source in memory.
MERGE_ROWS = 1_000_000
# Files small enough that a merge into one range of keys rewrites little, row groups small enough that DuckDB reads
# one file with several threads and skips most of it on a filter.
FILE_BYTES = 32 * 2**20
WRITER = WriterProperties(compression="SNAPPY", max_row_group_size=122_880)
FINGERPRINT = "dbt.fingerprint"
# Operations that leave a table's rows as they are.
DATA_PRESERVING = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UPDATE FIELD METADATA")
OPERATION = "__dbt_operation"  # column of a change set: upsert, insert, update or delete
SOURCE, TARGET = "dbt_internal_source", "dbt_internal_dest"  # dbt's names, for incremental_predicates


@dataclass
class Job:
    """What a materialization asks for. The fields are named as in Jinja; README.md in this folder explains them."""

    strategy: str
    sql: str = ""
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
    reuse: bool = True
    input_token: str | None = None
    event_time: str | None = None
    event_time_start: str | None = None
    event_time_end: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Write:
    """One attempt: a cursor, the job, and the table as it was found (None where there is none yet)."""

    cursor: duckdb.DuckDBPyConnection
    job: Job
    name: str
    path: str
    table: DeltaTable | None

    @property
    def target(self) -> str:
        """The table at the version that this attempt found, as a DuckDB table function."""
        assert self.table is not None
        return f"delta_scan({literal(self.path)}, version => {self.table.version()})"


class Plugin(BasePlugin):
    """Keeps models as Delta tables; configured with `root`, the folder or object-store prefix of all tables."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self.root = absolute(str(plugin_config["root"]))
        self.tables: dict[tuple[str, str], str] = {}  # (schema, name) -> path, of every view over a Delta table

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extensions and make a view of every Delta table below the root."""
        self.conn = conn
        load_extension(conn, "delta")
        configure_object_store(conn, self.root)
        pattern = f"{self.root}/*/*/_delta_log/*.json"
        for (log,) in conn.execute(f"select distinct parse_path(file)[:-3] from glob({literal(pattern)})").fetchall():
            self._create_view(conn, log[-2], log[-1])

    def store(self, target_config: TargetConfig) -> None:
        """Carry out one job: `config["job"]` describes it, `config["result"]` receives what was done.

        Raises DbtRuntimeError when the job cannot be done or another writer keeps getting in between; the table is
        then at the version it had before.
        """
        schema, name = str(target_config.relation.schema), str(target_config.relation.identifier)
        job = Job(**target_config.config["job"])
        path = f"{self.root}/{schema}/{name}"
        if job.location is not None and absolute(job.location) != path:
            raise DbtRuntimeError(
                f"{schema}.{name}: location_root puts the table at {job.location}, but this profile keeps it at {path}."
                " Set location_root to <root>/<schema>, with the plugin's root and the model's schema."
            )
        for attempt in range(ATTEMPTS):
            with self._cursor() as cursor:
                write = Write(cursor, job, f"{schema}.{name}", path, open_table(path))
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
        self._create_view(self.conn.cursor(), schema, name)

    # -- strategies: each makes at most one commit and returns a line that says what it did ---------------------------

    def _overwrite(self, write: Write) -> str:
        """Replace the whole table, unless the same SQL over the same input versions wrote it last."""
        job, table = write.job, write.table
        types = delta_types(write.cursor, job.sql, job.timestamp_ntz)
        sql = select_as(job.sql, types, job.not_null, job.checks)
        fingerprint = self._fingerprint(write, sql) if job.reuse else None
        if table is not None and fingerprint is not None and fingerprint == last_fingerprint(table):
            return "unchanged"
        self._replace(write, sql, fingerprint)
        return "overwrite"

    def _append(self, write: Write) -> str:
        """Add the rows of the query to the table."""
        if write.table is None:
            return self._overwrite(write)
        sql, _, _ = self._reconcile(write)
        stream = non_empty(write.cursor.sql(sql))
        if stream is None:
            return "nothing new"
        self._commit(write, stream, mode="append", schema_mode="merge")
        return "append"

    def _merge(self, write: Write) -> str:
        """Insert rows with a new key, update those that differ and, where asked, delete those no longer returned."""
        job, cursor = write.job, write.cursor
        if write.table is None or not job.unique_key:
            return self._append(write)
        columns, rewrite = self._stage_source(write)
        self._refuse_duplicates(write)
        updated = [c for c in job.merge_update_columns or columns if c not in job.merge_exclude_columns]
        existing = [c for c in updated if c in cursor.sql(f"from {write.target}").columns]
        added = [c for c in updated if c not in existing]
        differs = " or ".join(
            [f"s.{quote(c)} is distinct from t.{quote(c)}" for c in existing]
            + [f"s.{quote(c)} is not null" for c in added]
        )
        on = match(job, "s", "t")
        changes = (
            f"select s.*, 'upsert' as {OPERATION} from __source s where not exists"
            f" (select 1 from {write.target} t where {on} and not ({differs or 'false'}))"
        )
        if job.delete_unmatched:
            keys = ", ".join(f"t.{quote(key)}" for key in job.unique_key)
            changes += (
                f" union all by name select {keys}, 'delete' as {OPERATION}"
                f" from {write.target} t where not exists (select 1 from __source s where {on})"
            )
        cursor.execute(f"create temp table __changes as {changes}")
        return self._apply(write, columns, updated, rewrite)

    def _delete_insert(self, write: Write) -> str:
        """Delete every row whose key the query returns, then insert what it returns (several rows a key are fine)."""
        if write.table is None:
            return self._overwrite(write)
        if not write.job.unique_key:
            raise DbtRuntimeError(f"{write.name}: incremental_strategy delete+insert needs a unique_key.")
        columns, rewrite = self._stage_source(write)
        keys = ", ".join(quote(key) for key in write.job.unique_key)
        write.cursor.execute(
            f"create temp table __changes as select *, 'insert' as {OPERATION} from __source"
            f" union all by name select distinct {keys}, 'delete' as {OPERATION} from __source"
        )
        # What is to be inserted must match nothing: the old rows are matched by the delete rows.
        return self._apply(write, columns, columns, rewrite, on=f" and {SOURCE}.{OPERATION} = 'delete'")

    def _insert_overwrite(self, write: Write) -> str:
        """Replace the partitions that the query returns rows for; without partition_by, the whole table."""
        job, cursor = write.job, write.cursor
        if write.table is None or not job.partition_by:
            return self._overwrite(write)
        if write.table.metadata().partition_columns != job.partition_by:
            raise DbtRuntimeError(
                f"{write.name}: partition_by is {job.partition_by}, but the table is partitioned by"
                f" {write.table.metadata().partition_columns}. Run it with --full-refresh."
            )
        self._stage_source(write)
        names = ", ".join(quote(column) for column in job.partition_by)
        partitions = cursor.execute(f"select distinct {names} from __source").fetchall()
        if not partitions:
            return "nothing new"
        predicate = " or ".join(
            "(" + " and ".join(equals(quote(c), value) for c, value in zip(job.partition_by, values, strict=True)) + ")"
            for values in partitions
        )
        self._commit(write, cursor.table("__source"), mode="overwrite", predicate=predicate)
        return f"replaced {len(partitions)} partitions"

    def _microbatch(self, write: Write) -> str:
        """Replace the rows of one batch, `event_time_start` <= event_time < `event_time_end`."""
        job = write.job
        if write.table is None:
            return self._overwrite(write)
        column = quote(str(job.event_time))
        predicate = f"{column} >= {literal(job.event_time_start)} and {column} < {literal(job.event_time_end)}"
        self._stage_source(write)
        held = f"select count(*) from {write.target} where {predicate}"
        if write.cursor.execute(f"select ({held}) + (select count(*) from __source)").fetchall() == [(0,)]:
            return "nothing new"
        self._commit(write, write.cursor.table("__source"), mode="overwrite", predicate=predicate)
        return "replaced batch"

    def _snapshot(self, write: Write) -> str:
        """Apply dbt's snapshot staging query: insert new records, close (`valid_to`) those that changed or went."""
        job, cursor = write.job, write.cursor
        if write.table is None:
            return self._overwrite(write)
        job.on_schema_change = "append_new_columns"
        columns, _ = self._stage_source(write)
        cursor.execute(
            "create temp table __changes as select * exclude (dbt_change_type),"
            f" case dbt_change_type when 'insert' then 'insert' else 'update' end as {OPERATION} from __source"
        )
        columns = [c for c in columns if c != "dbt_change_type" and not c.startswith("dbt_unique_key")]
        return self._apply(write, columns, [job.options["valid_to"]], rewrite=False)

    # -- table care: dbt run-operation ---------------------------------------------------------------------------------

    def _optimize(self, write: Write) -> str:
        table, zorder = existing(write), write.job.options.get("zorder")
        done = table.optimize.z_order(zorder) if zorder else table.optimize.compact()
        return f"{done['numFilesRemoved']} files became {done['numFilesAdded']}"

    def _vacuum(self, write: Write) -> list[str]:
        options = write.job.options
        files: list[str] = existing(write).vacuum(options["retention_hours"], dry_run=options["dry_run"])
        return files

    def _history(self, write: Write) -> list[dict[str, Any]]:
        commits: list[dict[str, Any]] = existing(write).history(write.job.options.get("limit"))
        return commits

    def _as_of(self, write: Write) -> str:
        """The table at a version, or at the last one that is not younger than a timestamp (UTC)."""
        version, timestamp = write.job.options["version"], write.job.options["timestamp"]
        table = existing(write)
        if version is None:
            moment = datetime.fromisoformat(timestamp)
            table.load_as_version(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            version = table.version()
        return f"delta_scan({literal(write.path)}, version => {int(version)})"

    def _restore(self, write: Write) -> str:
        existing(write).restore(write.job.options["version"])
        return f"restored version {write.job.options['version']}"

    # -- the parts that strategies share -------------------------------------------------------------------------------

    def _stage_source(self, write: Write) -> tuple[list[str], bool]:
        """Run the query into the temporary table __source; returns its columns and whether a column must be dropped."""
        sql, columns, rewrite = self._reconcile(write)
        write.cursor.execute(f"create temp table __source as {sql}")
        return columns, rewrite

    def _reconcile(self, write: Write) -> tuple[str, list[str], bool]:
        """Fit the query to the existing table as on_schema_change says.

        Returns the query, its columns, and whether the table has to be rewritten (a column goes or changes its type).
        """
        job, cursor = write.job, write.cursor
        new = delta_types(cursor, job.sql, timestamp_ntz=job.timestamp_ntz)
        old = delta_types(cursor, f"from {write.target}", timestamp_ntz=True)
        ignored = {c for c in new if c == "dbt_change_type" or c.startswith("dbt_unique_key")}
        added = [c for c in new if c not in old and c not in ignored]
        removed = [c for c in old if c not in new]
        retyped = [c for c in new if c in old and new[c] != old[c]]
        mode = job.on_schema_change
        problem = f"{write.name}: the model's columns differ from the table's (new: {added or 'none'},"
        problem += f" missing: {removed or 'none'}, of another type: {[f'{c} {old[c]} -> {new[c]}' for c in retyped]})."
        if (mode == "fail" and (added or removed or retyped)) or (mode == "ignore" and removed):
            raise DbtRuntimeError(f"{problem} on_schema_change is {mode}: change it, or run with --full-refresh.")
        if mode != "sync_all_columns" and retyped:
            narrowed = [c for c in retyped if not implicitly_castable(cursor, new[c], old[c])]
            if narrowed:
                raise DbtRuntimeError(f"{problem} Cast {narrowed} in the model, or run with --full-refresh.")
        columns = [c for c in new if c in old or mode != "ignore" or c in ignored]
        types = {c: old[c] if c in old and mode != "sync_all_columns" else new[c] for c in columns}
        sql = select_as(job.sql, types, job.not_null, job.checks)
        return sql, columns, mode == "sync_all_columns" and bool(removed or retyped)

    def _refuse_duplicates(self, write: Write) -> None:
        keys = ", ".join(quote(key) for key in write.job.unique_key)
        rows = write.cursor.execute(
            f"select {keys}, count(*) from __source group by {keys} having count(*) > 1 limit 5"
        ).fetchall()
        if rows:
            examples = ", ".join(f"{row[:-1] if len(row) > 2 else row[0]} ({row[-1]} rows)" for row in rows)
            raise DbtRuntimeError(
                f"{write.name}: the query returns more than one row for a unique_key"
                f" ({', '.join(write.job.unique_key)}): {examples}. Nothing was written."
            )

    def _apply(self, write: Write, columns: list[str], updated: list[str], rewrite: bool, on: str = "") -> str:
        """Commit the change set in __changes: as a merge, or as a new version of the table where that is cheaper.

        on: a further condition of the merge's join.
        """
        job, cursor, table = write.job, write.cursor, write.table
        assert table is not None
        counts = dict(cursor.execute(f"select {OPERATION}, count(*) from __changes group by all").fetchall())
        if not counts and not rewrite:
            return "nothing new"
        if set(updated) != set(columns) and rewrite:
            raise DbtRuntimeError(
                f"{write.name}: sync_all_columns has a column to drop or change, which a merge of only some columns"
                " cannot do. Run it with --full-refresh."
            )
        done = ", ".join(f"{count} {operation}" for operation, count in sorted(counts.items())) or "columns"
        if rewrite or (sum(counts.values()) > MERGE_ROWS and set(updated) == set(columns)):
            names = ", ".join(quote(column) for column in columns)
            kept = ", ".join(quote(c) for c in columns if c in cursor.sql(f"from {write.target}").columns)
            self._replace(
                write,
                f"select {kept} from {write.target} t where not exists"
                f" (select 1 from __changes s where {match(job, 's', 't')} and {OPERATION} <> 'insert')"
                f" union all by name select {names} from __changes where {OPERATION} <> 'delete'",
            )
            return f"rewrite ({done})"
        values = {quote(column): f"{SOURCE}.{quote(column)}" for column in columns}
        merger = table.merge(
            cursor.table("__changes"),
            predicate=match(job, SOURCE, TARGET) + on + self._key_range(write),
            source_alias=SOURCE,
            target_alias=TARGET,
            merge_schema=True,
            streamed_exec=False,  # with the source at hand, delta-rs skips files by its keys
            writer_properties=WRITER,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
        if "delete" in counts:
            merger = merger.when_matched_delete(f"{SOURCE}.{OPERATION} = 'delete'")
        if updated:
            merger = merger.when_matched_update(
                {quote(c): values[quote(c)] for c in updated}, f"{SOURCE}.{OPERATION} in ('upsert', 'update')"
            )
        merger.when_not_matched_insert(values, f"{SOURCE}.{OPERATION} in ('upsert', 'insert')").execute()
        self._persist_docs(write)
        return f"merge ({done})"

    def _key_range(self, write: Write) -> str:
        """The range of the first key in the change set as a predicate, by which whole files are skipped."""
        key = quote(write.job.unique_key[0])
        low, high = write.cursor.execute(f"select min({key}), max({key}) from __changes").fetchall()[0]
        if type(low) not in (int, str):
            return ""
        return f" and {TARGET}.{key} between {literal(low)} and {literal(high)}"

    def _replace(self, write: Write, sql: str, fingerprint: str | None = None) -> None:
        """Commit the query's result as the new content of the table, schema included."""
        job = write.job
        data = decorated(write.cursor.sql(sql), set(job.not_null), job.comments)
        metadata = {FINGERPRINT: fingerprint} if fingerprint else None
        if write.table is not None:
            self._commit(write, data, mode="overwrite", schema_mode="overwrite", custom_metadata=metadata)
            return
        self._commit(
            write,
            data,
            mode="error",
            custom_metadata=metadata,
            configuration=job.tblproperties or None,
            description=job.description,
        )

    def _commit(self, write: Write, data: Any, custom_metadata: dict[str, str] | None = None, **how: Any) -> None:
        """One commit, as the version right after the one that this attempt found, or CommitFailedError."""
        write_deltalake(
            write.table if write.table is not None else write.path,
            data,
            partition_by=write.job.partition_by or None,
            target_file_size=FILE_BYTES,
            writer_properties=WRITER,
            commit_properties=CommitProperties(custom_metadata=custom_metadata, max_commit_retries=0),
            **how,
        )
        if write.table is not None:
            self._persist_docs(write)

    def _persist_docs(self, write: Write) -> None:
        """Bring description, column comments and properties of an existing table up to date, where they differ."""
        job, table = write.job, DeltaTable(write.path)
        if job.description is not None and (table.metadata().description or "") != job.description:
            table.alter.set_table_description(job.description)
        for column in table.schema().fields:
            comment = job.comments.get(column.name)
            if comment is not None and column.metadata.get("comment") != comment:
                table.alter.set_column_metadata(column.name, {"comment": comment})
        stale = {k: v for k, v in job.tblproperties.items() if table.metadata().configuration.get(k) != v}
        if stale:
            table.alter.set_table_properties(stale)

    def _fingerprint(self, write: Write, sql: str) -> str | None:
        """What decides the result: configuration, SQL and the versions of all inputs; None where that is not all."""
        versions = [write.job.input_token or ""]
        if write.job.input_token is None:
            tables = inputs(write.cursor, sql)
            if tables is None or not tables <= self.tables.keys():
                return None
            for name in sorted(tables):
                table = DeltaTable(self.tables[name], without_files=True)
                versions.append(f"{table.metadata().id}@{table.version()}")
        return hashlib.sha256(json.dumps([sql, versions, asdict(write.job)], sort_keys=True).encode()).hexdigest()

    def _create_view(self, cursor: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
        path = f"{self.root}/{schema}/{name}"
        cursor.execute(f"create schema if not exists {quote(schema)}")
        view = f"create or replace view {quote(schema)}.{quote(name)} as select * from delta_scan({literal(path)})"
        try:
            cursor.execute(view)
        except duckdb.CatalogException:  # a table of that name: what dbt loaded a seed's rows into
            cursor.execute(f"drop table {quote(schema)}.{quote(name)}")
            cursor.execute(view)
        self.tables[schema, name] = path

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor with the session settings of the profile, as dbt-duckdb gives them to its own cursors."""
        cursor: duckdb.DuckDBPyConnection = Environment.initialize_cursor(self.creds, self.conn.cursor())  # type: ignore[arg-type]
        return cursor


def absolute(location: str) -> str:
    """A location without trailing slash; local ones as an absolute path."""
    return location.rstrip("/") if "://" in location else str(Path(location).absolute())


def open_table(path: str) -> DeltaTable | None:
    """The Delta table at its latest version, or None where there is none."""
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        return None


def existing(write: Write) -> DeltaTable:
    """The table, for operations that need one; raises DbtRuntimeError where there is none."""
    if write.table is None:
        raise DbtRuntimeError(f"{write.name}: there is no Delta table at {write.path}. Build the model first.")
    return write.table


def match(job: Job, source: str, target: str) -> str:
    """The join condition of a merge: the keys, and the model's incremental_predicates."""
    keys = [f"{source}.{quote(key)} = {target}.{quote(key)}" for key in job.unique_key]
    predicates = [
        re.sub(rf"\b{TARGET}\b", target, re.sub(rf"\b{SOURCE}\b", source, p, flags=re.I), flags=re.I)
        for p in job.incremental_predicates
    ]
    return " and ".join(keys + [f"({predicate})" for predicate in predicates])


def equals(column: str, value: Any) -> str:
    """A null-safe comparison that DataFusion can prune files with."""
    return f"{column} is null" if value is None else f"{column} = {literal(value)}"


def last_fingerprint(table: DeltaTable) -> str | None:
    """The fingerprint of the commit that last changed the table's rows."""
    commits = (commit for commit in table.history(20) if commit.get("operation") not in DATA_PRESERVING)
    return next(commits, {}).get(FINGERPRINT)


def implicitly_castable(cursor: duckdb.DuckDBPyConnection, source: str, target: str) -> bool:
    """Whether DuckDB casts between the types by itself, that is without losing anything."""
    sql = f"select can_cast_implicitly(null::{source}, null::{target})"
    return bool(cursor.execute(sql).fetchall()[0][0])


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


def decorated(relation: duckdb.DuckDBPyRelation, not_null: set[str], comments: dict[str, str]) -> Any:
    """The relation as a stream whose schema carries not-null marks and column comments into the Delta schema."""
    if not not_null and not comments:
        return relation
    reader = RecordBatchReader.from_arrow(relation)
    fields = [
        column.with_nullable(column.name not in not_null).with_metadata({"comment": comments[column.name]})
        if column.name in comments
        else column.with_nullable(column.name not in not_null)
        for column in map(reader.schema.field, reader.schema.names)
    ]
    schema = Schema(fields)
    return RecordBatchReader.from_batches(schema, (batch.with_schema(schema) for batch in reader))


def load_extension(conn: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python wheel (`duckdb-extension-<name>`); nothing is downloaded."""
    try:
        package = importlib.import_module(f"duckdb_extension_{name}")
    except ImportError as error:
        raise DbtRuntimeError(f"The package duckdb-extension-{name} is missing: run `make setup`.") from error
    file = Path(str(package.__file__)).parent / f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    conn.execute(f"load {literal(str(file))}")


def configure_object_store(conn: duckdb.DuckDBPyConnection, root: str) -> None:
    """Give DuckDB the credentials that delta-rs reads by itself, from the clouds' standard environment variables."""
    env = os.environ
    if root.startswith(("s3://", "s3a://")):
        load_extension(conn, "httpfs")
        endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
        options = {
            "type": "s3",
            "key_id": env.get("AWS_ACCESS_KEY_ID"),
            "secret": env.get("AWS_SECRET_ACCESS_KEY"),
            "session_token": env.get("AWS_SESSION_TOKEN"),
            "region": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
        }
        if endpoint:
            scheme, host = endpoint.rstrip("/").split("://")
            options |= {"endpoint": host, "url_style": "path", "use_ssl": str(scheme == "https").lower()}
    elif root.startswith(("az://", "azure://", "abfs://", "abfss://")):
        load_extension(conn, "azure")
        options = {"type": "azure", "connection_string": azure_connection_string()}
    else:
        return
    parts = ", ".join(f"{key} {literal(value)}" for key, value in options.items() if value)
    conn.execute(f"create or replace secret lakehouse ({parts})")


def azure_connection_string() -> str:
    """The connection string of the storage account that the environment variables name."""
    env = os.environ
    if "AZURE_STORAGE_CONNECTION_STRING" in env:
        return env["AZURE_STORAGE_CONNECTION_STRING"]
    account = env.get("AZURE_STORAGE_ACCOUNT_NAME", "")
    text = f"AccountName={account};AccountKey={env.get('AZURE_STORAGE_ACCOUNT_KEY', '')}"
    endpoint = env.get("AZURE_STORAGE_ENDPOINT")
    return f"{text};BlobEndpoint={endpoint}" if endpoint else f"DefaultEndpointsProtocol=https;{text}"
