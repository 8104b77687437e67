"""The SQL that the Delta plugin writes for DuckDB: quoting, types that Delta has, and ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any

from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection as Connection

from dbt_duckdb_delta.job import Job

PLAIN_TIMESTAMPS = ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")
# Delta at reader 1 / writer 2 has none of the types on the left.
WIDENED = {"utinyint": "SMALLINT", "usmallint": "INTEGER", "uinteger": "BIGINT", "ubigint": "DECIMAL(20,0)"}
WIDENED |= dict.fromkeys(("hugeint", "uhugeint"), "DECIMAL(38,0)")
WIDENED |= dict.fromkeys(("varchar", "uuid", "enum"), "VARCHAR")  # varchar: JSON too, which is text by another name
WIDENED |= dict.fromkeys((*PLAIN_TIMESTAMPS, "timestamp with time zone"), "TIMESTAMP WITH TIME ZONE")
INTEGERS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}  # and the digits of their largest values
NATURAL = {*INTEGERS, "boolean", "float", "double", "decimal", "blob", "date"}
# Types whose values DuckDB and DataFusion order alike and read alike from text.
ORDERED = {*INTEGERS, "decimal", "varchar", "boolean", "date", "timestamp with time zone"}
# delta-rs keeps the statistics of decimals as doubles, which hold this many digits, and leaves out a NaN.
DIGITS = 15
INEXACT = re.compile(r"FLOAT|DOUBLE|DECIMAL\((1[6-9]|[23]\d),")  # types whose statistics do not tell what a file holds
NUMBER = re.compile(r"\b(TINYINT|SMALLINT|INTEGER|BIGINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))")
PARTITION = re.compile(r"[A-Z ]+(?<!BLOB)|DECIMAL\(\d+,0\)")  # types whose values delta-rs writes as names of folders
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # names the folder of null
MOMENT = re.compile(r"\d{4}-\d\d-\d\d( [\d:.]+(\+00)?)?")  # of a year that DataFusion can read from text
# What DataFusion calls the types of which it reads any other year as a number: of days, or of microseconds.
TICKS = {"date": "Date32", "timestamp": "Timestamp(Microsecond, None)"}
TICKS |= {"timestamp with time zone": 'Timestamp(Microsecond, Some("UTC"))'}
# What delta-rs writes, and reads back as the name of a folder; the rest, infinity too, it ends at without a word.
DATES, MOMENTS = ("262143-01-01 (BC)", "262142-12-31"), ("0001-01-01", "9999-12-31 23:59:59.999999")


class BrokenContractError(Exception):
    """The columns of a query are not those that its contract promises: dbt says which."""


def quote(identifier: str) -> str:
    """An identifier in double quotes, as DuckDB and DataFusion both read it."""
    return '"' + identifier.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Columns as a list in SQL."""
    return ", ".join(map(quote, columns))


def literal(value: Any) -> str:
    """A value as text in SQL, as DuckDB and DataFusion both read it."""
    return "'" + str(value).replace("'", "''") + "'"


def delta_type(column: str, dtype: Any, ntz: bool, as_text: bool = False) -> str:
    """The DuckDB type to write a column of a DuckDBPyType as; where Delta has none, text or a DbtRuntimeError.

    Plain timestamps count as UTC and become timestamps with time zone, unless ntz: Delta's own type for them needs a
    table protocol that many readers do not know.
    """
    kind = dtype.id
    parts = dict(dtype.children) if kind in ("list", "array", "struct", "map") else {}
    inner = {name: delta_type(column, part, ntz, as_text) for name, part in parts.items() if name != "size"}
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
    if as_text:
        return "VARCHAR"
    raise DbtRuntimeError(f"Column {column} has the type {dtype}, which Delta does not have. Cast it in the model.")


def delta_types(cursor: Connection, sql: str, ntz: bool) -> dict[str, str]:
    """The columns of a query with the types to write them as."""
    relation = cursor.sql(f"select * from (\n{sql}\n) limit 0")
    return {c: delta_type(c, dtype, ntz) for c, dtype in zip(relation.columns, relation.types, strict=True)}


def in_utc(value: str, dtype: Any, ntz: bool = False) -> str | None:
    """A value (an expression) with every plain timestamp in it as a moment in UTC; None where there is none in it.

    A cast would take them for moments in the time zone of the session. (Those in a map are refused, unless that is
    UTC.) ntz: they stay plain. Nanoseconds that are not 0 are an error: Delta counts microseconds.
    """
    if dtype.id in PLAIN_TIMESTAMPS:
        if dtype.id == "timestamp_ns":
            said = literal("a timestamp has nanoseconds, which Delta does not keep: cast it to timestamp in the model")
            value = f"case when epoch_ns({value}) % 1000 <> 0 then error({said}) else {value} end"
        return f"cast({value} as timestamp)" if ntz else f"timezone('UTC', cast({value} as timestamp))"
    if dtype.id == "struct":
        parts = {name: (f"struct_extract({value}, {literal(name)})", part) for name, part in dtype.children}
        if not any(in_utc(*part, ntz) for part in parts.values()):
            return None
        fields = ", ".join(f"{quote(name)} := {in_utc(*part, ntz) or part[0]}" for name, part in parts.items())
        return f"case when {value} is not null then struct_pack({fields}) end"
    if dtype.id in ("list", "array"):
        part = f"part{len(value)}"
        inner = in_utc(part, dict(dtype.children)["child"], ntz)
        return inner and f"list_transform({value}, lambda {part}: {inner})"
    return None


def beyond(value: str, dtype: Any) -> str | None:
    """The condition that a date in a value (an expression) is none that delta-rs writes; None where there is none."""
    if dtype.id == "date":
        return f"{value} not between {literal(DATES[0])}::date and {literal(DATES[1])}::date"
    parts = dict(dtype.children) if dtype.id in ("list", "array", "struct", "map") else {}
    if dtype.id == "struct":
        found = [beyond(f"struct_extract({value}, {literal(name)})", part) for name, part in parts.items()]
    else:
        lists = {"child": value, "key": f"map_keys({value})", "value": f"map_values({value})"}
        part = f"part{len(value)}"
        inner = [(lists[name], beyond(part, parts[name])) for name in parts if name != "size"]
        found = [f"len(list_filter({held}, lambda {part}: {far})) > 0" for held, far in inner if far]
    return " or ".join(f"({far})" for far in found if far) or None


def castable(cursor: Connection, source: str, target: str) -> bool:
    """Whether DuckDB casts between the types by itself, or would if all numbers were of one type. It may lose something
    even so: see fitted()."""
    source, target = (f"null::{NUMBER.sub('DOUBLE', dtype)}" for dtype in (source, target))
    return bool(cursor.execute(f"select can_cast_implicitly({source}, {target})").fetchall()[0][0])


def widens(old: str, new: str) -> bool:
    """Whether a type of numbers has every value of another."""
    if new == "DOUBLE":
        return old in ("TINYINT", "SMALLINT", "INTEGER", "FLOAT")
    had, has = digits(old), digits(new)
    if had is None or has is None or (old.startswith("DECIMAL") and new.lower() in INTEGERS):
        return False
    return had[0] <= has[0] and had[1] <= has[1]


def digits(dtype: str) -> tuple[int, int] | None:
    """How many digits the numbers of an exact type have at most, before the point and after it."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", dtype):
        return int(found[1]) - int(found[2]), int(found[2])
    return (INTEGERS[dtype.lower()], 0) if dtype.lower() in INTEGERS else None


def fitted(types: dict[str, str], found: dict[str, str], otherwise: str) -> str:
    """Columns of the types `found` as a list in SQL, each cast to its type in `types`.

    A value that the cast would change (a rounded decimal, a large integer as a double) ends the query with an error
    that names column, value and types. Text is parsed, and not compared with how DuckDB would write the result; of a
    number or date it must not lose digits or the time. otherwise: what else the error advises.
    """
    columns = []
    for column, dtype in types.items():
        name, was = quote(column), found.get(column, dtype)
        exact = dtype in ("DATE", "DOUBLE") or dtype.startswith("DECIMAL") or dtype.lower() in INTEGERS
        if was != dtype and (was != "VARCHAR" or exact):
            value = f"cast({name} as {was})"
            became = recast(value, was, dtype)
            backs = [was] if was != "VARCHAR" else ["TIMESTAMP"] if dtype == "DATE" else ["DOUBLE", "DECIMAL(38,10)"]
            lost = " or ".join(f"{recast(became, dtype, b)} is distinct from {recast(value, was, b)}" for b in backs)
            before, after = f"column {column}: the value ", f" of type {was} does not fit the type {dtype}; "
            after += f"cast it in the model, or {otherwise}"
            said = f"concat({literal(before)}, cast({name} as varchar), {literal(after)})"
            became = f"cast({name} as {dtype})" if was == "VARCHAR" else became
            columns.append(f"case when {lost} then error({said}) else {became} end as {name}")
        else:
            columns.append(f"cast({name} as {dtype}) as {name}")
    return ", ".join(columns)


def recast(value: str, was: str, dtype: str) -> str:
    """A value of one type as another, null where it cannot be that."""
    return value if was == dtype else f"try_cast({value} as {dtype})"


def query(cursor: Connection, job: Job) -> tuple[str, dict[str, str]]:
    """The job's query with its constraints enforced and in types that Delta has, and those types by column.

    A row that breaks a constraint ends the query with an error that names the constraint. Raises BrokenContractError
    where the columns are not those of the contract.
    """
    rules = [(f"{quote(column)} is not null", f"column {column} is null") for column in job.not_null]
    rules += [(f"coalesce({check}\n, true)", f"check ({check}) fails") for check in job.checks]
    conditions = [
        f"case when {rule} then true else error({literal(f'Constraint violated: {text}')}) end" for rule, text in rules
    ]
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    relation = cursor.sql(f"select * from (\n{job.sql}\n) limit 0")
    held = dict(zip(relation.columns, relation.types, strict=True))
    if job.contract:
        promised = cursor.sql(job.contract)
        if dict(zip(promised.columns, promised.types, strict=True)) != held:
            raise BrokenContractError
        held = {column: held[column] for column in promised.columns}
    types = {c: delta_type(c, dtype, job.timestamp_ntz, job.as_text) for c, dtype in held.items()}
    moments = [c for c, dtype in types.items() if re.search(r"MAP\(.*TIMESTAMP WITH", dtype)]
    if moments and cursor.execute("select lower(current_setting('TimeZone'))").fetchall()[0][0] != "utc":
        said = "which delta-rs writes only where the profile's TimeZone is UTC"
        raise DbtRuntimeError(f"Column {moments[0]} has the type {types[moments[0]]}, {said}.")
    partitions = {column.lower() for column in job.partition_by}  # in which Delta takes an empty string for null
    values = {c: in_utc(quote(c), dtype, job.timestamp_ntz) or quote(c) for c, dtype in held.items()}
    for column, dtype in types.items():
        value, named = values[column], column.lower() in partitions
        far = f"{value} not between {literal(MOMENTS[0])}::{dtype} and {literal(MOMENTS[1])}::{dtype}"
        if wrong := far if named and dtype.startswith("TIMESTAMP") else beyond(quote(column), held[column]):
            shown = f"left({value}::varchar, 100)"
            said = f"concat({literal(f'column {column}: ')}, {shown}, ' is beyond the dates that delta-rs can write')"
            values[column] = f"case when {wrong} then error({said}) else {value} end"
        elif named and dtype == "VARCHAR":
            said = literal(
                f"{column} is {NULL_PARTITION}, which stands for null in partitions: replace it in the model"
            )
            null = f"{value}::varchar = {literal(NULL_PARTITION)}"
            values[column] = f"case when {null} then error({said}) else nullif({value}::varchar, '') end"
    columns = [f"cast({values[c]} as {dtype}) as {quote(c)}" for c, dtype in types.items()]
    return f"select {', '.join(columns)} from (\n{job.sql}\n){where}", types


def within(sql: str, types: dict[str, str], event_time: str, start: str, end: str) -> str:
    """A query, ended by an error at the first row that is not of its batch."""
    column = quote(event_time)
    moment = column if types[event_time].endswith("ZONE") else f"timezone('UTC', cast({column} as timestamp))"
    said = f"{event_time} of a row is not within the batch, from {start} to {end}. Give what the model reads from an"
    said += " event_time of its own, by which dbt filters it, or filter it in the query. Nothing was written."
    inside = f"{moment} >= {literal(start)}::timestamptz and {moment} < {literal(end)}::timestamptz"
    return f"select * from ({sql}) where case when {inside} then true else error({literal(said)}) end"


def bounds(cursor: Connection, rows: str, columns: dict[str, str], groups: str = "", exact: bool = False) -> list[str]:
    """Predicates that rows meet, one for each group of them, as narrow as the least and greatest values make it.

    rows: what follows `from`; columns: the expression of each column's values; groups: what follows `group by`;
    exact: for DataFusion alone; a column of a type that it may read otherwise is an error, instead of left out.
    """
    types = cursor.sql(f"select {', '.join(columns.values())} from {rows} limit 0").types
    known = ORDERED | TICKS.keys() if exact else ORDERED
    used = {c: dtype for c, dtype in zip(columns, types, strict=True) if dtype.id in known}
    if exact and len(used) < len(columns):
        raise DbtRuntimeError(f"Partitions by {', '.join(columns)} cannot be replaced: use text, integers or dates.")
    write, say = (ticks, tick) if exact else (text, constant)
    ends = {c: [write(f"{end}({columns[c]})", dtype) for end in ("min", "max")] for c, dtype in used.items()}
    facts = "".join(f", {low}, {high}, count(*) - count({columns[c]})" for c, (low, high) in ends.items())
    grouped = f"group by {groups}" if groups else "having count(*) > 0"
    predicates = []
    for _, *found in cursor.execute(f"select 1{facts} from {rows} {grouped}").fetchall():
        parts = []
        for i, (column, dtype) in enumerate(used.items()):
            low, high, nulls = found[3 * i : 3 * i + 3]
            null = is_null(column, dtype)
            if low is None:
                parts.append(null)
            elif around := (low, high) if exact else outward(low, high, dtype):
                least, most = (say(value, dtype) for value in around)
                part = f"{quote(column)} = {least}" if least == most else f"{quote(column)} between {least} and {most}"
                parts.append(f"({part} or {null})" if nulls else part)
        predicates.append(f"({' and '.join(parts) or 'true'})")
    return predicates


def any_of(cursor: Connection, rows: str, column: str, expressions: list[str]) -> str:
    """A predicate on a column: that it has one of the values that the expressions have in the rows; or that anything
    may be, where there is one that cannot be told."""
    union = " union ".join(f"select {expression} as v from {rows}" for expression in expressions)
    relation = cursor.sql(f"select v from ({union}) order by v")
    (dtype,) = relation.types
    held = [value for (value,) in cursor.execute(f"select {text('v', dtype)} from ({union}) order by v").fetchall()]
    if not all(readable(value, dtype) for value in held if value is not None):
        return "true"
    known = ", ".join(constant(value, dtype) for value in held if value is not None)
    parts = [f"{quote(column)} in ({known})"] if known else []
    return f"({' or '.join(parts + [is_null(column, dtype)] * (None in held))})"


def is_null(column: str, dtype: Any) -> str:
    """The condition that a column is null, also in a partition that another writer named with an empty text: DuckDB
    reads that as null, and DataFusion as it stands."""
    null = f"{quote(column)} is null"
    return f"({null} or {quote(column)} = '')" if dtype.id == "varchar" else null


def text(value: str, dtype: Any) -> str:
    """An expression of a value as text; a moment in UTC, as text leaves out the seconds of offsets of the past."""
    moment = dtype.id == "timestamp with time zone"
    return f"timezone('UTC', {value})::varchar || '+00'" if moment else f"{value}::varchar"


def ticks(value: str, dtype: Any) -> str:
    """As `text`, but a date or moment as the number that TICKS says."""
    if dtype.id not in TICKS:
        return text(value, dtype)
    return f"({value} - date '1970-01-01')::varchar" if dtype.id == "date" else f"epoch_us({value})::varchar"


def readable(value: str, dtype: Any) -> bool:
    """Whether DuckDB and DataFusion both read a value from text, which to DuckDB ends at the character 0."""
    return "\0" not in value and (dtype.id not in TICKS or MOMENT.fullmatch(value) is not None)


def outward(low: str, high: str, dtype: Any) -> tuple[str, str] | None:
    """Limits that statistics can tell from each other, around two values of an ORDERED type; None: there are none."""
    if not (readable(low, dtype) and readable(high, dtype)):
        return None
    if dtype.id == "decimal" and INEXACT.match(str(dtype)):
        least, most = (Context(DIGITS, to).create_decimal(n) for to, n in ((ROUND_FLOOR, low), (ROUND_CEILING, high)))
        size, scale = (number for _, number in dtype.children)
        return (f"{least:f}", f"{most:f}") if max(abs(least), abs(most)) < min(10 ** (size - scale), 2**63) else None
    return low, high


def constant(value: str, dtype: Any) -> str:
    """A value, as DuckDB writes it, of an ORDERED type, as DuckDB and DataFusion both read it."""
    if dtype.id == "decimal":
        return f"cast({literal(value)} as {dtype})"
    return value if dtype.id in INTEGERS else literal(value)


def tick(value: str, dtype: Any) -> str:
    """What `ticks` gave, as DataFusion reads it."""
    return f"arrow_cast({value}, {literal(TICKS[dtype.id])})" if dtype.id in TICKS else constant(value, dtype)
