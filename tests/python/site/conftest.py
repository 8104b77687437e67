"""A site made from the sample, and one from the real data, each with the lake that it was made from."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.lake import Lake, needs_real_data
from tests.support.templates import Templates

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@dataclass(frozen=True)
class Site:
    """The folder of the site, dbt's target folder, the lake, and where a web server offers the site."""

    folder: Path
    target: Path
    lake: Lake
    address: str

    @property
    def own_pages(self) -> list[str]:
        """Names of the pages that are not dbt's or dbt-colibri's."""
        return sorted(file.stem for file in self.folder.glob("*.html") if file.stem not in ("docs", "columns"))


@pytest.fixture(scope="session", params=["sample", pytest.param("real", marks=needs_real_data)])
def site(request: pytest.FixtureRequest, templates: Templates) -> Iterator[Site]:
    """What `make site` makes after a build: of the sample, and of real data."""
    lake = templates.lake(request.param)
    made = templates.once(f"site-{request.param}", lambda folder: make_site(lake, folder))
    folder = made / "site"

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the output of the tests free of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, made / "target", lake, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def make_site(lake: Lake, folder: Path) -> None:
    """`make site`, with dbt's target beside the site."""
    target = str(folder / "target")
    options = ("--static", "--exclude", "resource_type:test", "resource_type:unit_test")
    shutil.copytree(lake.work / "target", target)
    lake.dbt("docs", "generate", *options, DBT_TARGET_PATH=target)
    lake.python("lakehouse", "site", "--out", str(folder / "site"), "--target", target)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    from lakehouse.site.screenshots import chromium

    executable = chromium()
    if not executable:
        pytest.skip("no Chromium was found: install it (Debian: chromium), or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=executable, args=sandbox)
        yield browser
        browser.close()
