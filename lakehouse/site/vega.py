"""Chart building blocks. Colours and fonts are not here: they follow the page's colour scheme."""

from __future__ import annotations

from datetime import date

import altair as alt
import polars as pl

from lakehouse.site.elements import EVERYTHING, Filter, Plot

SHORT = "replace(format(datum.value, '~s'), 'G', 'B')"
"""Axis labels such as 250M and 1.2B."""

RANKED_BY_VIEWS = date(2023, 6, 18)
"""The first week, by its last day, of which Netflix ranks the lists by views; until then it ranked by hours."""

BOTH_RANKINGS = "First by hours, from the week of 18 June 2023 by views: shows from both times do not compare well."
TYPES = ["Movie", "TV Show"]
AUDIENCES = ["Little Kids", "Older Kids", "Teens", "Adults", "Not Rated", "Unknown"]


def chart(data: str) -> alt.Chart:
    """A chart of one of the page's datasets."""
    return alt.Chart(alt.NamedData(name=data))


def with_ranking(weeks: pl.DataFrame) -> pl.DataFrame:
    """Add to rows with a `week` what their lists are ranked by, and, where that changes, the week: `ranking_changed`.

    It is null everywhere if the data begin later, or end before.
    """
    by_views = pl.col("week") >= RANKED_BY_VIEWS
    first = weeks.filter(by_views)["week"].min() if weeks.select((~by_views).any()).item() else None
    return weeks.with_columns(
        pl.when(by_views).then(pl.lit("views")).otherwise(pl.lit("hours")).alias("ranked_by"),
        pl.when(pl.col("week") == pl.lit(first, pl.Date)).then("week").alias("ranking_changed"),
    )


def change_of_ranking(base: alt.Chart, *, at_start: bool = False) -> list[alt.Chart]:
    """A labelled line where the lists begin to be ranked by views, in charts over time of rows `with_ranking`.

    `at_start`: the chart begins there, and has no room for a label on the left.
    """
    line = (
        base.transform_filter("datum.ranking_changed != null")
        .transform_aggregate(lists="count()", groupby=["ranking_changed"])
        .encode(x="ranking_changed:T")
    )
    label = line.encode(y=alt.value(2))
    since = ["ranked by views", f"from {RANKED_BY_VIEWS:%-d %b %Y}"]
    after = label.mark_text(text=since, align="left", baseline="top", dx=6, fontSize=11)
    before = label.mark_text(text="ranked by hours", align="right", baseline="top", dx=-6, fontSize=11)
    return [line.mark_rule(), after] if at_start else [line.mark_rule(), before, after]


def keep(plot: alt.Chart, chosen: Filter, field: str, *, has_totals: bool = False) -> alt.Chart:
    """Keep the rows whose field has the chosen value.

    For the choice of everything that is all rows, or those with EVERYTHING in the field, if the data has such totals.
    """
    test = f"datum['{field}'] == {chosen.name}"
    if chosen.every and not has_totals:
        test = f"{chosen.name} == '{EVERYTHING}' || {test}"
    return plot.transform_filter(test).add_params(alt.param(name=chosen.name, value=chosen.chosen))


def number(field: str, title: str, *, kind: str = ",.0f") -> alt.Tooltip:
    """A formatted number in the hover details."""
    return alt.Tooltip(field, type="quantitative", title=title, format=kind)


def text(field: str, title: str) -> alt.Tooltip:
    """Text in the hover details."""
    return alt.Tooltip(field, type="nominal", title=title)


def day(field: str, title: str, *, kind: str = "%-d %B %Y") -> alt.Tooltip:
    """A day in the hover details."""
    return alt.Tooltip(field, type="temporal", title=title, format=kind)


def by(field: str, values: list[str], *, title: str | None = None) -> alt.Color:
    """Colour by a category, always in the same order of colours."""
    return alt.Color(field, type="nominal", scale=alt.Scale(domain=values), title=title)


def by_step(field: str, steps: list[str], *, title: str | None = None) -> alt.Color:
    """Colour by an ordered category, from light to dark; the two last steps stand outside of the order and are grey."""
    darkest_first = [*reversed(steps[:4]), *steps[4:]]
    legend = alt.Legend(values=steps)
    return alt.Color(
        field, type="nominal", scale=alt.Scale(domain=darkest_first, range="ordinal"), legend=legend, title=title
    )


def axis(title: str, *, kind: str = ",.0f", short: bool = False) -> alt.Axis:
    """A labelled axis; `kind` is a d3 number or time format, `short` writes 1.2B."""
    if short:
        return alt.Axis(title=title, labelExpr=SHORT)
    return alt.Axis(title=title, format=kind, tickMinStep=1) if kind == ",.0f" else alt.Axis(title=title, format=kind)


def ranked(
    base: alt.Chart,
    label: str,
    value: str,
    title: str,
    details: list[alt.Tooltip],
    *,
    most: int | None = None,
    color: alt.Color | None = None,
    kind: str = ",.0f",
    short: bool = False,
) -> Plot:
    """Bars from the longest to the shortest, with the number at the end of each: `kind`, or 1.2B if `short`.

    All rows, or as many of the highest as `most` says.
    """
    if most is not None:
        base = first(base, value, most)
    order = alt.EncodingSortField(field=value, op="sum", order="descending")
    shown = f"replace(format(datum['{value}'], '.3s'), 'G', 'B')" if short else f"format(datum['{value}'], '{kind}')"
    # Both layers need the very same data, or Vega-Lite gives up the order.
    base = base.transform_calculate(shown=shown).encode(
        y=alt.Y(label, type="nominal", sort=order, axis=alt.Axis(title=None)),
        x=alt.X(
            value,
            type="quantitative",
            axis=axis(title, kind=kind.replace(".1", ".0"), short=short),
            stack=None,
        ),
        tooltip=details,
    )
    bars = base.mark_bar() if color is None else base.mark_bar().encode(color=color)
    labels = base.mark_text(align="left", dx=5).encode(text="shown:N")
    room = {"left": 5, "top": 5, "right": 48, "bottom": 5}
    return alt.layer(bars, labels).properties(height=alt.Step(26), padding=room)


def first(base: alt.Chart, field: str, count: int) -> alt.Chart:
    """The rows with the highest values of a field, after the filters."""
    return base.transform_window(
        place="row_number()", sort=[alt.SortField(field, order="descending")]
    ).transform_filter(f"datum.place <= {count}")


def sketch_bars(data: str, label: str, value: str) -> alt.Chart:
    """A few bars without numbers, for the start page."""
    order = alt.EncodingSortField(field=value, op="sum", order="descending")
    made: alt.Chart = (
        chart(data)
        .mark_bar()
        .encode(
            y=alt.Y(label, type="nominal", sort=order, axis=alt.Axis(title=None)),
            x=alt.X(value, type="quantitative", axis=None),
            tooltip=[text(label, "What"), number(value, "How many")],
        )
        .properties(height=130)
    )
    return made


def sketch_area(data: str, time: str, value: str) -> Plot:
    """The shape of a curve over time, for the start page."""
    made: alt.Chart = (
        chart(data)
        .mark_area(line=True, opacity=0.35)
        .encode(
            x=alt.X(time, type="temporal", axis=alt.Axis(title=None, format="%Y", tickCount="year")),
            y=alt.Y(value, type="quantitative", axis=None),
            tooltip=[day(time, "Day"), number(value, "How many")],
        )
        .properties(height=130)
    )
    return made
