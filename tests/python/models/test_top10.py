"""The Top 10 lists on their way from raw to the facts, on their real history and on made-up ones."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from ingest.config import DEFAULT
from tests.python.models.test_columns_that_go import PLACE, WEEKS, Version, write
from tests.support.lake import DATA, Lake, needs_real_data
from tests.support.templates import Templates, ingest_catalogue, ingest_reports
from tests.support.top10_history import commits, load_in_any_order

VIEWING = ("--selector", "viewing")
TABLES = (
    "silver/silver_top10_global",
    "silver/silver_top10_countries",
    "silver/silver_top10_most_popular",
    "gold/dim_show",
    "gold/dim_top10_category",
    "gold/dim_country",
    "gold/dim_date",
    "gold/fct_weekly_top10_global",
    "gold/fct_weekly_top10_country",
    "gold/fct_most_popular",
)


def tables(lake: Lake) -> dict[str, pl.DataFrame]:
    return {name: lake.rows(name) for name in TABLES}


def assert_alike(lake: Lake, expected: dict[str, pl.DataFrame]) -> None:
    for name, frame in tables(lake).items():
        assert frame.equals(expected[name]), name


@needs_real_data
@pytest.mark.histories
def test_built_on_the_way_is_as_built_at_once(real_lake: Lake, new_lake: Callable[[str], Lake], tmp_path: Path) -> None:
    """Builds between the loads give what one build from scratch gives."""
    lake = new_lake("on-the-way")
    ingest_catalogue(lake)
    ingest_reports(lake)
    for number, commit in enumerate(commits()):
        commit.ingest(lake, tmp_path)
        if number in (2, 4, 12):
            lake.build(*VIEWING)
    lake.build(*VIEWING)
    assert_alike(lake, tables(real_lake))


@needs_real_data
@pytest.mark.histories
def test_the_order_of_loads_does_not_matter(real_lake: Lake, new_lake: Callable[[str], Lake]) -> None:
    """The commits in any order, with builds in between: every older one is a backfill."""
    lake = new_lake("shuffled")
    ingest_catalogue(lake)
    ingest_reports(lake)
    for number in load_in_any_order(real_lake, lake, random.Random(5)):
        if number in (6, 13, 21):
            lake.build(*VIEWING)
    assert_alike(lake, tables(real_lake))


@needs_real_data
def test_facts_hold_every_place_of_the_lists(real_lake: Lake) -> None:
    newest = commits()[-1]
    lists = pl.read_csv(
        DATA / "top10" / newest.sha / "all-weeks-global.tsv", separator="\t", infer_schema=False, quote_char='"'
    )
    fact = real_lake.read("gold/fct_weekly_top10_global")
    assert fact.height == lists.height == 6240
    assert fact["weekly_hours_viewed"].sum() == lists["weekly_hours_viewed"].cast(pl.Int64).sum()
    assert real_lake.read("gold/fct_weekly_top10_country").height == 43240
    assert real_lake.read("gold/fct_most_popular").height == 40
    assert fact["season_title"].null_count() == lists.filter(pl.col("season_title") == "N/A").height
    assert fact["is_staggered_launch"].sum() == 87
    assert fact.filter(pl.col("is_staggered_launch"))["episode_launch_details"].str.starts_with("[{").all()
    assert fact.filter(pl.col("runtime_hours") <= 0).is_empty()


@pytest.mark.parametrize("name", ["sample", pytest.param("real", marks=needs_real_data)])
@pytest.mark.parametrize("fact", ["fct_weekly_top10_global", "fct_weekly_top10_country", "fct_most_popular"])
def test_every_key_of_a_fact_has_its_member(fact: str, name: str, templates: Templates) -> None:
    lake = templates.lake(name)
    dimensions = {
        "show_key": ("dim_show", "show_key"),
        "title_key": ("dim_title", "title_key"),
        "category_key": ("dim_top10_category", "category_key"),
        "country_key": ("dim_country", "country_key"),
        "week_key": ("dim_date", "date_key"),
    }
    rows = lake.read(f"gold/{fact}")
    keys = [key for key in dimensions if key in rows.columns]
    assert len(keys) >= 3
    for key in keys:
        dimension, column = dimensions[key]
        members = lake.read(f"gold/{dimension}").select(pl.col(column).alias(key))
        assert rows.join(members, on=key, how="anti").is_empty(), key
        assert key == "title_key" or rows.filter(pl.col(key) == -1).is_empty(), key


@needs_real_data
def test_weeks_are_as_they_were_last_restated(real_lake: Lake) -> None:
    lists = real_lake.read("silver/silver_top10_global")
    row = lists.filter(
        (pl.col("week") == date(2022, 11, 6)) & (pl.col("category") == "TV (English)") & (pl.col("weekly_rank") == 7)
    )
    assert row["show_title"].to_list() == ["Half Bad: The Bastard Son & The Devil Himself"]
    # The first two files of countries called these lists "Films (English)"; a week is restated as a whole.
    assert set(real_lake.read("silver/silver_top10_countries")["category"]) == {"Films", "TV"}
    popular = real_lake.read("silver/silver_top10_most_popular")
    assert set(popular["window_days"]) == {91}


@needs_real_data
def test_a_show_counts_once_in_a_list_of_a_country(real_lake: Lake) -> None:
    """Against the best place of each show per list of a country and week, from the published file."""
    (newest,) = (DATA / "top10").glob("2f5fb382*/all-weeks-countries.tsv")
    places = pl.read_csv(newest, separator="\t", infer_schema=False).with_columns(
        pl.col("weekly_rank").cast(pl.Int64),
        pl.col("show_title").str.replace("Avatar: The", "Avatar The"),  # the one show that is spelled in two ways
    )
    of_country, of_world = ["country_name", "category", "show_title"], ["category", "show_title"]
    best = places.group_by(*of_country, "week").agg(pl.min("weekly_rank"))
    points = best.group_by(of_country).agg((11 - pl.col("weekly_rank")).sum().alias("points"))
    mart = real_lake.read("gold/mart_most_watched_country").select(*of_country, "points")
    assert mart.sort(of_country).equals(points.sort(of_country))

    expected, regions = (
        frame.group_by(of_world).agg(pl.sum("points")).sort(of_world)
        for frame in (points, real_lake.read("gold/mart_most_watched_region"))
    )
    assert regions.equals(expected)
    series = regions.filter(pl.col("category") == "TV").sort("points", descending=True)
    leaders = [("Squid Game", 8314), ("Maid", 4397), ("The Good Doctor", 4264)]
    assert series.select("show_title", "points").rows()[:3] == leaders


@needs_real_data
def test_shows_are_matched_where_all_that_is_known_agrees(real_lake: Lake) -> None:
    shows = real_lake.read("gold/dim_show").filter(pl.col("is_listed"))
    assert dict(shows["match_result"].value_counts().iter_rows()) == {
        "matched": 215,
        "name alone": 23,
        "not in the catalogue": 2966,
        "year or length differs": 29,
        "language differs": 2,
        "several titles fit": 3,
    }
    matched = real_lake.read("gold/fct_weekly_top10_global").filter(pl.col("title_key") != -1)
    titles = real_lake.read("gold/dim_title").filter(pl.col("is_current"))
    both = matched.join(shows, on="show_key").join(titles, on="title_key", suffix="_of_title")
    assert both.height == matched.height == 601
    assert dict(both["match_result"].value_counts().iter_rows()) == {"matched": 575, "name alone": 26}
    specials = both.filter(pl.col("type") != pl.col("type_of_title"))  # TV in the lists, films in the catalogue
    assert set(specials["show_title"].str.slice(0, 12)) == {"Fireplace 4K"}
    assert (both["release_year"] <= both["week_key"] // 10000).all()


MATCHES = {
    "matched": (
        "Movie: Scary Movie",  # 88 minutes in both
        "Movie: Bird Box",
        "Movie: The Matrix",  # as long in the reports
        "Movie: Primal Fear",
        "TV Show: Stranger Things",  # enters with its fourth season
        "TV Show: The Crown",  # enters with its first, and has its fifth two months later
        "TV Show: Designated Survivor",  # a season premiered when the catalogue got the title
        "TV Show: Lucifer",
        "TV Show: Kingdom",
        "TV Show: Money Heist",  # La casa de papel
    ),
    "name alone": (
        "Movie: The Physician",  # in no report
        "TV Show: Reply 1988",
        "TV Show: Men on a Mission",
    ),
    "language differs": ("Movie: Security",),  # two films, of which one is Italian
    "year or length differs": (
        "Movie: The Killer",  # 120 minutes, and 100
        "Movie: The Stranger",  # of 2022; the catalogue has that of 1946
        "Movie: The Longest Yard",  # of 2005, and of 1974
        "Movie: The Invitation",
        "Movie: The Vault",
        "Movie: Deep",
        "Movie: True Grit",
        "Movie: Superfly",
        "Movie: Sparkle",
        "Movie: The Son",  # and the Argentine one
        "TV Show: Suits",  # and the Korean one
        "TV Show: Warrior",  # and the Danish one
        "TV Show: Glitch",  # Korean, and the Australian one
        "TV Show: Rebelde",  # of 2022, and of 2004
        "TV Show: The Club",  # Turkish, and Mexican
        "TV Show: The Chosen One",  # Mexican, and Brazilian
    ),
    "several titles fit": ("Movie: One Day", "Movie: Don", "TV Show: Tunnel"),
}


@needs_real_data
@pytest.mark.parametrize("result", MATCHES)
def test_what_a_match_rests_on(result: str, real_lake: Lake) -> None:
    shows = real_lake.read("gold/dim_show").with_columns(
        pl.concat_str("type", pl.lit(": "), "show_title").alias("show")
    )
    found = {show: (was, title) for show, was, title in shows.select("show", "match_result", "title_key").iter_rows()}
    assert {show: found[show][0] for show in MATCHES[result]} == dict.fromkeys(MATCHES[result], result)
    with_title = result in ("matched", "name alone")
    assert all((found[show][1] != -1) == with_title for show in MATCHES[result])


FIELDS = ["week", "category", "weekly_rank", "show_title", "season_title", "weekly_hours_viewed"]
FIELDS += ["cumulative_weeks_in_top_10"]


@dataclass
class MadeUp:
    """Versions of a worldwide list in which each week has a history of its own, and what has to come out.

    A version has a week as it was, restated, with fewer places, with broken records among it, as broken records only,
    or not at all.
    """

    seed: int
    versions: list[list[dict[str, str]]] = field(default_factory=list)
    expected: dict[tuple[date, int], tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        weeks = [date(2021, 7, 4) + timedelta(weeks=number) for number in range(25)]
        for version in range(7):
            records: list[dict[str, str]] = []
            for week in weeks:
                usual = ["same", "restated", "fewer"] * 3  # with more broken records than a fifth, a version is held
                what = dice.choice([*usual, "broken", "only broken", "absent"])
                if week in weeks[-2:]:  # as it is where the newest week has less than the one before
                    what = dice.choice(["same", "restated"])
                if what == "absent":
                    continue
                hours = 10**6 + week.toordinal() + (0 if what == "same" else 10**6 * version)
                good = {rank: (f"Show {rank} of {week}", hours) for rank in range(1, 4 if what == "fewer" else 6)}
                for rank, (show, viewed) in {} if what == "only broken" else good.items():
                    records.append(self.record(week, str(rank), show, viewed))
                if what in ("broken", "only broken"):
                    records.append(self.record(week, "11", f"Eleventh of {week}", 1))
                    records.append(self.record(week, "2", "", 1))
                if what == "broken":
                    good[3] = (f"Latest of {week}", 77)  # one key, other content: the later is kept
                    records.append(self.record(week, "3", *good[3]))
                    records.append(self.record(week, "1", f"Show 1 of {week}", hours))  # equal to the first
                if what != "only broken":
                    for key in [key for key in self.expected if key[0] == week]:
                        del self.expected[key]
                    self.expected |= {(week, rank): place for rank, place in good.items()}
            self.versions.append(records)

    @staticmethod
    def record(week: date, rank: str, show: str, hours: int) -> dict[str, str]:
        values = [str(week), "TV (English)", rank, show, "N/A", str(hours), "1"]
        return dict(zip(FIELDS, values, strict=True))

    def ingest(self, lake: Lake, version: int, folder: Path) -> None:
        path = folder / "top10" / "all-weeks-global.tsv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, delimiter="\t")
            writer.writeheader()
            writer.writerows(self.versions[version])
        time = datetime(2022, 1, 1 + version, tzinfo=UTC).timestamp()
        os.utime(path, (time, time))
        config = folder / "sources.yml"
        sources = yaml.safe_load(DEFAULT.read_text())["sources"]
        sources["top10"]["datasets"][0]["hold"] = {"changed": False, "repeated": False}  # it is restated all the time
        config.write_text(yaml.safe_dump({"sources": sources}))
        done = lake.ingest("--from", str(folder), "--source", "top10", "--config", str(config), check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert "all-weeks-global.tsv: loaded" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.histories)])
def test_a_week_is_what_the_latest_version_that_has_it_says(
    seed: int, new_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    """Each week against a plain model of the rule, with the versions in any order and builds in between."""
    in_order, lake, made_up = new_lake("in-order"), new_lake("made-up"), MadeUp(seed)
    for version in range(len(made_up.versions)):
        made_up.ingest(in_order, version, tmp_path)
    for number in load_in_any_order(in_order, lake, random.Random(seed)):
        if number in (3, 7):
            lake.build("--select", "+silver_top10_global")
    found = {
        (row["week"], row["weekly_rank"]): (row["show_title"], row["weekly_hours_viewed"])
        for row in lake.read("silver/silver_top10_global").iter_rows(named=True)
    }
    assert found == made_up.expected
    assert lake.counts()["silver/silver_top10_global_records"] == sum(map(len, made_up.versions))


OF_THE_LIST = (
    *("bronze_top10_global", "silver_version_decisions", "silver_top10_global_records", "silver_top10_global"),
    *("silver_file_versions", "quarantine", "dim_date"),
)


@pytest.mark.parametrize("week", ["2202-07-04", "1022-07-03"])
def test_a_week_that_no_list_can_have_waits_in_quarantine_until_it_is_mended(
    week: str, copy_of: Callable[..., Lake]
) -> None:
    """The versions are of the first days of 2025; the calendar does not grow by what is no week."""
    lake = copy_of("sample")
    days, places = lake.read("gold/dim_date"), lake.read("silver/silver_top10_global")
    for number, wrong in enumerate((week, WEEKS[0]), start=1):
        version = Version(PLACE)
        for at, of in enumerate((*WEEKS[1:], wrong)):
            for rank in range(1, 11 if of != wrong else 3):
                version.place(of, rank, show=f"Show {rank} of {of}", hours=10**6 + at)
        write(version, number, number, lake)
        lake.build("--select", *OF_THE_LIST)
        found = lake.read("silver/silver_top10_global").join(places, on=["week", "category", "weekly_rank"], how="anti")
        waiting = lake.read("gold/quarantine").filter(pl.col("_file_path") == "global.tsv")
        good = WEEKS[1:] if wrong == week else WEEKS
        assert set(found["week"].cast(pl.String)) == set(good)
        assert (found.height, waiting.height) == ((20, 2) if wrong == week else (22, 0))
    added = lake.read("gold/dim_date").join(days, on="date_key", how="anti")
    assert set(added["date_key"] // 10000) <= {2024}


@pytest.mark.parametrize("first", ["catalogue", "top10"])
def test_one_source_alone_builds_to_the_end(first: str, templates: Templates) -> None:
    """With the raw tables of the other source missing, its models are empty, and all tests pass."""
    counts = templates.lake(f"only {first}").counts()
    empty = {"catalogue": "silver/silver_top10_global", "top10": "silver/silver_titles"}[first]
    full = {"catalogue": "gold/fct_catalogue_title", "top10": "gold/fct_weekly_top10_global"}[first]
    assert counts[empty] == 0
    assert counts[full] > 0
    assert counts["gold/dim_show" if first == "catalogue" else "gold/dim_title"] == 1


@pytest.mark.histories
@pytest.mark.parametrize("first", ["catalogue", "top10"])
def test_the_other_source_may_come_later(
    first: str, new_lake: Callable[[str], Lake], sample_lake: Lake, make_sample: Callable[..., Path]
) -> None:
    """Then all is as if both had been there from the start."""
    lake = new_lake(first)
    lake.ingest("--from", str(make_sample()), "--source", first)
    lake.build()
    lake.ingest("--from", str(make_sample()))
    lake.build()
    assert_alike(lake, tables(sample_lake))
    for name in sample_lake.tables("gold"):
        if "/mart_" in name:
            assert lake.rows(name).equals(sample_lake.rows(name)), name
