"""The project's names and those of the data never meet: a file may have columns of any name."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from ingest.reading.checks import column_name
from ingest.storage.lineage import LINEAGE
from tests.support.lake import CHECKOUT, Lake

OWN = ("director", "show_id")
FEED = ("--select", "bronze_directors", "silver_directors_records", "silver_directors", "silver_version_decisions")


def internal_names() -> list[str]:
    """Names in the SQL that a record goes through, in the package that writes Delta, and in SQL itself."""
    sql = [*CHECKOUT.glob("macros/**/*.sql"), *CHECKOUT.glob("models/silver/records/*.sql")]
    python = CHECKOUT.glob("dbt_duckdb_delta/**/*.py")
    found = set(LINEAGE)
    for file in sql:
        matches = re.findall(r"\bas\s+([a-z_]\w*)|\b([a-z_]\w*) as \(|\b(_\w+)\b", file.read_text())
        found |= {name for match in matches for name in match if name}
    for file in python:
        found |= set(re.findall(r"\b((?:__dbt|dbt)_\w+|filename|file_row_number)\b", file.read_text()))
    found |= {word for (word,) in duckdb.execute("select keyword_name from duckdb_keywords()").fetchall()}
    return sorted(name for name in found if name.lower() not in OWN)


def test_every_internal_name_may_be_a_column(
    copy_of: Callable[..., Lake], make_sample: Callable[..., Path], tmp_path: Path
) -> None:
    lake = copy_of("sample", "raw", "bronze", "silver")
    shutil.copytree(make_sample(), tmp_path / "from")
    file = tmp_path / "from/catalogue/netflix_directors.csv"
    _, *rows = csv.reader(file.read_text("utf-8-sig").splitlines())
    names = [*internal_names(), "n" * 300, "", 'say "x"', "it's", "a.b", "{{ x }}", "ü"]
    assert {"_source", "records", "__dbt_delta_kept", "dbt_change_type", "select", "_verdict"} <= set(names)
    rows[0][0] = ""  # goes into quarantine
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(
            [["SHOW_ID", "Director", *names]]
            + [[row[1], row[0], *(f"{number}:{at}" for at in range(len(names)))] for number, row in enumerate(rows, 1)]
        )
    arguments = ("--from", str(tmp_path / "from"), "--source", "catalogue", "--dataset", "netflix_directors")
    done = lake.ingest(*arguments)
    assert "loaded version 2" in done.stdout, done.stdout
    lake.build(*FEED)
    bronze = lake.read("bronze/bronze_directors").filter(pl.col("_file_version") == 2).sort("_row_number")
    assert bronze.height == len(rows)
    for at, name in enumerate(names):
        column = column_name(name) or f"_c{at + 3}"
        held = next(
            n for n in ("_" * k + column for k in range(4)) if n in bronze.columns and bronze[n][0] == f"1:{at}"
        )
        assert bronze[held].to_list() == [f"{number}:{at}" for number in range(1, len(rows) + 1)]
    records = lake.read("silver/silver_directors_records").filter(pl.col("_file_version") == 2)
    (quarantined,) = records.filter(pl.col("_row_number") == 1)["_record"].to_list()
    said = json.loads(quarantined)
    assert [said[name] for name in said if name.lower() in OWN] == ["", rows[0][1]]
    assert sorted(value for name, value in said.items() if name.lower() not in OWN) == sorted(
        f"1:{at}" for at in range(len(names))
    )
    kept = records.filter(pl.col("_verdict") == "kept").height
    assert kept == lake.read("silver/silver_directors").height > 200
