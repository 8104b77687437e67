"""The command line: `python -m site_pages`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from site_pages.build import write_site
from site_pages.docs import NoArtifacts, write_docs
from site_pages.gold import NoGold


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("site"), show_default=True, help="Where to write.")
@click.option(
    "--target",
    type=click.Path(path_type=Path),
    default=Path("target"),
    show_default=True,
    help="Where `dbt docs generate --static` wrote.",
)
def main(out: Path, target: Path) -> None:
    """Write the site from gold under LAKEHOUSE_ROOT (default: lake), and dbt's docs and lineage beside it."""
    try:
        write_site(out)
        write_docs(target, out)
    except (NoGold, NoArtifacts) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


main()
