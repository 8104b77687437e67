"""Writes the pages. dbt's docs and the column lineage are put beside them by `docs.py`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import altair as alt
import polars as pl
import polars.selectors as cs
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined

from lakehouse.site import fmt, gold
from lakehouse.site.elements import Feed, Page, spec
from lakehouse.site.pages import audience, catalogue, data_quality, engagement, genres, most_watched, viewing_trends

PAGES = (most_watched, viewing_trends, engagement, genres, catalogue, audience, data_quality)
ASSETS = Path(__file__).parent / "assets"
DOCS = "docs.html#!"


def make_pages(read: gold.Read = gold.read) -> list[Page]:
    """All pages, in the order of the navigation."""
    return [module.page(read) for module in PAGES]


def write_site(out: Path) -> None:
    """Write all pages into a folder, with the scripts and styles that they share."""
    pages, feeds = make_pages(), gold.feeds()
    assets = out / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for file in ASSETS.iterdir():
        shutil.copy(file, assets)
    bundle = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    )
    (assets / "vega.js").write_text(f"(() => {{{bundle}}})();", encoding="utf-8")

    environment = Environment(
        loader=PackageLoader("lakehouse.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": cell, "moment": fmt.moment}
    template = environment.get_template("page.html.j2")
    about = {"pages": pages, "docs": DOCS, "made_up": gold.is_made_up()}
    loaded = {feed.raw_table for feed in feeds}
    lacks = {page.name: [table for table in page.raw_tables if table not in loaded] for page in pages}
    for page in pages:
        of_page = [feed for feed in feeds if feed.raw_table in page.raw_tables]
        times = {kind: newest((feed.raw_table, feed.changed_at) for feed in some) for kind, some in by_time(of_page)}
        html = template.render(about, page=page, lacks=lacks[page.name], times=times, data=as_json(page))
        (out / f"{page.name}.html").write_text(html, encoding="utf-8")
    of_sources = {kind: newest((feed.source, feed.changed_at) for feed in some) for kind, some in by_time(feeds)}
    html = environment.get_template("index.html.j2").render(
        about,
        page=None,
        lacks=lacks,
        times=of_sources,
        sources=sorted({feed.source for feed in feeds}),
        local=not any(feed.of_commit for feed in feeds),
        data=sketches_as_json(pages),
    )
    (out / "index.html").write_text(html, encoding="utf-8")


def by_time(feeds: list[Feed]) -> Iterable[tuple[str, list[Feed]]]:
    """The feeds by what their time is."""
    for kind, of_commit in (("Committed at the source", True), ("Last change of the local copies", False)):
        if some := [feed for feed in feeds if feed.of_commit == of_commit]:
            yield kind, some


def newest(times: Iterable[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    """The latest time of each name, latest first; names with the same time are put together."""
    latest: dict[str, datetime] = {}
    for name, time in times:
        latest[name] = max(time, latest.get(name, time))
    together: dict[datetime, list[str]] = {}
    for name, time in sorted(latest.items()):
        together.setdefault(time, []).append(name)
    return [(", ".join(names), time) for time, names in sorted(together.items(), reverse=True)]


def as_json(page: Page) -> str:
    """What the page's script needs: rows, and charts that name the rows they draw."""
    charts = {chart.name: {"data": chart.data, "spec": chart.spec} for chart in page.charts}
    return script({"datasets": {name: rows(frame) for name, frame in page.datasets.items()}, "charts": charts})


def sketches_as_json(pages: list[Page]) -> str:
    """The same for the start page, with the sketch of each page."""
    charts = {page.name: {"data": page.name, "spec": spec(page.sketch[1], page.question)} for page in pages}
    return script({"datasets": {page.name: rows(page.sketch[0]) for page in pages}, "charts": charts})


def script(what: dict[str, object]) -> str:
    """JSON that can stand in a script element. Raises ValueError for a number that JSON does not have."""
    # "</script" would end the element, and "<!--<script" keep it open to the end of the page, quotes or not.
    text = json.dumps(what, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows as JSON can hold them: what a division by zero left is null.

    Times are in UTC without saying so, and the browser shows them as they are.
    """
    times = [
        pl.col(name).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S")
        for name, type_ in frame.schema.items()
        if isinstance(type_, pl.Date | pl.Datetime)
    ]
    keys = [name for name in frame.columns if name.endswith("_key")]
    numbers = cs.float()
    return frame.with_columns(times).with_columns(pl.when(numbers.is_finite()).then(numbers)).drop(keys).to_dicts()


def cell(value: object) -> str:
    """A cell of a table as text."""
    match value:
        case None:
            return "–"
        case datetime():
            return fmt.moment(value)
        case date():
            return fmt.day(value)
        case int():
            return fmt.count(value)
        case _:
            return str(value)
