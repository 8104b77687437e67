"""What the pages say their numbers are, from rows made for the purpose."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import polars as pl
import pytest

from lakehouse.site import docs
from lakehouse.site.build import by_time, rows, script
from lakehouse.site.elements import Feed, Page
from lakehouse.site.pages import most_watched, viewing_trends

CHANGE = date(2023, 6, 18)
"""The first week that Netflix ranked by views."""
SOON = timedelta(weeks=1)


def trends(*weeks: tuple[date, str, int]) -> Page:
    """The page on trends from weeks of one list: the week, the show in first place, and the hours of the list."""
    rows = pl.DataFrame(
        [
            {
                "week": week,
                "category_key": 1,
                "category": "TV (English)",
                "type": "TV Show",
                "language": "English",
                "first_show_title": show,
                "hours_viewed": hours,
                "average_hours_of_4_weeks": float(hours),
                "views": hours // 2 if week >= CHANGE else None,
                "new_entries": 3,
                "first_hours_viewed": hours // 2,
            }
            for week, show, hours in weeks
        ],
        schema_overrides={"views": pl.Int64},
    )
    return viewing_trends.page(lambda model: rows)


def most(*shows: tuple[str, date, date, int]) -> Page:
    """The page on countries from the shows of one list: first and last week, and points."""
    rows = pl.DataFrame(
        [
            {
                "country_key": 1,
                "category_key": 1,
                "show_key": key,
                "country_name": "Germany",
                "region": "Europe",
                "category": "TV",
                "show_title": show,
                "points_rank": 1,
                "points": points,
                "countries": 1,
                "weeks_in_top_10": 2,
                "weeks_at_first_place": 1,
                "times_at_first_place": 1,
                "first_week": first,
                "last_week": last,
            }
            for key, (show, first, last, points) in enumerate(shows)
        ],
        schema_overrides={"points_rank": pl.Int32},
    )
    return most_watched.page(lambda model: rows)


def marks(spec: Any) -> list[str]:
    """The kinds of marks of a chart and its layers."""
    if "layer" in spec:
        return [kind for layer in spec["layer"] for kind in marks(layer)]
    return [spec["mark"]["type"] if isinstance(spec["mark"], dict) else spec["mark"]]


BEFORE, AFTER = (CHANGE - 2 * SOON, "Long before", 900), (CHANGE - SOON, "Long before", 800)
LATER = (CHANGE, "Since", 500), (CHANGE + SOON, "Since", 600)


def test_charts_over_time_have_a_line_where_the_ranking_changes() -> None:
    page = trends(BEFORE, AFTER, *LATER)
    temporal = [chart for chart in page.charts if "temporal" in str(chart.spec.get("layer", ""))]
    assert [chart.name for chart in temporal] == ["hours", "renewal", "share-of-first", "views"]
    for chart in temporal:
        assert "rule" in marks(chart.spec), chart.name
        assert "ranked by views" in str(chart.spec), chart.name
    assert "rule" in marks(page.sketch[1].to_dict())
    for data in (page.sketch[0], page.datasets["weeks"], page.datasets["quarters"]):
        assert data["ranking_changed"].drop_nulls().to_list() == [CHANGE]
    # The quarter of the change is in two pieces.
    pieces = page.datasets["quarters"].select("quarter", "ranked_by", "weeks").rows()
    assert pieces == [(date(2023, 4, 1), "hours", 2), (date(2023, 4, 1), "views", 2)]


@pytest.mark.parametrize("weeks", [(BEFORE, AFTER), LATER])
def test_there_is_no_line_in_data_of_one_ranking(weeks: tuple[Any, ...]) -> None:
    page = trends(*weeks)
    assert page.datasets["weeks"]["ranking_changed"].null_count() == 2
    assert "ranked by" not in " ".join(page.findings)


def test_no_finding_compares_weeks_across_the_change() -> None:
    views_week, views_first, hours_week, hours_first = trends(BEFORE, AFTER, *LATER).findings
    assert "25 June 2023" in views_week
    assert views_first.startswith("Since the lists are ranked by views")
    assert "Since was at a first place" in views_first
    assert "4 June 2023" in hours_week
    assert "Long before was at a first place" in hours_first


def test_no_finding_compares_shows_across_the_change() -> None:
    old, across = ("Old", CHANGE - 9 * SOON, CHANGE - SOON, 90), ("Across", CHANGE - SOON, CHANGE + SOON, 80)
    new, small = ("New", CHANGE, CHANGE + SOON, 20), ("Small", CHANGE + SOON, CHANGE + SOON, 10)
    (finding,) = most(old, across, new, small).findings
    assert "ranked by views" in finding
    assert "New leads" in finding
    (finding,) = most(old, ("Other", CHANGE - 8 * SOON, CHANGE - SOON, 10)).findings
    assert finding.startswith("Old leads")


def test_hours_are_those_of_places_in_the_lists() -> None:
    page = trends(*LATER)
    labels = [tile.label for tile in page.tiles]
    assert labels == ["Hours viewed in the Top 10", "Views in the Top 10", "Weeks"]
    for chart in page.charts:
        spec = str(chart.spec)
        if "Hours viewed" in spec:
            assert "Top 10" in spec, chart.name


def test_a_week_without_a_viewer_has_no_share() -> None:
    page = trends((CHANGE, "Nobody's", 0), (CHANGE + SOON, "Somebody's", 10))
    assert page.datasets["weeks"]["share_of_first"].to_list() == [None, 0.5]
    assert page.datasets["quarters"]["share_of_first"].to_list() == [0.5]


def test_a_time_says_whether_it_is_of_a_commit_or_of_a_file() -> None:
    at = datetime(2024, 6, 26, tzinfo=UTC)
    committed, copied = Feed("top10", "top10_global", at, True), Feed("catalogue", "netflix_titles", at, False)
    assert dict(by_time([committed, copied])) == {
        "Committed at the source": [committed],
        "Last change of the local copies": [copied],
    }
    assert dict(by_time([])) == {}


def test_what_is_no_number_is_null_in_json() -> None:
    frame = pl.DataFrame({"share": [float("nan"), float("inf"), -float("inf"), 0.5, None]})
    assert [row["share"] for row in rows(frame)] == [None, None, None, 0.5, None]
    with pytest.raises(ValueError, match="JSON"):
        script({"share": float("nan")})


def test_the_docs_show_what_turns_the_direction_of_a_columns_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["\u202eltit", "a\x1b[31m", "a\\\u2066b", r"a\u202eb", "ü\U0001f600"]
    catalog = json.dumps({"columns": names})
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "catalog.json").write_text(catalog)
    (tmp_path / "static_index.html").write_text(f"<script>names = [/[\\u202e]/, {catalog}]</script>")
    read = {}

    def lineage(manifest: str, catalog: str) -> MagicMock:
        read["columns"] = json.loads(Path(catalog).read_text())["columns"]
        return MagicMock(manifest={"nodes": {"model": {"compiled_code": "select 1"}}})

    def report(output_dir: str) -> None:
        (Path(output_dir) / "index.html").touch()

    monkeypatch.setattr(docs, "DbtColumnLineageExtractor", lineage)
    generator = MagicMock()
    generator.return_value.generate_report = report
    monkeypatch.setattr(docs, "DbtColibriReportGenerator", generator)
    (tmp_path / "out").mkdir()
    docs.write_docs(tmp_path, tmp_path / "out")
    shown = [r"\u202eltit", r"a\x1b[31m", r"a\\u2066b", r"a\u202eb", "ü\U0001f600"]
    assert read["columns"] == shown
    html = (tmp_path / "out" / "docs.html").read_text()
    assert html == f"<script>names = [/[\\u202e]/, {json.dumps({'columns': shown})}]</script>"
