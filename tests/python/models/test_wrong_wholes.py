"""Versions that are wrong as a whole leave silver and gold as they were, and what a person decides changes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import polars as pl

from tests.python.ingest.test_held import CATALOGUE, FOLDER, LISTS, POPULAR, WRONG, set_column, thousand, written
from tests.support.lake import OF_RUNS, Lake

ABOUT_VERSIONS = {"gold/source_files", "gold/reconciliation", "silver/silver_version_decisions", OF_RUNS}
SELECTION = ("--exclude", "path:models/gold/marts")


def load(lake: Lake, source: str, files: dict[str, bytes]) -> int:
    """Ingest a local copy with these files; returns the exit code."""
    folder = lake.work / "local" / source
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return lake.ingest("--from", str(folder.parent), "--source", source, check=False).returncode


def tables(lake: Lake) -> dict[str, pl.DataFrame]:
    """The rows of silver and gold, but for the tables that list versions and every record of each."""
    lake.build(*SELECTION)
    names = [name for name in lake.tables("silver", "gold") if not name.endswith(("_records", "_file_versions"))]
    rows = {name: lake.rows(name) for name in names if name not in ABOUT_VERSIONS}
    history = rows["silver/silver_title_history"]  # which lists the versions too
    return rows | {"silver/silver_title_history": history.filter(pl.col("show_id").is_not_null())}


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    return [name for name in one | other if not one[name].equals(other[name])]


def test_wrong_wholes_change_nothing_until_somebody_says_so(new_lake: Callable[[str], Lake]) -> None:
    lake = new_lake("wholes")
    good = {"catalogue": CATALOGUE, "top10": LISTS}
    assert [load(lake, source, files) for source, files in good.items()] == [0, 0]
    before = tables(lake)
    for kind, ((source, name, content), _) in [*WRONG.items(), ("cut to a third", WRONG["cut to a third"])]:
        assert load(lake, source, good[source] | {name: content}) == 1, kind
    # Places of this list change hands, so that ingest does not mind; a rule about the version does.
    hours = set_column(POPULAR, "hours_viewed_first_91_days", thousand)
    assert load(lake, "top10", LISTS | {"most-popular.tsv": written(hours, "\t")}) == 0
    assert differing(before, tables(lake)) == []
    states = dict(lake.read("gold/source_files")["state"].value_counts().iter_rows())
    assert states["held"] == len(WRONG) + 2  # between them, the good versions are taken again

    (_, name, content), _ = WRONG["cut to a third"]
    versions = lake.read("raw/_files").filter(pl.col("_file_path") == FOLDER["catalogue"] + name)["_file_version"]
    version = "--version", str(versions.max())
    lake.ingest("release", name, *version, "--why", "the catalogue has shrunk")
    lake.build("--select", "+silver_titles", "+fct_catalogue_change")
    whole = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if len(row) == 9]
    assert sorted(lake.read("silver/silver_titles")["show_id"]) == sorted(int(row[8]) for row in whole[1:])
    changes = lake.read("gold/fct_catalogue_change")["change_type"].value_counts()
    removed = len(CATALOGUE[name].splitlines()) - len(whole)
    assert dict(changes.iter_rows())["removed"] == removed

    lake.ingest("reject", name, *version, "--why", "it has not")
    assert differing(before, tables(lake)) == []
    (row,) = lake.read("gold/source_files").filter(pl.col("state") == "rejected").to_dicts()
    assert (row["_file_version"], row["reason"]) == (versions.max(), "it has not")
    assert load(lake, "catalogue", CATALOGUE | {name: content}) == 0  # the same bytes are not taken again
    assert (
        lake.read("gold/source_files").height == lake.read("raw/_files").filter(pl.col("decided_by").is_null()).height
    )
    lake.build("--select", "+dim_title")
    assert lake.rows("gold/dim_title").equals(before["gold/dim_title"])
