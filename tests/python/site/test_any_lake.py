"""The site of lakes that hold one source only, with names and numbers that are apt to break a page."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser

from lakehouse.site import build, gold
from tests.python.site.test_pages import labels, open_page, watch
from tests.support.lake import Lake

HOSTILE = (
    "<!--<script>",
    "</script><script>window.hit = 1</script>",
    '<img src="x" onerror="window.hit = 1">',
    "one\u2028line\u2029or three",
    "\"Both\" 'kinds' of `quotes`\\",
    "R&B &amp; &lt;Soul&gt;",
    "Comedy/Drama",
    "{{ 7 * 7 }} {% endblock %}",
    "Very " + "long" * 500,
    "NaN",
)
OF = {"catalogue": ("catalogue", "audience", "genres"), "top10": ("most-watched", "viewing-trends")}
"""The pages that show something of each source."""


def renamed(file: Path, column: str) -> None:
    """Give the most frequent values of a column of a file the hostile names."""
    separator = "," if file.suffix == ".csv" else "\t"
    frame = pl.read_csv(file, separator=separator, infer_schema=False, truncate_ragged_lines=True)
    names = frame[column].drop_nulls().value_counts(sort=True)[column].head(len(HOSTILE))
    frame.with_columns(pl.col(column).replace(dict(zip(names, HOSTILE, strict=False)))).write_csv(
        file, separator=separator
    )


def load_hostile_files(lake: Lake, folder: Path, source: str) -> None:
    """One source of a sample: hostile names, and lists of a week in which nobody watched anything."""
    if source == "catalogue":
        renamed(folder / "catalogue" / "netflix_titles.csv", "title")
        renamed(folder / "catalogue" / "netflix_category.csv", "listed_in")
        renamed(folder / "catalogue" / "netflix_countries.csv", "country")
        renamed(folder / "catalogue" / "netflix_cast.csv", "cast")
    else:
        for name in ("all-weeks-global.tsv", "all-weeks-countries.tsv"):
            renamed(folder / "top10" / name, "show_title")
        renamed(folder / "top10" / "all-weeks-countries.tsv", "country_name")
        lists = folder / "top10" / "all-weeks-global.tsv"
        frame = pl.read_csv(lists, separator="\t", infer_schema=False)
        nobody = pl.col("week") == pl.col("week").max()
        frame.with_columns(
            pl.when(nobody).then(pl.lit("0")).otherwise(column).alias(column)
            for column in ("weekly_hours_viewed", "weekly_views")
        ).write_csv(lists, separator="\t")
    lake.ingest("--from", str(folder), "--source", source)


@pytest.fixture(scope="module", params=list(OF))
def site(
    request: pytest.FixtureRequest, new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]
) -> Iterator[tuple[str, Path]]:
    """The name of the source, and the folder of the site of a lake that holds nothing else."""
    lake = new_lake(f"hostile-{request.param}")
    folder = lake.work / "from"
    shutil.copytree(make_sample(titles=60), folder)
    load_hostile_files(lake, folder, request.param)
    lake.build()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "LAKEHOUSE_ROOT", str(lake.root))
        gold.read.cache_clear()
        build.write_site(lake.work / "site")
    gold.read.cache_clear()
    yield request.param, lake.work / "site"


class Parsed(HTMLParser):
    """A page as a browser reads it: its text, its scripts by their id, and the files it needs."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.text, self.scripts, self.within, self.closed = "", {}, [], []  # type: ignore[var-annotated]
        self.files: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "script":
            self.within.append(named.get("id") or "")
        if file := named.get("src" if tag == "script" else "href" if tag == "link" else ""):
            self.files.append(file)

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)
        if tag == "script":
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if self.within:
            self.scripts[self.within[-1]] = self.scripts.get(self.within[-1], "") + data
        else:
            self.text += data


def no_number(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def values(what: Any) -> Iterator[Any]:
    """All values in JSON."""
    if isinstance(what, dict | list):
        for one in what.values() if isinstance(what, dict) else what:
            yield from values(one)
    else:
        yield what


def test_every_page_is_whole(site: tuple[str, Path]) -> None:
    """Ends where it should, has its files, JSON that no browser takes for markup, and all the names as they are."""
    source, folder = site
    seen: set[str] = set()
    for page in sorted(folder.glob("*.html")):
        parsed = Parsed(page)
        assert parsed.closed[-2:] == ["body", "html"], page.name
        assert {"assets/site.js", "assets/vega.js"} <= set(parsed.files), page.name
        assert [file for file in parsed.files if not file.startswith("data:") and not (folder / file).is_file()] == []
        assert set("<>&\u2028\u2029").isdisjoint(parsed.scripts["page-data"]), page.name
        data = json.loads(parsed.scripts["page-data"], parse_constant=no_number)
        assert "Made from the tables in gold" in parsed.text
        if page.stem in OF[source]:
            seen |= {value for value in values(data["datasets"]) if isinstance(value, str)}
    assert set(HOSTILE) <= seen


def test_pages_without_data_say_so(site: tuple[str, Path]) -> None:
    source, folder = site
    for page in folder.glob("*.html"):
        parsed = Parsed(page)
        lacks = "Nothing has been loaded into this lake for" in parsed.text
        shows = bool(json.loads(parsed.scripts["page-data"])["charts"]) and "Download as CSV" in parsed.text
        if page.stem == "data-quality" or (page.stem in OF[source] and page.stem != "genres"):
            assert (lacks, shows) == (False, True), page.name
        elif page.stem == "genres":
            assert (lacks, shows) == (True, True)
        else:
            assert (lacks, shows) == (True, False), page.name


def test_every_page_says_that_the_sample_is_made_up(site: tuple[str, Path]) -> None:
    for page in site[1].glob("*.html"):
        text = Parsed(page).text
        assert "Made-up data." in text, page.name
        assert "Netflix publishes" not in text, page.name
        assert "Committed at the source" not in text, page.name


@pytest.mark.browser
def test_a_browser_shows_the_names(site: tuple[str, Path], browser: Browser) -> None:
    source, folder = site
    said = ""
    for file in sorted(folder.glob("*.html")):
        page = browser.new_page()
        errors, _ = watch(page)
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=true]")
        assert errors == [], file.name
        assert page.query_selector("footer") is not None
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), file.name
        for mark in page.query_selector_all("svg .mark-rect path")[:3]:
            mark.scroll_into_view_if_needed()
            box = mark.bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert page.evaluate("window.hit") is None, file.name
        page.close()
    for name in OF[source]:
        page = open_page(browser, (folder / f"{name}.html").as_uri())
        said += "".join(labels(page))
        page.close()
    assert HOSTILE[0] in said
