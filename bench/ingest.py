"""Speed and memory of ingest: `python -m bench.ingest [throughput] [memory] [skip] [many] [comparison]`.

Each measurement runs in a process of its own; ingest and the plain way of reading and writing a CSV take turns.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parents[1]
RUNS = 3
CONFIG = """
sources:
  big:
    repository: owner/big
    datasets:
      - {file: titles.csv, table: titles}
      - {file: "part-*.csv", table: parts}
"""
BASELINE = """
import sys, time
import deltalake, polars
began = time.perf_counter()
deltalake.write_deltalake(sys.argv[2], polars.read_csv(sys.argv[1], infer_schema=False))
print("seconds", time.perf_counter() - began)
"""
INGEST = """
import sys, time
import ingest.sources.connect, ingest.run, ingest.watch
from ingest.cli import main
sys.argv = ["ingest", *sys.argv[1:]]
began = time.perf_counter()
try:
    main()
finally:
    print("seconds", time.perf_counter() - began)
"""
SKIP = """
import os, sys
sys.path.insert(0, ".")
from tests.python.ingest.github_server import Repository, running
import subprocess, time
config, files = sys.argv[1], int(sys.argv[2])
with running() as server:
    feed = server.repositories["owner/big"] = Repository()
    feed.commit({f"part-{n}.csv": b"id\\n%d\\n" % n for n in range(files)} | {"titles.csv": b"id\\n1\\n"})
    from ingest.sources import listing
    from ingest.storage import tables
    from ingest.storage.tables import FileRecord, Ledger, Lake
    from tests.python.ingest.github_server import blob_sha
    import polars as pl
    # A ledger that knows all files, written at once: what is measured is listing, comparing and skipping.
    ledger, now, rows = Ledger(Lake(os.environ["LAKEHOUSE_ROOT"])), listing.now(), []
    for path, content in feed.commits[-1].files.items():
        table = "titles" if path == "titles.csv" else "parts"
        record = FileRecord("big", path, table, path, 1, blob_sha(content), feed.commits[-1].sha, now, len(content),
                            "loaded", None, 1, 0, None, "bench", now)
        rows.append({column: getattr(record, name) for name, column in tables.LEDGER_COLUMNS.items()})
    from deltalake import write_deltalake
    write_deltalake(Lake(os.environ["LAKEHOUSE_ROOT"]).uri("_files"), pl.DataFrame(rows, schema=tables._LEDGER_SCHEMA))
    for _ in range(2):
        began = time.perf_counter()
        command = [sys.executable, "-m", "ingest", "--config", config]
        subprocess.run(command, env=os.environ | server.environment, check=True)
        print("seconds", time.perf_counter() - began)
"""


def write_titles(path: Path, size: int) -> None:
    """A made-up catalogue of at least ``size`` bytes, in the layout of netflix_titles.csv."""
    names = "duration_minutes,duration_seasons,type,title,date_added,release_year,rating,description,show_id"
    written, number = 0, 0
    with path.open("wb") as file:
        file.write(f"\ufeff{names}\r\n".encode())
        while written < size:
            lines = []
            for _ in range(10_000):
                number += 1
                words = f"the story of number {number * 7919 % 1000003}, told by a narrator who cannot keep a secret"
                text = f'"{words}, and ""{number % 97}"" more"' if number % 3 else words.replace(",", " and")
                lines.append(
                    f"{number % 180},,Movie,A Title {number},9/{number % 28 + 1}/2019,2019,TV-MA,{text},{number}\r\n"
                )
            written += file.write("".join(lines).encode())


def measure(code: str, *args: str, lake: Path) -> tuple[float, float]:
    """Seconds that the code says it took (the last, if several), and the peak memory of its process in GiB."""
    done = subprocess.run(
        ["/usr/bin/time", "-f", "peak %M", sys.executable, "-c", code, *args],
        cwd=CHECKOUT,
        env=os.environ | {"LAKEHOUSE_ROOT": str(lake)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return float(re.findall(r"seconds ([\d.]+)", done.stdout)[-1]), int(
        re.findall(r"peak (\d+)", done.stderr)[-1]
    ) / 2**20


def throughput(folder: Path, config: Path) -> Table:
    table = Table("1 GB of titles", "seconds", "MB/s", "peak GiB", title="Throughput (median)")
    path = folder / "big" / "titles.csv"
    path.parent.mkdir(exist_ok=True)
    write_titles(path, 10**9)
    size = path.stat().st_size / 1e6
    results: dict[str, list[tuple[float, float]]] = {"polars.read_csv + write_deltalake": [], "python -m ingest": []}
    for run in range(RUNS):
        results["polars.read_csv + write_deltalake"].append(
            measure(BASELINE, str(path), str(folder / f"baseline-{run}"), lake=folder)
        )
        args = ("--config", str(config), "--from", str(folder), "--dataset", "titles")
        results["python -m ingest"].append(measure(INGEST, *args, lake=folder / f"lake-{run}"))
    medians = {name: statistics.median(seconds for seconds, _ in found) for name, found in results.items()}
    for name, found in results.items():
        peak = max(peak for _, peak in found)
        table.add_row(name, f"{medians[name]:.1f}", f"{size / medians[name]:.0f}", f"{peak:.2f}")
    first, second = medians.values()
    table.add_row("ratio (at least 0.7)", f"{first / second:.2f}", "", "")
    path.unlink()
    return table


def memory(folder: Path, config: Path) -> Table:
    table = Table("size", "peak GiB", "seconds", title="Memory (below 1.5 GiB)")
    path = folder / "big" / "titles.csv"
    path.parent.mkdir(exist_ok=True)
    for size in (500_000_000, 2_000_000_000):
        write_titles(path, size)
        args = ("--config", str(config), "--from", str(folder), "--dataset", "titles")
        seconds, peak = measure(INGEST, *args, lake=folder / f"memory-{size}")
        table.add_row(f"{path.stat().st_size / 1e9:.1f} GB", f"{peak:.2f}", f"{seconds:.1f}")
    path.unlink()
    return table


def skip(folder: Path, config: Path) -> Table:
    seconds, _ = measure(SKIP, str(config), "10000", lake=folder / "skip")
    table = Table("", "seconds", title="Skipping 10,000 unchanged files (below 5 s)")
    table.add_row("python -m ingest, with its start", f"{seconds:.1f}")
    return table


def many(folder: Path, config: Path) -> Table:
    """New files that come in one run: each is a commit of its table and one of the ledger."""
    counts: dict[int, list[tuple[float, float]]] = {250: [], 500: []}
    for count in counts:
        files = folder / f"many-{count}" / "big"
        files.mkdir(parents=True)
        for number in range(count):
            lines = (f"{number * 20 + line},name {line}\n" for line in range(20))
            (files / f"part-{number:04}.csv").write_text("id,name\n" + "".join(lines))
    for run in range(RUNS):
        for count, found in counts.items():
            args = ("--config", str(config), "--from", str(folder / f"many-{count}"), "--dataset", "parts")
            found.append(measure(INGEST, *args, lake=folder / f"many-{count}-{run}"))
    table = Table("new files of 20 records", "seconds", "peak GiB", title="Many new files in one run (median)")
    medians = {count: statistics.median(seconds for seconds, _ in found) for count, found in counts.items()}
    for count, found in counts.items():
        table.add_row(str(count), f"{medians[count]:.1f}", f"{max(peak for _, peak in found):.2f}")
    table.add_row("ratio (at most 2.2)", f"{medians[500] / medians[250]:.2f}", "")
    return table


def comparison(folder: Path, config: Path) -> Table:
    """The second week of a catalogue of 600,000 titles, compared with the first, and loaded as if nothing was there to
    compare by."""
    sources = yaml.safe_load((CHECKOUT / "ingest/sources.yml").read_text())
    for dataset in sources["sources"]["catalogue"]["datasets"]:
        del dataset["key"]
    config.write_text(yaml.safe_dump(sources))
    ways = {"not compared": ("--config", str(config)), "compared": ()}
    for week in (1, 2):
        made = [sys.executable, "-m", "lakehouse", "sample", "--titles", "600000", "--week", str(week)]
        subprocess.run([*made, "--out", str(folder / f"week-{week}")], cwd=CHECKOUT, check=True, capture_output=True)
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for run in range(2 * RUNS):
        for way, args in ways.items():
            first, lake = folder / f"{way}-first", folder / f"{way}-{run}"
            if not run:
                measure(INGEST, *args, "--from", str(folder / "week-1"), "--source", "catalogue", lake=first)
            shutil.copytree(first, lake)
            found = measure(INGEST, *args, "--from", str(folder / "week-2"), "--source", "catalogue", lake=lake)
            results[way].append(found)
            shutil.rmtree(lake)
    medians = {way: statistics.median(seconds for seconds, _ in found) for way, found in results.items()}
    table = Table(
        "7.2 million records", "seconds", "peak GiB", title="Comparing a version with the one before (median)"
    )
    for way in ways:
        table.add_row(way, f"{medians[way]:.1f}", f"{max(peak for _, peak in results[way]):.2f}")
    table.add_row("ratio (at most 1.15)", f"{medians['compared'] / medians['not compared']:.2f}", "")
    return table


def main() -> None:
    wanted = sys.argv[1:] or ["throughput", "memory", "skip", "many", "comparison"]
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as name:
        folder = Path(name)
        config = folder / "sources.yml"
        config.write_text(CONFIG)
        began = time.perf_counter()
        for work in (throughput, memory, skip, many, comparison):
            if work.__name__ in wanted:
                Console(width=100).print(work(folder, config))
        print(f"{time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main()
