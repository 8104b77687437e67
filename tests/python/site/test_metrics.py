"""The metrics of dbt's semantic layer, asked through MetricFlow, agree with the numbers on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.site.pages import audience, catalogue, most_watched, viewing_trends
from tests.python.site.conftest import Site
from tests.support import in_process
from tests.support.lake import CHECKOUT

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


QUERIES: dict[str, tuple[list[str], list[str]]] = {
    "tiles": (sorted(TILES.values()), []),
    "audience": (["titles"], ["title__type", "rating__audience_group"]),
    "children": (["share_for_children"], []),
}
"""Metrics, and by what they are grouped."""

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def answers(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """What `mf query` shows, as rows by column."""
    # MetricFlow reads the project from its working folder, with the target folder in it.
    project = tmp_path_factory.mktemp("project")
    files = ("dbt_project.yml", "packages.yml", "profiles.yml", "selectors.yml")
    for part in (*files, "models", "macros", "seeds", "dbt_packages", "dbt_duckdb_delta", "tests"):
        (project / part).symlink_to(CHECKOUT / part)
    (project / "target").symlink_to(site.target)
    return in_process.call(ask, env=site.lake.environment | {"DBT_PROJECT_DIR": str(project)}, cwd=project)


def ask() -> dict[str, Rows]:
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    found = {}
    for name, (metrics, groups) in QUERIES.items():
        request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=groups or None)
        table = configuration.mf.query(request).result_df
        assert table is not None
        found[name] = [dict(zip(table.column_names, row, strict=True)) for row in table.rows]
    return found


def test_metrics_agree_with_the_pages(site: Site, answers: dict[str, Rows]) -> None:
    tiles: dict[tuple[str, str], float] = {}
    for module in (audience, catalogue, most_watched, viewing_trends):
        page = module.page(lambda model: site.lake.read(f"gold/{model}"))
        tiles |= {(page.name, tile.label): tile.value for tile in page.tiles}
    (row,) = answers["tiles"]
    assert {tile: float(row[metric]) for tile, metric in TILES.items()} == {tile: tiles[tile] for tile in TILES}


def test_metrics_by_audience_agree_with_the_mart(site: Site, answers: dict[str, Rows]) -> None:
    rows = answers["audience"]
    found = {(row["title__type"], row["rating__audience_group"]): float(row["titles"]) for row in rows}
    mart = site.lake.read("gold/mart_audience_groups").select("type", "audience_group", "titles")
    assert found == {(type_, group): titles for type_, group, titles in mart.iter_rows()}


def test_share_for_children_is_that_of_the_page(site: Site, answers: dict[str, Rows]) -> None:
    page = audience.page(lambda model: site.lake.read(f"gold/{model}"))
    tiles = {tile.label: tile.value for tile in page.tiles}
    (row,) = answers["children"]
    assert float(row["share_for_children"]) == pytest.approx(tiles["For children"] / tiles["Titles"])
