"""Puts dbt's docs and the column-level lineage beside the pages."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor
from dbt_colibri.report.generator import DbtColibriReportGenerator

from lakehouse.site import fmt

MENDED = (
    # Before its script runs, dbt's page asks for files that are not there: placeholders stand in addresses.
    ('<use xlink:href="{{', '<use ng-attr-xlink:href="{{'),
    ("${require('./assets/favicons/favicon.ico')}", "data:,"),
)
"""What has to be replaced in dbt's page so that it loads without errors."""


class NoArtifacts(Exception):
    """dbt's docs have not been generated."""


def write_docs(target: Path, out: Path) -> None:
    """Copy the lineage site of dbt from its target folder, and make the column-level lineage from its artifacts.

    Raises NoArtifacts where there are none.
    """
    page, manifest, catalog = (target / name for name in ("static_index.html", "manifest.json", "catalog.json"))
    if not all(file.exists() for file in (page, manifest, catalog)):
        raise NoArtifacts(f"There are no docs of dbt in {target}: run `dbt docs generate --static` (or `make site`).")
    html = page.read_text(encoding="utf-8")
    for wrong, right in MENDED:
        html = html.replace(wrong, right)
    with tempfile.TemporaryDirectory() as work:
        for file in (manifest, catalog):
            text = file.read_text(encoding="utf-8")
            shown = fmt.in_json(text)  # columns are called what the files call them
            html = html.replace(text, shown)
            (Path(work) / file.name).write_text(shown, encoding="utf-8")
        (out / "docs.html").write_text(html, encoding="utf-8")
        # Its own command also asks the package index for a newer version.
        logging.getLogger("colibri").setLevel(logging.ERROR)
        of_columns = DbtColumnLineageExtractor(f"{work}/{manifest.name}", f"{work}/{catalog.name}")  # type: ignore[no-untyped-call]
        if not any(node.get("compiled_code") for node in of_columns.manifest["nodes"].values()):
            raise NoArtifacts(
                f"The docs of dbt in {target} lack the SQL of the models: run `dbt docs generate --static` again."
            )
        DbtColibriReportGenerator(of_columns, light_mode=True, disable_telemetry=True).generate_report(output_dir=work)
        shutil.copy(Path(work) / "index.html", out / "columns.html")
