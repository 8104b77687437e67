"""Begin a feed: from the first lines of a file, everything from its source to silver, for a person to edit."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import duckdb
import polars as pl
import yaml

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.reading.checks import column_names
from ingest.storage.lineage import LINEAGE_SCHEMA

LOOKED_AT = 10_000  # records, by which types and key are guessed
NAME = re.compile(r"[a-z][a-z0-9_]*")
TYPES = {pl.Int64: "bigint", pl.Datetime: "timestamp"}  # of lineage columns, in SQL; any other is text
# What a column is read as where all of its values look like that: the macro that reads it, and the type it gives. With
# zeros in front a number would be another one afterwards: a zip code or the like, which is text.
READERS = {
    "a whole number": (r"^(0|[1-9][0-9]{0,17})$", "{{{{ parse_number('{0}_text', 'bigint') }}}}", "bigint"),
    "a number": (r"^(0|[1-9][0-9]{0,4})([.][0-9]{1,9})?$", "{{{{ parse_decimal('{0}_text') }}}}", "double"),
    "a day, year-month-day": (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "{{{{ parse_iso_date('{0}_text') }}}}", "date"),
}


class CannotBegin(Exception):
    """Why there can be no such feed, in one line."""


@dataclass(frozen=True)
class Column:
    """A column of the file: its name there, in silver, and what all of its values look like (None: text)."""

    field: str
    name: str
    kind: str | None


@dataclass(frozen=True)
class NewFeed:
    name: str
    file: Path
    delimiter: str
    columns: Sequence[Column]
    key: Sequence[str]
    examples: Sequence[Sequence[str]]  # the first two records

    @property
    def typed(self) -> list[Column]:
        return [column for column in self.columns if column.kind]


def read(name: str, file: Path, key: Sequence[str]) -> NewFeed:
    """Look at a file with a header, separated by commas, or by tabs where its name ends in .tsv.

    key: names of columns; where there are none, the first columns that no two records share.

    Raises:
        CannotBegin: the name or the file will not do.
    """
    if not NAME.fullmatch(name):
        raise CannotBegin(
            f"NAME is {name!r}, but has to be lower case letters, digits and _, and begin with a letter, as in"
            f" make feed NAME=ratings FILE={file if file != Path() else 'ratings.csv'}"
        )
    if file == Path() or not file.is_file():
        what = f"there is no file {file}" if file != Path() else "FILE is missing"
        raise CannotBegin(f"{what}: make feed NAME={name} FILE=<a file with a header, separated by commas or tabs>")
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    try:
        frame = pl.read_csv(file, separator=delimiter, infer_schema=False, n_rows=LOOKED_AT, truncate_ragged_lines=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CannotBegin(f"{file} cannot be read as a table: {str(error).splitlines()[0]}") from None
    header = frame.columns
    if len(header) == 1 and re.search(r"[;|\t,]", header[0]):
        how = "separate the columns by commas, or by tabs in a file whose name ends in .tsv"
        raise CannotBegin(f"{file} has one column, {header[0]!r}: {how}")
    try:
        frame.columns = column_names(frame.columns, Dataset(file=file.name, table=name))
    except Refused as refused:
        raise CannotBegin(f"{file} {refused.reason}") from None
    columns = [Column(field, field.lower(), kind_of(frame[field])) for field in frame.columns]
    reserved = reserved_words()
    for given, column in zip(header, columns, strict=True):
        if not NAME.fullmatch(column.name):
            how = "name it with letters, digits and _ in the file, a letter first"
            raise CannotBegin(f"{file} has a column {given!r}: {how}")
        if column.name in reserved:
            raise CannotBegin(
                f"{file} has a column {given!r}, which is a word of SQL: give it another name in the file"
            )
    names = [column.name for column in columns]
    if unknown := [column for column in key if column not in names]:
        raise CannotBegin(f"{file} has no column {unknown[0]}, which KEY names; it has: {', '.join(names)}")
    found = [column.field for column in columns if column.name in key] or first_key(frame)
    if not frame.height or not found or frame.select(found).is_duplicated().any():
        raise CannotBegin(f"{file} has records with the same key, or none: say with KEY=<columns> what one record is")
    examples = [tuple(value or "" for value in row) for row in frame.head(2).rows()]
    return NewFeed(name, file, delimiter, columns, [c.name for c in columns if c.field in found], examples)


def reserved_words() -> set[str]:
    """The words that cannot be the name of a column in SQL without quotes."""
    words = duckdb.sql("from duckdb_keywords() where keyword_category in ('reserved', 'type_function')").fetchall()
    return {word for word, _ in words}


def kind_of(values: pl.Series) -> str | None:
    texts = values.drop_nulls().str.strip_chars()
    fitting = (kind for kind, (shape, *_) in READERS.items() if texts.len() and texts.str.contains(shape).all())
    return next(fitting, None)


def first_key(frame: pl.DataFrame) -> list[str]:
    prefixes = (frame.columns[:width] for width in range(1, frame.width + 1))
    return next((columns for columns in prefixes if not frame.select(columns).is_duplicated().any()), [])


def begin(feed: NewFeed, project: Path) -> list[Path]:
    """Write the feed into a checkout; returns the files that it made, and after these the ones that it added to.

    Raises:
        CannotBegin: the project has something of that name.
    """
    made = {
        f"models/bronze/bronze_{feed.name}.sql": BRONZE,
        f"models/bronze/bronze_{feed.name}.yml": BRONZE_YML,
        f"models/silver/records/silver_{feed.name}_records.sql": RECORDS,
        f"models/silver/records/silver_{feed.name}_records.yml": RECORDS_YML,
        f"models/silver/silver_{feed.name}.sql": SILVER,
        f"models/silver/silver_{feed.name}.yml": SILVER_YML,
    }
    sources = yaml.safe_load((project / "ingest/sources.yml").read_text(encoding="utf-8"))["sources"]
    tables = {dataset["table"] for source in sources.values() for dataset in source["datasets"]}
    if feed.name in sources or feed.name in tables or any((project / path).exists() for path in made):
        raise CannotBegin(f"there is a source, a raw table or a model named {feed.name} already: take another NAME")
    words = words_of(feed)
    for path, template in made.items():
        (project / path).write_text(Template(template).substitute(words), encoding="utf-8")
    feeds = project / "macros/feeds.sql"
    end = "\n  }) }}\n"
    text = feeds.read_text(encoding="utf-8")
    added = [project / "ingest/sources.yml", project / "models/sources.yml", feeds]
    for listed, template in zip(added[:2], (SOURCE, RAW_TABLE), strict=True):
        with listed.open("a", encoding="utf-8") as file:
            file.write(Template(template).substitute(words))
    feeds.write_text(text.replace(end, "\n" + Template(FEED).substitute(words) + end, 1), encoding="utf-8")
    return [*(project / path for path in made), *added]


def words_of(feed: NewFeed) -> dict[str, str]:
    """What stands in the templates for this feed."""

    def lines(indent: int, texts: Sequence[str]) -> str:
        return f"\n{' ' * indent}".join(line for text in texts for line in text.split("\n"))

    def described(name: str, text: str, data_type: str | None = None) -> str:
        typed = f"  data_type: {data_type}\n" if data_type else ""
        return f"- name: {name}\n{typed}  description: {text}"

    def of_lineage(types: bool) -> list[str]:
        return [
            described(name, f"\"{{{{ doc('{name}') }}}}\"", TYPES.get(type(dtype)) if types else None)
            for name, dtype in LINEAGE_SCHEMA.items()
        ]

    def cleaned(column: Column) -> str:
        suffix = "_text" if column.kind else ""
        return f"{{{{ clean_text(adapter.quote('{column.field}')) }}}} as {column.name}{suffix},"

    def parsed(column: Column) -> list[str]:
        if not column.kind:
            return [f"{column.name},"]
        return [f"{READERS[column.kind][1].format(column.name)} as {column.name},", f"{column.name}_text,"]

    def rule(column: str) -> str:
        return Template(KEY_RULE).substitute(name=feed.name, column=column)

    columns = [column.name for column in feed.columns]
    rest = [*(column for column in columns if column not in feed.key), *(["_untyped_values"] if feed.typed else [])]
    untyped = [f"'{column.name}': '{column.field}'," for column in feed.typed]
    read_as = {column.name: f", read as {column.kind}" if column.kind else "" for column in feed.columns}
    field_descriptions = [
        described(
            column.name,
            f"Column {column.field} of the file{read_as[column.name]}.",
            READERS[column.kind][2] if column.kind else "string",
        )
        for column in feed.columns
    ]
    raw_descriptions = [described(column.field, f"Column {column.field} of the file.") for column in feed.columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(column.field for column in feed.columns), "_file_path", "_file_version", "_row_number"])
    at = [column.name in feed.key for column in feed.columns]
    without_key = ["" if is_key else value for value, is_key in zip(feed.examples[0], at, strict=True)]
    for number, example in enumerate([*feed.examples, without_key], start=1):
        writer.writerow([*example, feed.file.name, 1, number])
    broken = ",".join(sorted(f"{column}_is_there" for column in feed.key))
    expected = [
        "_row_number,_verdict,_rules",
        *(f"{number},kept," for number in range(1, len(feed.examples) + 1)),
        f'{len(feed.examples) + 1},quarantined,"{broken}"',
    ]
    readable = f"\n        unreadable_at_most:{''.join(f'{chr(10)}          {c.field}: 0.05' for c in feed.typed)}"
    meta = f"    config:\n      meta:{readable}\n" if feed.typed else ""
    return {
        "name": feed.name,
        "file": feed.file.name,
        "folder": str(feed.file.parent),
        "key": ", ".join(feed.key),
        "quoted_key": ", ".join(f"'{column}'" for column in feed.key),
        "key_fields": ", ".join(column.field for column in feed.columns if column.name in feed.key),
        "json_key": ", ".join(f'"{column}"' for column in feed.key),
        "delimiter": '\n        delimiter: "\\t"' if feed.delimiter == "\t" else "",
        "first": next(column.field for column in feed.columns),
        "cleaned": lines(8, [cleaned(column) for column in feed.columns]),
        "parsed": lines(8, [line for column in feed.columns for line in parsed(column)]),
        "columns": lines(8, [f"{column}," for column in columns]),
        "untyped": Template(UNTYPED_VALUES).substitute(fields=lines(12, untyped)) if untyped else "",
        "content": lines(4, [f"'{column}'," for column in rest]),
        "shown": lines(4, [f"{c}," for c in columns] + ["_untyped_values,"] * bool(untyped)).removesuffix(","),
        "described": lines(6, field_descriptions + [described("_untyped_values", UNTYPED, "string")] * bool(untyped)),
        "raw_described": lines(6, raw_descriptions),
        "raw_described_deep": lines(10, raw_descriptions),
        "lineage": lines(6, of_lineage(types=False)),
        "lineage_deep": lines(10, of_lineage(types=True)),
        "meta": meta,
        "key_rules": "".join(rule(column) for column in feed.key),
        "readable_rule": Template(READABLE_RULE).substitute(name=feed.name) if feed.typed else "",
        "rows": lines(10, out.getvalue().splitlines()),
        "expected": lines(8, expected),
    }


UNTYPED = """>
    Text that is no number or day where the column asks for one, as `column: text` joined by semicolons."""
UNTYPED_VALUES = """{{ untyped_values({
            $fields
        }) }} as _untyped_values,
        """
SOURCE = """
  $name:
    path: $folder
    datasets:
      - file: $file
        table: $name$delimiter
        required: [$key_fields]
        key: [$key_fields]
        vanished_rows: deleted
"""
FEED = """      "$name": {"source": "$name", "raw_table": "$name", "key": [$json_key]},"""
RAW_TABLE = """
      - name: $name
        description: One row per record of one version of the file $file.
        columns:
          $raw_described_deep
          $lineage_deep
"""
BRONZE = """with

new_$name as (

    {{ new_records(source('raw', '$name')) }}

)

select * from new_$name
"""
BRONZE_YML = """version: 2

models:
  - name: bronze_$name
    description: >
      Grain: one row per record of one version of the file $file.
      The raw records as they are; a build appends the versions of the file that are not here yet.
    data_tests:
      - equal_rowcount:
          arguments:
            compare_model: source('raw', '$name')
            group_by_columns: [_file_path, _file_version]
      - expectation:
          name: ${name}_record_is_one
          description: >
            A conflict marker of git, or a second header: two states of the file were put together, and nobody can tell
            which records hold.
          arguments:
            rule: record_is_one
            expression: >-
              coalesce({{ adapter.quote('$first') }}, '') not like '<<<<<<<%'
              and coalesce({{ adapter.quote('$first') }}, '') <> '$first'
            action: fail
    columns:
      $raw_described
      $lineage
"""
RECORDS = """{{ config(incremental_strategy='append') }}

{{ after_bronze_of('$name') }}

with

new_$name as (

    {{ new_records(ref('bronze_$name')) }}

),

cleaned as (

    select
        $cleaned
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_$name

),

parsed as (

    select
        $parsed
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from cleaned

),

typed as (

    select
        $columns

        ${untyped}_file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('$name', 'typed', content=[
    $content
]) }}

select * from judged
"""
RECORDS_YML = """version: 2

models:
  - name: silver_${name}_records
    description: >
      The records of $file, typed, and what became of each. Grain: one row per record of every version of every
      file (`_file_path`, `_file_version`, `_row_number`). {{ doc('judged_records') }}
    data_tests:
      - equal_rowcount:
          arguments:
            compare_model: ref('bronze_$name')
            group_by_columns: [_file_path, _file_version]
    columns:
      $described
      - name: _verdict
        data_type: string
        description: "{{ doc('verdict') }}"
      - name: _rules
        data_type: string
        description: "{{ doc('verdict_rules') }}"
      - name: _record
        data_type: string
        description: "{{ doc('verdict_record') }}"
      - name: _file_path
        data_type: string
        description: "{{ doc('_file_path') }}"
      - name: _file_sha
        data_type: string
        description: "{{ doc('_file_sha') }}"
      - name: _file_version
        data_type: bigint
        description: "{{ doc('_file_version') }}"
      - name: _committed_at
        data_type: timestamp
        description: "{{ doc('_committed_at') }}"
      - name: _row_number
        data_type: bigint
        description: "{{ doc('_row_number') }}"
      - name: _run_id
        data_type: string
        description: Invocation of dbt that judged the version.
      - name: _judged_at
        data_type: timestamp
        description: Start of that invocation, in UTC.

unit_tests:
  - name: every_rule_on_${name}_catches_something
    description: The first two records of the file, and one without a key. Add a record for every rule that you add.
    model: silver_${name}_records
    overrides:
      macros:
        is_incremental: false
    given:
      - input: ref('bronze_$name')
        format: csv
        rows: |
          $rows
    expect:
      format: csv
      rows: |
        $expected
"""
SILVER = """{{
    config(
        unique_key=[$quoted_key],
        not_matched_by_source_action='delete',
    )
}}

with

current_$name as (

    {{ current_records('$name') }}

)

select
    $shown
from current_$name
"""
SILVER_YML = """version: 2

models:
  - name: silver_$name
    description: >
      Grain: one row per record in the current version of $file (`$key`).
      Text is trimmed, in NFC and null where empty; numbers and days are typed. A record that the current version no
      longer has is deleted. The records that are not here are in silver_${name}_records, with the reason.
$meta    data_tests:
      - accounts_for_every_record:
          arguments:
            feed: $name
      - unique_combination_of_columns:
          arguments:
            combination_of_columns: [$key]
$key_rules$readable_rule    columns:
      $described
"""
KEY_RULE = """      - expectation:
          name: ${name}_${column}_is_there
          description: Without $column nobody can tell what the record is about.
          arguments:
            rule: ${column}_is_there
            expression: $column is not null
            action: drop
"""
READABLE_RULE = """      - expectation:
          name: ${name}_values_are_readable
          description: Text stands where the column asks for a number or a day; the column is null instead.
          arguments:
            rule: values_are_readable
            expression: _untyped_values is null
            action: warn
"""
