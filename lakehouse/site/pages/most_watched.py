"""Most watched by country and region."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, gold, vega
from lakehouse.site.elements import EVERYTHING, Chart, Filter, Page, Tile

COUNTRY, REGION = "mart_most_watched_country", "mart_most_watched_region"
SHOWN = 15


def page(read: gold.Read) -> Page:
    """Which films and shows lead where, as far as the places in the lists of countries tell."""
    countries, regions = read(COUNTRY), read(REGION).with_columns(pl.col("region").fill_null("Unknown"))
    world = (
        regions.group_by("category", "show_key", "show_title")
        .agg(
            pl.col("points", "countries", "times_at_first_place").sum(),
            pl.col("first_week").min(),
            pl.col("last_week").max(),
        )
        .with_columns(
            pl.lit(EVERYTHING).alias("region"),
            pl.col("points").rank("min", descending=True).over("category").cast(pl.Int32).alias("points_rank"),
        )
    )
    everywhere = pl.concat([regions.select(sorted(world.columns)), world.select(sorted(world.columns))])
    # Points of both rankings would compare shows across the change: only what came to the lists after it is compared.
    by_views = pl.col("first_week") >= vega.RANKED_BY_VIEWS
    both_rankings = world.select((~by_views).any() & (pl.col("last_week") >= vega.RANKED_BY_VIEWS).any()).item()
    of_one_ranking = world.filter(by_views) if both_rankings else world
    leaders = of_one_ranking.filter(pl.col("points") == pl.col("points").max().over("category")).sort("category")
    since = "Of what came to the lists since they are ranked by views (June 2023), " if both_rankings else ""
    caution = f" {vega.BOTH_RANKINGS}" if both_rankings else ""
    favourites = world.filter(pl.col("points_rank") <= 12).select("category", "show_key")

    names = sorted(countries["country_name"].unique())
    category = Filter(
        "category",
        "List",
        sorted(countries["category"].unique()),
        default="Films",
    )
    region = Filter("region", "Region", sorted(regions["region"].unique()), every="All regions")
    country = Filter("country", "Country", names, default="United States")

    details = [vega.text("show_title", "Show"), vega.number("points", "Points")]
    weeks = [vega.day("first_week", "First week"), vega.day("last_week", "Last week")]

    in_region = vega.keep(vega.keep(vega.chart("regions"), category, "category"), region, "region", has_totals=True)
    in_country = vega.keep(vega.keep(vega.chart("countries"), category, "category"), country, "country_name")
    agreement = vega.keep(vega.chart("favourites"), category, "category").transform_calculate(
        range="datum.points_rank < 4 ? '1–3' : datum.points_rank < 11 ? '4–10' : "
        "datum.points_rank < 51 ? '11–50' : 'below'"
    )
    agreement = agreement.encode(
        x=alt.X("region:N", axis=alt.Axis(title="Region", labelAngle=0, orient="top")),
        y=alt.Y(
            "show_title:N",
            sort=alt.EncodingSortField(field="points", op="sum", order="descending"),
            axis=alt.Axis(title=None),
        ),
        tooltip=[vega.text("region", "Region"), *details, vega.number("points_rank", "Place in the region")],
    )
    place = alt.Color(
        "range:N",
        title="Place in the region",
        scale=alt.Scale(domain=["1–3", "4–10", "11–50", "below"], range="ordinal"),
    )

    return Page(
        name="most-watched",
        title="Most watched by country and region",
        short="Most watched",
        question="What is watched where?",
        lead="Every week each country has a list of ten films and ten shows. Lists of countries have places but no "
        "hours, so shows are compared by points: ten for a first place down to one for a tenth. A show with several "
        f"seasons in one list counts once, with the best of their places.{caution}",
        raw_tables=["top10_countries"],
        models=[COUNTRY, REGION],
        sketch=(
            world.filter(pl.col("category") == category.chosen).sort("points_rank", "show_title").head(5),
            vega.sketch_bars("most-watched", "show_title", "points"),
        ),
        tiles=[
            Tile(
                "Countries",
                countries["country_key"].n_unique(),
                fmt.count(countries["country_key"].n_unique()),
                COUNTRY,
            ),
            Tile(
                "Films and shows",
                countries["show_key"].n_unique(),
                fmt.count(countries["show_key"].n_unique()),
                COUNTRY,
            ),
            Tile("Points", gold.total(countries["points"]), fmt.count(gold.total(countries["points"])), COUNTRY),
        ],
        findings=[
            f"{since}{row['show_title']} leads the list “{row['category']}” worldwide: "
            f"{fmt.count(row['points'])} points, first place {fmt.count(row['times_at_first_place'])} times, "
            f"seen in the lists of {row['countries']} countries "
            f"from {fmt.day(row['first_week'])} to {fmt.day(row['last_week'])}."
            for row in leaders.iter_rows(named=True)
        ],
        filters=[category, region, country],
        charts=[
            Chart(
                "region",
                "What is watched most in a region?",
                "Points of the leading shows, added up over the countries of the region and all weeks.",
                REGION,
                "regions",
                vega.ranked(
                    in_region,
                    "show_title",
                    "points",
                    "Points",
                    [
                        *details,
                        vega.number("countries", "Countries"),
                        vega.number("times_at_first_place", "First places"),
                        *weeks,
                    ],
                    most=SHOWN,
                ),
            ),
            Chart(
                "country",
                "What is watched most in a country?",
                "Points of the leading shows of one country over all weeks.",
                COUNTRY,
                "countries",
                vega.ranked(
                    in_country,
                    "show_title",
                    "points",
                    "Points",
                    [
                        *details,
                        vega.number("weeks_in_top_10", "Weeks in the list"),
                        vega.number("weeks_at_first_place", "Weeks at first place"),
                        *weeks,
                    ],
                    most=SHOWN,
                ),
            ),
            Chart(
                "agreement",
                "Do the regions agree on their favourites?",
                "The twelve shows with the most points worldwide, and the place that each has in every region.",
                REGION,
                "favourites",
                alt.layer(
                    agreement.mark_rect(cornerRadius=3).encode(color=place),
                    agreement.mark_text().encode(
                        text=alt.Text("points_rank:Q", format="d"),
                        color=alt.when("datum.points_rank < 11").then(alt.value("white")),
                    ),
                ).properties(height=alt.Step(30)),
                wide=True,
            ),
            Chart(
                "first-places",
                "Which shows came first most often?",
                "First places in a region, counted over its countries and all weeks.",
                REGION,
                "regions",
                vega.ranked(
                    in_region.transform_filter("datum.times_at_first_place > 0"),
                    "show_title",
                    "times_at_first_place",
                    "First places",
                    [
                        *details,
                        vega.number("times_at_first_place", "First places"),
                        vega.number("countries", "Countries"),
                    ],
                    most=SHOWN,
                ),
            ),
            Chart(
                "longest",
                "What stays longest in a country's lists?",
                "Weeks in which the show was in the country's list.",
                COUNTRY,
                "countries",
                vega.ranked(
                    in_country,
                    "show_title",
                    "weeks_in_top_10",
                    "Weeks in the list",
                    [*details, vega.number("weeks_in_top_10", "Weeks in the list"), *weeks],
                    most=SHOWN,
                ),
            ),
        ],
        datasets={
            # More than are shown of each, as charts rank by different measures.
            "regions": everywhere.filter(
                pl.any_horizontal(
                    pl.col(measure).rank("ordinal", descending=True).over("region", "category") <= SHOWN
                    for measure in ("points", "times_at_first_place")
                )
            ).drop("show_key"),
            "countries": countries.filter(
                pl.any_horizontal(
                    pl.col(measure).rank("ordinal", descending=True).over("country_name", "category") <= SHOWN
                    for measure in ("points", "weeks_in_top_10")
                )
            ).select(
                "country_name",
                "category",
                "show_title",
                "points",
                "weeks_in_top_10",
                "weeks_at_first_place",
                "first_week",
                "last_week",
            ),
            "favourites": regions.join(favourites, on=["category", "show_key"]).select(
                "region", "category", "show_title", "points", "points_rank"
            ),
        },
    )
