"""What the rules do to a lake: refuse a version, keep records in quarantine, count, and write nothing for nothing."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from lakehouse.site import build, gold
from tests.python.site.test_any_lake import Parsed, no_number
from tests.support.lake import Lake

TITLES = "netflix_titles.csv"
LEDGERS = {
    "silver/silver_titles_records",
    "silver/silver_file_versions",
    "silver/silver_title_history",
    "gold/reconciliation",
    "gold/data_quality_results",
    "gold/source_files",
}
"""Tables that have rows about every version of a file."""
HALF = ["40", "", "Movie", "A story of a", "", "", "", "", ""]
CONFLICT = ["<<<<<<< HEAD"]


# Titles on their way to gold, and what keeps count of them.
MODELS = """
    bronze_titles silver_titles_records silver_file_versions silver_titles silver_title_history dim_title
    quarantine reconciliation data_quality_results source_files
"""
TITLES_ONLY = ("--select", *MODELS.split())


@pytest.fixture
def lake(copy_of: Callable[..., Lake]) -> Lake:
    """Week 1 of the sample, ingested and built."""
    return copy_of("sample")


@pytest.fixture
def sample(make_sample: Callable[..., Path], tmp_path: Path) -> Path:
    """The files of the sample, to be changed."""
    return Path(shutil.copytree(make_sample(), tmp_path / "sample"))


def edit(sample: Path, change: Callable[[list[list[str]]], None]) -> None:
    """Rewrite the titles of a sample; the list has the header at 0 and record n at n."""
    (path,) = sample.rglob(TITLES)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def of_titles(lake: Lake) -> pl.DataFrame:
    """The titles in quarantine."""
    return lake.read("gold/quarantine").filter(pl.col("model") == "silver_titles")


def put_half(rows: list[list[str]], name: str) -> None:
    """Give the first title a name and put half a record at row 50."""
    rows[1][3] = name
    rows.insert(50, HALF)


def written(lake: Lake, before: dict[str, int]) -> set[str]:
    after = lake.versions("silver", "gold")
    return {name for name in after if after[name] != before[name]}


def test_a_violated_fail_rule_leaves_silver_and_gold_as_they_were(
    lake: Lake, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lake.versions("silver", "gold")
    (titles,) = sample.rglob(TITLES)
    good = shutil.copy2(titles, sample / "good.csv")

    edit(sample, lambda rows: rows.insert(120, CONFLICT))
    lake.ingest("--from", str(sample))
    done = lake.dbt("build", "--select", *MODELS.split(), "+dim_title+1", check=False)
    assert done.returncode != 0
    (line,) = {line.strip() for line in done.stdout.splitlines() if "is violated" in line}
    assert "record_is_one" in line
    assert f"{TITLES}, version 2, row 120" in line
    assert "<<<<<<< HEAD" in line
    assert "Traceback" not in done.stdout + done.stderr
    assert lake.versions("silver", "gold") == before
    assert lake.read("gold/source_files").filter("is_current")["_file_version"].unique().to_list() == [1]
    monkeypatch.setenv("LAKEHOUSE_ROOT", str(lake.root))
    gold.read.cache_clear()
    build.write_site(lake.work / "site")
    page = Parsed(lake.work / "site" / "data-quality.html")
    data = json.loads(page.scripts["page-data"], parse_constant=no_number)
    assert data["charts"] and TITLES in page.text

    # The next version is sound again, and the refused one is listed but never was a state of the catalogue.
    shutil.copy(good, titles)
    edit(sample, lambda rows: rows[1].__setitem__(3, "Another name"))
    lake.ingest("--from", str(sample))
    lake.build(*TITLES_ONLY)
    assert "gold/dim_title" in written(lake, before)
    outcomes = lake.read("gold/reconciliation").filter(pl.col("model") == "silver_titles").sort("_file_version")
    assert outcomes["refused"].to_list() == [0, outcomes["records_in"][1], 0]
    assert lake.read("gold/dim_title")["valid_from"].n_unique() == 3  # of versions 1 and 3, and the unknown title's


def test_a_record_is_in_quarantine_until_a_version_mends_it(lake: Lake, sample: Path) -> None:
    titles = lake.counts("silver")["silver/silver_titles"]
    assert of_titles(lake).is_empty()

    sinces = []
    for text in ("one", "two"):  # two versions of the file, in both of which the half is the same
        edit(sample, partial(put_half, name=text))
        lake.ingest("--from", str(sample))
        lake.build(*TITLES_ONLY)
        edit(sample, lambda rows: rows.remove(HALF))
        (row,) = of_titles(lake).iter_rows(named=True)
        assert (row["model"], row["_row_number"]) == ("silver_titles", 50)
        assert "show_id_is_a_number" in row["rules"].split(",")
        assert '"title":"A story of a"' in row["record"]
        assert lake.counts("silver")["silver/silver_titles"] == titles
        sinces.append(row["since"])
    assert sinces[0] == sinces[1]

    def mend(rows: list[list[str]]) -> None:
        rows[50:50] = [HALF, ['Fortress"', "9/9/2019", "1944", "R", "Text.", "5", "", "", ""]]

    edit(sample, mend)
    lake.ingest("--from", str(sample))
    lake.build(*TITLES_ONLY)
    assert of_titles(lake).is_empty()
    assert lake.counts("silver")["silver/silver_titles"] == titles + 1
    outcomes = lake.read("gold/reconciliation").filter(pl.col("model") == "silver_titles").sort("_file_version")
    assert outcomes["quarantined"].to_list() == [0, 1, 1, 0]
    assert outcomes["records_in"].to_list() == [
        kept + repaired + duplicates + quarantined
        for kept, repaired, duplicates, quarantined in outcomes.select(
            "kept", "repaired", "duplicates", "quarantined"
        ).iter_rows()
    ]


def test_every_run_that_judged_something_has_its_results_once(lake: Lake, sample: Path) -> None:
    first = lake.read("gold/data_quality_results")
    assert first["run_id"].n_unique() == 1
    assert first.select("model", "rule").n_unique() == first.height

    lake.build(*TITLES_ONLY)
    lake.dbt("compile")
    lake.dbt("test", "--select", "silver_titles")
    assert lake.read("gold/data_quality_results").height == first.height

    edit(sample, lambda rows: rows.insert(50, HALF))
    lake.ingest("--from", str(sample))
    lake.build(*TITLES_ONLY)
    lake.dbt("build", "--full-refresh", "--select", "data_quality_results")
    results = lake.read("gold/data_quality_results")
    second = results.join(first.select("run_id").unique(), on="run_id", how="anti")
    assert results.height == first.height + second.height
    assert set(second["model"]) == {"bronze_titles", "silver_titles"}
    failed = dict(second.select("rule", "failed").iter_rows())
    passed = dict(second.select("rule", "passed").iter_rows())
    before = dict(first.filter(pl.col("model") == "silver_titles").select("rule", "passed").iter_rows())
    assert (passed["show_id_is_a_number"], failed["show_id_is_a_number"]) == (before["show_id_is_a_number"], 1)


def test_a_version_that_changes_nothing_writes_nothing_but_its_own_record(lake: Lake, sample: Path) -> None:
    before = lake.versions("silver", "gold")
    edit(sample, lambda rows: rows.insert(2, rows.pop(9)))  # the same titles in another order
    lake.ingest("--from", str(sample))
    lake.build()
    assert written(lake, before) == LEDGERS
