"""`python -m lakehouse check` names each version in which the layers of a lake do not agree, and what mends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.support.in_process import python
from tests.support.lake import Lake

PATH = "RawData_AND_Notebooks/netflix_directors.csv"
BRONZE, RECORDS, RAW = "bronze/bronze_directors", "silver/silver_directors_records", "raw/netflix_directors"
ONE = pl.col("_row_number") == 1
AGAIN = "dbt build --full-refresh --select"


def rewritten(lake: Lake, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    frame = change(lake.read(name))
    shutil.rmtree(lake.root / name)
    frame.write_delta(str(lake.root / name))


def file_lost(lake: Lake, name: str) -> None:
    next((lake.root / name).glob("*.parquet")).unlink()


Damage = Callable[[Lake], object]
OTHER = pl.lit("f" * 40).alias("_file_sha")
DAMAGES: dict[str, tuple[Damage, list[str]]] = {
    "none": (lambda lake: None, []),
    "a record of raw lost": (
        lambda lake: rewritten(lake, RAW, lambda t: t.filter(~ONE)),
        [f"{RAW}: has ", f"{BRONZE}: has "],
    ),
    "a record of bronze doubled": (
        lambda lake: rewritten(lake, BRONZE, lambda t: pl.concat([t, t.filter(ONE)])),
        [f"{AGAIN} bronze_directors+", f"{RECORDS}: has "],
    ),
    "other content in bronze": (
        lambda lake: rewritten(lake, BRONZE, lambda t: t.with_columns(OTHER)),
        [f"has another content of version 1 of {PATH} than {RAW}: {AGAIN}", f"{RECORDS}: has another content"],
    ),
    "a version that raw lacks": (
        lambda lake: rewritten(
            lake, BRONZE, lambda t: pl.concat([t, t.with_columns(pl.lit(2, pl.Int64).alias("_file_version"))])
        ),
        [f"has version 2 of {PATH}, which {RAW} lacks", f"{RECORDS}: lacks version 2"],
    ),
    "the typed records gone": (
        lambda lake: rewritten(lake, RECORDS, lambda t: t.clear()),
        [f"{RECORDS}: lacks version 1 of {PATH}, which {BRONZE} has: dbt build"],
    ),
    "a file of raw gone": (
        lambda lake: file_lost(lake, RAW),
        [f"{RAW}: lacks its file part-"],
    ),
    "a file of bronze gone": (
        lambda lake: file_lost(lake, BRONZE),
        [f"{BRONZE}: lacks its file part-"],
    ),
    "a file of the typed records gone": (
        lambda lake: file_lost(lake, RECORDS),
        [f"{RECORDS}: lacks its file part-"],
    ),
    "a file of the ledger gone": (
        lambda lake: file_lost(lake, "raw/_files"),
        ["raw/_files: lacks its file part-"],
    ),
    "raw gone": (
        lambda lake: shutil.rmtree(lake.root / RAW),
        [f"{RAW}: is gone, though the ledger has versions of it"],
    ),
}


@pytest.mark.parametrize("command", ["check", "tables"])
def test_no_lake_is_no_lake_that_agrees(command: str, tmp_path: Path) -> None:
    done = python("lakehouse", command, env=os.environ | {"LAKEHOUSE_ROOT": str(tmp_path)}, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"There is no lake at {tmp_path}: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_one_finding_with_what_mends_it(damage: str, copy_of: Callable[..., Lake]) -> None:
    lake = copy_of("sample", "raw", "bronze", "silver")
    change, words = DAMAGES[damage]
    change(lake)
    done = lake.python("lakehouse", "check", check=False)
    *found, _ = done.stdout.splitlines()
    assert done.returncode == (1 if words else 0) and done.stderr == ""
    assert len(found) == len(words), found
    for line, said in zip(found, words, strict=True):
        assert said in line
