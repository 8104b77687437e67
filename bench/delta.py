"""How the Delta plugin compares with plain DuckDB: `python -m bench.delta [write] [merge] [build]`.

Prints ratios; each figure is the median of several runs that take turns, in one process on one machine.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from rich.console import Console
from rich.table import Table

from dbt_duckdb_delta.plugin import Plugin

CHECKOUT = Path(__file__).parents[1]
ROWS = 20_000_000
RUNS = 3
QUERY = """
    select
        i as id,
        'title ' || (i % 100003) as title,
        (i * 7919) % 1000 as rank,
        date '2020-01-01' + cast(i // 20000 as integer) as day,
        (i % 977) / 7.0 as hours,
        i % 3 = 0 as is_film
    from range({first}, {end}, {step}) as numbers (i)
"""
CHANGED = "select * replace (rank + 1 as rank) from ({query})"


def timed(action: Callable[[], Any]) -> float:
    """Seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def alternating(*actions: Callable[[], Any], runs: int = RUNS) -> list[float]:
    """The median seconds of each action, measured in turns so that a busy machine hits all of them."""
    times = [[timed(action) for action in actions] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def plugin(folder: Path) -> Plugin:
    """The plugin as dbt-duckdb sets it up, on a database in memory."""
    credentials = DuckDBCredentials(database="memory", schema="main", path=":memory:", settings={"TimeZone": "UTC"})
    made = Plugin("delta", {"root": str(folder / "lake")}, credentials=credentials)
    made.configure_connection(duckdb.connect(config={"temp_directory": str(folder / "spill")}))
    return made


def store(made: Plugin, name: str, strategy: str, sql: str, **job: Any) -> str:
    """Run one job of the plugin as the materializations do; returns what it says it did."""
    config: dict[str, Any] = {"job": {"strategy": strategy, "sql": sql, "reuse": False, **job}}
    made.store(SimpleNamespace(relation=SimpleNamespace(schema="bench", identifier=name), config=config))  # type: ignore[arg-type]
    return str(config["result"])


def write(folder: Path) -> list[tuple[str, float, float, float]]:
    """A large query result as a Delta table, and as a table in a DuckDB file."""
    made, query = plugin(folder), QUERY.format(first=0, end=ROWS, step=1)

    def duckdb_table() -> None:
        file = folder / "plain.duckdb"
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"create table written as {query}")

    def delta_table() -> None:
        shutil.rmtree(folder / "lake" / "bench" / "written", ignore_errors=True)
        store(made, "written", "overwrite", query)

    plain, delta = alternating(duckdb_table, delta_table)
    return [(f"write {ROWS:,} rows / DuckDB's create table as", delta, plain, 1.0)]


def merge(folder: Path) -> list[tuple[str, float, float, float]]:
    """A merge of 1% of the rows, all in one tenth of the table, and a rewrite of the whole table."""
    made, query = plugin(folder), QUERY.format(first=0, end=ROWS, step=1)
    store(made, "merged", "overwrite", query)
    turn = iter(range(RUNS))

    def merge_rows() -> None:
        start = next(turn) * ROWS // 5
        changed = CHANGED.format(query=QUERY.format(first=start, end=start + ROWS // 10, step=10))
        done = store(made, "merged", "merge", changed, unique_key=["id"])
        assert done == f"merge (0 inserted, {ROWS // 100} updated, 0 deleted)", done

    rewritten, merged = alternating(lambda: store(made, "rewritten", "overwrite", query), merge_rows)
    return [("merge 1% of the rows, in a tenth of the files / full rewrite", merged, rewritten, 0.3)]


def project(folder: Path, file_format: str, models: int = 30, rows: int = 1000) -> Path:
    """A dbt project of models with so many rows each, and four tests each; returns its folder."""
    at = folder / f"{file_format}-{rows}"
    (at / "models").mkdir(parents=True)
    (at / "macros").mkdir()
    shutil.copy(CHECKOUT / "dbt_duckdb_delta" / "wrappers.sql", at / "macros")
    (at / "dbt_packages").mkdir()
    (at / "dbt_packages" / "dbt_duckdb_delta").symlink_to(CHECKOUT / "dbt_duckdb_delta")
    for number in range(models):
        source = f"{{{{ ref('model_{number - 10}') }}}}" if number >= 10 else f"range({rows}) as numbers (id)"
        rank = "row_number() over (partition by id % 1000 order by md5(id::text)) as rank"
        sql = f"select id, id % 10 as grp, 'name ' || id as name, {rank} from {source}"
        (at / "models" / f"model_{number}.sql").write_text(sql)
    entries = "\n".join(
        f"  - name: model_{number}\n    columns:\n"
        "      - {name: id, data_tests: [unique, not_null]}\n"
        "      - {name: grp, data_tests: [not_null]}\n"
        "      - {name: name, data_tests: [not_null]}"
        for number in range(models)
    )
    (at / "models" / "models.yml").write_text(f"models:\n{entries}\n")
    (at / "dbt_project.yml").write_text(
        "name: bench\nprofile: bench\nflags: {send_anonymous_usage_stats: false}\n"
        f"models: {{+materialized: table, +file_format: {file_format}}}\n"
    )
    (at / "profiles.yml").write_text(
        "bench: {target: dev, outputs: {dev: {type: duckdb, threads: 4, "
        + (
            f"path: ':memory:', module_paths: ['{CHECKOUT}'], plugins: [{{module: dbt_duckdb_delta, "
            f"config: {{root: '{at}/lake'}}}}], settings: {{TimeZone: UTC}}"
            if file_format == "delta"
            else f"path: '{at}/plain.duckdb'"
        )
        + "}}}\n"
    )
    return at


def dbt_build(at: Path) -> None:
    """`dbt build` of a project, as a process of its own; fails loudly."""
    command = [str(Path(sys.executable).parent / "dbt"), "build", "--quiet"]
    done = subprocess.run(
        command, cwd=at, env=os.environ | {"DBT_PROFILES_DIR": str(at)}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"dbt build failed:\n{done.stdout}\n{done.stderr}")


def build(folder: Path) -> list[tuple[str, float, float, float]]:
    """Models with four tests each: the first build, and one after nothing happened.

    Of 30 small models, dbt itself and the tests are most of the time; ten with a million rows have work to be saved.
    """
    plain, delta, large = project(folder, "none"), project(folder, "delta"), project(folder, "delta", 10, 1_000_000)

    def first(at: Path) -> None:
        for left in ("lake", "target", "plain.duckdb"):
            (shutil.rmtree if (at / left).is_dir() else Path.unlink)(at / left) if (at / left).exists() else None
        dbt_build(at)

    in_duckdb, in_delta, again = alternating(
        lambda: first(plain), lambda: first(delta), lambda: dbt_build(delta), runs=RUNS + 2
    )
    large_first, large_again = alternating(lambda: first(large), lambda: dbt_build(large))
    return [
        ("build 30 models with 120 tests / the same in plain DuckDB", in_delta, in_duckdb, 1.1),
        ("30 small models after nothing happened / first build", again, in_delta, 0.6),
        ("10 models of 1,000,000 rows after nothing happened / first build", large_again, large_first, 0.6),
    ]


def main() -> None:
    """Run the measurements named on the command line, or all."""
    console, measurements = Console(), {"write": write, "merge": merge, "build": build}
    table = Table("measured", "seconds", "against", "ratio", "at most", title="Delta plugin")
    for name in sys.argv[1:] or measurements:
        with tempfile.TemporaryDirectory() as folder:
            for what, seconds, against, limit in measurements[name](Path(folder)):
                table.add_row(what, f"{seconds:.2f}", f"{against:.2f}", f"{seconds / against:.2f}", f"{limit:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
