"""Where the time of a build goes: `python -m bench.profile --titles 600000 --step changed`.

The build is done twice over copies of one lake: by one thread, which says what each node costs, and by the four of
profiles.yml, which says who waits for whom. Processor time is that of the whole process, of all threads:

  DuckDB     operators of the node's queries, as DuckDB's own metrics have them
  delta-rs   while a table is written, less what DuckDB computes meanwhile
  dbt        everything else: compiling, events, binding of queries, opening of tables
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import string
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from rich.console import Console

from bench.measure import PYTHON, run, scratch, show
from bench.pipeline import change_every_hundredth

WIDTH = 100  # of the picture
LETTERS = string.ascii_uppercase + string.ascii_lowercase
METRICS = ("CPU_TIME", "CUMULATIVE_ROWS_SCANNED", "TOTAL_BYTES_READ")


def processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@dataclass
class Node:
    """What was measured of one node; seconds, rows and bytes."""

    name: str
    kind: str
    thread: str
    begun: float  # on the clock of time.time(), by which DuckDB's log goes too
    ended: float = 0.0
    processor: float = 0.0
    writing: list[tuple[float, float, float]] = field(default_factory=list)  # from, to, processor seconds
    duckdb: float = 0.0
    delta_rs: float = 0.0
    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0


def profiled(lake: str, threads: int, options: list[str]) -> dict[str, Any]:
    """Build a lake in this process. Returns its nodes (as in `Node`), wall and processor seconds and peak MiB."""
    target = f"{lake}-dbt-{threads}"
    os.environ |= {"LAKEHOUSE_ROOT": lake, "DBT_TARGET_PATH": target, "DBT_LOG_PATH": target}
    began = time.perf_counter()
    import deltalake
    from dbt.adapters.duckdb.environments.local import LocalEnvironment
    from dbt.cli.main import dbtRunner
    from dbt.task.base import BaseRunner

    from dbt_duckdb_delta import attempt

    nodes: list[Node] = []
    here = threading.local()
    connections: list[Any] = []
    handle: Any = LocalEnvironment.handle
    safe_run, write = BaseRunner.safe_run, deltalake.write_deltalake

    def with_metrics(self: Any) -> Any:
        made = handle(self)
        if not connections:
            connections.append(self.conn.cursor())
            connections[0].execute("call enable_logging('Metrics')")
        made.cursor().execute("pragma enable_profiling = 'no_output'")
        # An internal error of DuckDB 1.5.5 where a profiled query reads one table twice under other filters
        made.cursor().execute("set delta_scan_explain_files_filtered = false")
        return made

    def timed_node(self: Any, manifest: Any) -> Any:
        here.node = node = Node(
            self.node.name, str(self.node.resource_type), threading.current_thread().name, time.time()
        )
        used = processor()
        try:
            return safe_run(self, manifest)
        finally:
            node.processor, node.ended = processor() - used, time.time()
            nodes.append(node)

    def timed_write(*given: Any, **how: Any) -> Any:
        begun, used = time.time(), processor()
        try:
            return write(*given, **how)
        finally:
            here.node.writing.append((begun, time.time(), processor() - used))

    with (
        patch.object(LocalEnvironment, "handle", with_metrics),
        patch.object(BaseRunner, "safe_run", timed_node),
        patch.object(attempt, "write_deltalake", timed_write),
    ):
        done = dbtRunner().invoke(["--quiet", "build", "--threads", str(threads), *options])
    if not done.success:
        raise SystemExit(f"the build of {lake} failed: {done.exception or 'see above'}")
    wall, used = time.perf_counter() - began, processor()
    if threads == 1:
        attribute(nodes, metrics(connections[0]))
        for node in nodes:
            written(node, Path(lake))
    return {
        "nodes": nodes,
        "wall": wall,
        "processor": used,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def metrics(connection: Any) -> list[tuple[float, str, float]]:
    """The METRICS of each query that DuckDB ended: when, which and how much."""
    logged = connection.execute(
        "select epoch(timestamp), message from duckdb_logs where type = 'Metrics' order by timestamp"
    ).fetchall()
    found = []
    for moment, message in logged:
        name, _, value = message.removeprefix("{'metric': ").removesuffix("}").partition(", 'value': ")
        if name in METRICS:
            found.append((moment, name, float(value)))
    return found


def attribute(nodes: list[Node], measured: list[tuple[float, str, float]]) -> None:
    """Give each query to the node in whose time it ended (one node at a time), and split the node's seconds."""
    for node in nodes:
        of_node = [(moment, name, value) for moment, name, value in measured if node.begun <= moment <= node.ended]
        node.duckdb, rows, size = (sum(value for _, name, value in of_node if name == metric) for metric in METRICS)
        node.rows_read, node.bytes_read = int(rows), int(size)
        while_writing = sum(
            value
            for moment, name, value in of_node
            if name == METRICS[0] and any(begun <= moment <= ended for begun, ended, _ in node.writing)
        )
        node.delta_rs = max(0.0, sum(used for *_, used in node.writing) - while_writing)


def written(node: Node, lake: Path) -> None:
    """What the commits of the node's time added to its table."""
    for layer in ("bronze", "silver", "gold"):
        for commit in (lake / layer / node.name / "_delta_log").glob("*.json"):
            if node.writing and node.begun <= commit.stat().st_mtime <= node.ended + 1:
                for line in commit.read_text().splitlines():
                    if added := json.loads(line).get("add"):
                        node.bytes_written += added["size"]
                        node.rows_written += json.loads(added["stats"])["numRecords"]


def table(nodes: list[Node], most: int) -> list[list[str]]:
    """A row for each of the nodes that took the most processor time, and one for each kind of node."""
    groups = {node.name: [node] for node in sorted(nodes, key=lambda node: -node.processor)[:most]}
    for kind in sorted({node.kind for node in nodes}):
        groups[f"all {kind}s"] = [node for node in nodes if node.kind == kind]
    rows = []
    for name, of in groups.items():
        total, duckdb, delta = (sum(getattr(n, what) for n in of) for what in ("processor", "duckdb", "delta_rs"))
        seconds = [f"{value:.1f}" for value in (total, duckdb, delta, max(0.0, total - duckdb - delta))]
        counts = [f"{sum(getattr(n, what) for n in of):,}" for what in ("rows_read", "rows_written")]
        sizes = [f"{sum(getattr(n, what) for n in of) / 2**20:.0f}" for what in ("bytes_read", "bytes_written")]
        rows.append([name, *seconds, counts[0], sizes[0], counts[1], sizes[1]])
    return rows


def picture(nodes: list[Node]) -> str:
    """What each thread did when: a letter for a long model, + for a short one, . for a test, blank for waiting."""
    start, end = min(node.begun for node in nodes), max(node.ended for node in nodes)
    share = (end - start) / WIDTH
    long = [n for n in sorted(nodes, key=lambda n: n.begun) if n.kind == "model" and n.ended - n.begun > 2 * share]
    letter = {node.name: LETTERS[i % len(LETTERS)] for i, node in enumerate(long)}
    lines = []
    for thread in sorted({node.thread for node in nodes}):
        line = [" "] * WIDTH
        for node in (node for node in nodes if node.thread == thread):
            mark = letter.get(node.name, "+") if node.kind == "model" else "."
            first, last = (int((moment - start) / share) for moment in (node.begun, node.ended))
            for at in range(first, min(last + 1, WIDTH)):
                line[at] = mark
        lines.append("".join(line).rstrip())
    names = [f"{letter[node.name]} {node.name} ({node.ended - node.begun:.1f} s)" for node in long]
    return "\n".join([*lines, f"{share:.2f} seconds a column", *names])


@click.command()
@click.option("--titles", default=600_000, show_default=True, help="Size of the sample.")
@click.option(
    "--step",
    type=click.Choice(["first", "changed", "nothing"]),
    default="first",
    show_default=True,
    help="Which build: the first, the one after each hundredth title changed, or one after nothing did.",
)
@click.option("--tests/--no-tests", default=True, show_default=True, help="With the data tests.")
@click.option("--nodes", "most", default=25, show_default=True, help="How many nodes to list.")
def main(titles: int, step: str, tests: bool, most: int) -> None:
    """Print what each node of a build costs, and what its threads did when."""
    left_out = ["unit_test"] if tests else ["unit_test", "test"]
    options = [part for kind in left_out for part in ("--exclude-resource-type", kind)]
    with scratch() as work, multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        made, lake = work / "sample", work / "lake"
        run(PYTHON, "-m", "lakehouse", "sample", "--out", str(made), "--titles", str(titles), lake=lake)
        run(PYTHON, "-m", "ingest", "--from", str(made), lake=lake)
        if step != "first":
            pool.apply(profiled, (str(lake), 4, options))
        if step == "changed":
            change_every_hundredth(made / "catalogue" / "netflix_titles.csv")
            run(PYTHON, "-m", "ingest", "--from", str(made), lake=lake)
        shutil.copytree(lake, work / "by one thread")
        one = pool.apply(profiled, (str(work / "by one thread"), 1, options))
        four = pool.apply(profiled, (str(lake), 4, options))
    header = ["processor seconds", "all", "DuckDB", "delta-rs", "dbt", "rows read", "MiB", "rows written", "MiB"]
    show(f"{titles:,} titles, build {step}, by one thread", header, table(one["nodes"], most))
    for threads, done in (("one thread", one), ("four threads", four)):
        seconds = f"{done['wall']:.1f} s of wall, {done['processor']:.1f} s of processor time"
        print(f"{threads}: {seconds}, {done['peak'] / 1024:.2f} GiB at most; dbt's start included")
    Console(width=WIDTH + 40).print(picture(four["nodes"]), markup=False, highlight=False)


if __name__ == "__main__":
    main()
