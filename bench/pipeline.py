"""The whole road: ingest and `dbt build` with all tests, on the real catalogue and on a large sample."""

from __future__ import annotations

from pathlib import Path

import click

from bench.measure import DATA, DBT, PYTHON, run, scratch, show


def measure(name: str, source: Path, work: Path) -> list[str]:
    """One row of the table: ingest, build, both, and the larger of their peaks."""
    lake = work / f"lake-{source.name}"
    ingest = run(PYTHON, "-m", "ingest", "--from", str(source), lake=lake)
    build = run(DBT, "build", "--quiet", lake=lake)
    both = ingest + build
    return [
        name,
        f"{ingest.seconds:.1f} s",
        f"{build.seconds:.1f} s",
        f"{both.seconds:.1f} s",
        f"{both.peak_mib / 1024:.2f} GiB",
    ]


@click.command()
@click.option("--titles", default=600_000, show_default=True, help="Size of the sample.")
def main(titles: int) -> None:
    """Print wall times (dbt's own start included) and peak memory."""
    rows = []
    with scratch() as work:
        if DATA.is_dir():
            rows.append(measure("real data", DATA, work))
        sample = work / "sample"
        made = run(PYTHON, "-m", "ingest.sample", "--out", str(sample), "--titles", str(titles), lake=work / "none")
        rows.append(measure(f"sample, {titles:,} titles", sample, work))
    show("Ingest and dbt build with all tests", ["", "ingest", "build", "both", "peak memory"], rows)
    print(f"(making the sample: {made.seconds:.1f} s, {made.peak_mib / 1024:.2f} GiB)")


if __name__ == "__main__":
    main()
