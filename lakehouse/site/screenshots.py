"""Pictures of every page: `python -m site_pages.screenshots`. Needs Chromium (`chromium` in Debian)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
"""Colour scheme and width in pixels."""


def chromium() -> str | None:
    """The browser: $CHROMIUM, or the first that is installed under a usual name."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


@click.command()
@click.option("--site", type=click.Path(path_type=Path, exists=True), default=Path("site"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write, instead of <site>/screenshots.")
def main(site: Path, out: Path | None) -> None:
    """Photograph every page of the site into <site>/screenshots/<page>-<look>.png."""
    out = out or site / "screenshots"
    executable = chromium()
    if not executable:
        print("No Chromium was found: install it (Debian: chromium), or set CHROMIUM to its path.", file=sys.stderr)
        sys.exit(2)
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
    print(f"Pictures of the pages: {out.absolute()}")


if __name__ == "__main__":
    main()
