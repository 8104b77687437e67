"""The same models on Spark, over the same Delta tables: on pysail always, on Apache Spark where it can run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from scripts.parity import BUILD, contents, differences
from scripts.spark import missing
from tests.python.lake import OF_RUNS, Lake

DBT = str(Path(sys.executable).with_name("dbt"))
WEEKS = int(os.environ.get("NETFLIX_SPARK_WEEKS", "3"))


@pytest.fixture(scope="module", params=["pysail", "apache"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "apache" and "NETFLIX_APACHE_SPARK" not in os.environ:
        pytest.skip(
            "Apache Spark takes minutes and loads its Delta jars: set NETFLIX_APACHE_SPARK=1 to test it as well"
        )
    if lack := missing(request.param):
        pytest.skip(lack)
    return str(request.param)


@pytest.fixture(scope="module")
def samples(make_sample: Callable[..., Path]) -> list[Path]:
    return [make_sample(week, titles=200) for week in range(1, WEEKS + 1)]


@pytest.fixture(scope="module")
def on_duckdb(new_lake: Callable[[str], Lake], samples: list[Path]) -> Lake:
    """All weeks, built once."""
    lake = new_lake("duckdb")
    for sample in samples:
        lake.ingest("--from", str(sample))
    lake.dbt(*BUILD)
    return lake


def spark(lake: Lake, engine: str, *args: str) -> None:
    lake.run(sys.executable, "-m", "scripts.spark", DBT, *args, SPARK=engine)


def assert_same(one: Lake, other: Lake) -> None:
    both = {"one": contents(one.root), "other": contents(other.root)}
    assert len(both["one"]) > 40
    assert [name for name in differences(both) if name != OF_RUNS] == []


def test_the_build_with_all_tests_gives_what_duckdb_gives(
    engine: str, new_lake: Callable[[str], Lake], samples: list[Path], on_duckdb: Lake
) -> None:
    lake = new_lake(engine)
    for sample in samples:
        lake.ingest("--from", str(sample))
    spark(lake, engine, "build", "--quiet")
    assert_same(lake, on_duckdb)


def test_a_lake_changes_engines_and_back(
    engine: str, new_lake: Callable[[str], Lake], samples: list[Path], on_duckdb: Lake
) -> None:
    lake = new_lake(f"changing-{engine}")
    versions = []
    for week, sample in enumerate(samples, start=1):
        lake.ingest("--from", str(sample))
        if week in (1, WEEKS):
            lake.dbt(*BUILD)
        else:
            spark(lake, engine, *BUILD)
        versions.append(DeltaTable(str(lake.root / "silver/silver_titles")).version())
    assert versions == sorted(set(versions))  # each engine committed to the table of the other
    assert_same(lake, on_duckdb)
    for log in lake.root.glob("*/*/_delta_log"):
        protocol = DeltaTable(str(log.parent)).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), log


def test_an_unknown_engine_is_one_line(new_lake: Callable[[str], Lake]) -> None:
    said = new_lake("none").run(sys.executable, "-m", "scripts.spark", "true", check=False, SPARK="flink")
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1] == "Error: SPARK is flink, but can only be pysail or apache."
