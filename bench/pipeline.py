"""The whole road: ingest and `dbt build`, on the real data and on a large sample, first and again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from bench.measure import DATA, DBT, PYTHON, Measured, run, scratch, show
from lakehouse.engines.parity import BUILD
from tests.support.lake import Lake
from tests.support.top10_history import commits

HEADER = ["", "ingest", "build", "both", "of the first build", "peak memory"]
ALL_TESTS = ("build", "--quiet")
DATA_TESTS = (*ALL_TESTS, "--exclude-resource-type", "unit_test")  # what `make run` and a scheduler run


def step(
    name: str, lake: Path, *ingest: str, dbt: Sequence[str] = ALL_TESTS, first: Measured | None = None
) -> tuple[list[str], Measured]:
    """Ingest and build; returns a row of the table, and the build."""
    loaded = run(PYTHON, "-m", "ingest", *ingest, lake=lake)
    built = run(DBT, *dbt, lake=lake)
    both = loaded + built
    ratio = f"{built.seconds / first.seconds:.2f}" if first else ""
    seconds = [f"{part.seconds:.1f} s" for part in (loaded, built, both)]
    return [name, *seconds, ratio, f"{both.peak_mib / 1024:.2f} GiB"], built


def change_every_hundredth(titles: Path) -> None:
    """Change the description of each hundredth title of a catalogue file; nothing else."""
    with titles.open(newline="", encoding="utf-8-sig") as file:
        header, *records = csv.reader(file)
    description = header.index("description")
    for record in records[50::100]:
        if len(record) == len(header):  # and not the records that are broken in two
            record[description] += " Changed."
    with titles.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *records])


def real(work: Path) -> list[list[str]]:
    """The real catalogue, and in a lake of its own the catalogue with all versions of the Top 10 lists."""
    catalogue, _ = step("real catalogue", work / "catalogue", "--from", str(DATA), "--source", "catalogue")
    lake = Lake(work / "history", work)
    for commit in commits():
        commit.ingest(lake, work / "commit")
    name = "real catalogue, over 22 loads of the Top 10 lists"
    history, _ = step(name, lake.root, "--from", str(DATA), "--source", "catalogue")
    return [catalogue, history]


def sample(work: Path, titles: int) -> list[list[str]]:
    """A large sample: its first build, one after each hundredth title changed, and one after nothing happened."""
    rows = []
    for dbt, what in ((DATA_TESTS, "data tests"), (BUILD, "models alone")):
        made, lake = work / what / "sample", work / what / "lake"
        run(PYTHON, "-m", "lakehouse", "sample", "--out", str(made), "--titles", str(titles), lake=work / "none")
        row, first = step(f"sample, {titles:,} titles, {what}", lake, "--from", str(made), dbt=dbt)
        change_every_hundredth(made / "catalogue" / "netflix_titles.csv")
        changed, _ = step("… 1% of the titles changed", lake, "--from", str(made), dbt=dbt, first=first)
        nothing, _ = step("… nothing changed", lake, "--from", str(made), dbt=dbt, first=first)
        rows += [row, changed, nothing]
    return rows


@click.command()
@click.option("--titles", default=600_000, show_default=True, help="Size of the sample.")
def main(titles: int) -> None:
    """Print wall times (dbt's own start and the reading of a new project included) and peak memory."""
    with scratch() as work:
        rows = real(work) if DATA.is_dir() else []
        rows += sample(work, titles)
    show("Ingest and dbt build", HEADER, rows)


if __name__ == "__main__":
    main()
