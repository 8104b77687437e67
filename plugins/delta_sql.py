"""The SQL that the Delta plugin writes for DuckDB: quoting, literals, types that Delta has, and what a query reads."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import duckdb
from dbt_common.exceptions import DbtRuntimeError

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
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
NATURAL = {
    *("boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "decimal", "varchar", "blob", "date"),
}
PLAIN_TIMESTAMPS = {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"}

CLOCK = {"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"}


def quote(identifier: str) -> str:
    """An identifier in double quotes, as DuckDB and DataFusion both read it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as a SQL literal that DuckDB and DataFusion both read."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime | datetime.date | str):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


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
    if kind in WIDENED:
        return WIDENED[kind]
    if kind in NATURAL:
        return "VARCHAR" if kind == "varchar" else str(dtype)
    raise DbtRuntimeError(f"Column {column} has the type {dtype}, which Delta does not have. Cast it in the model.")


def delta_types(cursor: duckdb.DuckDBPyConnection, sql: str, timestamp_ntz: bool = False) -> dict[str, str]:
    """The columns of a query with the types to write them as."""
    relation = cursor.sql(f"select * from (\n{sql}\n) limit 0")
    pairs = zip(relation.columns, relation.types, strict=True)
    return {column: delta_type(column, dtype, timestamp_ntz) for column, dtype in pairs}


def select_as(sql: str, types: dict[str, str], not_null: list[str], checks: list[str]) -> str:
    """The query with its columns cast to the given types and its constraints enforced.

    A row that breaks a constraint ends the query with an error that names the constraint.
    """
    columns = ", ".join(f"cast({quote(c)} as {dtype}) as {quote(c)}" for c, dtype in types.items())
    rules = [(f"{quote(column)} is not null", f"column {column} is null") for column in not_null]
    rules += [(f"coalesce({check}, true)", f"check ({check}) fails") for check in checks]
    conditions = [
        f"case when {rule} then true else error({literal(f'Constraint violated: {text}')}) end" for rule, text in rules
    ]
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    return f"select {columns} from (\n{sql}\n){where}"


def inputs(cursor: duckdb.DuckDBPyConnection, sql: str) -> set[tuple[str, str]] | None:
    """The tables that a query reads, as (schema, name); None where they alone do not decide its result.

    That is so where it calls the clock or a random function, or reads files. Read from DuckDB's own syntax tree:
    its `get_table_names` looks through views, and so does not name them.
    """
    tree = json.loads(cursor.execute("select json_serialize_sql(?)", [sql]).fetchall()[0][0])
    functions = cursor.execute(
        "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'"
        " and function_name <> 'error'"
    ).fetchall()
    unsteady = {name for (name,) in functions} | CLOCK
    tables: set[tuple[str, str]] = set()
    ctes: set[str] = set()
    steady = not tree["error"]
    for node in nodes(tree):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            tables.add((node["schema_name"], node["table_name"]))
        elif kind == "TABLE_FUNCTION":
            function = node["function"]["function_name"]
            pinned = function == "delta_scan" and '"version"' in json.dumps(node["function"])
            steady = steady and (pinned or function in ("range", "generate_series", "unnest"))
        elif kind == "COLUMN_REF":
            steady = steady and node["column_names"][-1].lower() not in CLOCK
        steady = steady and node.get("function_name") not in unsteady
        ctes.update(entry["key"] for entry in (node.get("cte_map") or {}).get("map", []))
    return {(schema, name) for schema, name in tables if schema or name not in ctes} if steady else None


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of a syntax tree."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(child)
