"""A site made from the sample, and one from the real data, each with the lake that it was made from."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from site_pages.screenshots import chromium
from tests.python.lake import DATA, Lake
from tests.python.models.top10_history import REFUSED, build_models, commits


@dataclass(frozen=True)
class Site:
    """The folder of the site, the lake, and where a web server offers the folder."""

    folder: Path
    lake: Lake
    address: str

    @property
    def own_pages(self) -> list[str]:
        """Names of the pages that are not dbt's or dbt-colibri's."""
        return sorted(file.stem for file in self.folder.glob("*.html") if file.stem not in ("docs", "columns"))


def load_real_data(lake: Lake) -> None:
    """The catalogue, and of the Top 10 lists the last commit with each file and one that is refused.

    Published files are full copies, so these are the weeks of the whole history.
    """
    folder = lake.work / "from"
    folder.mkdir()
    shutil.copytree(DATA / "catalogue", folder / "catalogue")
    lake.ingest("--from", str(folder), "--source", "catalogue")
    history = commits()
    with_countries = [
        commit for commit in history if (DATA / "top10" / commit.sha / "all-weeks-countries.tsv").exists()
    ]
    refused = [commit for commit in history if commit.sha.startswith(REFUSED)]
    for commit in (with_countries[-1], refused[0], history[-1]):
        commit.ingest(lake, folder)


@pytest.fixture(scope="session", params=["sample", "real"])
def site(
    request: pytest.FixtureRequest, new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]
) -> Iterator[Site]:
    """What `make site` makes after a build."""
    if request.param == "real" and not DATA.is_dir():
        pytest.skip(f"the real source data is not at {DATA} (set NETFLIX_DATA_DIR)")
    lake = new_lake(f"site-{request.param}")
    if request.param == "real":
        load_real_data(lake)
    else:
        lake.ingest("--from", str(make_sample(titles=400)))
    build_models(lake)
    folder = lake.work / "site"
    lake.dbt("docs", "generate", "--static", "--exclude", "resource_type:test", "resource_type:unit_test")
    lake.run(sys.executable, "-m", "site_pages", "--out", str(folder), "--target", str(lake.work / "target"))

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the output of the tests free of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, lake, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    executable = chromium()
    if not executable:
        pytest.skip("no Chromium was found: install it (Debian: chromium), or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=executable, args=sandbox)
        yield browser
        browser.close()
