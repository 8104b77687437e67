"""The whole road: ingest and `dbt build`, on the real data and on samples, first and again.

Beside it, in the same run, the tutorial's pipeline on Apache Spark and its floor (bench/tutorial.py).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from bench.measure import DATA, DBT, PYTHON, Measured, run, scratch, show
from lakehouse.engines.parity import BUILD
from lakehouse.engines.spark import missing
from tests.support.lake import Lake
from tests.support.top10_history import commits

HEADER = ["", "ingest", "build", "both", "of the tutorial on Spark", "of the first build", "peak memory"]
DATA_TESTS = ("build", "--quiet", "--exclude-resource-type", "unit_test")  # what `make run` and a scheduler run


def tutorial(files: Path, work: Path) -> tuple[list[list[str]], float]:
    """Rows of the table for the tutorial's pipeline on Spark and its floor, and the seconds on Spark (nan: none here).

    Its processor time and memory would be those of Python alone, and not of Java's.
    """
    spark, rows = float("nan"), []
    if lack := missing("apache"):
        print(lack)
    else:
        spark = run(PYTHON, "-m", "bench.tutorial", "spark", str(files), str(work / "spark"), lake=work).seconds
        rows.append(["… the tutorial's pipeline on Spark", "", "", f"{spark:.1f} s", "1.00", "", ""])
    floor = run(PYTHON, "-m", "bench.tutorial", "floor", str(files), str(work / "floor"), lake=work)
    peak = f"{floor.peak_mib / 1024:.2f} GiB"
    rows.append(
        ["… by DuckDB and delta-rs alone", "", "", f"{floor.seconds:.1f} s", f"{floor.seconds / spark:.2f}", "", peak]
    )
    return rows, spark


def step(
    name: str,
    lake: Path,
    *ingest: str,
    dbt: Sequence[str] = DATA_TESTS,
    first: Measured | None = None,
    spark: float = float("nan"),
) -> tuple[list[str], Measured]:
    """Ingest and build; returns a row of the table, and the build."""
    loaded = run(PYTHON, "-m", "ingest", *ingest, lake=lake)
    built = run(DBT, *dbt, lake=lake)
    both = loaded + built
    ratios = [f"{both.seconds / spark:.2f}", f"{built.seconds / first.seconds:.2f}" if first else ""]
    seconds = [f"{part.seconds:.1f} s" for part in (loaded, built, both)]
    return [name, *seconds, *ratios, f"{both.peak_mib / 1024:.2f} GiB"], built


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
    peers, spark = tutorial(DATA / "catalogue", work / "peers")
    source = ("--from", str(DATA), "--source", "catalogue")
    catalogue, _ = step("real catalogue", work / "catalogue", *source, spark=spark)
    lake = Lake(work / "history", work)
    for commit in commits():
        commit.ingest(lake, work / "commit")
    history, _ = step("real catalogue, over 22 loads of the Top 10 lists", lake.root, *source)
    return [catalogue, *peers, history]


def sample(work: Path, titles: int) -> list[list[str]]:
    """A sample: its first build, one after each hundredth title changed, and one after nothing happened."""
    rows: list[list[str]] = []
    for dbt, what in ((DATA_TESTS, "data tests"), (BUILD, "models alone")):
        made, lake = work / what / "sample", work / what / "lake"
        run(PYTHON, "-m", "lakehouse", "sample", "--out", str(made), "--titles", str(titles), lake=work / "none")
        peers, spark = ([], float("nan")) if rows else tutorial(made / "catalogue", work / "peers")
        row, first = step(f"sample, {titles:,} titles, {what}", lake, "--from", str(made), dbt=dbt, spark=spark)
        change_every_hundredth(made / "catalogue" / "netflix_titles.csv")
        changed, _ = step("… 1% of the titles changed", lake, "--from", str(made), dbt=dbt, first=first)
        nothing, _ = step("… nothing changed", lake, "--from", str(made), dbt=dbt, first=first)
        rows += [row, *peers, changed, nothing]
    return rows


@click.command()
@click.option(
    "--titles", "sizes", multiple=True, default=(60_000, 600_000), show_default=True, help="Size (repeatable)."
)
@click.option("--real/--no-real", "with_real", default=True, show_default=True, help="The real data too.")
def main(sizes: Sequence[int], with_real: bool) -> None:
    """Print wall times (dbt's own start and the reading of a new project included) and peak memory."""
    rows = []
    if with_real and DATA.is_dir():
        with scratch() as work:
            rows += real(work)
    for titles in sizes:
        with scratch() as work:
            rows += sample(work, titles)
    show("Ingest and dbt build", HEADER, [[cell.replace("nan", "") for cell in row] for row in rows])


if __name__ == "__main__":
    main()
