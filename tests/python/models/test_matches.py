"""Which titles of the catalogue the films and series of reports and lists are matched to, in the real data."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from tests.python.models.test_engagement import REPORTS, published
from tests.support.lake import Lake, needs_real_data

JUDGED = Path(__file__).parent / "data" / "judged_matches.csv"
"""Pairs of what a report or list names and a title of the catalogue, judged by hand from title, original title, year,
length, country and premiere: 200 drawn at random from the matches, 40 from those by the title alone, 59 from pairs of
one name that were not matched, and 15 shows of the lists that are not the title of their name."""

pytestmark: pytest.MarkDecorator = needs_real_data


def matched(lake: Lake) -> dict[tuple[str, str, str], int | None]:
    """The `show_id` that each season (report, title, original title) and show (list, title, "") is matched to."""
    titles = lake.read("gold/dim_title").filter(is_current=True).select("title_key", "show_id")
    seasons = lake.read("gold/dim_season").filter(pl.col("match_strength").is_in(["strong", "fair"]))
    shows = lake.read("gold/dim_show").filter(match_result="matched", is_listed=True)
    return {
        (source, title, original or ""): show_id
        for source, frame, columns in (
            ("report", seasons, ["season_title", "original_title", "show_id"]),
            ("list", shows.with_columns(none=pl.lit("")), ["show_title", "none", "show_id"]),
        )
        for title, original, show_id in frame.join(titles, on="title_key").select(columns).iter_rows()
    }


def test_matches_are_those_that_a_person_would_make(real_lake: Lake) -> None:
    found = matched(real_lake)
    right, wrong, missed = 0, [], 0
    with JUDGED.open(newline="") as file:
        for pair in csv.DictReader(file):
            is_matched = found.get((pair["source"], pair["title"], pair["original_title"])) == int(pair["show_id"])
            right += is_matched and pair["is_same"] == "yes"
            missed += not is_matched and pair["is_same"] == "yes"
            if is_matched and pair["is_same"] == "no":
                wrong.append(pair["title"])
    assert right / (right + len(wrong)) >= 0.97, wrong
    assert right >= 190
    assert right / (right + missed) >= 0.75, missed


def test_most_titles_and_places_have_hours(real_lake: Lake) -> None:
    seasons = real_lake.read("gold/dim_season").filter(pl.col("title_key") != -1)
    assert seasons["title_key"].n_unique() >= 2_950
    assert seasons.filter(pl.col("match_strength") != "weak")["title_key"].n_unique() >= 2_700
    places = real_lake.read("gold/fct_weekly_top10_global").filter(pl.col("week_key") >= 20_230_101)
    assert places.filter(pl.col("season_key") != -1).height / places.height >= 0.95
    shows = real_lake.read("gold/dim_show").filter(match_result="matched", is_listed=True)
    assert shows.height >= 215


def test_hours_of_the_facts_are_those_of_the_reports(real_lake: Lake) -> None:
    expected = dict(published(REPORTS).group_by("half_year").agg(pl.col("hours").sum()).iter_rows())
    fact = real_lake.read("gold/fct_engagement_half")
    assert dict(fact.group_by("half_year").agg(pl.col("hours_viewed").sum()).iter_rows()) == expected
    mart = real_lake.read("gold/mart_engagement_half")
    assert dict(mart.group_by("half_year").agg(pl.col("hours_viewed").sum()).iter_rows()) == expected
    available = real_lake.read("gold/mart_engagement_breakdown").filter(breakdown="availability")
    assert dict(available.group_by("half_year").agg(pl.col("hours_viewed").sum()).iter_rows()) == expected
    # What a half-year has and the one before had not, counted from the workbooks
    titles = {half: set(rows["title"]) for (half,), rows in published(REPORTS).group_by("half_year")}
    came = int(mart.filter(half_year="2024H2")["seasons_new"].sum())
    assert abs(came - len(titles["2024H2"] - titles["2024H1"])) <= 10  # other spellings of one title
