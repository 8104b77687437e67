"""One attempt at a job: computes in DuckDB what the table is to become, and commits it with delta-rs.

Each strategy is a method, makes at most one commit, and returns a line that says what it did; where nothing would
change, nothing is committed. What changes existing rows (merge, delete+insert, snapshots) works out in DuckDB which
rows go and which come, and replaces the ranges of keys in which they lie: files outside are neither read nor written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dbt.version
import deltalake
import duckdb
from dbt.adapters.duckdb.__version__ import version as dbt_duckdb_version
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from deltalake import ColumnProperties, CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from dbt_duckdb_delta import queries
from dbt_duckdb_delta.inputs import inputs, settings
from dbt_duckdb_delta.job import OWNER, VERSION, Job
from dbt_duckdb_delta.queries import INEXACT, PARTITION, any_of, bounds, literal, names, quote
from dbt_duckdb_delta.stream import Described

# Files small enough that a change within one range of keys rewrites little, row groups small enough that DuckDB reads
# one file with several threads and skips most of it on a filter. Dictionaries only where values recur: each costs time,
# and the memory of a file that is open for each partition.
FILE_BYTES = 8 * 2**20
HOW: dict[str, Any] = {"compression": "SNAPPY", "max_row_group_size": 122_880, "dictionary_page_size_limit": 32_768}
FINGERPRINT, COMMIT = "dbt.fingerprint", "dbt.commit"  # in the metadata of commits
VERSIONS = [VERSION, duckdb.__version__, deltalake.__version__, dbt.version.__version__, dbt_duckdb_version]
OF_RUN = re.compile(r"/\* of run \*/.*?/\* end of run \*/", re.DOTALL)  # macro of_run marks it
# Operations that leave a table's rows as they are.
DATA_PRESERVING = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UPDATE FIELD METADATA")
SOURCE, TARGET = "dbt_internal_source", "dbt_internal_dest"  # dbt's names, for incremental_predicates
OURS = "__dbt_delta_"  # begins the names below, and no column of a user's
# Temporary tables, in the session that the model's hooks and query share.
STAGED, CHANGES, GOING = "__dbt_delta_source", "__dbt_delta_changes", "__dbt_delta_going"
# Columns of CHANGES: where a row lies in the table, its partition there, and whether it is written.
FILE, ROW, WAS, KEPT = "__dbt_delta_file", "__dbt_delta_row", "__dbt_delta_was_", "__dbt_delta_kept"
RANGES = 10  # of keys, at most, that one commit replaces


@dataclass
class Attempt:
    """A job, and its table as it was found (None where there is none yet)."""

    cursor: duckdb.DuckDBPyConnection
    job: Job
    name: str
    path: str
    table: DeltaTable | None
    commit: str  # by which a commit is known as this job's own
    tables: dict[tuple[str, str], str]  # (schema, name) -> path, of every view over a Delta table
    pinned: dict[str, int]  # path -> the version of a source that the run reads
    shadowed: set[str]  # functions of DuckDB that somebody's macro stands in for
    storage: dict[str, str]  # credentials and the like for delta-rs, beyond those of the environment
    fingerprint: str = ""  # of what decides the rows; goes into the commit, for the next build to find

    def overwrite(self) -> str:
        """Replace the whole table, unless the same SQL over the same input versions wrote it last."""
        if self._unchanged():
            return "unchanged"
        self._replace(self._query([])[0])
        return "overwrite"

    def append(self, replace: bool = False) -> str:
        """Add the rows of the query to the table. replace: and take out the rows that have a key of theirs."""
        if self.table is None:
            return self.overwrite()
        if self._unchanged():
            return "unchanged"
        types, rewrite = self._stage_source()
        if not (replace or rewrite):
            return self._add(types)
        new = f"null::varchar as {FILE}, null::bigint as {ROW}, true as {KEPT}"
        self.cursor.execute(f"create temp table {CHANGES} as select *, {new} from {STAGED}")
        if replace and self.job.unique_key:
            target, on = self._matching()
            self._remove(f"from {target} semi join {STAGED} as {SOURCE} on {on}")
        return self._apply("delete+insert" if replace else "append", types, rewrite)

    def delete_insert(self) -> str:
        """Delete every row whose key the query returns, then insert what it returns (several rows a key are fine)."""
        return self.append(replace=True)

    def merge(self) -> str:
        """Insert rows with a new key, update those that differ and, where asked, delete those no longer returned."""
        if self.table is None or not self.job.unique_key:
            return self.append()
        if self._unchanged():
            return "unchanged"
        types, rewrite = self._stage_source(unique=True)
        job, old = self.job, self._columns
        updated = [c for c in job.merge_update_columns or types if c not in job.merge_exclude_columns]
        values = [f"{TARGET}.{quote(c)}" for c in old if c not in types]
        for column in types:
            theirs, ours = f"{SOURCE}.{quote(column)}", f"{TARGET}.{quote(column)}"
            kept = (
                f"case when {ROW} is null then {theirs} else {ours if column in old else 'null'} end as {quote(column)}"
            )
            values.append(theirs if column in updated else kept)
        differs = [
            f"{SOURCE}.{quote(c)} is distinct from {f'{TARGET}.{quote(c)}' if c in old else 'null'}" for c in updated
        ]
        target, on = self._matching()
        self.cursor.execute(
            f"create temp table {CHANGES} as select {', '.join(values)}, true as {KEPT},"
            f" columns('^({FILE}|{ROW}|{WAS}.*)$') from {STAGED} as {SOURCE} left join {target} on {on}"
            f" where case when {ROW} is null then {job.insert_if} else {' or '.join(differs) or 'false'} end"
        )
        if job.delete_unmatched and not job.empty:
            target, on = self._matching(everywhere=True)
            self._remove(f"from {target} anti join {STAGED} as {SOURCE} on {on}")
        return self._apply("merge", types, rewrite)

    def insert_overwrite(self) -> str:
        """Replace the partitions that the query returns rows for; without partition_by, the whole table."""
        if self.table is None or not self.job.partition_by:
            return self.overwrite()
        types, _ = self._stage_source()
        columns = {column: quote(column) for column in self.job.partition_by}
        partitions = bounds(self.cursor, STAGED, columns, names(columns), exact=True)
        if not partitions:
            return self._add(types)
        self._replace_where(" or ".join(partitions), f"from {STAGED}")
        return f"replaced {len(partitions)} partitions"

    def microbatch(self) -> str:
        """Replace the rows of one batch, a range of event_time."""
        if self.table is None:
            return self.overwrite()
        types, _ = self._stage_source()
        event_time, start, end = self.job.batch
        if types[event_time] == "DATE":  # which begins at midnight: a batch that ends in the course of a day has it
            day = timedelta(days=1, microseconds=-1)
            start, end = (str((datetime.fromisoformat(limit) + day).date()) for limit in (start, end))
        batch = f"{quote(event_time)} >= {literal(start)} and {quote(event_time)} < {literal(end)}"
        held = "" if self.job.empty else f"select 1 from {self._target} where {batch} union all "
        if not self.cursor.execute(f"{held}select 1 from {STAGED} limit 1").fetchall():
            return self._add(types)
        self._replace_where(batch, f"from {STAGED}")
        return "replaced batch"

    # -- table care: dbt run-operation ---------------------------------------------------------------------------------

    def optimize(self) -> str:
        """Compact small files, or cluster the table; nothing where that was the last thing done to it."""
        zorder = [self._spelled(column, "zorder", self._columns) for column in self.job.options.get("zorder") or []]
        (last,) = self._found.history(1) or [{}]
        ordered = (last.get("operationMetrics") or {}).get("plannerStrategy") == "zOrder"
        if last.get("operation") == "OPTIMIZE" and ordered == bool(zorder):
            return "nothing to do"
        sizes: dict[str, Any] = {"target_size": self._file_bytes}
        sizes["writer_properties"] = writer(self.cursor.sql(f"from {self._target}"))
        done = self._found.optimize.z_order(zorder, **sizes) if zorder else self._found.optimize.compact(**sizes)
        removed, added = done["numFilesRemoved"], done["numFilesAdded"]
        return f"{removed} files became {added}" if removed else "nothing to do"

    def vacuum(self) -> str:
        dry_run = self.job.options["dry_run"]
        files = self._found.vacuum(self.job.options["retention_hours"], dry_run=dry_run)
        return f"{len(files)} files {'could be deleted' if dry_run else 'deleted'}"

    def history(self) -> Any:
        return self._found.history(self.job.options["limit"])

    def restore(self) -> str:
        version = self._there(self.job.options["version"])
        if version == self._found.version():
            return f"version {version} is the current one"
        self._found.restore(version)
        return f"restored version {version}"

    def as_of(self) -> str:
        """The table at a version, or at the last one that is not younger than a timestamp (UTC)."""
        version, timestamp = self.job.options["version"], self.job.options["timestamp"]
        if (version is None) == (timestamp is None):
            raise CompilationError(f"{self.name}: as_of takes a version or a timestamp, and one of them.")
        version = self._there(version) if timestamp is None else self._version_at(timestamp)
        return f"delta_scan({literal(self.path)}, version => {version})"

    def _there(self, version: Any) -> int:
        """A version that can be read, as a number or its digits; for anything else, an error says which can."""
        with suppress(DeltaError):
            if re.fullmatch(r"\d+", str(version)) and int(version) <= self._found.version():
                return DeltaTable(self.path, version=int(version), storage_options=self.storage).version()
        known = [commit["version"] for commit in self._found.history()]
        said = f"there is no version {version!r} to be read: its log has {min(known)} to {max(known)}."
        raise CompilationError(f"{self.name}: {said}")

    def _version_at(self, timestamp: str) -> int:
        """The last version by a time (UTC) that the commits themselves give: those of their files change by copying."""
        try:
            moment = datetime.fromisoformat(str(timestamp))
        except ValueError:
            raise CompilationError(
                f"{self.name}: as_of knows no time {timestamp!r}: write 2024-01-31 12:00:00."
            ) from None
        limit = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        last = self.pinned.get(self.path, self._found.version())  # what this run reads of a source
        commits = literal(f"{self.path}/_delta_log/{'[0-9]' * 20}.json")
        line = "unnest(string_split(content, chr(10)))"
        found = self.cursor.execute(
            "select version, max(coalesce(json_extract(line, '$.commitInfo.inCommitTimestamp'),"
            " json_extract(line, '$.commitInfo.timestamp'))::bigint) from (select"
            f" parse_filename(filename, true)::bigint as version, {line} as line from read_text({commits}))"
            f" where line <> '' and version <= {last} group by version order by version"
        ).fetchall()
        at = [version for version, time in found if time is not None and time <= limit]
        if not at:
            raise CompilationError(
                f"{self.name}: no version known is as old as {timestamp}; the oldest is {found[0][0]}."
            )
        if silent := [version for version, time in found if time is None and version == at[-1] + 1]:
            raise CompilationError(f"{self.name}: version {silent[0]} does not say its time: name a version in as_of.")
        return int(at[-1])

    def describe(self) -> None:
        """Nothing of its own: every job puts the table's comments on its view, where dbt's catalog finds them."""

    # -- the parts that strategies share -------------------------------------------------------------------------------

    @property
    def _found(self) -> DeltaTable:
        if self.table is None:
            raise DbtRuntimeError(f"{self.name}: there is no Delta table at {self.path}. Build the model first.")
        return self.table

    @property
    def _file_bytes(self) -> int:
        """The size of files, as the model or its table says in bytes or as Spark reads it (`64mb`)."""
        held = self.table.metadata().configuration if self.table else {}
        said = (held | self.job.tblproperties).get("delta.targetFileSize", "")
        found = re.fullmatch(r"(\d+) *([kmg]?)b?", said.lower())
        return int(found[1]) * 1024 ** " kmg".index(found[2] or " ") if found else FILE_BYTES

    @property
    def _target(self) -> str:
        """The table at the version that this attempt found, as a DuckDB table function."""
        return f"delta_scan({literal(self.path)}, version => {self._found.version()})"

    @property
    def _columns(self) -> list[str]:
        return self.cursor.sql(f"from {self._target}").columns

    @property
    def _located(self) -> str:
        """The table's rows with where each lies, as a subquery; renamed inside, so that no column hides another."""
        inside = {column: f"c{i}" for i, column in enumerate(self._columns)}
        outside = [f"{alias} as {quote(column)}" for column, alias in inside.items()]
        outside += [f"{inside[column]} as {quote(WAS + column)}" for column in self.job.partition_by]
        place = f"filename as {FILE}, file_row_number as {ROW}"
        return f"(select {', '.join(outside)}, {place} from {self._target} as t ({', '.join(inside.values())}))"

    def _spelled(self, column: str, configuration: str, columns: Collection[str]) -> str:
        """A configured column as it is written in the table or the query: names differ by more than case."""
        if column in columns:
            return column
        found = [c for c in columns if c.lower() == column.lower()]
        if not found:
            said = f"{configuration} names the column {column}, which is none of {', '.join(columns)}."
            raise CompilationError(f"{self.name}: {said}")
        return found[0]

    def _query(self, old: Collection[str]) -> tuple[str, dict[str, str]]:
        """The job's query in types that Delta has, its columns written as in the table (old), and their types.

        From here on, the job's configuration names columns as they are written there.
        """
        sql, found = queries.query(self.cursor, self.job)
        spelling = {c.lower(): c for c in old}
        types = {spelling.get(c.lower(), c): dtype for c, dtype in found.items()}
        if [*types] != [*found]:  # DuckDB takes only letters of ASCII for the same in either case
            if twice := sorted({c for c in found for other in found if c != other and c.lower() == other.lower()}):
                said = f"{' and '.join(twice)} differ only by case, as no columns of a Delta table may."
                raise CompilationError(f"{self.name}: {said}")
            renamed = (f"{quote(c)} as {quote(o)}" for c, o in zip(found, types, strict=True))
            sql = f"select {', '.join(renamed)} from ({sql})"
        columns, job = list(dict.fromkeys([*old, *types])), self.job
        if taken := [c for c in columns if c.lower().startswith(OURS)]:
            said = f"the column {taken[0]} has a name that begins as those of dbt_duckdb_delta itself, {OURS}"
            raise CompilationError(f"{self.name}: {said}: give it another.")
        lists = ["partition_by", "not_null"]
        if old:  # what matches rows of a table means nothing where there is none, as on Spark
            lists += ["unique_key", "merge_update_columns", "merge_exclude_columns"]
        spelled: dict[str, Any] = {
            name: [self._spelled(c, name, columns if name.startswith("merge") else types) for c in getattr(job, name)]
            for name in lists
        }
        written = {c.lower(): c for c in columns}
        comments = {written.get(c.lower(), c): said for c, said in job.comments.items()}
        batch = [self._spelled(job.batch[0], "event_time", types), *job.batch[1:]] if job.batch else []
        self.job = replace(job, comments=comments, batch=batch, **spelled)
        if dotted := [c for c in (*self.job.unique_key, *self.job.partition_by, *batch[:1]) if "." in c]:
            said = f"DuckDB cannot filter a Delta table by the column {dotted[0]}, for the dot in its name"
            raise CompilationError(f"{self.name}: {said}: give it another.")
        for column in self.job.partition_by:
            if not PARTITION.fullmatch(types[column]):
                said = f"partition_by names the column {column} of type {types[column]}, of which no other reader, or"
                raise CompilationError(f"{self.name}: {said} delta-rs itself, gets all values back: cast it to text.")
        if batch:
            sql = queries.within(sql, types, *batch)
        return sql, types

    def _reconcile(self) -> tuple[str, dict[str, str], dict[str, str], bool]:
        """Fit the query to the existing table as on_schema_change says.

        Returns the query, the columns to write with their types, the query's own types, and whether a column goes or
        changes its type: a rewrite.
        """
        old = queries.delta_types(self.cursor, f"from {self._target}", ntz=True)
        sql, new = self._query(old)
        job, cursor, partitions = self.job, self.cursor, self._found.metadata().partition_columns
        if partitions != job.partition_by:
            said = f"partition_by is {job.partition_by}, but the table is partitioned by {partitions}."
            raise CompilationError(f"{self.name}: {said} To change that, {job.remedy}.")
        added = [c for c in new if c not in old and not job.steers(c)]
        removed = [c for c in old if c not in new]
        retyped = [c for c in new if c in old and new[c] != old[c]]
        mode = job.on_schema_change
        problem = f"{self.name}: the model's columns differ from the table's (new: {added or 'none'},"
        problem += f" missing: {removed or 'none'}, of another type: {[f'{c} {old[c]} -> {new[c]}' for c in retyped]})."
        if (mode == "fail" and (added or removed or retyped)) or (mode == "ignore" and removed):
            raise CompilationError(f"{problem} on_schema_change is {mode}: change it, or run with --full-refresh.")
        wider = {c: new[c] for c in retyped if job.snapshot and queries.widens(old[c], new[c])}
        narrowed = [c for c in retyped if c not in wider and not queries.castable(cursor, new[c], old[c])]
        if mode != "sync_all_columns" and narrowed:
            raise CompilationError(f"{problem} Cast {narrowed} in the model, or {job.remedy}.")
        rewrite = mode == "sync_all_columns" and bool(removed or retyped)
        if rewrite and (job.strategy in ("insert_overwrite", "microbatch") or job.merge_update_columns):
            raise CompilationError(f"{problem} A write of only a part cannot change that: run with --full-refresh.")
        # Rows that stay meet rows that come before either is of the new type, and keys of two types may be one.
        mixed = (
            (job.strategy == "delete_insert" and job.unique_key) or job.delete_unmatched or job.merge_exclude_columns
        )
        if rewrite and retyped and (mixed or set(retyped) & set(job.unique_key)):
            raise CompilationError(f"{problem} This write cannot change a type: run with --full-refresh.")
        kept = [c for c in new if c in old or mode != "ignore" or job.steers(c)]
        types = new if rewrite else new | old | wider
        return sql, {c: types[c] for c in kept}, new, rewrite or bool(wider)

    def _stage_source(self, unique: bool = False) -> tuple[dict[str, str], bool]:
        """Run the query into the temporary table STAGED, and refuse keys that are not unique if they must be.

        Returns its columns, without those by which dbt steers a snapshot, and whether the table must be rewritten.
        """
        sql, types, found, rewrite = self._reconcile()
        if types == found:
            fitted = queries.fitted(types, found, self.job.remedy)
            self.cursor.execute(f"create temp table {STAGED} as select {fitted} from ({sql})")
        else:
            self.cursor.execute(f"create temp table {CHANGES} as {sql}")
            with self._in_utc():
                fitted = queries.fitted(types, found, self.job.remedy)
                self.cursor.execute(f"create temp table {STAGED} as select {fitted} from {CHANGES}")
            self.cursor.execute(f"drop table {CHANGES}")
        keys = names(self.job.unique_key)
        twice = f"select {keys}, count(*) from {STAGED} group by {keys} having count(*) > 1 limit 5"
        if unique and (rows := self.cursor.execute(twice).fetchall()):
            examples = ", ".join(f"{row[:-1] if len(row) > 2 else row[0]} ({row[-1]} rows)" for row in rows)
            said = f"the query returns more than one row for a unique_key ({keys}): {examples}."
            raise DbtRuntimeError(f"{self.name}: {said} Nothing was written.")
        return {c: dtype for c, dtype in types.items() if not self.job.steers(c)}, rewrite

    def _matching(self, everywhere: bool = False) -> tuple[str, str]:
        """The rows of the table that a row of STAGED may match, as a subquery, and the condition to join them on.

        everywhere: all rows, and not only those in the source's range of keys.
        """
        collation = self.cursor.execute("select lower(current_setting('default_collation'))").fetchall()[0][0]
        if collation not in ("", "binary"):  # statistics and delta-rs know none
            said = f"rows cannot be matched under default_collation {collation}: take it out of the settings."
            raise CompilationError(f"{self.name}: {said}")
        predicates, keys = self.job.incremental_predicates, {key: quote(key) for key in self.job.unique_key}
        where = [] if everywhere else bounds(self.cursor, STAGED, keys)
        where += [f"({p}\n)" for p in predicates if SOURCE not in p.lower()]
        staged = self.cursor.table(STAGED)
        inexact = {c for c, dtype in zip(staged.columns, staged.types, strict=True) if INEXACT.match(str(dtype))}
        # DuckDB filters files by the range of keys that it joins with `=`, but not by statistics that are not exact.
        alike = "{0}.{2} is not distinct from {1}.{2} and {0}.{2} is not null"
        on = [(alike if c in inexact else "{0}.{2} = {1}.{2}").format(SOURCE, TARGET, keys[c]) for c in keys]
        on += [f"({p}\n)" for p in predicates if SOURCE in p.lower()]
        rows = f"(from {self._located} as {TARGET} where {' and '.join(where) or 'true'}) as {TARGET}"
        return rows, " and ".join(on)

    @contextmanager
    def _in_utc(self) -> Iterator[None]:
        """For casts between a plain timestamp, a date or text and a moment, also inside of structs and lists."""
        (zone,) = self.cursor.execute("select current_setting('TimeZone')").fetchall()[0]
        self.cursor.execute("set TimeZone = 'UTC'")
        try:
            yield
        finally:
            self.cursor.execute(f"set TimeZone = {literal(zone)}")

    def _remove(self, rows: str) -> None:
        """Note rows of the table (`from … `) in CHANGES as going."""
        self.cursor.execute(f"create temp table {GOING} as select *, false as {KEPT} {rows}")
        both = f"from {CHANGES} union all by name from {GOING}"
        self.cursor.execute(f"create or replace temp table {CHANGES} as {both}")

    def _apply(self, done: str, types: dict[str, str], rewrite: bool) -> str:
        """Commit what CHANGES holds: rows that are KEPT are written, those that had a ROW are no longer there."""
        inserted, updated, deleted = self.cursor.execute(
            f"select count(*) filter ({ROW} is null), count(*) filter ({KEPT} and {ROW} is not null),"
            f" count(*) filter (not {KEPT}) from {CHANGES}"
        ).fetchall()[0]
        wider = not set(types) <= set(self._columns)  # a column that came is there for other models at once
        if not (inserted or updated or deleted or rewrite or wider):
            self._note_nothing_new()
            return "nothing new"
        old = [c for c in self._columns if c in types or self.job.on_schema_change != "sync_all_columns"]
        held = self.cursor.table(CHANGES).columns
        coming = f"select {names(c for c in dict.fromkeys([*old, *types]) if c in held)} from {CHANGES} where {KEPT}"
        staying = f"anti join {CHANGES} using ({FILE}, {ROW}) union all by name {coming}"
        if rewrite:
            found = queries.delta_types(self.cursor, f"from {self._target}", ntz=True)
            with self._in_utc():
                fitted = queries.fitted({c: types.get(c, found[c]) for c in old}, found, self.job.remedy)
                self._replace(f"select {fitted} from {self._located} {staying}")
        elif updated or deleted:
            where = self._ranges([c for c in types if c in old])
            self._replace_where(where, f"select {names(old)} from (from {self._located} where {where}) {staying}")
        else:
            self._commit(self.cursor.sql(coming), mode="append", schema_mode="merge")
        return f"{done} ({inserted} inserted, {updated} updated, {deleted} deleted)"

    def _add(self, types: dict[str, str]) -> str:
        """Commit what STAGED holds to what is there; where that is no row, the columns that came, if any did."""
        inserted = self.cursor.execute(f"select count(*) from {STAGED}").fetchall()[0][0]
        if not inserted and set(types) <= set(self._columns):
            self._note_nothing_new()
            return "nothing new"
        self._commit(self.cursor.sql(f"select {names(types)} from {STAGED}"), mode="append", schema_mode="merge")
        return f"append ({inserted} inserted, 0 updated, 0 deleted)"

    def _ranges(self, columns: list[str]) -> str:
        """A predicate that each row that comes or goes meets, and few other rows do.

        Rows that go lie in ranges of keys, file by file; for rows that are inserted, all columns narrow the range.
        """
        cursor, keys = self.cursor, {c: quote(c) for c in self.job.unique_key}
        before, after = ({c: quote(was + c) for c in self.job.partition_by} for was in (WAS, ""))
        (overall,) = bounds(cursor, CHANGES, keys)  # by which DuckDB skips files, as it does not by `or`
        partitions = cursor.execute(f"select count(distinct ({names(after) or 1})) from {CHANGES}").fetchall()[0][0]
        if partitions > RANGES:  # hundreds of ranges take longer to tell apart than what they would leave out
            return " and ".join([overall, *(any_of(cursor, CHANGES, c, [before[c], after[c]]) for c in after)])
        files = cursor.execute(f"select count(distinct {FILE}) from {CHANGES}").fetchall()[0][0]
        groups = FILE if files <= RANGES else ", ".join(before.values())
        going = bounds(cursor, f"{CHANGES} where {ROW} is not null", keys | before, groups)
        moved = bounds(cursor, f"{CHANGES} where {KEPT} and {ROW} is not null", keys | after, groups)
        everything = {c: quote(c) for c in columns}
        new = bounds(cursor, f"{CHANGES} where {ROW} is null", everything, ", ".join(after.values()))
        return f"{overall} and ({' or '.join(dict.fromkeys(going + moved + new))})"

    def _replace(self, sql: str) -> None:
        """Commit the query's result as the new content of the table, schema included."""
        how: dict[str, Any] = {"mode": "overwrite", "schema_mode": "overwrite"}
        if self.table is None:
            properties, owner = self.job.tblproperties or None, self.job.project and OWNER + self.job.project
            how = {"mode": "error", "configuration": properties, "description": self.job.description, "name": owner}
        rows = self.cursor.sql(sql)
        self._commit(rows, Described(rows, set(self.job.not_null), self.job.comments), **how)

    def _replace_where(self, where: str, sql: str) -> None:
        """Commit the query's rows in place of all that meet a condition, which they must meet too."""
        self._commit(self.cursor.sql(sql), mode="overwrite", schema_mode="merge", predicate=where)

    def _commit(self, rows: duckdb.DuckDBPyRelation, data: Any = None, **how: Any) -> None:
        """One commit, as the version right after the one that this attempt found, or CommitFailedError.

        data: the rows as a stream, where something is said of its columns.
        """
        version = 0 if self.table is None else self.table.version() + 1
        marks = {COMMIT: self.commit, FINGERPRINT: self._mark(version)}
        try:
            write_deltalake(
                self.path if self.table is None else self.table,
                rows if data is None else data,
                partition_by=self.job.partition_by if how["mode"] != "append" else None,
                target_file_size=self._file_bytes,
                writer_properties=writer(rows),
                storage_options=self.storage,
                commit_properties=CommitProperties(marks, max_commit_retries=0),
                **how,
            )
        except DeltaError as error:
            now = open_table(self.path, self.storage)
            # An object store may carry out a request whose answer got lost: the commit is there, and by this job.
            if now is not None and any(commit.get(COMMIT) == self.commit for commit in now.history(10)):
                return
            if self.table is None and now is not None:
                raise CommitFailedError(str(error)) from error
            raise

    def _mark(self, version: int) -> str:
        """What a commit says of its origin. It names its version: a history that lacks commits counts them wrong."""
        return f"{self.fingerprint} at {version}" if self.fingerprint else ""

    def _unchanged(self) -> bool:
        """Whether nothing but the job and its inputs decides the rows, and these are the same as at the last change.

        What adds rows would add them again; but where it found nothing new in the table as it is, it would not now.
        """
        job = self.job
        if not job.reuse or job.incremental_predicates:
            return False
        asked = {name: value for name, value in asdict(job).items() if name not in ("project", "found")}
        asked |= {"input_file": None, "sql": OF_RUN.sub("", job.sql)}
        world: list[Any] = [asked, settings(self.cursor), VERSIONS]
        if job.input_file:
            with Path(job.input_file).open("rb") as file:
                world.append(hashlib.file_digest(file, "sha256").hexdigest())
            world.append([str(dtype) for dtype in self.cursor.sql(job.sql).types])
        else:
            read = inputs(self.cursor, job.sql, self.tables, self.shadowed)
            for path, version in sorted(read or (), key=str):
                if (table := open_table(path, self.storage)) is None:
                    return False
                version = self.pinned.get(path) if version is None else version
                if version is not None and version != table.version():
                    table.load_as_version(version)
                # A table that was restored from a copy and then written has the same numbers, and other files.
                world.append(state(table))
            if read is None:
                return False
        self.fingerprint = digest(world)
        with suppress(OSError):  # no note
            if self._note is not None and self._note.read_bytes() == self._nothing_new.encode():
                return True
        if job.adds or job.strategy == "delete_insert":
            return False
        history = self.table.history(20) if self.table is not None else []
        wrote = [commit for commit in history if commit.get("operation") not in DATA_PRESERVING][:1]
        if not any(commit.get(FINGERPRINT) == self._mark(commit["version"]) for commit in wrote):
            return False
        if self._has_keys_that_count(first=wrote[0]["version"] == 0):
            return False
        self._note_nothing_new()  # which spares another look at the keys
        return True

    @property
    def _note(self) -> Path | None:
        """A file beside those of the table, which readers of Delta do not look at."""
        return Path(self.path, "_dbt_nothing_new") if "://" not in self.path and self.table is not None else None

    @property
    def _nothing_new(self) -> str:
        """What the note says where this job over these inputs found nothing new in the table as it is."""
        return digest([self.fingerprint, state(self._found)])

    def _note_nothing_new(self) -> None:
        if self.fingerprint and self._note is not None:
            with suppress(OSError):  # half of a note, or none, only means that the query is worked out again
                self._note.write_text(self._nothing_new)

    def _has_keys_that_count(self, first: bool) -> bool:
        """Whether a merge of the rows that are there is not without effect: one with a null in its key is added every
        time, and a key that the first build found twice is an error."""
        null = " or ".join(f"{quote(key)} is null" for key in self.job.unique_key)
        if self.job.strategy != "merge" or not null:
            return False
        twice = f" union all select 1 from {self._target} group by {names(self.job.unique_key)} having count(*) > 1"
        asked = f"select 1 from {self._target} where {null}{twice if first else ''} limit 1"
        return bool(self.cursor.execute(asked).fetchall())


def writer(rows: duckdb.DuckDBPyRelation) -> WriterProperties:
    """How to write rows: without statistics that are not exact, by which filters would miss rows."""
    exact = [c for c, dtype in zip(rows.columns, rows.types, strict=True) if not INEXACT.search(str(dtype))]
    if len(exact) == len(rows.columns):
        return WriterProperties(**HOW)
    kept = dict.fromkeys(exact, ColumnProperties(statistics_enabled="PAGE"))
    return WriterProperties(
        **HOW, default_column_properties=ColumnProperties(statistics_enabled="NONE"), column_properties=kept
    )


def open_table(path: str, storage: dict[str, str]) -> DeltaTable | None:
    """The Delta table at its latest version, or None where there is none.

    Raises DbtRuntimeError, with its path, where there is one that cannot be read.
    """
    try:
        return DeltaTable(path, storage_options=storage)
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise DbtRuntimeError(f"The Delta table at {path} cannot be read: {one_line(error)}") from error


def state(table: DeltaTable) -> list[Any]:
    """What a table is, as it was opened: its id, version and files (names, sizes and times, as its log has them)."""
    actions = table.get_add_actions()
    columns = [actions.column(name).to_pylist() for name in ("path", "size_bytes", "modification_time")]
    return [table.metadata().id, table.version(), digest(sorted(map(str, zip(*columns, strict=True))))]


def digest(said: Any) -> str:
    """A hash of what JSON can hold."""
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def one_line(error: object) -> str:
    """What an error says, without line breaks and Rust's backtrace, and no more of it than a person reads."""
    return " ".join(str(error).split("\n   0: ")[0].split())[:300]
