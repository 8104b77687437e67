"""Viewing trends over time."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, gold, vega
from lakehouse.site.elements import Chart, Filter, Page, Plot, Tile

TRENDS = "mart_viewing_trends"


def page(read: gold.Read) -> Page:
    """How viewing develops from week to week, as far as the ten most viewed of each list tell."""
    trends = vega.with_ranking(read(TRENDS).sort("week", "category"))
    viewed = pl.col("hours_viewed") > 0
    weeks = trends.with_columns(
        pl.col("week").dt.year().cast(pl.String).alias("year"),
        (pl.col("first_hours_viewed") / pl.when(viewed).then("hours_viewed")).alias("share_of_first"),
    )
    # A quarter in which the ranking changes is two.
    quarters = (
        weeks.with_columns(pl.col("week").dt.truncate("1q").alias("quarter"))
        .group_by("category", "type", "language", "quarter", "year", "ranked_by")
        .agg(
            pl.col("week").mean().cast(pl.Date).alias("middle"),
            pl.col("week").count().alias("weeks"),
            pl.col("new_entries", "share_of_first").mean(),
            pl.col("ranking_changed").max(),
        )
        .sort("category", "middle")
    )
    lists = sorted(trends["category"].unique())
    type_ = Filter("type", "Type", sorted(trends["type"].unique()), every="All types")
    language = Filter("language", "Language", sorted(trends["language"].unique()), every="All languages")
    period = Filter("period", "Period", sorted(weeks["year"].unique(), reverse=True), every="All years")

    chosen, by_quarter = vega.chart("weeks"), vega.chart("quarters")
    for choice, field in ((type_, "type"), (language, "language"), (period, "year")):
        chosen, by_quarter = vega.keep(chosen, choice, field), vega.keep(by_quarter, choice, field)
    week = alt.X("week:T", axis=alt.Axis(title="Week"))
    details = [
        vega.day("week", "Week up to"),
        vega.text("category", "List"),
        vega.number("hours_viewed", "Hours of its ten places"),
        vega.number("average_hours_of_4_weeks", "Average of 4 weeks", kind=",.0f"),
        vega.text("first_show_title", "First place"),
        vega.number("first_hours_viewed", "Its hours"),
    ]
    color = vega.by("category", lists, title="List")
    hours = chosen.encode(x=week, color=color, tooltip=details)
    views = chosen.transform_filter("datum.views != null").encode(
        x=week,
        y=alt.Y("views:Q", axis=vega.axis("Views per week in the Top 10", short=True)),
        color=color,
        tooltip=[vega.day("week", "Week up to"), vega.text("category", "List"), vega.number("views", "Views")],
    )
    firsts = chosen.transform_aggregate(
        weeks="count()", hours="sum(first_hours_viewed)", groupby=["first_show_title", "type"]
    )
    by_list = chosen.transform_aggregate(hours_viewed="sum(hours_viewed)", weeks="count()", groupby=["category"])

    def quarterly(field: str, title: str, *, kind: str, ticks: str = ",.0f") -> Plot:
        """The means of a field; `kind` is the number format of the hover details, `ticks` that of the axis."""
        means = by_quarter.mark_line(point=True).encode(
            x=alt.X("middle:T", axis=vega.axis("Quarter, at the middle of its weeks", kind="%b %Y")),
            y=alt.Y(f"{field}:Q", axis=vega.axis(title, kind=ticks)),
            color=color,
            detail="ranked_by:N",
            tooltip=[
                vega.day("quarter", "Quarter from", kind="%B %Y"),
                vega.number("weeks", "Weeks"),
                vega.text("ranked_by", "Ranked by"),
                vega.text("category", "List"),
                vega.number(field, title, kind=kind),
            ],
        )
        made: Plot = alt.layer(means, *vega.change_of_ranking(by_quarter))
        return made

    total, seen = gold.total(trends["hours_viewed"]), gold.total(trends["views"])
    both_rankings = trends["ranked_by"].n_unique() == 2
    caution = f" {vega.BOTH_RANKINGS}" if both_rankings else ""
    world = trends.group_by("week").agg(pl.col("hours_viewed").sum(), pl.col("ranking_changed").max()).sort("week")
    return Page(
        name="viewing-trends",
        title="Viewing trends over time",
        short="Trends",
        question="How does viewing develop?",
        lead="Hours viewed worldwide of what is in the four weekly lists of ten: films and TV, in English and in other "
        "languages. What is in no list is not counted, so these are no hours of Netflix as a whole.",
        raw_tables=["top10_global"],
        models=[TRENDS],
        sketch=(
            world,
            alt.layer(
                vega.sketch_area("viewing-trends", "week", "hours_viewed"),
                *vega.change_of_ranking(vega.chart("viewing-trends")),
            ),
        ),
        tiles=[
            Tile("Hours viewed in the Top 10", total, fmt.large(total), TRENDS, "of the places in the lists"),
            Tile("Views in the Top 10", seen, fmt.large(seen), TRENDS, "published since June 2023"),
            Tile("Weeks", trends["week"].n_unique(), fmt.count(trends["week"].n_unique()), TRENDS),
        ],
        findings=[
            finding
            for ranked_by in ("views", "hours")
            for finding in findings(trends.filter(pl.col("ranked_by") == ranked_by), ranked_by if both_rankings else "")
        ],
        filters=[type_, language, period],
        charts=[
            Chart(
                "hours",
                "How many hours go to the Top 10 each week?",
                "Hours viewed of the ten places of each list. Points are weeks, lines the average of four weeks.",
                TRENDS,
                "weeks",
                alt.layer(
                    hours.mark_line(strokeWidth=2.2).encode(
                        y=alt.Y(
                            "average_hours_of_4_weeks:Q",
                            axis=vega.axis("Hours viewed per week in the Top 10", short=True),
                        )
                    ),
                    hours.mark_circle(size=16, opacity=0.45).encode(y=alt.Y("hours_viewed:Q")),
                    *vega.change_of_ranking(chosen),
                ).properties(height=340),
                wide=True,
            ),
            Chart(
                "lists",
                "Which list is viewed most?",
                "Hours viewed of the ten places of the list, added up over the weeks of the period.",
                TRENDS,
                "weeks",
                vega.ranked(
                    by_list,
                    "category",
                    "hours_viewed",
                    "Hours viewed in the Top 10",
                    [
                        vega.text("category", "List"),
                        vega.number("hours_viewed", "Hours viewed in the Top 10"),
                        vega.number("weeks", "Weeks"),
                    ],
                    color=vega.by("category", lists).legend(None),
                    short=True,
                ).properties(height=280),
            ),
            Chart(
                "renewal",
                "How fast do the lists renew?",
                "New films and seasons per week and list of ten, on average over the quarter.",
                TRENDS,
                "quarters",
                quarterly("new_entries", "New films and seasons per week", kind=".1f").properties(height=280),
            ),
            Chart(
                "first-places",
                "What held the first place longest?",
                f"Weeks at the first place of a list.{caution}",
                TRENDS,
                "weeks",
                vega.ranked(
                    firsts,
                    "first_show_title",
                    "weeks",
                    "Weeks at first place",
                    [
                        vega.text("first_show_title", "Show"),
                        vega.text("type", "Type"),
                        vega.number("weeks", "Weeks at first place"),
                        vega.number("hours", "Hours in these weeks"),
                    ],
                    most=15,
                    color=vega.by("type", vega.TYPES, title="Type"),
                ),
            ),
            Chart(
                "share-of-first",
                "How much of the viewing goes to the first place?",
                "Share of the hours of a list of ten that its first place has, on average over the quarter.",
                TRENDS,
                "quarters",
                quarterly("share_of_first", "Share of the first place", kind=".0%", ticks=".0%").properties(height=390),
            ),
            Chart(
                "views",
                "How many views go to the Top 10 each week?",
                "Views of the ten places of each list: hours viewed divided by the length. Published since June 2023.",
                TRENDS,
                "weeks",
                alt.layer(views.mark_line(strokeWidth=2.2), *vega.change_of_ranking(chosen, at_start=True)).properties(
                    height=300
                ),
                wide=True,
            ),
        ],
        datasets={"weeks": weeks.drop("category_key"), "quarters": quarters},
    )


def findings(trends: pl.DataFrame, ranked_by: str) -> list[str]:
    """What stands out in weeks that are ranked alike; `ranked_by` is empty where there are no others."""
    best = trends.group_by("week").agg(pl.col("hours_viewed").sum()).sort("hours_viewed", "week").tail(1)
    longest = (
        trends.drop_nulls("first_show_title")
        .group_by("first_show_title")
        .agg(pl.col("week").n_unique().alias("weeks"), pl.col("first_hours_viewed").sum().alias("hours"))
        .sort("weeks", "hours", "first_show_title")
        .tail(1)
    )
    since = {
        "": "",
        "views": "Since the lists are ranked by views (June 2023): ",
        "hours": "While they were ranked by hours (until June 2023): ",
    }[ranked_by]
    return [
        *(
            f"{since}{'the' if since else 'The'} busiest week of the lists ended on {fmt.day(row['week'])}: "
            f"{fmt.large(row['hours_viewed'])} hours viewed in the Top 10."
            for row in best.iter_rows(named=True)
        ),
        *(
            f"{since}{row['first_show_title']} was at a first place for {row['weeks']} weeks, and none for longer, "
            f"with {fmt.large(row['hours'])} hours in them."
            for row in longest.iter_rows(named=True)
        ),
    ]
