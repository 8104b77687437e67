"""The site in a browser: it loads without a network, shows what gold holds, and answers to its filters."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lakehouse.site.build import PAGES
from tests.python.site.conftest import Site
from tests.support.lake import CHECKOUT, DATA, Lake

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

MARKS = ", ".join(f"svg .mark-{kind} path" for kind in ("rect", "line", "area", "symbol"))
MAX_BYTES = 3_000_000


def open_page(browser: Browser, address: str) -> Page:
    """Open one of the site's own pages and wait until its charts are drawn."""
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready=true]")
    return page


def watch(page: Page) -> tuple[list[str], list[str]]:
    """Lists that fill with the errors of a page and with the addresses that it asks for."""
    errors: list[str] = []
    requests: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", said)
    page.on("request", lambda request: requests.append(request.url))
    return errors, requests


@pytest.mark.browser
@pytest.mark.parametrize("by", ["file", "server"])
def test_every_page_loads_by_itself(site: Site, browser: Browser, by: str) -> None:
    """No error, no request to another place, and something in every chart."""
    base = site.folder.as_uri() if by == "file" else site.address
    assert len(site.own_pages) == len(PAGES) + 1
    for name in (*site.own_pages, "docs", "columns"):
        page = browser.new_page()
        errors, requests = watch(page)
        page.goto(f"{base}/{name}.html")
        if name in site.own_pages:
            page.wait_for_selector("html[data-ready=true]")
            for plot in page.query_selector_all(".plot"):
                drawn = len(plot.query_selector_all(MARKS))
                assert drawn or plot.query_selector(".empty"), (name, plot.get_attribute("data-chart"))
        else:
            page.wait_for_selector("text=exposures" if name == "columns" else "h1:has-text('Netflix lakehouse')")
        assert errors == [], name
        assert [url for url in requests if not url.startswith((base, "data:", "blob:"))] == [], name
        page.close()


def test_charts_are_empty_only_where_the_data_is(site: Site) -> None:
    for name in site.own_pages:
        data = page_data(site, name)
        for chart, what in data["charts"].items():
            if chart != "outcomes" and (name, chart) != ("data-quality", "rules"):
                assert data["datasets"][what["data"]], (name, chart)


def page_data(site: Site, name: str) -> dict[str, Any]:
    html = (site.folder / f"{name}.html").read_text()
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def labels(page: Page, where: str = ".charts") -> list[str]:
    """What a screen reader reads of the marks of charts, their hover details, in no particular order."""
    page.wait_for_selector("html[data-ready=true]")
    marks = f"{where} [role=graphics-symbol]:not([aria-roledescription=axis])"
    labels = "marks => marks.map((mark) => mark.getAttribute('aria-label') ?? '')"
    found: list[str] = page.eval_on_selector_all(marks, labels)
    return sorted(found)


def detail(label: str, what: str) -> str:
    """One of the hover details of a mark."""
    found = re.search(rf"(?:^|; ){what}: ([^;]*)", label)
    assert found, label
    return found[1]


@pytest.mark.browser
def test_filters_answer_to_the_keyboard(site: Site, browser: Browser) -> None:
    for name in site.own_pages:
        page = open_page(browser, f"{site.folder.as_uri()}/{name}.html")
        if page.query_selector(".filters"):
            before = labels(page)
            for select in page.query_selector_all(".filters select"):
                page.focus("header .brand")
                while page.evaluate("document.activeElement?.name") != select.get_attribute("name"):
                    page.keyboard.press("Tab")
                old = select.input_value()
                page.keyboard.press("ArrowDown")
                if select.input_value() == old:
                    page.keyboard.press("ArrowUp")
                assert select.input_value() != old
                if len(select.query_selector_all("option:not([value=All])")) > 1:
                    assert labels(page) != before, (name, select.get_attribute("name"))
                page.focus(".filters [type=reset]")
                page.keyboard.press("Enter")
                page.wait_for_timeout(100)  # the form takes its values back after the event
                assert labels(page) == before, name
        page.close()


@pytest.mark.browser
def test_a_filter_shows_what_the_mart_holds(site: Site, browser: Browser) -> None:
    trends = site.lake.read("gold/mart_viewing_trends").with_columns(pl.col("week").dt.year().alias("year"))
    page = open_page(browser, f"{site.folder.as_uri()}/viewing-trends.html")
    for year in ("All", trends["year"].min()):
        page.select_option(".filters [name=period]", str(year))
        rows = trends if year == "All" else trends.filter(pl.col("year") == year)
        expected = {
            (category, f"{hours:,}")
            for category, hours in rows.group_by("category").agg(pl.col("hours_viewed").sum()).iter_rows()
        }
        bars = labels(page, "#lists .mark-rect")
        assert {(detail(bar, "List"), detail(bar, "Hours viewed in the Top 10")) for bar in bars} == expected
    page.close()

    places = site.lake.read("gold/mart_most_watched_country")
    page = open_page(browser, f"{site.folder.as_uri()}/most-watched.html")
    page.select_option(".filters [name=category]", "TV")
    for country in (places["country_name"].min(), places["country_name"].max()):
        page.select_option(".filters [name=country]", str(country))
        rows = places.filter((pl.col("country_name") == country) & (pl.col("category") == "TV"))
        found = [detail(bar, "Points") for bar in labels(page, "#country .mark-rect")]
        assert sorted(found) == sorted(f"{points:,}" for points in rows["points"].sort().tail(15))
    page.close()


@pytest.mark.browser
def test_totals_are_those_of_gold(site: Site, browser: Browser) -> None:
    """Counted from dimensions and facts, which no page reads."""
    titles = site.lake.read("gold/fct_catalogue_title")
    types = titles.join(
        site.lake.read("gold/dim_title").select("title_version_key", "type"), on="title_version_key", how="left"
    )
    ratings = titles.join(site.lake.read("gold/dim_rating").select("rating_key", "audience_group"), on="rating_key")
    world = site.lake.read("gold/fct_weekly_top10_global")
    countries = site.lake.read("gold/fct_weekly_top10_country")
    best = countries.group_by("country_key", "week_key", "category_key", "show_key").agg(pl.min("weekly_rank"))
    matched = site.lake.read("gold/dim_show").filter(pl.col("match_result") == "matched")
    children = ratings.filter(pl.col("audience_group").is_in(["Little Kids", "Older Kids"])).height
    records = int(site.lake.read("gold/reconciliation")["records_in"].sum())
    expected: dict[str, dict[str, float]] = {
        "catalogue": {
            "Titles": titles.height,
            "Movies": types.filter(pl.col("type") == "Movie").height,
            "TV shows": types.filter(pl.col("type") == "TV Show").height,
        },
        "audience": {"Titles": titles.height, "For children": children},
        "viewing-trends": {
            "Hours viewed in the Top 10": int(world["weekly_hours_viewed"].sum()),
            "Views in the Top 10": int(world["weekly_views"].sum()),
            "Weeks": world["week_key"].n_unique(),
        },
        "most-watched": {
            "Countries": countries["country_key"].n_unique(),
            "Films and shows": countries["show_key"].n_unique(),
            "Points": int((11 - best["weekly_rank"]).sum()),
        },
        "genres": {
            "Genres": site.lake.read("gold/bridge_title_genre")["genre_key"].n_unique(),
            "Places matched": world.join(matched, on="show_key").height,
        },
        "data-quality": {
            "Records read": records,
            "Accounted for": records,
            "In quarantine": site.lake.read("gold/quarantine").height,
            "Versions left out": site.lake.read("raw/_files").filter(pl.col("status") == "refused").height,
        },
    }
    for name, tiles in expected.items():
        page = open_page(browser, f"{site.folder.as_uri()}/{name}.html")
        found = {
            page.evaluate("tile => tile.querySelector('dt').textContent", tile): float(
                page.evaluate("tile => tile.querySelector('data').value", tile)
            )
            for tile in page.query_selector_all(".tile")
        }
        assert {label: found[label] for label in tiles} == tiles, name
        page.close()


@pytest.mark.browser
def test_pages_say_where_their_data_comes_from(site: Site, browser: Browser) -> None:
    """Models, exposures and the time of the sources."""
    manifest = json.loads((site.target / "manifest.json").read_text())
    files = site.lake.read("raw/_files").filter(pl.col("status") == "loaded")
    newest = dict(files.group_by("raw_table").agg(pl.col("_committed_at").max()).iter_rows())
    for module in PAGES:
        made = module.page(lambda model: site.lake.read(f"gold/{model}"))
        page = open_page(browser, f"{site.folder.as_uri()}/{made.name}.html")
        links = {link.get_attribute("href") or "" for link in page.query_selector_all(".model[href^=docs]")}
        linked = {link.rsplit(".", 1)[1] for link in links}
        assert len(page.query_selector_all("figure .model[href^=docs]")) == len(made.charts)
        assert {f"docs.html#!/model/model.netflix_lakehouse.{model}" for model in linked} == links
        assert all(f"model.netflix_lakehouse.{model}" in manifest["nodes"] for model in linked)
        exposure = manifest["exposures"][f"exposure.netflix_lakehouse.{made.exposure}"]
        depends_on = {node.rsplit(".", 1)[1] for node in exposure["depends_on"]["nodes"]}
        assert linked == set(made.models) == depends_on - ({"source_files"} - linked)
        times = {
            datetime.fromisoformat(page.evaluate("time => time.dateTime", time))
            for time in page.query_selector_all("main .hero time")
        }
        assert times == {newest[table] for table in made.raw_tables if table in newest}
        page.close()


def test_pages_read_marts_and_tables_of_data_quality_only(site: Site) -> None:
    read: set[str] = set()

    def reading(model: str) -> pl.DataFrame:
        read.add(model)
        return site.lake.read(f"gold/{model}")

    for module in PAGES:
        read.clear()
        page = module.page(reading)
        assert read == set(page.models)
        quality = {"data_quality_results", "quarantine", "reconciliation", "source_files"}
        assert all(model.startswith("mart_") for model in read) or read == quality


def test_every_page_says_whose_numbers_it_shows(site: Site) -> None:
    made_up = site.folder.parent.name == "site-sample"
    for name in site.own_pages:
        html = (site.folder / f"{name}.html").read_text()
        assert ("Made-up data." in html, "Netflix publishes" in html) == (made_up, not made_up), name


def test_pages_are_light_enough(site: Site) -> None:
    shared = sum(file.stat().st_size for file in (site.folder / "assets").iterdir())
    for name in site.own_pages:
        assert (site.folder / f"{name}.html").stat().st_size + shared < MAX_BYTES, name


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_pages_fit_phones_and_dark_rooms(site: Site, browser: Browser, scheme: str, width: int) -> None:
    """Nothing is wider than the screen, and text stands out from its ground by 4.5 to 1."""
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    for name in site.own_pages:
        page.goto(f"{site.folder.as_uri()}/{name}.html")
        page.wait_for_selector("html[data-ready=true]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        for selector in ("h1", ".lead", "figcaption p", ".source", ".plot svg text"):
            if page.query_selector(selector):
                assert page.evaluate(CONTRAST, selector) >= 4.5, (name, selector)
    page.close()


CONTRAST = """selector => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  const style = getComputedStyle(element);
  const ink = parse(element instanceof SVGElement ? style.fill : style.color);
  let ground = element;
  while (ground && (getComputedStyle(ground).backgroundColor.match(/, 0\\)$/))) ground = ground.parentElement;
  const paper = parse(getComputedStyle(ground ?? document.body).backgroundColor);
  const [a, b] = [ink, paper].map(light).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


@pytest.mark.browser
@pytest.mark.parametrize("site", ["real" if DATA.is_dir() else "sample"], indirect=True)
def test_pictures_of_every_page(site: Site, browser: Browser) -> None:
    out = CHECKOUT / "site" / "screenshots"
    options = ("--site", str(site.folder), "--out", str(out))
    done = site.lake.run(sys.executable, "-m", "lakehouse", "screenshots", *options)
    print(done.stdout)
    for name in site.own_pages:
        for look in ("light", "dark", "phone"):
            assert (out / f"{name}-{look}.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.browser
def test_the_start_page_leads_everywhere(site: Site, browser: Browser) -> None:
    page = open_page(browser, f"{site.address}/index.html")
    for link in {link.get_attribute("href") or "" for link in page.query_selector_all("a[href$='.html']")}:
        assert page.request.get(f"{site.address}/{link}").ok, link
    assert len(page.query_selector_all(".card")) == len(PAGES)
    page.close()


def test_a_lake_without_gold_is_one_clear_line(new_lake: Callable[[str], Lake]) -> None:
    lake = new_lake("no-gold")
    done = lake.python("lakehouse", "site", "--out", str(lake.work / "site"), check=False)
    assert done.returncode == 2
    assert "dbt build" in done.stderr
    assert "Traceback" not in done.stderr
