"""Columns that a file renames, drops and has again: what was known stays known."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tests.support.lake import Lake

PLACE = ("week", "category", "weekly_rank", "show_title", "season_title", "weekly_hours_viewed")
LAUNCH = ("is_staggered_launch", "episode_launch_details")
LENGTH = ("runtime", "weekly_views")
RENAMED = ("is_staggered_launch", "episode_launch_dtls")
WEEKS = ("2024-06-02", "2024-06-09", "2024-06-16")
MODELS = ("+fct_weekly_top10_global",)


@dataclass
class Version:
    """A version of the list: the columns that its file has, and its records, `<column>: text`."""

    columns: tuple[str, ...]
    records: list[dict[str, str]] = field(default_factory=list)

    def place(self, week: str, rank: int, *values: str, show: str = "", hours: int = 100) -> Version:
        """Add a record; `values` are those of the columns beside those of every list."""
        texts = [week, "TV (English)", str(rank), show or f"Show {rank}", "N/A", str(hours), *values]
        self.records.append(dict(zip(self.columns, texts, strict=True)))
        return self


def first() -> Version:
    """As the list was until November 2024."""
    version = Version(PLACE + LENGTH + LAUNCH)
    for week in WEEKS[:2]:
        for rank in (1, 2, 3):
            launch = ("true", f"[{week}]") if rank == 1 else ("false", "")
            version.place(week, rank, "2.0", "50", *launch)
    return version


def renamed() -> Version:
    """One column has another name, one week is restated, one is new, and one is gone from the file."""
    version = Version(PLACE + LENGTH + RENAMED)
    version.place(WEEKS[1], 1, "2.0", "50", "true", "[restated]")
    version.place(WEEKS[1], 2, "2.0", "50", "true", "[now too]")
    version.place(WEEKS[1], 3, "2.0", "50", "false", "", show="Another show")
    version.place(WEEKS[2], 1, "2.0", "50", "true", "[new]")
    return version


def dropped() -> Version:
    """No column but those of a place, as in 2026, and the lengths."""
    version = Version(PLACE + LENGTH)
    for week in WEEKS:
        version.place(week, 1, "3.0", "33")
        version.place(week, 2, "3.0", "33", show="Newcomer" if week == WEEKS[0] else "")
        version.place(week, 3, "", "")
    return version


def shortest() -> Version:
    """The lengths are gone too; of one place the hours are others."""
    version = Version(PLACE)
    for week in WEEKS:
        version.place(week, 1).place(week, 2, show="Newcomer" if week == WEEKS[0] else "", hours=90).place(week, 3)
    return version


def back() -> Version:
    """All is back, for one week; in the file, one value is empty that was known."""
    version = Version(PLACE + LENGTH + LAUNCH)
    version.place(WEEKS[1], 1, "2.0", "50", "false", "")
    version.place(WEEKS[1], 2, "2.0", "50", "true", "[back]")
    return version


VERSIONS = (first(), renamed(), dropped(), shortest(), back())


def write(
    version: Version, number: int, day: int, lake: Lake, table: str = "top10_global", path: str = "global.tsv"
) -> None:
    """Append a version to raw as the ingest would: a column that its file lacks is null, an empty field is empty."""
    time = pl.lit(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day), dtype=pl.Datetime("us", "UTC"))
    schema = dict.fromkeys(version.columns, pl.String)
    frame = pl.DataFrame([list(map(record.get, version.columns)) for record in version.records], schema, orient="row")
    frame = frame.with_columns(
        *(pl.lit(value).alias(name) for name, value in {"_source": "top10", "_file_path": path}.items()),
        *(pl.lit(f"{name}{number}").alias(name) for name in ("_file_sha", "_commit_sha", "_batch_id")),
        pl.lit(number, dtype=pl.Int64).alias("_file_version"),
        time.alias("_committed_at"),
        time.alias("_ingested_at"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_row_number"),
        pl.lit(None, dtype=pl.String).alias("_rescued_data"),
    )
    target = str(lake.root / "raw" / table)
    frame.write_delta(target, mode="append", delta_write_options={"schema_mode": "merge"})


Row = tuple[Any, ...]


def expected(versions: list[Version]) -> list[Row]:
    """Week by week, from the records themselves: week, rank, show, staggered, details, length, views."""
    places: dict[tuple[str, str], dict[str, str]] = {}
    before: dict[tuple[str, str, str], dict[str, str]] = {}  # what the newest version with the column had
    views_of: dict[tuple[str, str, str], str] = {}
    for version in versions:
        for week in {record["week"] for record in version.records}:
            records = [record for record in version.records if record["week"] == week]
            for key in [key for key in places if key[0] == week]:
                del places[key]
            for known in [known for show, known in before.items() if show[0] == week]:
                for column in version.columns:
                    known.pop("episode_launch_details" if column == RENAMED[1] else column, None)
            for record in records:
                values = {("episode_launch_details" if c == RENAMED[1] else c): v for c, v in record.items()}
                show = (week, record["weekly_rank"], record["show_title"])
                known = before.setdefault(show, {})
                known |= {c: v for c, v in values.items() if c in LAUNCH + LENGTH}
                if "weekly_views" in values:
                    views_of[show] = record["weekly_hours_viewed"]
                places[week, record["weekly_rank"]] = values
    rows = []
    for (week, rank), values in places.items():
        show = (week, rank, values["show_title"])
        known = dict(before[show])
        if views_of.get(show) != values["weekly_hours_viewed"]:
            known.pop("weekly_views", None)
        staggered = {"true": True, "false": False}.get(known.get("is_staggered_launch", ""))
        length, views = known.get("runtime"), known.get("weekly_views")
        details = known.get("episode_launch_details") or None
        rows.append((week, int(rank), show[2], staggered, details, float(length or 0) or None, int(views or 0) or None))
    return sorted(rows, key=str)


def found(lake: Lake, table: str = "silver/silver_top10_global") -> list[Row]:
    columns = ["weekly_rank", "show_title", "is_staggered_launch", "episode_launch_details", "runtime_hours"]
    rows = lake.read(table).select(pl.col("week").cast(pl.String), *columns, "weekly_views").rows()
    return sorted(rows, key=str)


@pytest.fixture(scope="module")
def lake(new_lake: Callable[[str], Lake]) -> Lake:
    return new_lake("columns")


def test_what_was_known_stays_known(lake: Lake) -> None:
    """After each version, a build on the way; and the versions in any order, built at once and on the way."""
    for number, version in enumerate(VERSIONS, start=1):
        write(version, number, number, lake)
        lake.build("--select", "+silver_top10_global")
        assert found(lake) == expected(list(VERSIONS[:number])), number
    as_built = found(lake)
    values = {row[:3]: row[3:] for row in as_built}
    assert values[WEEKS[0], 1, "Show 1"] == (True, f"[{WEEKS[0]}]", 3.0, 33)  # two versions lack them
    assert values[WEEKS[0], 2, "Newcomer"] == (None, None, 3.0, None)  # not what was known of another show there
    assert values[WEEKS[1], 1, "Show 1"] == (False, None, 2.0, 50)  # the column is back
    assert values[WEEKS[2], 1, "Show 1"] == (True, "[new]", 3.0, 33)  # under its new name

    shutil.rmtree(lake.root)
    order = list(range(len(VERSIONS)))
    random.Random(3).shuffle(order)
    for number, at in enumerate(order, start=1):
        write(VERSIONS[at], number, at, lake)
        if number in (2, 5):
            lake.build("--select", "+silver_top10_global")
    assert found(lake) == as_built


TODAY = [
    (*PLACE, *LENGTH, "cumulative_weeks_in_top_10"),
    ("2026-05-10", "TV (English)", "1", "Show 1", "Show 1: Season 2", "41500000", "8.3", "5000000", "2"),
    ("2026-05-10", "Films (English)", "1", "Film 1", "N/A", "18000000", "2.0", "9000000", "1"),
    ("2026-05-03", "TV (English)", "1", "Show 1", "Show 1: Season 2", "33200000", "8.3", "4000000", "1"),
]


def test_a_lake_that_never_saw_the_columns(lake: Lake) -> None:
    """The first load is the list as it stands in 2026, with nine columns: every model builds, the others are null."""
    shutil.rmtree(lake.root, ignore_errors=True)
    copy = lake.root.parent / "today" / "top10"
    copy.mkdir(parents=True)
    (copy / "all-weeks-global.tsv").write_text("".join("\t".join(record) + "\n" for record in TODAY))
    lake.ingest("--from", str(copy.parent), "--dataset", "top10_global")
    lake.build("--select", *MODELS)
    assert found(lake) == [
        ("2026-05-03", 1, "Show 1", None, None, 8.3, 4_000_000),
        ("2026-05-10", 1, "Film 1", None, None, 2.0, 9_000_000),
        ("2026-05-10", 1, "Show 1", None, None, 8.3, 5_000_000),
    ]
    gold = lake.read("gold/fct_weekly_top10_global").sort("weekly_hours_viewed")
    columns = "weekly_hours_viewed", "cumulative_weeks_in_top_10", "is_staggered_launch"
    assert gold.select(columns).rows() == [(18_000_000, 1, None), (33_200_000, 1, None), (41_500_000, 2, None)]


def of(columns: str, *records: str) -> Version:
    """A version with these columns and records, whose values are apart by `|`."""
    names = tuple(columns.split())
    return Version(names, [dict(zip(names, record.split("|"), strict=True)) for record in records])


IN_COUNTRY = "country_iso2 week category weekly_rank show_title"
REPORT = "_sheet Title Runtime Hours_Viewed"
OTHERS = {
    ("top10_countries", "countries.tsv"): (
        of(
            f"{IN_COUNTRY} country_name season_title cumulative_weeks_in_top_10",
            f"DE|{WEEKS[0]}|TV|1|Show 1|Germany|Show 1: Season 2|3",
            f"DE|{WEEKS[0]}|TV|2|Show 2|Germany|Show 2: Season 1|4",
        ),
        of(
            IN_COUNTRY,
            f"DE|{WEEKS[0]}|TV|1|Show 1",
            f"DE|{WEEKS[0]}|TV|2|Newcomer",
            f"DE|{WEEKS[1]}|TV|1|Show 1",
        ),
    ),
    ("top10_most_popular", "most-popular.tsv"): (
        of(
            "category rank show_title season_title hours_viewed_first_91_days runtime views_first_91_days",
            "TV (English)|1|A|A: Season 1|100|2.0|50",
            "TV (English)|2|B|N/A|90|3.0|30",
        ),
        of(
            "category rank show_title season_title hours_viewed_first_91_days",
            "TV (English)|1|B|N/A|105",
            "TV (English)|2|A|A: Season 1|100",
            "TV (English)|3|A|A: Season 2|70",
        ),
        of(
            "category rank show_title season_title",
            "TV (English)|1|B|N/A",
            "TV (English)|2|A|A: Season 1",
            "TV (English)|3|A|A: Season 2",
        ),
    ),
    ("engagement", "What_We_Watched_A_Netflix_Engagement_Report_2024Jan-Jun.xlsx"): (
        of(
            f"{REPORT} Views Release_Date Available_Globally?",
            "Film|Same|2:00|2000000|1000000|2024-01-05|Yes",
            "Film|Restated|2:00|2000000|1000000|2024-01-06|No",
        ),
        of(REPORT, "Film|Same|2:00|2000000", "Film|Restated|2:00|2200000", "Film|New|1:00|100000"),
    ),
}


def test_what_other_lists_had_stays_known_by_what_it_belongs_to(lake: Lake) -> None:
    shutil.rmtree(lake.root, ignore_errors=True)
    for (table, path), versions in OTHERS.items():
        for number, version in enumerate(versions, start=1):
            write(version, number, number, lake, table, path)
    lake.build("--select", *(f"+silver_{table}" for table, _ in OTHERS))

    def rows(table: str, *columns: str) -> list[Row]:
        return sorted(lake.read(f"silver/silver_{table}").select(pl.col(*columns).cast(pl.String)).rows(), key=str)

    columns = "week", "show_title", "country_name", "season_title", "cumulative_weeks_in_top_10"
    assert rows("top10_countries", *columns) == [
        (WEEKS[0], "Newcomer", "Germany", None, None),
        (WEEKS[0], "Show 1", "Germany", "Show 1: Season 2", "3"),
        (WEEKS[1], "Show 1", "Germany", None, None),
    ]
    columns = "popularity_rank", "hours_viewed", "window_days", "runtime_hours", "views"
    assert rows("top10_most_popular", *columns) == [
        ("1", "105", "91", "3.0", None),  # the views were those of other hours
        ("2", "100", "91", "2.0", "50"),
        ("3", "70", "91", None, None),
    ]
    assert rows("engagement", "title", "hours_viewed", "views", "release_date", "is_available_globally") == [
        ("New", "100000", None, None, None),
        ("Restated", "2200000", None, "2024-01-06", "false"),
        ("Same", "2000000", "1000000", "2024-01-05", "true"),
    ]
