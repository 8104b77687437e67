"""Viewing trends over time."""

from __future__ import annotations

import altair as alt
import polars as pl

from site_pages import gold, vega, words
from site_pages.parts import Chart, Filter, Page, Tile

TRENDS = "mart_viewing_trends"


def page(read: gold.Read) -> Page:
    """How viewing develops from week to week, as far as the ten most viewed of each list tell."""
    trends = read(TRENDS).sort("week", "category")
    weeks = trends.with_columns(
        pl.col("week").dt.year().cast(pl.String).alias("year"),
        (pl.col("first_hours_viewed") / pl.col("hours_viewed")).alias("share_of_first"),
    )
    lists = sorted(trends["category"].unique())
    type_ = Filter("type", "Type", sorted(trends["type"].unique()), every="All types")
    language = Filter("language", "Language", sorted(trends["language"].unique()), every="All languages")
    period = Filter("period", "Period", sorted(weeks["year"].unique(), reverse=True), every="All years")

    chosen = vega.chart("weeks")
    for choice, field in ((type_, "type"), (language, "language"), (period, "year")):
        chosen = vega.keep(chosen, choice, field)
    week = alt.X("week:T", axis=alt.Axis(title="Week"))
    details = [
        vega.day("week", "Week up to"),
        vega.text("category", "List"),
        vega.number("hours_viewed", "Hours viewed"),
        vega.number("average_hours_of_4_weeks", "Average of 4 weeks", kind=",.0f"),
        vega.text("first_show_title", "First place"),
        vega.number("first_hours_viewed", "Its hours"),
    ]
    color = vega.by("category", lists, title="List")
    hours = chosen.encode(x=week, color=color, tooltip=details)
    views = chosen.transform_filter("datum.views != null").encode(
        x=week,
        y=alt.Y("views:Q", axis=vega.axis("Views per week", short=True)),
        color=color,
        tooltip=[vega.day("week", "Week up to"), vega.text("category", "List"), vega.number("views", "Views")],
    )
    firsts = chosen.transform_aggregate(
        weeks="count()", hours="sum(first_hours_viewed)", groupby=["first_show_title", "type"]
    )
    by_list = chosen.transform_aggregate(hours_viewed="sum(hours_viewed)", weeks="count()", groupby=["category"])

    def quarterly(field: str, title: str, *, kind: str, ticks: str = ",.0f") -> alt.Chart:
        """The means of a field; `kind` is the number format of the hover details, `ticks` that of the axis."""
        mean = f"mean({field}):Q"
        made: alt.Chart = chosen.mark_line(point=True).encode(
            x=alt.X("yearquarter(week):T", axis=vega.axis("Quarter", kind="%b %Y")),
            y=alt.Y(mean, axis=vega.axis(title, kind=ticks)),
            color=color,
            tooltip=[
                alt.Tooltip("yearquarter(week):T", title="Quarter from", format="%B %Y"),
                vega.text("category", "List"),
                alt.Tooltip(mean, title=title, format=kind),
            ],
        )
        return made

    total, seen = gold.total(trends["hours_viewed"]), gold.total(trends["views"])
    best = trends.group_by("week").agg(pl.col("hours_viewed").sum()).sort("hours_viewed", "week").tail(1)
    longest = (
        trends.drop_nulls("first_show_title")
        .group_by("first_show_title")
        .agg(pl.col("week").n_unique().alias("weeks"), pl.col("first_hours_viewed").sum().alias("hours"))
        .sort("weeks", "hours", "first_show_title")
        .tail(1)
    )
    return Page(
        name="viewing-trends",
        title="Viewing trends over time",
        short="Trends",
        question="How does viewing develop?",
        lead="Hours viewed worldwide, in the four weekly lists of ten: films and TV, in English and in others. "
        "What is in no list is not counted.",
        raw_tables=["top10_global"],
        models=[TRENDS],
        sketch=(
            trends.group_by("week").agg(pl.col("hours_viewed").sum()).sort("week"),
            vega.sketch_area("viewing-trends", "week", "hours_viewed"),
        ),
        tiles=[
            Tile("Hours viewed", total, words.large(total), TRENDS),
            Tile("Views", seen, words.large(seen), TRENDS, "published since June 2023"),
            Tile("Weeks", trends["week"].n_unique(), words.count(trends["week"].n_unique()), TRENDS),
        ],
        findings=[
            *(
                f"The busiest week ended on {words.day(row['week'])}: {words.large(row['hours_viewed'])} hours in the "
                "lists together."
                for row in best.iter_rows(named=True)
            ),
            *(
                f"{row['first_show_title']} was at a first place for {row['weeks']} weeks, and none for longer, with "
                f"{words.large(row['hours'])} hours in them."
                for row in longest.iter_rows(named=True)
            ),
        ],
        filters=[type_, language, period],
        charts=[
            Chart(
                "hours",
                "How many hours are viewed each week?",
                "Points are weeks, lines the average of four weeks.",
                TRENDS,
                "weeks",
                alt.layer(
                    hours.mark_line(strokeWidth=2.2).encode(
                        y=alt.Y(
                            "average_hours_of_4_weeks:Q",
                            axis=vega.axis("Hours viewed per week", short=True),
                        )
                    ),
                    hours.mark_circle(size=16, opacity=0.45).encode(y=alt.Y("hours_viewed:Q")),
                ).properties(height=340),
                wide=True,
            ),
            Chart(
                "lists",
                "Which list is viewed most?",
                "Hours viewed of all shows in the list, over the period.",
                TRENDS,
                "weeks",
                vega.ranked(
                    by_list,
                    "category",
                    "hours_viewed",
                    "Hours viewed",
                    [
                        vega.text("category", "List"),
                        vega.number("hours_viewed", "Hours viewed"),
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
                "weeks",
                quarterly("new_entries", "New films and seasons per week", kind=".1f").properties(height=280),
            ),
            Chart(
                "first-places",
                "What held the first place longest?",
                "Weeks at the first place of a list.",
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
                "weeks",
                quarterly("share_of_first", "Share of the first place", kind=".0%", ticks=".0%").properties(height=390),
            ),
            Chart(
                "views",
                "How often are shows viewed through?",
                "Views are hours viewed divided by the length. They are published since June 2023.",
                TRENDS,
                "weeks",
                views.mark_line(strokeWidth=2.2).properties(height=300),
                wide=True,
            ),
        ],
        datasets={"weeks": weeks.drop("category_key")},
    )
