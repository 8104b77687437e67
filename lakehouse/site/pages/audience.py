"""Audience segments by country, type and age group."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, gold, vega
from lakehouse.site.elements import EVERYTHING, Chart, Filter, Page, Tile

SEGMENTS, GROUPS = "mart_audience_segments", "mart_audience_groups"
ENOUGH = 20
"""Titles that a country needs for its shares to be compared."""


def page(read: gold.Read) -> Page:
    """For which age groups the countries of production make their films and shows."""
    groups = read(GROUPS)
    known = read(SEGMENTS).filter(pl.col("country_key") != -1).with_columns(pl.col("region").fill_null("Unknown"))
    parts = ["country_name", "region", "audience_group"]
    of_all_types = known.group_by(parts).agg(pl.col("titles").sum()).with_columns(pl.lit(EVERYTHING).alias("type"))
    country_type = ["country_name", "type"]
    segments = (
        pl.concat([known.select(*parts, "type", "titles"), of_all_types.select(*parts, "type", "titles")])
        .with_columns(pl.col("titles").sum().over(country_type).alias("of_country"))
        .with_columns((pl.col("titles") / pl.col("of_country")).alias("share"))
    )
    worldwide = groups.with_columns(pl.lit("Whole catalogue").alias("country_name")).select(
        "country_name", "audience_group", "type", "titles"
    )
    worldwide = pl.concat(
        [
            worldwide,
            worldwide.group_by("country_name", "audience_group")
            .agg(pl.col("titles").sum())
            .with_columns(pl.lit(EVERYTHING).alias("type"))
            .select(worldwide.columns),
        ]
    ).with_columns((pl.col("titles") / pl.col("titles").sum().over("type")).alias("share"))
    compared = pl.concat([segments.select(worldwide.columns), worldwide])

    type_ = Filter("type", "Type", vega.TYPES, every="All types")
    region = Filter("region", "Region", sorted(known["region"].unique()), every="All regions")
    country = Filter("country", "Country", sorted(known["country_name"].unique()), default="United States")
    audience = Filter(
        "audience",
        "Age group",
        [group for group in vega.AUDIENCES if group in set(groups["audience_group"])],
        default="Older Kids",
    )
    details = [
        vega.text("country_name", "Country"),
        vega.text("audience_group", "Age group"),
        vega.number("titles", "Titles"),
        vega.number("share", "Share", kind=".1%"),
    ]
    age = alt.Y("audience_group:N", sort=vega.AUDIENCES, axis=alt.Axis(title=None))
    one = (
        vega.keep(vega.chart("compared"), type_, "type", has_totals=True)
        .transform_filter("datum.country_name == country || datum.country_name == 'Whole catalogue'")
        .transform_calculate(who="datum.country_name == 'Whole catalogue' ? 'Whole catalogue' : 'The country'")
        .add_params(alt.param(name=country.name, value=country.chosen))
    )
    chosen = vega.keep(vega.keep(vega.chart("segments"), type_, "type", has_totals=True), region, "region")
    largest = chosen.transform_window(
        place="dense_rank()", sort=[alt.SortField("of_country", order="descending")]
    ).transform_filter("datum.place <= 20")
    specialists = vega.keep(chosen, audience, "audience_group").transform_filter(f"datum.of_country >= {ENOUGH}")

    def by_age(average: str, unit: str, *, kind: str) -> alt.Chart:
        """How long the country's titles are; `average` is a field, `unit` what it is in."""
        made: alt.Chart = (
            vega.keep(vega.chart("lengths"), country, "country_name")
            .transform_filter(f"datum.{average} != null")
            .mark_bar()
            .encode(
                y=age,
                x=alt.X(f"{average}:Q", axis=vega.axis(unit)),
                tooltip=[*details[:3], vega.number(average, f"Average {unit.lower()}", kind=kind)],
            )
            .properties(height=alt.Step(30))
        )
        return made

    total = gold.total(groups["titles"])
    children = gold.total(groups.filter(pl.col("audience_group").is_in(["Little Kids", "Older Kids"]))["titles"])
    unrated = gold.total(groups.filter(pl.col("audience_group").is_in(["Not Rated", "Unknown"]))["titles"])
    youngest = (
        segments.filter(
            (pl.col("type") == EVERYTHING)
            & (pl.col("of_country") >= ENOUGH)
            & pl.col("audience_group").is_in(["Little Kids", "Older Kids"])
        )
        .group_by("country_name")
        .agg(pl.col("share").sum())
        .sort("share")
        .tail(1)
    )
    return Page(
        name="audience",
        title="Audience segments",
        short="Audience",
        question="Whom is it made for?",
        lead="Age groups follow from the maturity ratings of the titles. A title counts for each of its countries of "
        "production, and once in the whole catalogue.",
        raw_tables=["netflix_titles", "netflix_countries"],
        models=[SEGMENTS, GROUPS],
        sketch=(
            groups.group_by("audience_group").agg(pl.col("titles").sum()).sort("titles", "audience_group").tail(5),
            vega.sketch_bars("audience", "audience_group", "titles"),
        ),
        tiles=[
            Tile("Titles", total, fmt.count(total), GROUPS),
            Tile(
                "For children",
                children,
                fmt.share(children / total) if total else "–",
                GROUPS,
                f"{fmt.count(children)} titles",
            ),
            Tile("Without a rating", unrated, fmt.count(unrated), GROUPS),
        ],
        findings=[
            f"{fmt.share(row['share'])} of the titles from {row['country_name']} are for children, more than of "
            f"any other country with at least {ENOUGH}; in the whole catalogue it is {fmt.share(children / total)}."
            for row in youngest.iter_rows(named=True)
        ],
        filters=[type_, region, country, audience],
        charts=[
            Chart(
                "country",
                "Whom does a country make titles for?",
                "Share of the country's titles in each age group, beside that of the whole catalogue.",
                SEGMENTS,
                "compared",
                one.mark_bar()
                .encode(
                    y=age,
                    yOffset=alt.YOffset("who:N", sort=["The country", "Whole catalogue"]),
                    x=alt.X("share:Q", axis=vega.axis("Share of titles", kind=".0%")),
                    color=vega.by("who", ["The country", "Whole catalogue"]),
                    tooltip=details,
                )
                .properties(height=alt.Step(20, **{"for": "offset"})),
            ),
            Chart(
                "specialists",
                "Where is an age group's share highest?",
                f"Countries with at least {ENOUGH} titles of the type, by the share that is for the age group.",
                SEGMENTS,
                "segments",
                vega.ranked(
                    specialists,
                    "country_name",
                    "share",
                    "Share of the country's titles",
                    details,
                    most=12,
                    kind=".0%",
                ),
            ),
            Chart(
                "countries",
                "How do the largest countries differ?",
                "The twenty countries with the most titles, by the shares of the age groups.",
                SEGMENTS,
                "segments",
                largest.transform_calculate(order=f"indexof({vega.AUDIENCES}, datum.audience_group)")
                .mark_bar()
                .encode(
                    y=alt.Y(
                        "country_name:N",
                        sort=alt.EncodingSortField(field="of_country", op="max", order="descending"),
                        axis=alt.Axis(title=None),
                    ),
                    x=alt.X("titles:Q", stack="normalize", axis=vega.axis("Share of titles", kind=".0%")),
                    color=vega.by_step("audience_group", vega.AUDIENCES, title="Age group"),
                    order=alt.Order("order:Q"),
                    tooltip=[*details, vega.number("of_country", "Titles of the country")],
                )
                .properties(height=alt.Step(24)),
                wide=True,
            ),
            Chart(
                "minutes",
                "How long are movies for each age group?",
                "Average length of the movies of the country.",
                SEGMENTS,
                "lengths",
                by_age("average_minutes", "Minutes", kind=".0f"),
            ),
            Chart(
                "seasons",
                "How many seasons do shows for each age group have?",
                "Average number of seasons of the TV shows of the country.",
                SEGMENTS,
                "lengths",
                by_age("average_seasons", "Seasons", kind=".1f"),
            ),
        ],
        datasets={
            "segments": segments,
            "compared": compared,
            "lengths": known.select("country_name", "audience_group", "titles", "average_minutes", "average_seasons"),
        },
    )
