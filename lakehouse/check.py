"""Whether the layers of a lake agree: raw with the ledger, bronze with raw, and the typed records with bronze."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, QueryBuilder

from ingest.errors import printable
from lakehouse.tables import listed

_VERSION = ["_file_path", "_file_version"]


@dataclass(frozen=True)
class Finding:
    """What is wrong with a table, and the command that mends it."""

    table: str
    problem: str
    command: str

    @property
    def line(self) -> str:
        return printable(f"{self.table}: {self.problem}: {self.command}")


def findings(root: str) -> Iterator[Finding]:
    """All that is wrong, table by table; nothing where all is well."""
    names = listed(root)
    raw = {name.partition("/")[2] for name in names if name.startswith("raw/")}
    try:
        ledger = _query(f"{root}/raw/_files", "select * from t") if "_files" in raw else None
    except _Unreadable as error:
        yield Finding("raw/_files", str(error), "restore it from a copy")
        return
    known = ledger["_file_path"].unique().to_list() if ledger is not None else []
    counted: dict[str, pl.DataFrame] = {}
    unreadable: dict[str, str] = {}  # why, by table

    def read(name: str) -> bool:
        try:
            versions(name)
        except _Unreadable as error:
            unreadable[name] = str(error)
        return name not in unreadable

    def versions(name: str) -> pl.DataFrame:
        if name not in counted:
            there = {field.name for field in DeltaTable(f"{root}/{name}").schema().fields}
            content = "_file_sha" if "_file_sha" in there else "cast(null as varchar)"
            counted[name] = _query(
                f"{root}/{name}",
                f"select _file_path, _file_version, min({content}) as sha, max({content}) as most, count(*) as records"
                " from t group by _file_path, _file_version",
            )
            # A sheet of a workbook stands in raw as a file below it.
            of = pl.col("_file_path").str.replace("/[^/]*$", "")
            sheet = ~pl.col("_file_path").is_in(known) & of.is_in(known)
            counted[name] = (
                counted[name]
                .with_columns(pl.when(sheet).then(of).otherwise("_file_path").alias("_file_path"))
                .group_by(_VERSION)
                .agg(pl.col("sha").min(), pl.col("most").max(), pl.col("records").sum())
            )
        return counted[name]

    if ledger is not None:
        loaded = ledger.filter(pl.col("status").is_in(["loaded", "held"]))
        for (of_ledger,), rows in loaded.group_by("raw_table", maintain_order=True):
            said = rows.select(*_VERSION, pl.col("_file_sha").alias("sha"), pl.col("row_count").alias("records"))
            name = f"raw/{of_ledger}"
            if of_ledger not in raw:
                yield Finding(name, "is gone, though the ledger has versions of it", "restore it from a copy")
                continue
            if not read(name):
                yield Finding(name, unreadable[name], "restore it from a copy")
                continue
            yield from _compared(
                name, versions(name), said, "the ledger", "python -m ingest", "restore it from a copy", exact=False
            )
    for name in names:
        layer, _, table = name.partition("/")
        if layer == "bronze":
            feed = table.removeprefix("bronze_")
            source = _source_of(feed)
            command = f"dbt build --full-refresh --select {table}+"
            if not read(name):
                yield Finding(name, unreadable[name], command)
            elif source in raw and read(f"raw/{source}"):
                yield from _compared(name, versions(name), versions(f"raw/{source}"), f"raw/{source}", command)
            records = f"silver/silver_{feed}_records"
            if records in names:
                command = f"dbt build --full-refresh --select silver_{feed}_records+"
                if not read(records):
                    yield Finding(records, unreadable[records], command)
                elif read(name):
                    yield from _compared(records, versions(records), versions(name), name, command)


def _compared(
    name: str, held: pl.DataFrame, of: pl.DataFrame, source: str, more: str, less: str = "dbt build", exact: bool = True
) -> Iterator[Finding]:
    """A finding for each version in which a table differs from what it is made of."""
    both = held.join(of, on=_VERSION, how="full", coalesce=True, suffix="_of").sort(_VERSION)
    for row in both.to_dicts():
        what = f"version {row['_file_version']} of {row['_file_path']}"
        if row["records"] is None:
            yield Finding(name, f"lacks {what}, which {source} has", less)
        elif row["records_of"] is None:
            yield Finding(name, f"has {what}, which {source} lacks", more)
        elif row["records"] != row["records_of"]:
            problem = f"has {row['records']:,} records of {what}, {source} {row['records_of']:,}"
            yield Finding(name, problem, more if exact else less)
        elif row["sha"] is not None and {row["sha"], row["most"]} != {row["sha_of"]}:
            yield Finding(name, f"has another content of {what} than {source}", more if exact else less)


def _source_of(feed: str) -> str:
    """The raw table of a feed, as its bronze model has it."""
    model = Path(__file__).parents[1] / f"models/bronze/bronze_{feed}.sql"
    found = re.search(r"source\('raw', '(\w+)'\)", model.read_text(encoding="utf-8")) if model.is_file() else None
    return found[1] if found else ""


class _Unreadable(Exception):
    """Why a table cannot be read, in one line."""


def _query(path: str, sql: str) -> pl.DataFrame:
    table = QueryBuilder().register("t", DeltaTable(path))
    try:
        return pl.DataFrame(table.execute(sql).read_all())
    except Exception as error:  # delta-rs raises no other kind where a file of the table is gone
        text = " ".join(str(error).split())
        gone = re.search(r"at location .*?([^/]+) not found", text)
        raise _Unreadable(f"lacks its file {gone[1]}" if gone else f"cannot be read: {text[:200]}") from None
