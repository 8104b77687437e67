"""One place for everybody: what LAKEHOUSE_ROOT means, and that it is no part of what dbt parses."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal

import ingest.cli
from dbt_duckdb_delta.location import resolve
from lakehouse import settings
from lakehouse.cli import cli
from lakehouse.site import gold
from lakehouse.tables import listed, read
from tests.support.lake import CHECKOUT, Lake


class Dbt:
    """dbt in this process, with one target folder for all lakes."""

    def __init__(self, patch: pytest.MonkeyPatch, work: Path) -> None:
        for name, value in Lake(work / "lake", work).environment.items():
            patch.setenv(name, value)
        patch.chdir(CHECKOUT)
        self.patch = patch

    def __call__(self, root: str | None, *args: str) -> tuple[list[str], str]:
        """Run dbt for a root (None: unset). Returns the names of its events about parsing, and what it printed."""
        events: list[Any] = []
        if root is None:
            self.patch.delenv("LAKEHOUSE_ROOT")
        else:
            self.patch.setenv("LAKEHOUSE_ROOT", root)
        done = dbtRunner(callbacks=[events.append]).invoke([*args, "--quiet"])
        said = "\n".join(event.info.msg for event in events if event.info.level not in ("debug", "info"))
        assert done.success, f"{said}\n{done.exception}"
        printed = "\n".join(event.info.msg for event in events if event.info.name == "PrintEvent")
        return [event.info.name for event in events if "Pars" in event.info.name], printed or said


def parsed_nothing(events: list[str]) -> bool:
    return "PartialParsingSkipParsing" in events and "UnableToPartialParse" not in events


@pytest.fixture
def dbt(tmp_path: Path) -> Iterator[Dbt]:
    with pytest.MonkeyPatch.context() as patch:
        yield Dbt(patch, tmp_path)
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def test_one_parsed_project_serves_every_lake(dbt: Dbt, tmp_path: Path) -> None:
    events, _ = dbt(str(tmp_path / "first"), "parse")
    assert "UnableToPartialParse" in events, events
    serving = ("run-operation", "serving_sql", "--args", json.dumps({"dialect": "duckdb"}))
    dbt.patch.setenv("HOME", str(tmp_path / "home"))
    checkout = str(CHECKOUT / "lake")
    for root, place in (
        (str(tmp_path / "second"), str(tmp_path / "second")),
        (None, checkout),
        ("", checkout),
        ("lake/", checkout),
        ("~/it's mine", f"{tmp_path}/home/it''s mine"),
    ):
        events, sql = dbt(root, *serving)
        assert parsed_nothing(events), (root, events)
        assert f"delta_scan('{place}/gold/dim_title')" in sql, sql[:600]
    # Commands that write, each in its own lake; and the project as another folder sees it.
    for name, project in (("third", str(CHECKOUT)), ("fourth", ".")):
        dbt.patch.setenv("DBT_PROJECT_DIR", project)
        events, _ = dbt(str(tmp_path / name), "seed", "--select", "seed_ratings")
        assert parsed_nothing(events), events
        assert DeltaTable(str(tmp_path / name / "silver" / "seed_ratings")).count() > 0
    assert not (tmp_path / "second").exists()


Program = tuple[str, click.Command, list[str]]


def lines_of(dbt: Dbt, root: str, *more: Program) -> dict[str, str]:
    """What each program, and those named, say of a root that is refused."""
    dbt.patch.setenv("LAKEHOUSE_ROOT", root)
    gold.read.cache_clear()
    said = {}
    for name, command, args in (
        *more,
        ("root", cli, ["root"]),
        ("tables", cli, ["tables"]),
        ("duckdb", cli, ["duckdb"]),
        ("ingest", ingest.cli.cli, []),
        ("status", ingest.cli.cli, ["status"]),
    ):
        done = CliRunner().invoke(command, args)
        assert done.exit_code != 0, name
        said[name] = done.stderr.strip() or str(done.exception)
    with pytest.raises(gold.NoGold) as no_gold:
        gold.read("dim_title")
    said["site"] = str(no_gold.value)
    events: list[Any] = []
    assert not dbtRunner(callbacks=[events.append]).invoke(["run-operation", "lake_root", "--quiet"]).success
    said["dbt"] = "\n".join(event.info.msg for event in events)
    return said


REFUSED = {
    "a%b": "with '%' in it",
    "x [dev]": "with '[' in it",
    "a\\b": r"with '\\' in it",
    "a*": "with '*' in it",
    "/": "the root of the disk",
    "~nobody-of-that-name/lake": "no such home folder",
    "s3a://b/lake": "write s3://b/lake",
    "gcs://b/lake": "write gs://b/lake",
    "hdfs://b/lake": "use a folder, s3://…, gs://…, az://… or abfss://…",
    "s3://": "the name of the bucket or container is missing",
    "s3:///lake": "the name of the bucket or container is missing",
    "  ": "name a folder",
    "s3://b/ü": "a URL of a lake has no 'ü'",
    "az://b/a b": "a URL of a lake has no ' '",
    "abfss://container/lake": "write abfss://container@account",
}


IN_EVERY_PROGRAM = ("x [dev]", "s3a://b/lake")
"""One of each kind; the others go the same way."""


def test_a_root_that_cannot_be_is_refused_by_all_in_the_same_line(dbt: Dbt) -> None:
    for root, reason in REFUSED.items():
        with pytest.raises(ValueError, match=re.escape(reason)) as refused:
            resolve(root)
        line = str(refused.value)
        assert line.startswith("There can be no lake at ") and "\n" not in line
        if root in IN_EVERY_PROGRAM:
            assert {name: said for name, said in lines_of(dbt, root).items() if line not in said} == {}


@pytest.mark.engines
def test_the_programs_for_spark_refuse_it_in_the_same_line(dbt: Dbt) -> None:
    programs = ("spark", cli, ["spark", "true"]), ("parity", cli, ["parity"])
    for root in IN_EVERY_PROGRAM:
        with pytest.raises(ValueError, match=re.escape(REFUSED[root])) as refused:
            resolve(root)
        found = lines_of(dbt, root, *programs)
        assert {"spark", "parity"} <= found.keys()
        assert {name: said for name, said in found.items() if str(refused.value) not in said} == {}


def test_what_a_root_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    monkeypatch.chdir(tmp_path)
    assert resolve("lake") == resolve("./lake//") == f"{tmp_path}/lake"
    assert resolve("link/../lake") == f"{tmp_path}/far/lake"
    assert resolve("s3://b/lake/") == resolve("s3://b//lake") == "s3://b/lake"
    assert resolve("s3://b") == resolve("s3://b/") == "s3://b"
    assert resolve("gs://b/lake/") == "gs://b/lake"
    assert resolve("az://box/a/b/") == "az://box/a/b"
    assert resolve("abfss://box@store.dfs.core.windows.net/a/") == "abfss://box@store.dfs.core.windows.net/a"


def test_every_program_finds_the_same_tables(
    dbt: Dbt, tmp_path: Path, make_sample: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = make_sample(titles=50)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    beside = os.path.relpath(tmp_path, CHECKOUT)
    for root, place in (
        (f"{beside}/relative//", tmp_path / "relative"),
        (f"{tmp_path}/absolute/", tmp_path / "absolute"),
        ("~/lk", tmp_path / "home" / "lk"),
        (f'{tmp_path}/it\'s "my" lake #1 {{ü}}', tmp_path / 'it\'s "my" lake #1 {ü}'),
    ):
        monkeypatch.setenv("LAKEHOUSE_ROOT", root)
        done = CliRunner().invoke(ingest.cli.cli, ["--from", str(sample), "--dataset", "netflix_directors"])
        assert done.exit_code == 0, done.output
        dbt(root, "run", "--select", "bronze_directors")
        tables = ["raw/_files", "raw/netflix_directors", "bronze/bronze_directors"]
        assert sorted(tables) == sorted(
            f"{log.parent.parent.name}/{log.parent.name}" for log in place.glob("*/*/_delta_log")
        )
        assert listed(settings.root()) == tables
        shown = CliRunner().invoke(cli, ["tables"]).stdout
        assert all(name in shown for name in tables) and f"under {place}/<layer>" in shown
        rows = read(settings.root(), "bronze/bronze_directors")
        assert rows.height == DeltaTable(str(place / "raw" / "netflix_directors")).count() > 0


def test_the_listing_shows_an_object_store(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    for name in ("gold/fine", "raw/people"):
        write_deltalake(f"{s3}/{name}", frame)
    monkeypatch.setenv("LAKEHOUSE_ROOT", f"{s3}/")
    shown = CliRunner().invoke(cli, ["tables"])
    assert shown.exit_code == 0
    assert [line.split() for line in shown.stdout.splitlines() if "/" in line][:2] == [
        ["raw/people", "3", "0"],
        ["gold/fine", "3", "0"],
    ]
    assert f"Delta tables under {s3}/<layer>/<table>" in shown.stdout
    assert_frame_equal(read(settings.root(), "gold/fine"), frame)


def test_the_listing_names_a_damaged_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gold/fine", "gold/bad"):
        write_deltalake(str(tmp_path / name), pl.DataFrame({"a": [1]}))
    (tmp_path / "gold" / "bad" / "_delta_log" / f"{0:020}.json").write_text("")
    monkeypatch.setenv("LAKEHOUSE_ROOT", str(tmp_path))
    shown = CliRunner().invoke(cli, ["tables"])
    assert shown.exit_code == 0 and "gold/fine" in shown.stdout
    assert shown.stderr.startswith(f"The Delta table gold/bad under {tmp_path} cannot be read: ")
    gold.read.cache_clear()
    with pytest.raises(gold.NoGold, match=r"gold/bad under .* cannot be read"):
        gold.read("bad")
