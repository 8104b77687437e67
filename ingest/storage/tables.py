"""The Delta tables: one raw table per dataset, and the ledger of versions and decisions.

A version of a file becomes part of a raw table in one commit, which also carries a Delta application transaction: the
file's identity and the version's number. That commit is the truth. The ledger's row follows it; where a run was killed
in between, the next one writes the row from what the commit says of itself.

Every commit is a compare-and-swap: it succeeds only if the table is still at the version on which the decision was
based. Otherwise ``Conflict`` is raised, and the caller looks again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import arro3.core as arrow
import polars as pl
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    QueryBuilder,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from ingest.contents import Contents, is_release
from ingest.errors import ConfigurationError
from ingest.storage.lineage import LINEAGE_SCHEMA, ROW

# A write waits for frames that Python makes, and holds one of the threads of delta-rs meanwhile. It has as many as the
# machine has processors: where all of them wait, a read of another table would never end.
os.environ.setdefault("TOKIO_WORKER_THREADS", "16")

LEDGER = "_files"
# The log is the record of what was loaded when, and what a killed run left to do: it is never cleaned up.
_COMMITS_PER_CHECKPOINT = 20
_CONFIGURATION = {
    "delta.appendOnly": "true",
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": str(_COMMITS_PER_CHECKPOINT),
}
# The ledger is read as a whole: statistics of its columns would only make each commit longer.
_LEDGER_CONFIGURATION = _CONFIGURATION | {"delta.dataSkippingNumIndexedCols": "0"}
# Row numbers grow by one: as differences they take next to no space, and no time to look up in a dictionary.
_WRITER = WriterProperties(
    compression="SNAPPY",
    column_properties={
        ROW: ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED", statistics_enabled="PAGE")
    },
)
_NOTE = "ingest"  # the key in a commit's metadata
_COMPARING = "rules_of_comparison"  # the key in that note
_HOLDS = "ingest:holds"  # the application transaction of the ledger whose version says what the lake holds
_FEW = "limit 1000"
_BATCHES = 64  # of 8,192 rows each: fewer frames cost less
_MARKS = {Contents.REAL: 1, Contents.MADE_UP: 2}


class Conflict(Exception):
    """Somebody else committed to the table first."""


@dataclass(frozen=True)
class FileRecord:
    """One row of the ledger: a version of a file, or a decision about one. Times are in UTC.

    ``version`` is null for a refused file. A decision repeats the row of its version, with ``status``, ``reason``,
    ``decided_by`` and ``ingested_at`` of its own. Keys are those of the dataset, each counted once; ``keys_repeated``
    counts the records beyond the first of each key. Figures are null where there was nothing to compare with.
    """

    source: str
    dataset: str
    raw_table: str
    path: str
    version: int | None
    sha: str
    commit_sha: str | None
    committed_at: datetime
    size_bytes: int
    status: str  # loaded, held, refused; of a decision: released, rejected; of a file: unconfigured, configured
    reason: str | None
    row_count: int | None
    rescued_count: int | None
    checks: str | None  # fingerprint of the dataset's settings that refused it; null where trying again may help
    batch_id: str
    ingested_at: datetime
    decided_by: str | None = None
    compared_with: int | None = None  # number of the accepted version before
    keys_before: int | None = None
    keys_lost: int | None = None
    keys_common: int | None = None
    keys_changed: int | None = None
    keys_new: int | None = None
    keys_repeated: int | None = None
    columns_vanished: str | None = None  # names, joined by commas
    columns_new: str | None = None
    columns_renamed: str | None = None  # old:new, joined by commas: what seems to be the same column

    @property
    def loaded(self) -> bool:
        """Whether it is in raw: a version that is held is, too."""
        return self.version is not None

    @property
    def is_decision(self) -> bool:
        return self.status in DECISIONS

    @property
    def is_of_file(self) -> bool:
        """Whether the row says of the whole file that the configuration does, or does not, name it."""
        return self.status in (CONFIGURED, UNCONFIGURED)

    @property
    def key(self) -> tuple[object, ...]:
        """What may stand in the ledger once only."""
        if self.is_decision or self.is_of_file:
            return self.source, self.path, self.version, self.status, self.ingested_at
        if self.loaded:
            return self.source, self.path, self.version
        return self.source, self.path, self.sha, self.commit_sha, self.committed_at, self.checks

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Source time, and for the same state of the source the time of processing."""
        return self.committed_at, self.ingested_at


RELEASED, REJECTED = DECISIONS = ("released", "rejected")
CONFIGURED, UNCONFIGURED = "configured", "unconfigured"
_LINEAGE_FIELDS = {"source", "path", "version", "sha", "commit_sha", "committed_at", "batch_id", "ingested_at"}
_RENAMED = {"path": "_file_path", "version": "_file_version", "sha": "_file_sha", "checks": "rules"}
LEDGER_COLUMNS = {
    field.name: _RENAMED.get(field.name, f"_{field.name}" if field.name in _LINEAGE_FIELDS else field.name)
    for field in fields(FileRecord)
}
_LEDGER_SCHEMA: dict[str, pl.DataType] = {
    column: pl.Int64()
    if column.endswith(("_count", "_bytes")) or column.startswith(("keys_", "compared_"))
    else LINEAGE_SCHEMA.get(column, pl.String())
    for column in LEDGER_COLUMNS.values()
}


class Lake:
    """All tables below ``root``, as lakehouse.settings gives it. Credentials come from the environment.

    ``renamed``: former names of sources with the present ones, under which whoever asks sees all that they loaded.
    """

    def __init__(self, root: str, renamed: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.renamed = renamed or {}

    def names_of(self, source: str) -> list[str]:
        """The present name of a source, and its former ones."""
        return [source, *(old for old, name in self.renamed.items() if name == source)]

    def uri(self, table: str) -> str:
        return f"{self.root}/raw/{table}"

    def check_writable(self) -> None:
        """Raises ConfigurationError where a local lake cannot be written to; object stores say so on first use."""
        if "://" in self.root:
            return
        raw = Path(self.root) / "raw"
        try:
            raw.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(self._unwritable(error.strerror or str(error))) from None
        for folder in (raw, *(child for child in raw.iterdir() if child.is_dir())):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise ConfigurationError(self._unwritable(f"no permission to write in {folder}"))

    def _unwritable(self, cause: str) -> str:
        return f"the lake {self.root} cannot be written: {cause}; set LAKEHOUSE_ROOT to a place you can write to"

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns what storage and Delta raise in the block into one line.

        Raises:
            ConfigurationError: instead of theirs.
        """
        try:
            yield
        except (DeltaError, OSError) as error:
            named = getattr(error, "filename", None)
            if getattr(error, "errno", None) and not (named and str(named).startswith(self.root)):
                raise  # of standard output, the temporary folder or a source, and not of the lake
            text = " ".join(str(error).split())
            raise ConfigurationError(f"the lake {self.root} cannot be used: {text[:300]}") from None


def open_table(uri: str) -> DeltaTable | None:
    try:
        return DeltaTable(uri)
    except TableNotFoundError:
        return None


def _refreshed(table: DeltaTable | None, uri: str) -> DeltaTable | None:
    """``table`` at its newest version; None where there is none yet.

    A commit replays all that came since the checkpoint with which its table was opened, so that many in a row would
    take longer and longer: after every checkpoint the table is opened again.
    """
    if table is None:
        return open_table(uri)
    if (table.version() + 1) % _COMMITS_PER_CHECKPOINT == 0:
        return DeltaTable(uri)
    table.update_incremental()
    return table


def _create(
    uri: str,
    schema: dict[str, pl.DataType],
    description: str,
    configuration: dict[str, str] = _CONFIGURATION,
    **facts: Any,
) -> None:
    """Create an empty table, unless there is one by now. Nothing may be concluded about what it holds after this."""
    try:
        DeltaTable.create(
            uri,
            _arrow_schema(schema),
            mode="error",
            description=description,
            configuration=configuration,
            commit_properties=CommitProperties(max_commit_retries=0, **facts),
        )
    except DeltaError:
        if open_table(uri) is None:
            raise


def _arrow_schema(schema: dict[str, pl.DataType]) -> Any:
    return arrow.Table.from_arrow(pl.DataFrame(schema=schema)).schema


def query(table: DeltaTable, sql: str) -> pl.DataFrame:
    return pl.DataFrame(QueryBuilder().register("t", table).execute(sql).read_all())


def _commit(table: DeltaTable, frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType], **facts: Any) -> None:
    """Append ``frames`` in one commit on exactly the loaded version of ``table``.

    Raises:
        Conflict: the table has moved on.
        Exception: whatever ``frames`` raises; nothing is committed then.
    """
    failed: list[Exception] = []

    def batches() -> Iterator[Any]:
        try:
            for frame in frames:
                yield from arrow.Table.from_arrow(frame).to_batches()
        except Exception as error:
            failed.append(error)
            raise

    known = {field.name for field in table.schema().fields}
    try:
        write_deltalake(
            table,
            arrow.RecordBatchReader.from_batches(_arrow_schema(schema), batches()),
            mode="append",
            schema_mode=None if known >= set(schema) else "merge",
            writer_properties=_WRITER,
            commit_properties=CommitProperties(max_commit_retries=0, **facts),
        )
    except Exception as error:
        if failed:
            raise failed[0] from None
        if isinstance(error, CommitFailedError):
            raise Conflict from None
        raise


class RawTable:
    """The raw table of one or more datasets, as of its newest version when last refreshed."""

    def __init__(self, lake: Lake, name: str) -> None:
        self._lake = lake
        self._uri = lake.uri(name)
        self._name = name
        self._table: DeltaTable | None = None
        self.refresh()

    def refresh(self) -> None:
        self._table = _refreshed(self._table, self._uri)

    @property
    def _there(self) -> DeltaTable:
        """The table where the ledger has versions of it.

        Raises:
            ConfigurationError: it is gone.
        """
        if self._table is None:
            raise ConfigurationError(
                f"raw table {self._name} is gone from {self._uri}, though the ledger has versions of it; restore it"
                " from a copy"
            )
        return self._table

    @property
    def columns(self) -> list[str]:
        """The columns that come from files, in order."""
        names = [field.name for field in self._table.schema().fields] if self._table else []
        return [name for name in names if name not in LINEAGE_SCHEMA]

    def newest(self, source: str, path: str) -> int:
        """The number of the newest version of a file; 0 where there is none."""
        if self._table is None:
            return 0
        return max(self._table.transaction_version(_app(name, path)) or 0 for name in self._lake.names_of(source))

    def append(
        self, record: FileRecord, columns: list[str], frames: Iterable[pl.DataFrame], comparing: dict[str, object]
    ) -> None:
        """Commit one version of a file: its records in ``frames``, of text ``columns`` and the lineage columns.

        ``comparing`` goes into the commit's note too, for the run that writes the ledger's row if this one is killed.
        """
        assert record.version is not None
        schema = {name: pl.String() for name in columns} | LINEAGE_SCHEMA
        if self._table is None:
            description = f"Every record of every version of {record.dataset} of {record.source}, as text"
            _create(self._uri, schema, description)
            raise Conflict
        _commit(
            self._table,
            frames,
            schema,
            app_transactions=[Transaction(_app(record.source, record.path), record.version)],
            custom_metadata={_NOTE: json.dumps(asdict(record) | {_COMPARING: comparing}, default=str)},
        )

    def last_load(self) -> tuple[FileRecord, dict[str, Any]] | None:
        """The ledger row of the newest commit that loaded something, without its figures, and how to compare it.

        Every run looks at this before it adds to the table, so no older load can lack its row in the ledger.
        """
        if self._table is None:
            return None
        for limit in (20, None):
            for commit in self._table.history(limit):
                if _NOTE not in commit:
                    continue
                note = json.loads(commit[_NOTE])
                comparing = note.pop(_COMPARING, {})
                note.setdefault("checks", note.pop("rules", None))  # the name that notes from before have for it
                times = {name: datetime.fromisoformat(note[name]) for name in ("committed_at", "ingested_at")}
                record = FileRecord(**(note | times))
                record = replace(record, source=self._lake.renamed.get(record.source, record.source))
                # The log is read to its end, which may be ahead of the version that is open.
                if (record.version or 0) <= self.newest(record.source, record.path):
                    return record, comparing
        return None

    def counted(self, record: FileRecord) -> FileRecord:
        """``record`` with its numbers of rows, counted in the table."""
        counts = pl.concat(self.select(record, "count(*) as rows, count(_rescued_data) as rescued"))
        return replace(record, row_count=int(counts["rows"].sum()), rescued_count=int(counts["rescued"].sum()))

    def is_cut(self, record: FileRecord) -> bool:
        """Whether the file of a version ends within a record, and each other record ends where it should."""
        if not record.rescued_count:
            return False
        has = """_rescued_data like '%"{}": %'""".format
        counts = f"count(*) as broken, count(case when {has('cut')} then 1 end) as cut"
        found = pl.concat(self.select(record, counts, f"and ({has('missing')} or {has('raw')})"))
        return (found["broken"].sum(), found["cut"].sum()) == (1, 1)

    def records(self, record: FileRecord, columns: list[str], more: str = "") -> Iterator[pl.DataFrame]:
        """The records of one version in frames, in no particular order; of ``columns``, as text."""
        files = None if more else self._files_of(record)
        if files is not None:
            for path in files["path"]:
                yield from _read_parquet(f"{self._uri}/{unquote(path)}", columns)
            return
        names = ", ".join(f'"{name}"' for name in columns)
        for frame in self.select(record, names, more):
            yield frame.with_columns(pl.col(name).cast(pl.String) for name in columns if name not in LINEAGE_SCHEMA)

    def records_where(
        self, record: FileRecord, columns: list[str], by: list[str], wanted: Callable[[pl.DataFrame], pl.Series]
    ) -> Iterator[pl.DataFrame]:
        """Those of ``records`` that ``wanted`` takes, which sees the columns ``by``. The others are not decoded."""
        files = self._files_of(record)
        if files is None:
            for frame in self.records(record, columns):
                yield frame.filter(wanted(frame.select(by)))
            return
        for path in files["path"]:
            file = f"{self._uri}/{unquote(path)}"
            numbers = [frame.filter(wanted(frame.select(by)))[ROW] for frame in _read_parquet(file, [*by, ROW])]
            yield from _read_parquet(file, columns, pl.concat([pl.Series(dtype=pl.Int64), *numbers]))

    def _files_of(self, record: FileRecord) -> pl.DataFrame | None:
        """The facts of the local Parquet files with one version's records; None where these lie in a store, or with
        others in a file. Statistics tell; a query costs twice as much as reading the files as they are.
        """
        if "://" in self._uri:
            return None
        facts = {"_source": record.source, "_file_path": record.path, "_file_version": record.version}
        files = pl.DataFrame(self._there.get_add_actions(flatten=True))
        if not files.height or "max._file_version" not in files.columns:
            return None
        in_bounds = [pl.lit(value).is_between(f"min.{name}", f"max.{name}") for name, value in facts.items()]
        alone = [pl.col(f"{bound}.{name}") == value for name, value in facts.items() for bound in ("min", "max")]
        found = files.filter(pl.all_horizontal(in_bounds).fill_null(True))
        # None of just this path: the records may be of sheets, whose paths are longer.
        return found if found.height and found.select(pl.all_horizontal(alone).fill_null(False).all()).item() else None

    def columns_with_values(self, record: FileRecord) -> set[str]:
        """The columns in which at least one record of a version has text."""
        columns = self.columns
        files = self._files_of(record)
        if files is not None and {f"max.{name}" for name in columns} <= set(files.columns):
            known = [
                pl.col(f"max.{n}").is_not_null() | (pl.col(f"null_count.{n}") == pl.col("num_records")) for n in columns
            ]
            if files.select(pl.all_horizontal(known).fill_null(False).all()).item():
                return {name for name in columns if (files[f"max.{name}"] != "").any()}
        none = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        first = pl.concat([none, *self.records(record, columns, _FEW)])
        found = {name for name in columns if (first[name] != "").any()}
        rest = [name for name in columns if name not in found]
        if rest and first.height:
            greatest = ", ".join(f'max("{name}") as "{name}"' for name in rest)
            row = pl.concat(self.select(record, greatest)).row(0, named=True)
            found |= {name for name in rest if row[name]}
        return found

    def select(self, record: FileRecord, what: str, more: str = "") -> Iterator[pl.DataFrame]:
        """What a query over the rows of one version says; ``more`` is added to it."""
        names = ", ".join(map(_text, self._lake.names_of(record.source)))
        batches = (
            QueryBuilder()
            .register("t", self._there)
            .execute(
                f"select {what} from t where _source in ({names}) and {_of_file(record.path)}"
                f" and _file_version = {record.version} {more}"
            )
        )
        found = iter(batches)
        while several := list(islice(found, _BATCHES)):
            yield pl.DataFrame(arrow.Table.from_batches(several))


def _read_parquet(file: str, columns: list[str], numbers: pl.Series | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a table's file, or those with some numbers; columns that the table got later are null."""
    rows = pl.scan_parquet(file, glob=False)
    there = set(rows.collect_schema().names())
    none = {name: LINEAGE_SCHEMA.get(name, pl.String()) for name in columns}
    wanted = [pl.col(name) if name in there else pl.lit(None, none[name]).alias(name) for name in columns]
    if numbers is not None:
        rows = rows.filter(pl.col(ROW).is_in(numbers.implode()))
    yield from rows.select(wanted).collect_batches(maintain_order=False)


def _app(source: str, path: str) -> str:
    return f"ingest:{source}:{path}"


def _of_file(path: str) -> str:
    """The condition that a record is of a file or of a sheet of it, whose name follows the path after a ``/``."""
    after = chr(ord("/") + 1)
    return f"(_file_path = {_text(path)} or (_file_path >= {_text(path + '/')} and _file_path < {_text(path + after)}))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class Ledger:
    """The table ``_files``, and a copy of it in memory. Safe to use from several threads."""

    def __init__(self, lake: Lake) -> None:
        self._uri = lake.uri(LEDGER)
        self._renamed = lake.renamed
        self._lock = threading.RLock()
        self._table: DeltaTable | None = None
        self._version = -1
        self._files: dict[tuple[str, str], list[FileRecord]] = {}
        self._decisions: dict[tuple[str, str, int | None], list[FileRecord]] = {}
        self._of_files: dict[tuple[str, str], list[FileRecord]] = {}
        self._keys: set[tuple[object, ...]] = set()
        self._sources: dict[str, set[str]] = {}  # of each path
        self.refresh()

    def refresh(self) -> None:
        """Read what other runs have added since."""
        with self._lock:
            self._table = _refreshed(self._table, self._uri)
            self._read()

    def _read(self) -> None:
        """Bring the copy in memory to the version of the table that is open."""
        if self._table is not None and self._table.version() != self._version:
            self._version = self._table.version()
            self._files, self._decisions, self._of_files, self._keys, self._sources = {}, {}, {}, set(), {}
            there = {field.name for field in self._table.schema().fields}  # a lake from before may lack some
            known = {name: column for name, column in LEDGER_COLUMNS.items() if column in there}
            columns = ", ".join(f'"{column}"' for column in known.values())
            for row in query(self._table, f"select {columns} from t").iter_rows():
                self._remember(FileRecord(**dict(zip(known, row, strict=True))))

    def _remember(self, record: FileRecord) -> None:
        record = replace(record, source=self._renamed.get(record.source, record.source))
        if record.is_decision:
            self._decisions.setdefault((record.source, record.path, record.version), []).append(record)
        elif record.is_of_file:
            self._of_files.setdefault((record.source, record.path), []).append(record)
        else:
            self._files.setdefault((record.source, record.path), []).append(record)
            self._sources.setdefault(record.path, set()).add(record.source)
        self._keys.add(record.key)

    def of(self, source: str, path: str) -> list[FileRecord]:
        """All versions of one file, those that were refused included; oldest state of the source first."""
        with self._lock:
            return sorted(self._files.get((source, path), []), key=lambda record: record.order)

    def path_of(self, source: str, path: str, table: str) -> str:
        """The path under which the lake has a file of a source: its own, unless another source had that one first."""
        with self._lock:
            other = f"{source}/{path}"
            if (source, path) in self._files or not (
                self.owners(source, path, table) or (source, other) in self._files
            ):
                return path
            return other

    def owners(self, source: str, path: str, table: str) -> list[str]:
        """The other sources that have a file of a path in a raw table."""
        with self._lock:
            return sorted(
                of
                for of in self._sources.get(path, set()) - {source}
                if any(record.raw_table == table for record in self._files[of, path])
            )

    def version(self, record: FileRecord, number: int | None) -> FileRecord | None:
        """The version with a number of the file that ``record`` is of."""
        found = self.of(record.source, record.path)
        return next((other for other in found if other.loaded and other.version == number), None)

    def decisions(self, record: FileRecord) -> list[FileRecord]:
        """The decisions about a version, oldest first."""
        with self._lock:
            found = self._decisions.get((record.source, record.path, record.version), [])
            return sorted(found, key=lambda decision: decision.ingested_at)

    def of_file(self, source: str, path: str) -> FileRecord | None:
        """The newest row that says whether the configuration names a file; None where it always did."""
        with self._lock:
            return max(self._of_files.get((source, path), []), key=lambda row: row.ingested_at, default=None)

    def newest_decisions(self) -> list[FileRecord]:
        """The decision that counts, for each version that there is one about."""
        with self._lock:
            return [max(rows, key=lambda row: row.ingested_at) for rows in self._decisions.values()]

    def rows(self) -> int:
        """How many versions in raw there are, and rows about these and their files."""
        with self._lock:
            decided = sum(len(rows) for rows in (*self._decisions.values(), *self._of_files.values()))
            return decided + sum(record.loaded for record in self.records())

    def records(self) -> list[FileRecord]:
        """All versions of all files."""
        with self._lock:
            return [record for records in self._files.values() for record in records]

    def files(self) -> list[tuple[str, str, list[FileRecord]]]:
        """Each file by source and path, with all its versions, oldest state of the source first."""
        with self._lock:
            return [(source, path, self.of(source, path)) for source, path in sorted(self._files)]

    def paths(self, source: str) -> list[str]:
        with self._lock:
            return sorted(path for of, path in self._files if of == source)

    def knows(self, record: FileRecord) -> bool:
        with self._lock:
            return record.key in self._keys

    @property
    def contents(self) -> Contents | None:
        """What the lake holds; None where that is open.

        A lake from before there were marks holds what its versions say: the sample, where each is a local copy with the
        time of a release of the sample, and else real data.
        """
        with self._lock:
            if (mark := self._mark) is not None:
                return next(contents for contents, number in _MARKS.items() if number == mark)
            loaded = [record for record in self.records() if record.loaded]
            if not loaded:
                return None
            made_up = all(record.commit_sha is None and is_release(record.committed_at) for record in loaded)
            return Contents.MADE_UP if made_up else Contents.REAL

    @property
    def _mark(self) -> int | None:
        return self._table.transaction_version(_HOLDS) if self._table else None

    def claim(self, contents: Contents) -> bool:
        """Mark what the lake holds, if it has no mark yet. Returns whether a lake from before was marked.

        Of two runs at once one marks, and ``self.contents`` is what that one wrote.
        """
        with self._lock:
            while self._mark is None:
                mark = [Transaction(_HOLDS, _MARKS[self.contents or contents])]
                if self._table is None:
                    self._begin(app_transactions=mark)
                    continue
                try:
                    _commit(self._table, [], _LEDGER_SCHEMA, app_transactions=mark)
                    return True
                except Conflict:
                    self.refresh()
            return False

    def _begin(self, **facts: Any) -> None:
        description = "Every version of a file that ingest loaded, held or refused, and every decision about one"
        _create(self._uri, _LEDGER_SCHEMA, description, _LEDGER_CONFIGURATION, **facts)
        self.refresh()

    def append(self, record: FileRecord) -> None:
        """Add a row unless it is there already."""
        with self._lock:
            while True:
                self._read()  # after a commit the table may be open at a version that has others' rows too
                if self.knows(record):
                    return
                if self._table is None:
                    self._begin()
                    continue
                row = {column: getattr(record, name) for name, column in LEDGER_COLUMNS.items()}
                frame = pl.DataFrame([row], schema=_LEDGER_SCHEMA)
                try:
                    _commit(self._table, [frame], _LEDGER_SCHEMA)
                except Conflict:
                    self.refresh()
                    continue
                if self._table.version() == self._version + 1:  # nobody else's row is in between
                    self._version += 1
                    self._remember(record)
