"""Genres by engagement."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, vega
from lakehouse.site.elements import EVERYTHING, Chart, Filter, Page, Table, Tile
from lakehouse.site.gold import Read

ENGAGEMENT, BY_COUNTRY, MATCHED = "mart_genre_engagement", "mart_genre_by_country", "mart_top10_match_rate"
TITLES, HALVES = "mart_genre_titles", "mart_engagement_half"
RESULTS = {"matched": "length or seasons agree", "name alone": "name alone"}
"""What a match rests on, in words."""


def page(read: Read) -> Page:
    """Which genres hold viewers, as far as shows of the lists can be found in the catalogue."""
    offered = read(BY_COUNTRY)
    # A genre is one of movies or of TV shows, whichever it has more of.
    types = offered.group_by("genre_name").agg(
        pl.when(pl.col("tv_shows").sum() > pl.col("movies").sum())
        .then(pl.lit("TV Show"))
        .otherwise(pl.lit("Movie"))
        .alias("type")
    )
    engagement = (
        read(ENGAGEMENT)
        .join(types, on="genre_name", how="left", maintain_order="left")
        .with_columns((pl.col("titles_in_top_10") / pl.col("titles")).alias("share_in_top_10"))
    )
    titles = read(TITLES).with_columns(pl.col("match_result").replace(RESULTS).alias("rests_on"))
    matched = pl.concat(
        read(MATCHED).select(
            pl.col("lists").str.to_titlecase(),
            "category",
            "places",
            pl.lit(RESULTS[result]).alias("rests_on"),
            pl.col(places).alias("places_matched"),
            pl.col(share).alias("share_of_places"),
        )
        for result, places, share in (
            ("matched", "places_matched", "share_of_places"),
            ("name alone", "places_by_name_alone", "share_of_places_by_name_alone"),
        )
    )
    by_type = pl.concat(
        offered.select("country_name", "genre_name", pl.lit(name).alias("type"), pl.col(column).alias("titles"))
        for name, column in ((EVERYTHING, "titles"), ("Movie", "movies"), ("TV Show", "tv_shows"))
    ).filter(pl.col("titles") > 0)

    type_ = Filter("type", "Type", vega.TYPES, every="All types")
    country = Filter("country", "Country", sorted(offered["country_name"].unique()), default="United States")
    genre = Filter(
        "genre",
        "Genre",
        sorted(titles["genre_name"].unique()),
        default=next(iter(engagement.sort("hours_in_top_10", descending=True)["genre_name"]), EVERYTHING),
    )
    genres = vega.keep(vega.chart("engagement"), type_, "type")
    reported = genres.transform_filter("datum.hours_viewed > 0")
    viewed = genres.transform_filter("datum.hours_in_top_10 > 0")
    details = [
        vega.text("genre_name", "Genre"),
        vega.number("hours_viewed", "Hours viewed"),
        vega.number("titles_in_reports", "Titles with hours"),
        vega.number("share_in_reports", "Share of the genre's titles", kind=".1%"),
        vega.number("hours_in_top_10", "Hours viewed in the Top 10"),
        vega.number("titles_in_top_10", "Titles in a Top 10"),
        vega.number("titles", "Titles in the catalogue"),
        vega.number("title_weeks_in_top_10", "Weeks in a Top 10, over titles"),
        vega.number("hours_per_title_in_top_10", "Hours per title in a Top 10", kind=",.0f"),
    ]
    both = viewed.encode(
        x=alt.X("titles_in_top_10:Q", axis=vega.axis("Titles in a Top 10", kind=",.0f"), scale=alt.Scale(type="sqrt")),
        y=alt.Y("hours_per_title_in_top_10:Q", axis=vega.axis("Hours in the Top 10 per title", short=True)),
        tooltip=details,
    )
    # Here the rows for all types are rows of their own.
    produced = vega.keep(vega.keep(vega.chart("offered"), country, "country_name"), type_, "type", has_totals=True)

    behind = vega.keep(vega.chart("titles"), genre, "genre_name")

    places = read(MATCHED).filter(pl.col("lists") == "worldwide")
    all_places, matched_places, named_places = places.select(
        pl.col("places", "places_matched", "places_by_name_alone").sum()
    ).row(0)
    top = engagement.filter(pl.col("hours_viewed") > 0).sort("hours_viewed", "genre_name").tail(1)
    top_10 = engagement.filter(pl.col("hours_in_top_10") > 0).sort("hours_in_top_10", "genre_name").tail(1)
    halves = read(HALVES)
    hours, hours_matched = (int(halves[column].sum()) for column in ("hours_viewed", "hours_matched"))
    # A lake may have lists and no reports.
    measure = "hours_viewed" if hours else "hours_in_top_10"
    dense = engagement.filter(pl.col("titles_in_top_10") >= 3).sort("hours_per_title_in_top_10").tail(1)
    return Page(
        name="genres",
        title="Genres by engagement",
        short="Genres",
        question="Which genres hold viewers?",
        lead="Hours viewed worldwide, of those titles of the catalogue that a season of the half-yearly reports, or a "
        "show of the Top 10 lists, is matched to by more than its name. The reports have nearly everything that was "
        "viewed, the lists the weeks in the Top 10 only. A title counts with all its hours for each of its genres.",
        raw_tables=["engagement", "top10_global", "netflix_category"],
        models=[ENGAGEMENT, BY_COUNTRY, MATCHED, TITLES, HALVES],
        sketch=(
            engagement.sort(measure, "genre_name", descending=[True, False]).head(5),
            vega.sketch_bars("genres", "genre_name", measure),
        ),
        tiles=[
            Tile("Genres", engagement.height, fmt.count(engagement.height), ENGAGEMENT),
            Tile(
                "Hours of matched titles",
                hours_matched,
                f"{fmt.large(hours_matched)} of {fmt.large(hours)}",
                HALVES,
                "in the half-yearly reports",
            ),
            Tile(
                "Genres in a Top 10",
                engagement.filter(pl.col("titles_in_top_10") > 0).height,
                fmt.count(engagement.filter(pl.col("titles_in_top_10") > 0).height),
                ENGAGEMENT,
            ),
            Tile(
                "Places matched",
                matched_places,
                f"{fmt.count(matched_places)} of {fmt.count(all_places)}",
                MATCHED,
                f"in the worldwide lists; {fmt.count(named_places)} more by name alone, which count nowhere here",
            ),
        ],
        findings=[
            *(
                f"{row['genre_name']} has the most hours: {fmt.large(row['hours_viewed'])} in the half-years that have "
                f"a report, with {fmt.count(row['titles_in_reports'])} of its {fmt.count(row['titles'])} titles."
                for row in top.iter_rows(named=True)
            ),
            *(
                f"{row['genre_name']} has the most hours in the Top 10: {fmt.large(row['hours_in_top_10'])}, with "
                f"{row['titles_in_top_10']} of its {fmt.count(row['titles'])} titles in a Top 10."
                for row in top_10.iter_rows(named=True)
            ),
            *(
                f"Title by title, {row['genre_name']} holds viewers longest: "
                f"{fmt.large(row['hours_per_title_in_top_10'])} hours in the Top 10 for each title that made a list "
                "(of genres with at least three)."
                for row in dense.iter_rows(named=True)
            ),
            f"Only {fmt.share(matched_places / all_places)} of the worldwide places could be matched to a title of "
            "the catalogue by more than its name, so differences between genres are hints and no proof."
            if all_places
            else "",
        ],
        filters=[type_, genre, country],
        charts=[
            Chart(
                "reported",
                "Which genres are viewed most?",
                "Hours viewed in all half-years that have a report, in the Top 10 or not.",
                ENGAGEMENT,
                "engagement",
                vega.ranked(
                    reported,
                    "genre_name",
                    "hours_viewed",
                    "Hours viewed",
                    details,
                    most=20,
                    color=vega.by("type", vega.TYPES, title="Genre of"),
                    short=True,
                ),
                wide=True,
            ),
            Chart(
                "hours",
                "Which genres have the most hours in the Top 10?",
                "Hours viewed in weeks in the Top 10.",
                ENGAGEMENT,
                "engagement",
                vega.ranked(
                    viewed,
                    "genre_name",
                    "hours_in_top_10",
                    "Hours viewed in the Top 10",
                    details,
                    most=20,
                    color=vega.by("type", vega.TYPES, title="Genre of"),
                    short=True,
                ),
            ),
            Chart(
                "share",
                "Which genres make it into the Top 10?",
                "Share of the titles of the genre that were in a worldwide list.",
                ENGAGEMENT,
                "engagement",
                vega.ranked(
                    viewed,
                    "genre_name",
                    "share_in_top_10",
                    "Share of the genre's titles",
                    [*details, vega.number("share_in_top_10", "Share in a Top 10", kind=".1%")],
                    most=20,
                    color=vega.by("type", vega.TYPES, title="Genre of"),
                    kind=".1%",
                ),
            ),
            Chart(
                "per-title",
                "Many titles, or strong ones?",
                "To the right, genres with many titles in the lists; above, those whose titles are viewed longest.",
                ENGAGEMENT,
                "engagement",
                alt.layer(
                    both.mark_circle(opacity=0.85).encode(
                        size=alt.Size(
                            "hours_in_top_10:Q",
                            title="Hours in the Top 10",
                            legend=alt.Legend(labelExpr=vega.SHORT, tickCount=3),
                        ),
                        color=vega.by("type", vega.TYPES, title="Genre of"),
                    ),
                    vega.first(both, "hours_in_top_10", 12)
                    .transform_filter("width > 420")
                    .mark_text(align="left", dx=11, baseline="middle")
                    .encode(text="genre_name:N"),
                ).properties(height=380),
                wide=True,
            ),
            Chart(
                "titles",
                "Which titles stand behind a genre?",
                "Hours viewed of its titles in weeks in the Top 10. Those matched by name alone are in no other chart: "
                "another film or show may have the name.",
                TITLES,
                "titles",
                vega.ranked(
                    behind,
                    "title",
                    "hours_viewed",
                    "Hours viewed in the Top 10",
                    [
                        vega.text("title", "Title"),
                        vega.number("release_year", "Released", kind="d"),
                        vega.day("first_week", "First week in a Top 10"),
                        vega.number("weeks_in_top_10", "Weeks in a worldwide Top 10"),
                        vega.number("hours_viewed", "Hours viewed in the Top 10"),
                        vega.text("rests_on", "Match rests on"),
                    ],
                    most=20,
                    color=vega.by("rests_on", list(RESULTS.values()), title="Match rests on"),
                    short=True,
                ),
                wide=True,
            ),
            Chart(
                "offered",
                "What does a country produce?",
                "Titles of the country in the catalogue, by genre.",
                BY_COUNTRY,
                "offered",
                vega.ranked(
                    produced,
                    "genre_name",
                    "titles",
                    "Titles",
                    [
                        vega.text("country_name", "Country"),
                        vega.text("genre_name", "Genre"),
                        vega.number("titles", "Titles"),
                    ],
                    most=20,
                ),
            ),
            Chart(
                "matched",
                "How much of the lists is in the catalogue?",
                "Share of the places whose show is matched to a title; what rests on the name alone is lighter, and "
                "counts for no genre.",
                MATCHED,
                "matched",
                vega.chart("matched")
                .mark_bar()
                .encode(
                    y=alt.Y("category:N", axis=alt.Axis(title=None)),
                    yOffset=alt.YOffset("lists:N"),
                    x=alt.X("share_of_places:Q", axis=vega.axis("Share of places matched", kind=".0%")),
                    color=alt.Color("lists:N", title="Lists"),
                    opacity=alt.Opacity(
                        "rests_on:N",
                        title="Match rests on",
                        scale=alt.Scale(domain=list(RESULTS.values()), range=[1, 0.4]),
                    ),
                    order=alt.Order("rests_on:N"),
                    tooltip=[
                        vega.text("lists", "Lists"),
                        vega.text("category", "List"),
                        vega.text("rests_on", "Match rests on"),
                        vega.number("places", "Places"),
                        vega.number("places_matched", "Matched"),
                        vega.number("share_of_places", "Share", kind=".1%"),
                    ],
                )
                .properties(height=alt.Step(16, **{"for": "offset"})),
            ),
        ],
        tables=[
            Table(
                "every-title",
                "Which titles are matched?",
                "Every title with a show in a worldwide list, by hours viewed.",
                TITLES,
                ["Title", "Type", "Released", "First week", "Weeks", "Hours in the Top 10", "Match rests on", "Genres"],
                list(
                    titles.group_by(
                        *("title", "type", pl.col("release_year").cast(pl.String), "first_week", "weeks_in_top_10"),
                        *("hours_viewed", "rests_on", "title_key"),
                    )
                    .agg(pl.col("genre_name").sort().str.join(", "))
                    .sort("hours_viewed", "title", descending=[True, False])
                    .drop("title_key")
                    .iter_rows()
                ),
                "No show of the lists is matched to a title.",
            ),
        ],
        datasets={
            "engagement": engagement.drop("genre_key"),
            "offered": by_type,
            "matched": matched,
            "titles": titles.drop("match_result", "years_after_release"),
        },
    )
