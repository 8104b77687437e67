"""Builds that are killed, and builds that run at the same time, as processes. test_cut_short.py does it within one.

DELTA_KILLS sets how many builds are killed.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.kills
KILLS = int(os.environ.get("DELTA_KILLS", "2"))
ROWS = 20_000
CONFIG = "config(materialized='incremental', incremental_strategy='{strategy}', unique_key='id', partition_by='part')"
SOURCE = (
    "select i::bigint as id, i % 7 as part, i * {{ var('factor', 1) }} as n from range({{ var('rows', 0) }}) as r (i)"
)
FILES = {
    "models/up.sql": "{{ config(materialized='table') }} " + SOURCE,
    "models/added.sql": "{{ " + CONFIG.format(strategy="append") + " }} select * from {{ ref('up') }}"
    " {% if is_incremental() %} where id > (select coalesce(max(id), -1) from {{ this }}) {% endif %}",
    **{
        f"models/{name}.sql": "{{ " + CONFIG.format(strategy=strategy) + " }} select * from {{ ref('up') }}"
        for name, strategy in (("merged", "merge"), ("deleted", "delete+insert"), ("replaced", "insert_overwrite"))
    },
}
TABLES = ("up", "added", "merged", "deleted", "replaced")


def test_a_killed_build_leaves_readable_tables_and_the_next_ends_as_undisturbed(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", FILES)
    project.build("--vars", f"{{rows: {ROWS}}}")
    chance = random.Random(os.environ.get("DELTA_SEED", "4"))
    for turn in range(1, KILLS + 1):
        grown = ("--vars", f"{{rows: {ROWS * (turn + 1)}, factor: {turn + 1}}}")
        started = time.monotonic()
        process = project.process("build", "--threads", "2", *grown)
        commits = sum(project.version(table) for table in TABLES)
        # Not before the first commit of this build, and then at any moment until it ends.
        while process.poll() is None and sum(project.version(table) for table in TABLES) == commits:
            time.sleep(0.002)
        time.sleep(chance.random() * min(1.0, (time.monotonic() - started) / 4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for table in TABLES:
            rows = project.rows(table)  # whole, at the version before or after, and nothing in between
            factors = {n // i for i, _, n in rows if i}
            assert len(rows) in (ROWS * turn, ROWS * (turn + 1))
            assert table == "added" or factors <= ({turn} if len(rows) == ROWS * turn else {turn + 1})
        project.build(*grown)
        expected = [(i, i % 7, i * (turn + 1)) for i in range(ROWS * (turn + 1))]
        for table in TABLES:
            rows = project.rows(table)
            assert [row[0] for row in sorted(rows)] == [row[0] for row in expected], table
            assert table == "added" or sorted(rows) == expected, table


def both(project: Project, *args: str, **each: list[str]) -> list[tuple[int, str]]:
    """Run dbt twice at the same time."""
    runs = [project.process(*args, "--target-path", f"target-{n}", *each.get(f"args{n}", [])) for n in range(2)]
    return [(run.wait(), out) for run in runs for out in [run.communicate()[0]]]


def test_two_builds_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    """Two processes build the same incremental models again and again, while the source grows."""
    project = Project(tmp_path / "project", FILES)
    project.build("--vars", f"{{rows: {ROWS}}}")
    grown = {f"args{n}": ["--vars", f"{{rows: {ROWS * 2}}}"] for n in range(2)}
    for code, out in both(project, "build", **grown):
        assert code == 0 or "run the model again" in out, out
    project.build("--vars", f"{{rows: {ROWS * 2}}}")
    for table in TABLES:
        assert Counter(row[0] for row in project.rows(table)) == Counter(range(ROWS * 2)), table


def test_the_same_rows_merged_differently_at_once(tmp_path: Path) -> None:
    """Either one of the results stands in the end, whole."""
    project = Project(tmp_path / "project", FILES)
    project.build("--vars", f"{{rows: {ROWS}}}")
    factors = {f"args{n}": ["--vars", f"{{rows: {ROWS}, factor: {n + 5}}}"] for n in range(2)}
    for code, out in both(project, "run", "--select", "merged", "up", **factors):
        assert code == 0 or "run the model again" in out, out
    rows = sorted(project.rows("merged"))
    assert [row[0] for row in rows] == list(range(ROWS))
    assert len({n // i for i, _, n in rows if i}) == 1
