"""Reads gold: the marts, and the tables about data quality."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import polars as pl
from deltalake.exceptions import DeltaError, TableNotFoundError

from ingest.contents import Contents
from ingest.storage.tables import Lake, Ledger
from lakehouse import settings, tables
from lakehouse.site import fmt
from lakehouse.site.elements import Feed

Read = Callable[[str], pl.DataFrame]


class NoGold(Exception):
    """A table that the site needs is not there."""


@cache
def read(model: str) -> pl.DataFrame:
    """A whole table of gold under LAKEHOUSE_ROOT, in text that can be shown; raises NoGold where there is none."""
    try:
        root = settings.root()
    except ValueError as error:
        raise NoGold(str(error)) from None
    try:
        return tables.read(root, f"gold/{model}").with_columns(pl.col(pl.String).str.replace_many(fmt.SHOWN))
    except (FileNotFoundError, TableNotFoundError) as error:
        raise NoGold(f"There is no table gold/{model} under {root}: run `dbt build` (or `make run`) first.") from error
    except DeltaError as error:
        raise NoGold(f"The table gold/{model} under {root} cannot be read: {' '.join(str(error).split())}") from error


def feeds() -> list[Feed]:
    """What was loaded, with the time of the newest version of each file."""
    current = read("source_files").filter(pl.col("is_current")).sort("source", "raw_table")
    of_commit = pl.col("_commit_sha").is_not_null()
    return [Feed(*row) for row in current.select("source", "raw_table", "committed_at", of_commit).iter_rows()]


def is_made_up() -> bool:
    """Whether the lake holds the sample and nothing that anybody published."""
    return Ledger(Lake(settings.root())).contents == Contents.MADE_UP


def total(counts: pl.Series) -> int:
    """The sum of a column of counts; 0 where there are none."""
    return int(counts.sum())
