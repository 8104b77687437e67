"""How the Delta package compares with duckrun 0.5.0, a dbt adapter for Delta on DuckDB: `python -m bench.duckrun`.

Both build the same projects, each command a process of its own, in turns. Prints ratios of processor time and peak
memory (medians). duckrun needs another release of delta-rs, and so gets an environment of its own in `.tmp/duckrun`.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import venv
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import duckdb

from bench.delta import project
from bench.measure import CHECKOUT, Measured, run, scratch, show

ROWS = 10_000_000
TURNS = 3
ENVIRONMENT = CHECKOUT / ".tmp" / "duckrun"
SAME = ("dbt-core", "dbt-duckdb", "dbt-adapters", "duckdb")  # in the release that is installed here

ROW = "'title ' || (i % 100003) as title, (i * 7919) % 1000 as rank, (i % 977) / 7.0 as hours"
TURN = " + {{ var('turn', 0) }} as rank"
LARGE = {
    "written": f"{{{{ config(materialized='table') }}}} select i as id, {ROW} from range({ROWS}) as r (i)",
    # one row in a hundred gets another rank, everywhere in the table
    "merged": "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}"
    f" select i as id, {ROW.replace(' as rank', TURN)} from range(0, {ROWS}, {{{{ 100 if is_incremental() else 1 }}}})"
    " as r (i)",
    "appended": "{{ config(materialized='incremental', incremental_strategy='append') }}"
    f" select i as id, {ROW} from range(0, {ROWS}, {{{{ 10 if is_incremental() else 1 }}}}) as r (i)",
}
MERGE, APPEND = ["run", "--select", "merged", "--vars", "{turn: 1}"], ["run", "--select", "appended"]
STEPS = {  # name: project, arguments of dbt; without a name: not measured
    f"write {ROWS:,} rows": ("large", ["run", "--select", "written"]),
    "": ("large", ["run", "--select", "merged", "appended", "--vars", "{turn: 0}"]),
    "merge 1% of the rows, scattered": ("large", MERGE),
    "the same merge again": ("large", MERGE),
    "append a tenth": ("large", APPEND),
    "build 30 tables with 120 tests": ("small", ["build"]),
    "the same build again": ("small", ["build"]),
}
AT_MOST = {name: 0.5 if "again" in name else 1.0 for name in STEPS}


def install() -> Path:
    """duckrun and the delta extension of DuckDB, in an environment of its own; returns the extension's folder."""
    pins = [f"{name}=={version(name)}" for name in SAME]
    if not (ENVIRONMENT / "bin" / "dbt").exists():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", "duckrun[dbt]==0.5.0", *pins]
        if subprocess.run(pip, check=False).returncode:
            sys.exit("duckrun could not be installed (see above), and so nothing was compared.")
    # duckrun installs it from the net, unless it is there already
    platform = duckdb.execute("pragma platform").fetchall()[0][0]
    release = f"v{duckdb.__version__}"
    folder = ENVIRONMENT / "extensions" / release / platform
    folder.mkdir(parents=True, exist_ok=True)
    package = files("duckdb_extension_delta")
    shutil.copy(str(package / "extensions" / release / "delta.duckdb_extension"), folder)
    return ENVIRONMENT / "extensions"


def projects(folder: Path, extensions: Path, ours: bool) -> dict[str, Path]:
    """The two projects, as dbt-duckdb-delta or duckrun builds them."""
    made = {"small": project(folder / "small", "delta" if ours else "none"), "large": folder / "large"}
    shutil.copytree(made["small"], made["large"], symlinks=True)
    shutil.rmtree(made["large"] / "models")
    (made["large"] / "models").mkdir()
    for name, sql in LARGE.items():
        (made["large"] / "models" / f"{name}.sql").write_text(sql)
    for at in made.values():
        if ours:
            profile = (at / "profiles.yml").read_text().replace(str(made["small"]), str(at))
        else:
            settings = f"settings: {{TimeZone: UTC, extension_directory: '{extensions}'}}"
            profile = "bench: {target: dev, outputs: {dev: {type: duckrun, threads: 4, path: ':memory:', "
            profile += f"root_path: '{at}/lake', {settings}}}}}}}\n"
            shutil.rmtree(at / "macros")
            shutil.rmtree(at / "dbt_packages")
        (at / "profiles.yml").write_text(profile)
    return made


def main() -> None:
    """Both in turns, from nothing each time."""
    extensions = install()
    found: defaultdict[tuple[str, bool], list[Measured]] = defaultdict(list)
    for turn in range(TURNS):
        for ours in (True, False) if turn % 2 else (False, True):
            dbt = Path(sys.executable).parent / "dbt" if ours else ENVIRONMENT / "bin" / "dbt"
            with scratch() as folder:
                made = projects(folder, extensions, ours)
                for name, (at, arguments) in STEPS.items():
                    place = ("--project-dir", str(made[at]), "--profiles-dir", str(made[at]))
                    found[name, ours].append(run(str(dbt), *arguments, *place, lake=folder / at))
    rows = []
    for name, most in AT_MOST.items():
        if name:
            here, there = found[name, True], found[name, False]
            cpu = [statistics.median(one.processor for one in side) for side in (here, there)]
            peak = [statistics.median(one.peak_mib for one in side) for side in (here, there)]
            figures = [f"{cpu[0]:.1f}", f"{cpu[1]:.1f}", f"{cpu[0] / cpu[1]:.2f}", f"{most:.1f}"]
            rows.append([name, *figures, f"{peak[0]:.0f}", f"{peak[1]:.0f}", f"{peak[0] / peak[1]:.2f}"])
    header = ["", "processor s", "duckrun", "ratio", "at most", "peak MiB", "duckrun", "ratio"]
    show("dbt-duckdb-delta against duckrun 0.5.0", header, rows)


if __name__ == "__main__":
    main()
