"""What is watched in all, by the half-yearly reports."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, vega
from lakehouse.site.elements import Chart, Filter, Page, Tile
from lakehouse.site.gold import Read

HALVES, BREAKDOWN = "mart_engagement_half", "mart_engagement_breakdown"
TYPES = [*vega.TYPES, "Unknown"]
FIRST = {"share_of_first_100": "first 100", "share_of_first_1000": "first 1,000"}
MOVES = {"hours_new": "new", "hours_gone": "gone"}


def page(read: Read) -> Page:
    """Hours of nearly everything that Netflix shows, half-year by half-year."""
    halves = read(HALVES).sort("half_year", "type")
    breakdowns = read(BREAKDOWN).sort("half_year", "breakdown", "member")
    reported = halves.filter(pl.col("hours_viewed") > 0)
    tails = reported.unpivot(
        list(FIRST), index=["half_year", "type"], variable_name="of", value_name="share"
    ).with_columns(pl.col("of").replace(FIRST))
    moves = halves.unpivot(
        list(MOVES), index=["half_year", "type"], variable_name="what", value_name="hours"
    ).with_columns(pl.col("what").replace(MOVES))
    totals = halves.group_by("half_year").agg(pl.col("hours_viewed", "hours_in_top_10", "hours_matched").sum())
    latest = totals.sort("half_year").tail(1)
    listed = totals.filter(pl.col("hours_in_top_10") > 0).sort("half_year").tail(1)

    half_years = sorted(halves["half_year"].unique(), reverse=True)
    half = Filter("half", "Half-year", half_years, default=half_years[0] if half_years else "")
    kinds = sorted(breakdowns["breakdown"].unique())
    by = Filter("breakdown", "By", kinds, default="genre" if "genre" in kinds else "")

    half_year = alt.X("half_year:N", axis=alt.Axis(title="Half-year", labelAngle=0))
    type_ = vega.by("type", TYPES, title="Type")
    chosen = vega.keep(vega.keep(vega.chart("breakdowns"), half, "half_year"), by, "breakdown")
    return Page(
        name="engagement",
        title="Hours viewed in all",
        short="Hours",
        question="What is watched in all?",
        lead="Hours viewed of nearly everything that Netflix shows, in the Top 10 or not, from the reports that it "
        "publishes twice a year. A row of a report is a film or a season.",
        raw_tables=["engagement"],
        models=[HALVES, BREAKDOWN],
        sketch=(
            totals.sort("half_year"),
            vega.sketch_bars("engagement", "half_year", "hours_viewed"),
        ),
        tiles=[
            *(
                Tile(
                    f"Hours viewed, {row['half_year']}",
                    row["hours_viewed"],
                    fmt.large(row["hours_viewed"]),
                    HALVES,
                    f"{fmt.share(row['hours_matched'] / row['hours_viewed'])} of titles in the catalogue",
                )
                for row in latest.iter_rows(named=True)
                if row["hours_viewed"]
            ),
            Tile("Reports", len(half_years), fmt.count(len(half_years)), HALVES, "one for each half-year"),
        ],
        findings=[
            *(
                f"The Top 10 lists show {fmt.share(row['hours_in_top_10'] / row['hours_viewed'])} of the hours of "
                f"{row['half_year']}: the rest was viewed in weeks, or of titles, that are in no list."
                for row in listed.iter_rows(named=True)
            ),
            *(
                f"Of {row['half_year']}, the 100 {noun} that were viewed most have "
                f"{fmt.share(row['share_of_first_100'])} of the hours, the first 1,000 have "
                f"{fmt.share(row['share_of_first_1000'])}."
                for noun, type_of in (("films", "Movie"), ("seasons", "TV Show"))
                for row in reported.filter(type=type_of).tail(1).iter_rows(named=True)
            ),
        ],
        filters=[half, by],
        charts=[
            Chart(
                "hours",
                "How many hours are viewed?",
                "Hours of all films and seasons of the report. The first report does not say what is a film.",
                HALVES,
                "halves",
                vega.chart("halves")
                .mark_bar()
                .encode(
                    x=half_year,
                    y=alt.Y("hours_viewed:Q", axis=vega.axis("Hours viewed", short=True)),
                    color=type_,
                    tooltip=[
                        vega.text("half_year", "Half-year"),
                        vega.text("type", "Type"),
                        vega.number("hours_viewed", "Hours viewed"),
                        vega.number("seasons", "Films and seasons"),
                        vega.number("share_in_top_10", "In weeks in the Top 10", kind=".1%"),
                        vega.number("share_matched", "Of titles in the catalogue", kind=".1%"),
                    ],
                ),
            ),
            Chart(
                "tail",
                "How long is the tail?",
                "Share of the hours that the films or seasons viewed most have.",
                HALVES,
                "tails",
                vega.chart("tails")
                .mark_bar()
                .encode(
                    x=half_year,
                    xOffset=alt.XOffset("type:N"),
                    y=alt.Y("share:Q", axis=vega.axis("Share of the hours", kind=".0%"), stack=None),
                    color=type_,
                    opacity=alt.Opacity(
                        "of:N", title="Share of the", scale=alt.Scale(domain=list(FIRST.values()), range=[1, 0.4])
                    ),
                    order=alt.Order("share:Q", sort="descending"),
                    tooltip=[
                        vega.text("half_year", "Half-year"),
                        vega.text("type", "Type"),
                        vega.text("of", "Share of the"),
                        vega.number("share", "Share", kind=".1%"),
                    ],
                ),
            ),
            Chart(
                "breakdown",
                "Who, where and what is it?",
                "Hours viewed in the half-year. Availability is of everything, all else of what is matched to a title "
                "of the catalogue. A title counts for each of its genres and countries.",
                BREAKDOWN,
                "breakdowns",
                vega.ranked(
                    chosen,
                    "member",
                    "hours_viewed",
                    "Hours viewed",
                    [
                        vega.text("member", "What"),
                        vega.number("hours_viewed", "Hours viewed"),
                        vega.number("share_of_hours", "Share of the hours", kind=".1%"),
                        vega.number("change_of_hours", "Since the half-year before", kind="+.1%"),
                        vega.number("seasons", "Films and seasons"),
                    ],
                    most=20,
                    short=True,
                ),
                wide=True,
            ),
            Chart(
                "moves",
                "What comes, and what leaves?",
                "Hours of what the report before did not have, and, in the half-year before, of what it had alone.",
                HALVES,
                "moves",
                vega.chart("moves")
                .transform_filter("datum.hours != null")
                .mark_bar()
                .encode(
                    x=half_year,
                    xOffset=alt.XOffset("what:N", sort=list(MOVES.values())),
                    y=alt.Y("hours:Q", axis=vega.axis("Hours viewed", short=True)),
                    color=type_,
                    opacity=alt.Opacity(
                        "what:N", title="What is", scale=alt.Scale(domain=list(MOVES.values()), range=[1, 0.4])
                    ),
                    tooltip=[
                        vega.text("half_year", "Half-year"),
                        vega.text("what", "What is"),
                        vega.text("type", "Type"),
                        vega.number("hours", "Hours viewed"),
                    ],
                ),
            ),
        ],
        datasets={"halves": halves, "tails": tails, "moves": moves, "breakdowns": breakdowns},
    )
