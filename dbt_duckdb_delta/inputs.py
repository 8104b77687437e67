"""What a query reads, where that alone decides its rows: the closed world in which a model can be left unbuilt.

Everything in a query must be known: a function that DuckDB itself has and that its arguments decide, a type of DuckDB's
own, a Delta table of the lake. Whatever is not known (a macro, a Python function, another database, a file, a setting
or variable that the query asks for) may change without a trace, and so the query is computed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection as Connection

from dbt_duckdb_delta.queries import literal

# DuckDB calls them consistent, but what they return hangs on the clock, the session or the catalog.
IMPURE = {"age", "getvariable", "current_setting", "current_localtime", "current_localtimestamp"}
IMPURE |= {"json_serialize_plan", "vector_type"}
# Names without brackets that DuckDB takes for calls where there is no such column.
CALLS = {"current_catalog", "current_date", "current_schema", "current_time", "current_timestamp"}
CALLS |= {"localtime", "localtimestamp"}
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}
TABLES = {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION"}
EXPRESSIONS = {"CONSTANT", "COLUMN_REF", "FUNCTION", "CAST", "CASE", "COMPARISON", "CONJUNCTION", "OPERATOR", "STAR"}
EXPRESSIONS |= {"SUBQUERY", "WINDOW", "LAMBDA", "LAMBDA_REF", "BETWEEN", "COLLATE", "POSITIONAL_REFERENCE"}
# Settings that decide how fast a query is or what is said of it, but not its rows. Nor do those about extensions, of
# which one becomes another in all connections of a process once one has loaded an extension for an object store.
UNIMPORTANT = "memory|threads|directory|progress|profil|log|proxy|secret|password|user|_key|token|metadata_cache|path"
UNIMPORTANT += "|extension"


@cache
def pure_functions() -> frozenset[str]:
    """The functions of DuckDB whose result their arguments alone decide, by a connection to which nobody added any."""
    with duckdb.connect() as fresh:
        rows = fresh.execute(
            "select function_name from duckdb_functions() where function_type in ('scalar', 'aggregate', 'macro')"
            " group by all having bool_and(case function_type"
            " when 'macro' then not regexp_matches(macro_definition, 'current_|duckdb_|pragma_|sleep|pg_|(?i)select')"
            " else stability = 'CONSISTENT' end)"
        ).fetchall()
    return frozenset({name for (name,) in rows} - IMPURE | {"error", "unnest"})


def settings(cursor: Connection) -> list[tuple[str, str]]:
    """The settings of a session that may decide what a query returns."""
    asked = f"select name, value from duckdb_settings() where not regexp_matches(name, '{UNIMPORTANT}') order by name"
    return cursor.execute(asked).fetchall()


def shadowing(cursor: Connection) -> set[str]:
    """The functions that somebody made: one with the name of a function of DuckDB may stand in its place.

    DuckDB counts a Python function among its own where that name has other arguments.
    """
    rows = cursor.execute("select function_name, parameter_types::varchar, internal from duckdb_functions()").fetchall()
    known = signatures()
    return {name for name, types, internal in rows if not internal or types not in known.get(name, {types})}


@cache
def signatures() -> dict[str, set[str]]:
    """The types of arguments of DuckDB's functions, by a connection to which nobody added any."""
    found: dict[str, set[str]] = {}
    with duckdb.connect() as fresh:
        rows = fresh.execute("select function_name, parameter_types::varchar from duckdb_functions()").fetchall()
    for name, types in rows:
        found.setdefault(name, set()).add(types)
    return found


def inputs(
    cursor: Connection, sql: str, tables: Mapping[tuple[str, str], str], shadowed: set[str]
) -> set[tuple[str, int | None]] | None:
    """The Delta tables that a query reads: path and, where the query names one, version. None where more decides.

    tables: the paths of all Delta tables, by schema and name. Read from DuckDB's own syntax tree: its
    `get_table_names` looks through views, and so does not name them.
    """
    # not as a parameter, for which duckdb would import pandas
    tree = json.loads(cursor.execute(f"select json_serialize_sql({literal(sql)})").fetchall()[0][0])
    database = cursor.execute("select current_database()").fetchall()[0][0].lower()
    pure, found = pure_functions() - shadowed, set[tuple[str, int | None]]()
    for node, ctes in _nodes(tree):
        kind, expression = node.get("type"), node.get("class")
        if node.get("error") is True or node.get("sample") or node.get("at_clause"):
            return None
        if kind == "UNBOUND_TYPE_INFO" and node["name"].lower() != "json":
            return None
        if expression is not None and expression not in EXPRESSIONS:
            return None
        if expression == "COLUMN_REF" and node["column_names"][-1].lower() in CALLS:
            return None
        if expression == "WINDOW" and kind == "WINDOW_AGGREGATE" and node["function_name"].lower() not in pure:
            return None
        called = node["function_name"].lower() if expression == "FUNCTION" and not node.get("of_table") else None
        if called is not None and (called not in pure or node["schema"] not in ("", "main")):
            return None
        if expression is not None or not {"sample", "alias"} <= node.keys():
            continue
        if kind not in TABLES:
            return None
        if kind == "TABLE_FUNCTION":
            function = node["function"]
            arguments = {child.get("alias"): child.get("value", {}).get("value") for child in function["children"]}
            pinned = function["function_name"] == "delta_scan" and isinstance(arguments.get("version"), int)
            if pinned and arguments.get("") in tables.values():
                found.add((arguments[""], arguments["version"]))
            elif function["function_name"].lower() not in TABLE_FUNCTIONS - shadowed:
                return None
        elif kind == "BASE_TABLE":
            schema, name = node["schema_name"], node["table_name"]
            if not schema and name.lower() in ctes:
                continue
            if node["catalog_name"].lower() not in ("", database) or (schema, name) not in tables:
                return None
            found.add((tables[schema, name], None))
    return found


def _nodes(tree: Any) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every object of a syntax tree with the names of the common table expressions that can be read there."""
    rest: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while rest:
        node, ctes = rest.pop()
        if isinstance(node, list):
            rest += [(child, ctes) for child in node]
        if not isinstance(node, dict):
            continue
        if node.get("type") == "TABLE_FUNCTION":
            node["function"]["of_table"] = True
        if node.get("type") == "RECURSIVE_CTE_NODE":
            ctes |= {node["cte_name"].lower()}
        for entry in (node.get("cte_map") or {}).get("map", []):
            rest.append((entry["value"], ctes))
            ctes |= {entry["key"].lower()}
        yield node, ctes
        rest += [(child, ctes) for key, child in node.items() if key != "cte_map"]
