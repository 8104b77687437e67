"""Many versions of one file: `python -m bench.versions`.

The worldwide Top 10 list as its source publishes it, a version a week that has all weeks before it too: how long a
backfill of 234 of them takes from a server on this machine, and what the 200th weekly load and build cost beside the
20th. The weeks are those of the published list and, as these are 156, the same once more with other titles and hours.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import statistics
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bench.measure import DATA, DBT, PYTHON, Measured, run, scratch, show
from tests.python.ingest.github_server import GitHubServer, Repository, running

REPOSITORY, LIST = "dbready/netflix_top10", "all-weeks-global.tsv"
VERSIONS, FIRST, RUNS = 234, 20, 3  # FIRST: how many weeks the first version has
EARLY, LATE = 20, 200
INGEST = (PYTHON, "-m", "ingest", "--source", "top10", "--dataset", "top10_global")
BUILD = (DBT, "build", "--quiet", "--exclude-resource-type", "unit_test")


def history() -> Repository:
    """The versions as commits, one a week."""
    newest = max(DATA.glob(f"top10/*/{LIST}"), key=lambda path: path.stat().st_size)
    header, *rows = csv.reader(newest.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    weeks = sorted({row[0] for row in rows})
    again = []
    for number, (week, category, rank, show_title, season, hours, *rest) in enumerate(rows):
        later = str(date.fromisoformat(week) + timedelta(weeks=len(weeks)))
        title = f"{show_title} Returns"
        again.append([later, category, rank, title, season, str(int(hours) + number % 97 * 10_000 + 10_000), *rest])
    rows = sorted([*rows, *again], key=lambda row: row[0], reverse=True)
    weeks = sorted({row[0] for row in rows})
    repository = Repository()
    for last in weeks[FIRST - 1 : FIRST - 1 + VERSIONS]:
        text = io.StringIO(newline="")
        lines = csv.writer(text, delimiter="\t", lineterminator="\n")
        lines.writerows([header, *(row for row in rows if row[0] <= last)])
        at = datetime.combine(date.fromisoformat(last), datetime.min.time(), UTC) + timedelta(days=2)
        repository.commit({LIST: text.getvalue().encode()}, at=at)
    return repository


def weekly(server: GitHubServer, whole: Repository, nth: int, folder: Path) -> list[Measured]:
    """The load and the build of the nth version, each time in a copy of a lake that has the ones before it."""
    before, found = folder / f"before-{nth}", []
    server.repositories[REPOSITORY] = Repository(whole.commits[: nth - 1])
    run(*INGEST, "--backfill", lake=before)
    run(*BUILD, lake=before)
    server.repositories[REPOSITORY] = Repository(whole.commits[:nth])
    for turn in range(RUNS):
        lake = folder / f"{nth}-{turn}"
        shutil.copytree(before, lake)
        found.append(run(*INGEST, lake=lake) + run(*BUILD, lake=lake))
        shutil.rmtree(lake)
    return found


def main() -> None:
    with scratch() as folder, running() as server, patch.dict(os.environ, server.environment):
        whole = server.repositories[REPOSITORY] = history()
        backfill = run(*INGEST, "--backfill", lake=folder / "backfill")
        loads = {nth: weekly(server, whole, nth, folder) for nth in (EARLY, LATE)}
    rows = [[f"{VERSIONS} versions by one backfill (at most 120 s)", *cells([backfill])]]
    rows += [[f"{nth}th weekly load and build", *cells(found)] for nth, found in loads.items()]
    late, early = (middle(loads[nth]) for nth in (LATE, EARLY))
    ratios = [f"{of_late / of_early:.2f}" for of_late, of_early in zip(late, early, strict=True)]
    show(
        "Versions of the worldwide list",
        ["", "seconds", "processor seconds", "peak MiB"],
        [*rows, ["ratio (at most 1.3)", *ratios, ""]],
    )


def middle(found: list[Measured]) -> tuple[float, float]:
    """The medians of wall and of processor seconds."""
    return statistics.median(one.seconds for one in found), statistics.median(one.processor for one in found)


def cells(found: list[Measured]) -> list[str]:
    return [*(f"{seconds:.1f}" for seconds in middle(found)), f"{max(one.peak_mib for one in found):.0f}"]


if __name__ == "__main__":
    main()
