"""The catalogue."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, gold, vega
from lakehouse.site.elements import Chart, Filter, Page, Tile

GROWTH, GROUPS, SEGMENTS = "mart_catalogue_growth", "mart_audience_groups", "mart_audience_segments"
PEOPLE, TOGETHER, AGE = "mart_people", "mart_people_together", "mart_time_to_catalogue"


def page(read: gold.Read) -> Page:
    """What the catalogue offers, and how it came together."""
    growth = read(GROWTH)
    dated = growth.filter(pl.col("month_start").is_not_null()).sort("month_start", "type")
    months = dated.with_columns(pl.col("month_start").dt.year().cast(pl.String).alias("year"))
    titles = dict(growth.group_by("type").agg(pl.col("titles_added").sum()).iter_rows())
    countries = (
        read(SEGMENTS)
        .filter(pl.col("country_key") != -1)
        .group_by("country_name", "region", "type")
        .agg(pl.col("titles").sum())
    )
    groups, people, age = read(GROUPS), read(PEOPLE), read(AGE)
    pairs = (
        read(TOGETHER)
        .filter(
            (pl.col("person_key") < pl.col("companion_key"))
            | ~pl.col("companion_key").is_in(people["person_key"].implode())
        )
        .select("titles_together", pl.format("{} & {}", "person_name", "companion_name").alias("pair"))
        .sort("titles_together", "pair", descending=[True, False])
    )
    roles = pl.concat(
        people.select(
            "person_name", pl.lit(role).alias("role"), pl.col(column).alias("credits"), "titles", "movies", "tv_shows"
        )
        for role, column in (("Cast", "titles_in_cast"), ("Direction", "titles_directed"))
    ).filter(pl.col("credits") > 0)

    type_ = Filter("type", "Type", vega.TYPES, every="All types")
    period = Filter("period", "Added in", sorted(months["year"].unique(), reverse=True), every="All years")
    color = vega.by("type", vega.TYPES, title="Type")
    timed = vega.keep(vega.keep(vega.chart("months"), type_, "type"), period, "year")
    month = alt.X("month_start:T", axis=alt.Axis(title="Month of addition"))
    details = [
        vega.day("month_start", "Month", kind="%B %Y"),
        vega.text("type", "Type"),
        vega.number("titles_added", "Added"),
        vega.number("titles_so_far", "In the catalogue"),
    ]
    by_country = vega.keep(vega.chart("countries"), type_, "type")
    top_countries = (
        by_country.transform_joinaggregate(total="sum(titles)", groupby=["country_name"])
        .transform_window(place="dense_rank()", sort=[alt.SortField("total", order="descending")])
        .transform_filter("datum.place <= 20")
    )
    everyone = people.sort("titles", "person_name", descending=[True, False]).head(20).with_row_index("place")

    total = sum(titles.values())
    newest = months.group_by("year").agg(pl.col("titles_added").sum()).sort("titles_added").tail(1)
    home = countries.group_by("country_name").agg(pl.col("titles").sum()).sort("titles").tail(1)
    adults = gold.total(groups.filter(pl.col("audience_group") == "Adults")["titles"])
    unknown = gold.total(growth.filter(pl.col("month_start").is_null())["titles_added"])
    return Page(
        name="catalogue",
        title="The catalogue",
        short="Catalogue",
        question="What does the catalogue offer?",
        lead="Titles in the current catalogue: how they came together, where they are from, whom they are for, and who "
        "appears in them.",
        raw_tables=["netflix_titles", "netflix_cast", "netflix_countries", "netflix_directors"],
        sketch=(
            dated.group_by("month_start").agg(pl.col("titles_so_far").sum()).sort("month_start"),
            vega.sketch_area("catalogue", "month_start", "titles_so_far"),
        ),
        models=[GROWTH, GROUPS, SEGMENTS, PEOPLE, TOGETHER, AGE],
        tiles=[
            Tile("Titles", total, fmt.count(total), GROWTH),
            Tile("Movies", titles.get("Movie", 0), fmt.count(titles.get("Movie", 0)), GROWTH),
            Tile("TV shows", titles.get("TV Show", 0), fmt.count(titles.get("TV Show", 0)), GROWTH),
            Tile(
                "Countries",
                countries["country_name"].n_unique(),
                fmt.count(countries["country_name"].n_unique()),
                SEGMENTS,
            ),
        ],
        findings=[
            *(
                f"{row['year']} brought the most: {fmt.count(row['titles_added'])} of today's titles were added then."
                for row in newest.iter_rows(named=True)
            ),
            *(
                f"{fmt.count(row['titles'])} titles are from {row['country_name']}, alone or with other countries."
                for row in home.iter_rows(named=True)
            ),
            f"{fmt.share(adults / total)} of the titles are for adults." if total else "",
            f"{fmt.count(unknown)} titles have no day of addition and are in no curve over time." if unknown else "",
        ],
        filters=[type_, period],
        charts=[
            Chart(
                "growth",
                "How did the catalogue grow?",
                "Titles of today's catalogue by the month of their addition; what left it before is not counted.",
                GROWTH,
                "months",
                timed.mark_area(line=True, opacity=0.75)
                .encode(
                    x=month,
                    y=alt.Y("titles_so_far:Q", stack=True, axis=vega.axis("Titles in the catalogue", kind=",.0f")),
                    color=color,
                    tooltip=details,
                )
                .properties(height=320),
                wide=True,
            ),
            Chart(
                "added",
                "How many titles were added each month?",
                "Titles by month of addition.",
                GROWTH,
                "months",
                timed.mark_bar()
                .encode(
                    x=alt.X("yearmonth(month_start):T", axis=vega.axis("Month of addition", kind="%b %Y")),
                    y=alt.Y("titles_added:Q", axis=vega.axis("Titles added", kind=",.0f")),
                    color=color,
                    tooltip=details,
                )
                .properties(height=300),
            ),
            Chart(
                "audience",
                "Whom is it for?",
                "Titles by the audience group of their rating; every title counts once.",
                GROUPS,
                "groups",
                vega.keep(vega.chart("groups"), type_, "type")
                .mark_bar()
                .encode(
                    y=alt.Y("audience_group:N", sort=vega.AUDIENCES, axis=alt.Axis(title=None)),
                    x=alt.X("titles:Q", axis=vega.axis("Titles", kind=",.0f")),
                    color=color,
                    tooltip=[
                        vega.text("audience_group", "Audience"),
                        vega.text("type", "Type"),
                        vega.number("titles", "Titles"),
                        vega.number("share_of_type", "Share of the type", kind=".1%"),
                    ],
                )
                .properties(height=300),
            ),
            Chart(
                "countries",
                "Where are the titles from?",
                "The twenty countries with the most titles; a title counts for each of its countries.",
                SEGMENTS,
                "countries",
                top_countries.mark_bar()
                .encode(
                    y=alt.Y(
                        "country_name:N",
                        sort=alt.EncodingSortField(field="titles", op="sum", order="descending"),
                        axis=alt.Axis(title=None),
                    ),
                    x=alt.X("titles:Q", axis=vega.axis("Titles", kind=",.0f")),
                    color=color,
                    tooltip=[
                        vega.text("country_name", "Country"),
                        vega.text("region", "Region"),
                        vega.text("type", "Type"),
                        vega.number("titles", "Titles"),
                        vega.number("total", "Of all chosen types"),
                    ],
                )
                .properties(height=alt.Step(22)),
            ),
            Chart(
                "people",
                "Who appears most?",
                "The twenty people with the most titles, in cast and in direction.",
                PEOPLE,
                "people",
                vega.chart("people")
                .mark_bar()
                .encode(
                    # By a number: names in the order of a scale become part of an expression, where they may not stand.
                    y=alt.Y(
                        "person_name:N",
                        sort=alt.EncodingSortField(field="place", op="min"),
                        axis=alt.Axis(title=None),
                    ),
                    x=alt.X("credits:Q", axis=vega.axis("Titles", kind=",.0f")),
                    color=vega.by("role", ["Cast", "Direction"], title="Part"),
                    tooltip=[
                        vega.text("person_name", "Person"),
                        vega.text("role", "Part"),
                        vega.number("credits", "Titles in this part"),
                        vega.number("titles", "Titles in all"),
                        vega.number("movies", "Movies"),
                        vega.number("tv_shows", "TV shows"),
                    ],
                )
                .properties(height=alt.Step(22)),
            ),
            Chart(
                "together",
                "Who works together most often?",
                "Titles that two people have in common, in cast or direction.",
                TOGETHER,
                "pairs",
                vega.ranked(
                    vega.chart("pairs"),
                    "pair",
                    "titles_together",
                    "Titles together",
                    [vega.text("pair", "People"), vega.number("titles_together", "Titles together")],
                ),
            ),
            Chart(
                "age",
                "How old are titles when they are added?",
                "Average years from release to addition, by year of addition.",
                AGE,
                "age",
                vega.keep(vega.chart("age"), type_, "type")
                .mark_line(point=True)
                .encode(
                    x=alt.X("year_added:O", axis=alt.Axis(title="Year of addition", labelAngle=0)),
                    y=alt.Y("average_years:Q", axis=vega.axis("Years since release")),
                    color=color,
                    tooltip=[
                        vega.text("year_added", "Added in"),
                        vega.text("type", "Type"),
                        vega.number("titles", "Titles"),
                        vega.number("average_years", "Average years", kind=".1f"),
                        vega.number("median_years", "Median years", kind=".1f"),
                        vega.number("longest_years", "Most years"),
                    ],
                )
                .properties(height=300),
            ),
        ],
        datasets={
            "months": months,
            "groups": groups,
            "countries": countries,
            "people": roles.join(everyone.select("person_name", "place"), on="person_name"),
            "pairs": pairs.head(15),
            "age": age,
        },
    )
