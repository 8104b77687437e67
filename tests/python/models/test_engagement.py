"""The half-yearly hours viewed, from workbooks to silver."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import python_calamine

from tests.support.lake import DATA, Lake, needs_real_data
from tests.support.templates import OF_THE_CATALOGUE, Templates
from tests.support.workbooks import number, rows, text, texts, workbook

REPORTS = DATA / "engagement"
HEADER = ["Title", "Available Globally?", "Release Date", "Hours Viewed", "Runtime", "Views"]
COUNTED = {"2023H1": 18_214, "2023H2": 15_994, "2024H1": 16_161, "2024H2": 15_563}


def sheet(*titles: tuple[str, int] | tuple[str, int, str]) -> str:
    """A sheet as Netflix lays it out, of titles with hours, and lengths that are not two hours."""
    lines = [
        [text(title), text("Yes"), text("2025-01-02"), number(str(hours)), text(*(length or ["2:00"])), text("")]
        for title, hours, *length in titles
    ]
    return texts(["What We Watched"], first=2) + texts(HEADER, first=6) + rows(*lines, first=7)


@pytest.fixture(scope="module")
def lake(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two made-up reports, built to the dimension of seasons."""
    folder = tmp_path_factory.mktemp("engagement")
    copy = folder / "copy" / "engagement"
    copy.mkdir(parents=True)
    first = {"Engagement": sheet(("A: Season 1 // B: C", 900_000), ("A", 800_000), ("Old // Älter", 700_000))}
    later = {
        "Shows": sheet(
            ("A: Season 1 // B: C", 300_000), ("Top (2006): Season 15: Colorado", 250_000), ("Other Shows", 100_000)
        ),
        "Movies": sheet(("A", 200_000), ("Tenet: Part 1", 150_000), ("Two", 120_000), ("Two", 110_000, "1:30")),
    }
    (copy / "What_We_Watched_2024Jul-Dec.xlsx").write_bytes(workbook(first))
    (copy / "What_We_Watched_2025Jan-Jun.xlsx").write_bytes(workbook(later))
    lake = templates.without(
        folder / "work", *OF_THE_CATALOGUE, "top10_global", "top10_countries", "top10_most_popular"
    )
    lake.ingest("--from", str(folder / "copy"), "--source", "engagement")
    lake.build("--select", "+silver_engagement")
    return lake


def published(folder: Path) -> pl.DataFrame:
    """The records of reports by another way: the cells below the header, without ingest."""
    found = []
    for report in sorted(folder.glob("*.xlsx")):
        year, month = re.findall(r"(20\d\d)(Jan|Jul)", report.name)[0]
        for name in (book := python_calamine.CalamineWorkbook.from_path(report)).sheet_names:
            cells = book.get_sheet_by_name(name).to_python()
            start = next(at for at, row in enumerate(cells) if "Title" in row)
            for row in cells[start + 1 :]:
                record = dict(zip(map(str, cells[start]), row, strict=False))
                half = year + ("H1" if month == "Jan" else "H2")
                found.append(
                    (
                        half,
                        name,
                        record["Title"],
                        int(float(str(record["Hours Viewed"]))),
                        str(record.get("Runtime", "")),
                        str(record["Release Date"]) or None,
                        record["Available Globally?"] == "Yes",
                        int(float(views)) if (views := str(record.get("Views", ""))) else None,
                    )
                )
    columns = ["half_year", "sheet", "title", "hours", "runtime", "release_date", "is_available_globally", "views"]
    return pl.DataFrame(found, schema=columns, orient="row", infer_schema_length=None)


def test_every_row_of_the_sample_is_in_silver(sample_lake: Lake, make_sample: Callable[..., Path]) -> None:
    rows = published(make_sample() / "engagement")
    no_titles = pl.col("title").is_in(["Other Shows", "Other Movies"])
    expected = (
        rows.filter(~no_titles)
        .with_columns(
            section=pl.col("sheet").replace_strict({"Engagement": "Films and TV", "Film": "Films", "TV": "TV"}),
            english_title=pl.col("title").str.split(" // ").list.get(0),
            original_title=pl.col("title").str.split(" // ").list.get(1, null_on_oob=True),
            runtime_written="runtime",
            hours_viewed="hours",
            runtime_minutes=pl.col("runtime").str.extract(r"^(\d+):").cast(pl.Int32) * 60
            + pl.col("runtime").str.extract(r":(\d\d)").cast(pl.Int32),
            is_runtime_explained=pl.col("runtime").str.contains("*", literal=True),
        )
        .drop("sheet", "runtime", "hours")
    )
    silver = sample_lake.read("silver/silver_engagement").with_columns(pl.col("release_date").cast(pl.String))
    key = ["half_year", "section", "title", "runtime_written"]
    assert silver["_untyped_values"].count() == 0
    columns = [name for name in silver.columns if name in expected.columns]
    assert len(columns) == len(expected.columns) == 12
    assert silver.select(columns).sort(key).rows() == expected.select(columns).sort(key).rows()
    assert silver.height == rows.height - 2 > 500
    records = sample_lake.read("silver/silver_engagement_records").filter(pl.col("_verdict") == "quarantined")
    assert sorted(records["title"]) == ["Other Movies", "Other Shows"]


@needs_real_data
def test_every_title_and_hour_of_the_reports_is_in_silver(real_lake: Lake) -> None:
    silver = real_lake.read("silver/silver_engagement")
    real = published(REPORTS)
    by_half = silver.group_by("half_year").agg(pl.len(), pl.col("hours_viewed").sum()).sort("half_year")
    assert dict(by_half.select("half_year", "len").rows()) == COUNTED
    assert by_half.rows() == real.group_by("half_year").agg(pl.len(), pl.col("hours").sum()).sort("half_year").rows()
    # Each title with its hours and length, not the sums alone
    key = ["half_year", "title", "runtime_written", "hours_viewed"]
    expected = real.select(
        "half_year",
        pl.col("title").str.strip_chars(" \u00a0").str.normalize("NFC"),
        pl.col("runtime").str.strip_chars(),
        "hours",
    )
    assert silver.select(key).sort(key).rows() == sorted(expected.rows())
    lengths = real.filter(pl.col("runtime").str.contains(r"^\d+:\d\d\*?$")).with_columns(
        minutes=pl.col("runtime").str.extract(r"^(\d+)").cast(pl.Int64) * 60
        + pl.col("runtime").str.extract(r":(\d+)").cast(pl.Int64)
    )
    assert silver["runtime_minutes"].sum() == lengths["minutes"].sum()
    assert silver["original_title"].count() == real.filter(pl.col("title").str.contains(" // ", literal=True)).height
    assert silver["release_date"].count() == 4_855 + (9_395 - 7_739) + (6_599 - 3_287) + (9_360 - 7_665) + (
        6_801 - 3_427
    ) + (8_680 - 7_038) + (6_883 - 3_541)
    assert silver["_untyped_values"].count() == 0


def test_rows_that_are_no_titles_are_quarantined_and_sections_have_one_name(lake: Lake) -> None:
    records = lake.read("silver/silver_engagement_records").filter(_file_path="What_We_Watched_2025Jan-Jun.xlsx")
    columns = ["half_year", "section", "english_title", "original_title", "hours_viewed", "_verdict", "_rules"]
    assert records.sort("_row_number").select(columns).rows() == [
        ("2025H1", "TV", "A: Season 1", "B: C", 300_000, "kept", None),
        ("2025H1", "TV", "Top (2006): Season 15: Colorado", None, 250_000, "kept", None),
        ("2025H1", "TV", "Other Shows", None, 100_000, "quarantined", "title_is_a_title"),
        ("2025H1", "Films", "A", None, 200_000, "kept", None),
        ("2025H1", "Films", "Tenet: Part 1", None, 150_000, "kept", None),
        ("2025H1", "Films", "Two", None, 120_000, "kept", None),
        ("2025H1", "Films", "Two", None, 110_000, "kept", None),
    ]
    raw = lake.read("raw/engagement").filter(pl.col("_file_path").str.contains("2025"))
    assert Path(raw.sort("_row_number")["_file_path"][0]).name == "Shows"


def test_a_title_tells_its_show_its_season_and_in_the_first_report_its_type(lake: Lake) -> None:
    silver = lake.read("silver/silver_engagement").sort("half_year", "hours_viewed", descending=[False, True])
    columns = ["half_year", "show_title", "season", "year_in_title", "type"]
    assert silver.select(columns).rows() == [
        ("2024H2", "A", "Season 1", None, "TV Show"),
        ("2024H2", "A", None, None, "Movie"),
        ("2024H2", "Old", None, None, "Unknown"),
        ("2025H1", "A", "Season 1", None, "TV Show"),
        ("2025H1", "Top", "Season 15: Colorado", 2006, "TV Show"),
        ("2025H1", "A", None, None, "Movie"),
        ("2025H1", "Tenet: Part 1", None, None, "Movie"),
        ("2025H1", "Two", None, None, "Movie"),
        ("2025H1", "Two", None, None, "Movie"),
    ]
    seasons = silver["season_key"].to_list()
    assert seasons[:2] == [seasons[3], seasons[5]]
    assert len(set(seasons)) == 7
    assert silver.filter(show_title="Two")["show_key"].n_unique() == 1


def test_a_report_that_is_published_again_replaces_its_half_year(lake: Lake) -> None:
    copy = lake.root.parents[1] / "copy"
    again = workbook({"Movies": sheet(("A", 250_000)), "Shows": sheet(("New", 100_000))})
    (copy / "engagement" / "What_We_Watched_2025Jan-Jun.xlsx").write_bytes(again)
    lake.ingest("--from", str(copy), "--source", "engagement")
    lake.build("--select", "+silver_engagement")
    silver = lake.read("silver/silver_engagement")
    later = silver.filter(half_year="2025H1").select("title", "hours_viewed").rows()
    assert sorted(later) == [("A", 250_000), ("New", 100_000)]
    assert silver.height == 3 + 2
    done = lake.dbt(
        "test", "--select", "bronze_engagement", "silver_engagement_records", "silver_engagement", "--quiet"
    )
    assert done.returncode == 0, done.stdout
