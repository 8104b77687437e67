"""The marts, and the rules about who may read what, over the manifest that dbt itself makes."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.lake import CHECKOUT, Lake


def parents(node: dict[str, Any]) -> list[str]:
    return [parent.split(".")[2] for parent in node["depends_on"]["nodes"]]


def test_marts_read_dimensions_bridges_and_facts_only(models: dict[str, dict[str, Any]]) -> None:
    marts = [node for name, node in models.items() if name.startswith("mart_")]
    assert len(marts) >= 10
    for mart in marts:
        assert parents(mart)
        assert all(parent.startswith(("dim_", "bridge_", "fct_")) for parent in parents(mart)), mart["name"]


def test_the_star_schema_reads_no_bronze(models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        if name.startswith(("dim_", "bridge_", "fct_")):
            assert not any(parent.startswith("bronze_") for parent in parents(node)), name


def test_every_model_has_an_owner_an_access_and_a_grain(
    models: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    access = {"bronze": "private", "silver": "protected", "gold": "public"}
    for name, node in models.items():
        assert node["access"] == access[node["schema"]], name
        assert manifest["groups"][f"group.netflix_lakehouse.{node['group']}"]["owner"]["name"], name
        assert "Grain: " in node["description"], name
        assert node["columns"], name
        assert all(column["description"] for column in node["columns"].values()), name


WITHOUT_A_KEY_TEST = {
    "bronze_": "the records of raw, one by one: ingest's transactions keep them single, and `make test` counts them",
    "_records": "a row for each record of bronze: the data test on unaccounted records compares the two",
}


def test_every_model_has_a_test_of_its_key(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    keyed = {
        node["attached_node"].split(".")[2]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") in ("unique", "unique_combination_of_columns")
    }
    without = models.keys() - keyed
    layers = {next((part for part in WITHOUT_A_KEY_TEST if part in name), name) for name in without}
    assert layers == WITHOUT_A_KEY_TEST.keys(), without


READS_SOURCES = {"source_files": "it shows the ledger, which has no bronze: nothing is typed in it"}


def test_gold_reads_no_source(models: dict[str, dict[str, Any]]) -> None:
    reading = {
        name
        for name, node in models.items()
        if node["schema"] == "gold" and any(of.startswith("source.") for of in node["depends_on"]["nodes"])
    }
    assert reading == READS_SOURCES.keys()


def test_gold_is_under_contract_and_has_consumers(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    types = {"bigint", "int", "string", "date", "timestamp", "boolean", "double"}
    for name, node in models.items():
        if node["schema"] == "gold":
            assert node["contract"]["enforced"], name
            assert {column["data_type"] for column in node["columns"].values()} <= types, name
    used = {parent for exposure in manifest["exposures"].values() for parent in parents(exposure)}
    assert used == {name for name, node in models.items() if node["schema"] == "gold"}


def test_bronze_is_closed_to_other_groups(new_lake: Callable[[str], Lake], tmp_path: Path) -> None:
    """A model of the analysts that reads bronze does not even parse."""
    checkout = tmp_path / "checkout"
    for part in ("models", "macros", "seeds", "dbt_packages", "dbt_duckdb_delta", "tests/dbt"):
        shutil.copytree(CHECKOUT / part, checkout / part)
    for part in ("dbt_project.yml", "profiles.yml", "selectors.yml"):
        shutil.copy2(CHECKOUT / part, checkout / part)
    (checkout / "models/gold/marts/mart_short_cut.sql").write_text("select 1 as n from {{ ref('bronze_titles') }}\n")
    places = ("--project-dir", str(checkout), "--profiles-dir", str(checkout))
    done = new_lake("closed").dbt("parse", *places, check=False)
    assert done.returncode != 0
    assert "private" in done.stdout


OUTSIDE = {
    "weekly": ["no such model"],
    "hourly": ["mart_"],
    "catalogue": ["fct_weekly_top10_global"],
    "viewing": ["fct_catalogue_title"],
}
INSIDE = {
    "weekly": ["mart_people", "mart_viewing_trends", "fct_catalogue_title", "fct_weekly_top10_global"],
    "hourly": ["fct_catalogue_title", "fct_weekly_top10_global"],
    "catalogue": ["mart_people", "fct_catalogue_title"],
    "viewing": ["mart_viewing_trends", "fct_weekly_top10_global"],
}


@pytest.mark.parametrize("selector", OUTSIDE)
def test_every_selector_has_all_that_its_models_read(
    selector: str, new_lake: Callable[[str], Lake], manifest: dict[str, Any]
) -> None:
    """So that it builds from raw, as a build of everything does; and no test about a table that it does not build."""
    listed = new_lake(selector).dbt("ls", "--quiet", "--selector", selector, "--output", "json").stdout
    chosen = {json.loads(line)["unique_id"] for line in listed.splitlines() if line.startswith("{")}
    nodes = {name: node for name, node in manifest["nodes"].items() if name in chosen}
    for name, node in nodes.items():
        needed = {parent for parent in node["depends_on"].get("nodes", []) if not parent.startswith("source.")}
        assert needed <= chosen, name
    names = {name.split(".")[2] for name in nodes if name.startswith("model.")}
    assert set(INSIDE[selector]) <= names
    assert not [name for name in names if name.startswith(tuple(OUTSIDE[selector]))]
    assert {name for name in nodes if name.startswith("test.")}


def test_every_dimension_has_one_unknown_member(sample_lake: Lake) -> None:
    """For facts and bridges whose key has no member: a join to the dimension loses none of them."""
    dimensions = [name for name in sample_lake.tables("gold") if name.startswith("gold/dim_")]
    assert len(dimensions) == 9
    for name in dimensions:
        frame = sample_lake.read(name)
        key = next(column for column in frame.columns if column.endswith("_key"))
        assert frame.filter(pl.col(key) == -1).height == 1, name


def test_most_watched_counts_places(sample_lake: Lake) -> None:
    """Against a count in plain Python over the silver lists: a show has its best place in a list."""
    lists = sample_lake.read("silver/silver_top10_countries")
    best: dict[tuple[str, str, int, object], int] = {}
    for row in lists.iter_rows(named=True):
        place = row["country_name"], row["category"], row["show_key"], row["week"]
        best[place] = min(row["weekly_rank"], best.get(place, 11))
    points: Counter[tuple[str, str, int]] = Counter()
    weeks: Counter[tuple[str, str, int]] = Counter()
    for (country, category, show, _), rank in best.items():
        points[country, category, show] += 11 - rank
        weeks[country, category, show] += 1
    mart = sample_lake.read("gold/mart_most_watched_country")
    assert mart.height == len(points) > 0
    for row in mart.iter_rows(named=True):
        key = row["country_name"], row["category"], row["show_key"]
        assert (row["points"], row["weeks_in_top_10"]) == (points[key], weeks[key])
        better = sum(1 for other, score in points.items() if other[:2] == key[:2] and score > points[key])
        assert row["points_rank"] == better + 1


def test_genre_engagement_counts_hours_of_matched_titles(sample_lake: Lake) -> None:
    shows = sample_lake.read("gold/dim_show").filter(pl.col("match_result") == "matched")
    lists = sample_lake.read("silver/silver_top10_global")
    hours: Counter[int] = Counter()
    titles = dict(shows.select("show_key", "title_key").iter_rows())
    for show, viewed in lists.select("show_key", "weekly_hours_viewed").iter_rows():
        if show in titles:
            hours[titles[show]] += viewed
    expected: Counter[int] = Counter()
    for title, genre in sample_lake.read("gold/bridge_title_genre").select("title_key", "genre_key").iter_rows():
        expected[genre] += hours[title]
    mart = dict(sample_lake.read("gold/mart_genre_engagement").select("genre_key", "hours_in_top_10").iter_rows())
    assert sum(mart.values()) > 0
    assert mart == dict(expected)
    behind = sample_lake.read("gold/mart_genre_titles")
    borne_out = behind.filter(pl.col("match_result") == "matched").group_by("genre_key").agg(pl.sum("hours_viewed"))
    assert dict(borne_out.iter_rows()) == {genre: viewed for genre, viewed in expected.items() if viewed}
    assert 0 < borne_out["hours_viewed"].sum() < behind["hours_viewed"].sum()


def test_people_and_their_companions(sample_lake: Lake) -> None:
    titles: defaultdict[int, set[int]] = defaultdict(set)
    for bridge in ("cast", "director"):
        for title, person in (
            sample_lake.read(f"gold/bridge_title_{bridge}").select("title_key", "person_key").iter_rows()
        ):
            titles[person].add(title)
    frequent = {person: len(names) for person, names in titles.items() if len(names) >= 2}
    cut = sorted(frequent.values(), reverse=True)[min(999, len(frequent) - 1)]
    people = dict(sample_lake.read("gold/mart_people").select("person_key", "titles").iter_rows())
    assert people == {person: count for person, count in frequent.items() if count >= cut}
    together = sample_lake.read("gold/mart_people_together")
    assert together.height > 0
    for person, companion, count in together.select("person_key", "companion_key", "titles_together").iter_rows():
        assert person in people
        assert person != companion
        assert count == len(titles[person] & titles[companion]) >= 2
    assert together.filter(~pl.col("companion_rank").is_between(1, 10)).is_empty()


def test_growth_ends_with_all_titles_that_have_a_day(sample_lake: Lake) -> None:
    titles = sample_lake.read("gold/fct_catalogue_title")
    growth = sample_lake.read("gold/mart_catalogue_growth")
    last = growth.filter(pl.col("month_start") == pl.col("month_start").max())
    assert last["titles_so_far"].sum() == titles.filter(pl.col("date_added_key") != -1).height
    assert growth["titles_added"].sum() == titles.height
