"""Puts dbt's docs and the column-level lineage beside the pages."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor
from dbt_colibri.report.generator import DbtColibriReportGenerator


class NoArtifacts(Exception):
    """dbt's docs have not been generated."""


def write_docs(target: Path, out: Path) -> None:
    """Copy the lineage site of dbt from its target folder, and make the column-level lineage from its artifacts.

    Raises NoArtifacts where there are none.
    """
    page, manifest, catalog = (target / name for name in ("static_index.html", "manifest.json", "catalog.json"))
    if not all(file.exists() for file in (page, manifest, catalog)):
        raise NoArtifacts(f"There are no docs of dbt in {target}: run `dbt docs generate --static` (or `make site`).")
    shutil.copy(page, out / "docs.html")

    # Its own command also asks the package index for a newer version.
    logging.getLogger("colibri").setLevel(logging.ERROR)
    extractor = DbtColumnLineageExtractor(str(manifest), str(catalog))  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as work:
        DbtColibriReportGenerator(extractor, light_mode=True, disable_telemetry=True).generate_report(output_dir=work)
        shutil.copy(Path(work) / "index.html", out / "columns.html")
