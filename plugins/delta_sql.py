"""The SQL that the Delta plugin writes for DuckDB: quoting, types that Delta has, ranges, and what a query reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
from arro3.core import RecordBatchReader, Schema
from dbt_common.exceptions import DbtRuntimeError

if TYPE_CHECKING:
    from plugins.delta import Job

# Delta at reader 1 / writer 2 has none of the types on the left.
WIDENED = {
    "utinyint": "SMALLINT",
    "usmallint": "INTEGER",
    "uinteger": "BIGINT",
    "ubigint": "DECIMAL(20,0)",
    "hugeint": "DECIMAL(38,0)",
    "uhugeint": "DECIMAL(38,0)",
    "uuid": "VARCHAR",
    "enum": "VARCHAR",
    "varchar": "VARCHAR",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
INTEGERS = {"tinyint", "smallint", "integer", "bigint"}
NATURAL = {*INTEGERS, "boolean", "float", "double", "decimal", "blob", "date"}
PLAIN_TIMESTAMPS = {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"}
# Types whose values DuckDB and DataFusion order alike and read alike from text.
ORDERED = {*INTEGERS, "varchar", "boolean", "date", "timestamp with time zone"}


def quote(identifier: str) -> str:
    """An identifier in double quotes, as DuckDB and DataFusion both read it."""
    return '"' + identifier.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Columns as a list in SQL."""
    return ", ".join(map(quote, columns))


def literal(value: Any) -> str:
    """A value as text in SQL, as DuckDB and DataFusion both read it."""
    return "'" + str(value).replace("'", "''") + "'"


def delta_type(column: str, dtype: Any, timestamp_ntz: bool = False) -> str:
    """The DuckDB type to write a column as; raises DbtRuntimeError for a type that Delta does not have.

    dtype: a DuckDBPyType. Plain timestamps count as UTC and become timestamps with time zone, unless timestamp_ntz:
    Delta's own type for them needs a table protocol that many readers do not know.
    """
    kind = dtype.id
    if kind in ("list", "array"):
        return f"{delta_type(column, dict(dtype.children)['child'], timestamp_ntz)}[]"
    if kind == "struct":
        parts = (f"{quote(name)} {delta_type(column, part, timestamp_ntz)}" for name, part in dtype.children)
        return f"STRUCT({', '.join(parts)})"
    if kind == "map":
        parts = (delta_type(column, part, timestamp_ntz) for _, part in dtype.children)
        return f"MAP({', '.join(parts)})"
    if kind in PLAIN_TIMESTAMPS:
        return "TIMESTAMP" if timestamp_ntz else "TIMESTAMP WITH TIME ZONE"
    if kind in WIDENED or kind in NATURAL:
        return WIDENED.get(kind, str(dtype))
    raise DbtRuntimeError(f"Column {column} has the type {dtype}, which Delta does not have. Cast it in the model.")


def delta_types(cursor: duckdb.DuckDBPyConnection, sql: str, timestamp_ntz: bool) -> dict[str, str]:
    """The columns of a query with the types to write them as."""
    relation = cursor.sql(f"select * from (\n{sql}\n) limit 0")
    pairs = zip(relation.columns, relation.types, strict=True)
    return {column: delta_type(column, dtype, timestamp_ntz) for column, dtype in pairs}


def castable(cursor: duckdb.DuckDBPyConnection, source: str, target: str) -> bool:
    """Whether DuckDB casts between the types by itself, that is without losing anything."""
    sql = f"select can_cast_implicitly(null::{source}, null::{target})"
    return bool(cursor.execute(sql).fetchall()[0][0])


def cast(types: dict[str, str]) -> str:
    """Columns as a list in SQL, each cast to its type."""
    return ", ".join(f"cast({quote(c)} as {dtype}) as {quote(c)}" for c, dtype in types.items())


def select_as(job: Job, types: dict[str, str]) -> str:
    """The job's query with its columns cast to the given types and its constraints enforced.

    A row that breaks a constraint ends the query with an error that names the constraint.
    """
    rules = [(f"{quote(column)} is not null", f"column {column} is null") for column in job.not_null]
    rules += [(f"coalesce({check}, true)", f"check ({check}) fails") for check in job.checks]
    conditions = [
        f"case when {rule} then true else error({literal(f'Constraint violated: {text}')}) end" for rule, text in rules
    ]
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    return f"select {cast(types)} from (\n{job.sql}\n){where}"


def bounds(
    cursor: duckdb.DuckDBPyConnection, rows: str, columns: dict[str, str], groups: str = "", exact: bool = False
) -> list[str]:
    """Predicates that rows meet, one for each group of them, as narrow as the least and greatest values make it.

    rows: what follows `from`; columns: the expression of each column's values; groups: what follows `group by`;
    exact: a column of a type that DuckDB and DataFusion may not read alike is an error, instead of left out.
    """
    relation = cursor.sql(f"select {', '.join(columns.values()) or 1} from {rows} limit 0")
    types = {column: dtype.id for column, dtype in zip(columns, relation.types, strict=False)}
    refused = [f"{column} ({kind})" for column, kind in types.items() if kind not in ORDERED]
    if exact and refused:
        raise DbtRuntimeError(f"Partitions by {', '.join(refused)} cannot be replaced: use text, integers or dates.")
    used = {column: columns[column] for column, kind in types.items() if kind in ORDERED}
    facts = ", ".join(
        f"[min({e})::varchar, max({e})::varchar, (count(*) - count({e}))::varchar]" for e in used.values()
    )
    grouped = f"group by {groups}" if groups else "having count(*) > 0"
    predicates = []
    for group in cursor.execute(f"select {facts or 1} from {rows} {grouped}").fetchall():
        parts = []
        for column, (low, high, nulls) in zip(used, group, strict=True) if used else ():
            name = quote(column)
            if low is None:
                parts.append(f"{name} is null")
                continue
            least, most = (low, high) if types[column] in INTEGERS else (literal(low), literal(high))
            part = f"{name} = {least}" if low == high else f"{name} between {least} and {most}"
            parts.append(part if nulls == "0" else f"({part} or {name} is null)")
        predicates.append(f"({' and '.join(parts) or 'true'})")
    return predicates


def unsteady_functions(conn: duckdb.DuckDBPyConnection) -> set[str]:
    """The functions, and names without brackets, whose result their arguments alone do not decide, or may not."""
    rows = conn.execute(
        "select distinct function_name from duckdb_functions() where function_type like '%macro' and not internal"
        " or stability <> 'CONSISTENT' and function_name <> 'error'"
        " or function_type = 'table' and function_name not in ('range', 'generate_series', 'unnest')"
    ).fetchall()
    return {name for (name,) in rows} | {
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
    }


def inputs(cursor: duckdb.DuckDBPyConnection, sql: str, unsteady: set[str]) -> set[tuple[str, str]] | None:
    """The tables that a query reads, as (schema, name); None where they alone do not decide its result.

    That is so where it calls the clock or a random function, or reads files. Read from DuckDB's own syntax tree:
    its `get_table_names` looks through views, and so does not name them.
    """
    tree = json.loads(cursor.execute("select json_serialize_sql(?)", [sql]).fetchall()[0][0])
    tables: set[tuple[str, str]] = set()
    ctes: set[str] = set()
    steady = not tree["error"]
    for node in nodes(tree):
        if node.get("type") == "BASE_TABLE":
            tables.add((node["schema_name"], node["table_name"]))
        called = node.get("function_name") or (node.get("column_names") or [""])[-1].lower()
        pinned = called == "delta_scan" and '"version"' in json.dumps(node)
        steady = steady and (called not in unsteady or pinned) and node.get("sample") is None
        ctes.update(entry["key"] for entry in (node.get("cte_map") or {}).get("map", []))
    return {(schema, name) for schema, name in tables if schema or name not in ctes} if steady else None


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of a syntax tree."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(child)


def non_empty(relation: duckdb.DuckDBPyRelation) -> RecordBatchReader | None:
    """The relation as a stream of record batches, or None where it has no row."""
    reader = RecordBatchReader.from_arrow(relation)
    first = next((batch for batch in reader if batch.num_rows), None)
    return None if first is None else RecordBatchReader.from_batches(reader.schema, chain([first], reader))


def decorated(relation: duckdb.DuckDBPyRelation, not_null: set[str], comments: dict[str, str]) -> Any:
    """The relation as a stream whose schema carries not-null marks and column comments into the Delta schema."""
    if not not_null and not comments:
        return relation
    reader, fields = RecordBatchReader.from_arrow(relation), []
    for column in map(reader.schema.field, reader.schema.names):
        metadata = {"comment": comments[column.name]} if column.name in comments else {}
        fields.append(column.with_nullable(column.name not in not_null).with_metadata(metadata))
    schema = Schema(fields)
    return RecordBatchReader.from_batches(schema, (batch.with_schema(schema) for batch in reader))
