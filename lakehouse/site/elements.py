"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import altair as alt
import polars as pl

Plot = alt.Chart | alt.LayerChart | alt.FacetChart

EVERYTHING = "All"
"""The value of a filter that lets every row through."""


def spec(plot: Plot, description: str) -> dict[str, object]:
    """A plot as Vega-Lite, as wide as its place. Data, colours and fonts come from the page."""
    made: dict[str, object] = plot.properties(width="container", description=description).to_dict()
    made["autosize"] = {"type": "fit-x", "contains": "padding"}
    del made["config"]
    return made


@dataclass(frozen=True)
class Filter:
    """A choice that changes the charts of a page.

    `default` is one of `options`, or EVERYTHING where `every` gives that choice a name.
    """

    name: str
    label: str
    options: list[str]
    every: str | None = None
    default: str = EVERYTHING

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values and what they are called."""
        first = [(EVERYTHING, self.every)] if self.every else []
        return first + [(option, option) for option in self.options]

    @property
    def chosen(self) -> str:
        """The value that a page starts with."""
        values = [value for value, _ in self.choices]
        return self.default if self.default in values or not values else values[0]


@dataclass(frozen=True)
class Tile:
    """One number of a page. `value` is the number itself, `text` what is read; `model` is where it comes from."""

    label: str
    value: float
    text: str
    model: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart that answers one question. `data` names a dataset of the page; `says` tells how to read it."""

    name: str
    question: str
    says: str
    model: str
    data: str
    plot: Plot
    wide: bool = False

    @property
    def spec(self) -> dict[str, object]:
        """Vega-Lite for the page's script."""
        return spec(self.plot, f"{self.question} {self.says}")


@dataclass(frozen=True)
class Table:
    """Rows to read one by one. `rows` hold text, numbers, times or None."""

    name: str
    question: str
    says: str
    model: str
    columns: list[str]
    rows: list[tuple[object, ...]]
    empty: str


@dataclass(frozen=True)
class Page:
    """One page.

    `short` is its name in the navigation, `raw_tables` the feeds whose time is that of its data, `models` what it
    reads, `sketch` a small chart for the start page, of the dataset with the page's name, `datasets` what its
    charts draw.
    """

    name: str
    title: str
    short: str
    question: str
    lead: str
    raw_tables: list[str]
    models: list[str]
    sketch: tuple[pl.DataFrame, Plot]
    tiles: list[Tile] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    datasets: dict[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """What the start page says of it."""
        return next(filter(None, self.findings), self.lead)

    @property
    def exposure(self) -> str:
        """Its name among dbt's exposures."""
        return f"{self.name.replace('-', '_')}_page"


@dataclass(frozen=True)
class Feed:
    """A file of a source, and when it last changed: by a commit at the source, or as a local copy (its own time)."""

    source: str
    raw_table: str
    changed_at: datetime
    of_commit: bool
