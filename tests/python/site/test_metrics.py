"""The metrics of dbt's semantic layer, asked through MetricFlow, agree with the numbers on the pages."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from site_pages.pages import audience, catalogue, most_watched, viewing_trends
from tests.python.lake import CHECKOUT
from tests.python.site.conftest import Site

TILES = {
    ("catalogue", "Titles"): "titles",
    ("catalogue", "Movies"): "movies",
    ("catalogue", "TV shows"): "tv_shows",
    ("audience", "For children"): "titles_for_children",
    ("viewing-trends", "Hours viewed in the Top 10"): "hours_viewed",
    ("viewing-trends", "Views in the Top 10"): "views",
    ("viewing-trends", "Weeks"): "weeks_in_top_10",
    ("most-watched", "Points"): "points",
    ("most-watched", "Countries"): "countries_with_lists",
}


def query(site: Site, metrics: list[str], *more: str) -> list[dict[str, str]]:
    """`mf query`, its rows by column."""
    out = site.lake.work / "metrics.csv"
    mf = str(Path(sys.executable).parent / "mf")
    # MetricFlow reads the project from its working folder, with the target folder beside it.
    project = site.lake.work / "project"
    if not project.exists():
        project.mkdir()
        for part in (
            "dbt_project.yml",
            "profiles.yml",
            "selectors.yml",
            "models",
            "macros",
            "seeds",
            "plugins",
            "tests",
        ):
            (project / part).symlink_to(CHECKOUT / part)
        (project / "target").symlink_to(site.lake.work / "target")
    site.lake.run(
        "bash", "-c", 'cd "$1" && shift && exec "$@"', "bash", str(project),
        mf, "query", "--metrics", ",".join(metrics), *more, "--csv", str(out),
        DBT_PROJECT_DIR=str(project),
    )  # fmt: skip
    with out.open() as file:
        return list(csv.DictReader(file))


def test_metrics_agree_with_the_pages(site: Site) -> None:
    tiles: dict[tuple[str, str], float] = {}
    for module in (audience, catalogue, most_watched, viewing_trends):
        page = module.page(lambda model: site.lake.read(f"gold/{model}"))
        tiles |= {(page.name, tile.label): tile.value for tile in page.tiles}
    (row,) = query(site, sorted(TILES.values()))
    assert {tile: float(row[metric]) for tile, metric in TILES.items()} == {tile: tiles[tile] for tile in TILES}


def test_metrics_by_audience_agree_with_the_mart(site: Site) -> None:
    rows = query(site, ["titles"], "--group-by", "title__type,rating__audience_group")
    found = {(row["title__type"], row["rating__audience_group"]): float(row["titles"]) for row in rows}
    mart = site.lake.read("gold/mart_audience_groups").select("type", "audience_group", "titles")
    assert found == {(type_, group): titles for type_, group, titles in mart.iter_rows()}


def test_share_for_children_is_that_of_the_page(site: Site) -> None:
    page = audience.page(lambda model: site.lake.read(f"gold/{model}"))
    tiles = {tile.label: tile.value for tile in page.tiles}
    (row,) = query(site, ["share_for_children"])
    assert float(row["share_for_children"]) == pytest.approx(tiles["For children"] / tiles["Titles"])
