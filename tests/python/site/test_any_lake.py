"""The site of lakes that hold one source only, with names and numbers that are apt to break a page."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from lakehouse.site import build, gold
from tests.python.site.test_pages import labels, open_page, watch
from tests.support.hostile import FLAGGED, HOSTILE
from tests.support.templates import Templates

OF = {"catalogue": ("catalogue", "audience", "genres"), "top10": ("most-watched", "viewing-trends")}
"""The pages that show something of each source."""


@pytest.fixture(scope="module", params=list(OF))
def site(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The name of the source, and the folder of the site of a lake that holds nothing else."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "LAKEHOUSE_ROOT", str(templates.lake(f"only {request.param}").root))
        gold.read.cache_clear()
        build.write_site(folder)
    gold.read.cache_clear()
    yield request.param, folder


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
    """Ends where it should, has its files, JSON that no browser takes for markup, and all names in readable form."""
    source, folder = site
    seen: set[str] = set()
    for page in sorted(folder.glob("*.html")):
        parsed = Parsed(page)
        assert parsed.closed[-2:] == ["body", "html"], page.name
        assert {"assets/site.js", "assets/vega.js"} <= set(parsed.files), page.name
        assert [file for file in parsed.files if not file.startswith("data:") and not (folder / file).is_file()] == []
        assert set("<>&\u2028\u2029").isdisjoint(parsed.scripts["page-data"]), page.name
        assert set("\u202e\u2066\x1b").isdisjoint(page.read_text(encoding="utf-8")), page.name
        data = json.loads(parsed.scripts["page-data"], parse_constant=no_number)
        assert "Made from the tables in gold" in parsed.text
        if page.stem in OF[source]:
            seen |= {value for value in values(data["datasets"]) if isinstance(value, str)}
    assert {*HOSTILE[:-1], r"\u202egnp.\u2066exe\x1b[31m"} <= seen
    assert source == "top10" or FLAGGED in seen


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
