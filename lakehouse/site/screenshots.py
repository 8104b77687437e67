"""Pictures of every page. Needs Chromium (`chromium` in Debian)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
"""Colour scheme and width in pixels."""


def chromium() -> str | None:
    """The browser: $CHROMIUM, or the first that is installed under a usual name."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


def take(site: Path, out: Path, executable: str) -> None:
    """Photograph every page of a site into <out>/<page>-<look>.png with the browser at `executable`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for look, (scheme, width) in LOOKS.items():
            page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
            for file in sorted(site.glob("*.html")):
                own = file.stem not in ("docs", "columns")
                if look != "light" and not own:
                    continue
                page.goto(file.absolute().as_uri())
                if own:
                    page.wait_for_selector("html[data-ready=true]")
                else:
                    page.wait_for_timeout(1500)
                page.screenshot(path=out / f"{file.stem}-{look}.png", full_page=own)
        browser.close()
