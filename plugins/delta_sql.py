"""The SQL that the Delta plugin writes for DuckDB: quoting, types that Delta has, ranges, and what a query reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import duckdb
from arro3.core import RecordBatchReader, Schema
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection as Connection

from plugins.delta_job import Job

PLAIN_TIMESTAMPS = ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")
# Delta at reader 1 / writer 2 has none of the types on the left.
WIDENED = {"utinyint": "SMALLINT", "usmallint": "INTEGER", "uinteger": "BIGINT", "ubigint": "DECIMAL(20,0)"}
WIDENED |= dict.fromkeys(("hugeint", "uhugeint"), "DECIMAL(38,0)")
WIDENED |= dict.fromkeys(("varchar", "uuid", "enum"), "VARCHAR")  # varchar: JSON too, which is text by another name
WIDENED |= dict.fromkeys((*PLAIN_TIMESTAMPS, "timestamp with time zone"), "TIMESTAMP WITH TIME ZONE")
INTEGERS = {"tinyint", "smallint", "integer", "bigint"}
NATURAL = {*INTEGERS, "boolean", "float", "double", "decimal", "blob", "date"}
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


def delta_type(column: str, dtype: Any, ntz: bool) -> str:
    """The DuckDB type to write a column of a DuckDBPyType as; raises DbtRuntimeError where Delta has none.

    Plain timestamps count as UTC and become timestamps with time zone, unless ntz: Delta's own type for them needs a
    table protocol that many readers do not know.
    """
    kind = dtype.id
    parts = dict(dtype.children) if kind in ("list", "array", "struct", "map") else {}
    inner = {name: delta_type(column, part, ntz) for name, part in parts.items() if name != "size"}
    if kind in ("list", "array"):
        return f"{inner['child']}[]"
    if kind == "struct":
        return f"STRUCT({', '.join(f'{quote(name)} {part}' for name, part in inner.items())})"
    if kind == "map":
        return f"MAP({', '.join(inner.values())})"
    if kind in PLAIN_TIMESTAMPS and ntz:
        return "TIMESTAMP"
    if kind in WIDENED or kind in NATURAL:
        return WIDENED.get(kind, str(dtype))
    raise DbtRuntimeError(f"Column {column} has the type {dtype}, which Delta does not have. Cast it in the model.")


def delta_types(cursor: Connection, sql: str, ntz: bool) -> dict[str, str]:
    """The columns of a query with the types to write them as."""
    relation = cursor.sql(f"select * from (\n{sql}\n) limit 0")
    return {c: delta_type(c, dtype, ntz) for c, dtype in zip(relation.columns, relation.types, strict=True)}


def castable(cursor: Connection, source: str, target: str) -> bool:
    """Whether DuckDB casts between the types by itself. It may lose something even so: see fitted()."""
    return bool(cursor.execute(f"select can_cast_implicitly(null::{source}, null::{target})").fetchall()[0][0])


def fitted(types: dict[str, str], found: dict[str, str]) -> str:
    """Columns of the types `found` as a list in SQL, each cast to its type in `types`.

    A value that the cast would change (a rounded decimal, a large integer as a double) ends the query with an error
    that names column, value and types. Text is parsed, and not compared with how DuckDB would write the result.
    """
    columns = []
    for column, dtype in types.items():
        name, was = quote(column), found.get(column, dtype)
        if was != dtype and was != "VARCHAR":
            value = f"cast({name} as {was})"
            lost = f"try_cast(try_cast({value} as {dtype}) as {was}) is distinct from {value}"
            before, after = f"column {column}: the value ", f" of type {was} does not fit the type {dtype}; "
            after += "cast it in the model, or run with --full-refresh"
            said = f"concat({literal(before)}, cast({name} as varchar), {literal(after)})"
            columns.append(f"case when {lost} then error({said}) else cast({name} as {dtype}) end as {name}")
        else:
            columns.append(f"cast({name} as {dtype}) as {name}")
    return ", ".join(columns)


def select_as(job: Job, types: dict[str, str], found: dict[str, str] | None = None) -> str:
    """The job's query with its columns cast to the given types and its constraints enforced.

    found: the types that the query's columns have, where a value must not change by the cast. A row that breaks a
    constraint ends the query with an error that names the constraint.
    """
    rules = [(f"{quote(column)} is not null", f"column {column} is null") for column in job.not_null]
    rules += [(f"coalesce({check}, true)", f"check ({check}) fails") for check in job.checks]
    conditions = [
        f"case when {rule} then true else error({literal(f'Constraint violated: {text}')}) end" for rule, text in rules
    ]
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    return f"select {fitted(types, found or {})} from (\n{job.sql}\n){where}"


def bounds(cursor: Connection, rows: str, columns: dict[str, str], groups: str = "", exact: bool = False) -> list[str]:
    """Predicates that rows meet, one for each group of them, as narrow as the least and greatest values make it.

    rows: what follows `from`; columns: the expression of each column's values; groups: what follows `group by`;
    exact: a column of a type that DuckDB and DataFusion may not read alike is an error, instead of left out.
    """
    types = cursor.sql(f"select {', '.join(columns.values())} from {rows} limit 0").types
    used = {c: dtype.id in INTEGERS for c, dtype in zip(columns, types, strict=True) if dtype.id in ORDERED}
    if exact and len(used) < len(columns):
        raise DbtRuntimeError(f"Partitions by {', '.join(columns)} cannot be replaced: use text, integers or dates.")
    facts = "".join(", min({0})::varchar, max({0})::varchar, count(*) - count({0})".format(columns[c]) for c in used)
    grouped = f"group by {groups}" if groups else "having count(*) > 0"
    predicates = []
    for _, *found in cursor.execute(f"select 1{facts} from {rows} {grouped}").fetchall():
        parts = []
        for i, (column, number) in enumerate(used.items()):
            low, high, nulls = found[3 * i : 3 * i + 3]
            least, most = (low, high) if number else (literal(low), literal(high))
            part = f"{quote(column)} = {least}" if low == high else f"{quote(column)} between {least} and {most}"
            null = f"{quote(column)} is null"
            parts.append(null if low is None else f"({part} or {null})" if nulls else part)
        predicates.append(f"({' and '.join(parts) or 'true'})")
    return predicates


def volatile_functions(conn: Connection) -> set[str]:
    """The functions, and names without brackets, whose result their arguments alone do not decide, or may not."""
    rows = conn.execute(
        "select distinct function_name from duckdb_functions() where function_type like '%macro' and not internal"
        " or stability <> 'CONSISTENT' and function_name <> 'error'"
        " or function_type = 'table' and function_name not in ('range', 'generate_series', 'unnest')"
    ).fetchall()
    clock = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
    return {name for (name,) in rows} | clock


def inputs(cursor: Connection, sql: str, volatile: set[str]) -> set[tuple[str, str]] | None:
    """The tables that a query reads, as (schema, name); None where they alone do not decide its result.

    Read from DuckDB's own syntax tree: its `get_table_names` looks through views, and so does not name them.
    """
    nodes: list[dict[str, Any]] = []

    def keep(node: dict[str, Any]) -> dict[str, Any]:
        nodes.append(node)
        return node

    # not as a parameter, for which duckdb would import pandas
    tree = cursor.execute(f"select json_serialize_sql({literal(sql)})").fetchall()[0][0]
    json.loads(tree, object_hook=keep)
    for node in nodes:
        called = node.get("function_name") or (node.get("column_names") or [""])[-1].lower()
        pinned = called == "delta_scan" and '"version"' in json.dumps(node)
        if node.get("error") is True or node.get("sample") or (called in volatile and not pinned):
            return None
    ctes = {entry["key"] for node in nodes for entry in (node.get("cte_map") or {}).get("map", [])}
    tables = {(node["schema_name"], node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"}
    return {(schema, name) for schema, name in tables if schema or name not in ctes}


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
