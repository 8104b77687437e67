"""The same models on Spark, over the same Delta tables: on pysail always, on Apache Spark where it can run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import polars as pl
import pytest
from deltalake import DeltaTable

pytest.importorskip("pyspark", reason="pyspark is not installed: `make test LANE=engines` installs it")

from lakehouse.engines.parity import BUILD, contents, differences
from lakehouse.engines.spark import missing, server, session
from tests.support.lake import CHECKOUT, OF_RUNS, Lake

pytestmark = pytest.mark.engines

DBT = str(Path(sys.executable).with_name("dbt"))
WEEKS = int(os.environ.get("NETFLIX_SPARK_WEEKS", "3"))


@pytest.fixture(scope="module", autouse=True)
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Apache Spark interprets its plans and keeps them: compiling and adapting would take most of the time here.

    So would the JVM's own compiler for code that runs for long, without which it keeps too little room for code.
    """
    java = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
    settings = {
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": java,
    }
    conf = tmp_path_factory.mktemp("conf")
    (conf / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(conf))
        yield


@pytest.fixture(scope="module", params=["pysail", "apache"])
def engine(request: pytest.FixtureRequest) -> str:
    engine = str(request.param)
    if lack := missing(engine):
        pytest.skip(lack)
    if engine == "apache":
        try:
            with server(engine):
                pass
        except click.ClickException as error:
            if "unresolved dependency" in error.message:
                pytest.skip(f"The jars of Delta Lake for Apache Spark cannot be had here. {error.message}")
            raise
    return engine


@pytest.fixture
def patient_engine(engine: str) -> str:
    """For tests that take minutes more on Apache Spark, which the change of engines below has used already."""
    if engine == "apache" and "NETFLIX_APACHE_SPARK" not in os.environ:
        pytest.skip("Apache Spark takes minutes for it: set NETFLIX_APACHE_SPARK=1 to run this test there as well")
    return engine


@pytest.fixture(scope="module")
def samples(make_sample: Callable[..., Path]) -> list[Path]:
    return [make_sample(week, titles=200) for week in range(1, WEEKS + 1)]


@pytest.fixture(scope="module")
def on_duckdb(new_lake: Callable[[str], Lake], samples: list[Path]) -> Lake:
    """All weeks, with a version that is held and one that was rejected, built once."""
    lake = new_lake("duckdb")
    load(lake, samples)
    lake.build()
    states = set(lake.read("gold/source_files")["state"])
    assert states == {"accepted", "held", "rejected"}
    return lake


def load(lake: Lake, samples: list[Path]) -> None:
    for sample in samples:
        lake.ingest("--from", str(sample))
    decide(lake, samples[-1])


def decide(lake: Lake, newest: Path) -> None:
    """A file of titles without a title is held, and the newest directors are taken back."""
    folder = lake.work / "wrong"
    shutil.copytree(newest, folder)
    titles = folder / "catalogue/netflix_titles.csv"
    later = titles.stat().st_mtime + 86_400
    titles.write_text(titles.read_text().splitlines()[0] + "\n")
    os.utime(titles, (later, later))
    lake.ingest("--from", str(folder), check=False)
    directors = lake.read("raw/_files").filter(pl.col("raw_table") == "netflix_directors")["_file_version"].max()
    lake.ingest("reject", "netflix_directors.csv", "--version", str(directors), "--why", "somebody else's")


# Two workers: in processes of their own with Apache Spark, within the server with pysail.
CLUSTER = {
    "pysail": {
        "SAIL_MODE": "local-cluster",
        "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2",
        "SAIL_CLUSTER__WORKER_MAX_COUNT": "2",
    },
    "apache": {"SPARK_MASTER": "local-cluster[2,1,2048]"},
}


# Models with each way in which tables are written: append, merge, merge that deletes, whole table. All models are built
# by the test above. On Apache Spark, where each takes seconds and the history of titles most of a minute, these are as
# few as can be.
CHANGING = {
    "pysail": ("--select", "+silver_titles", "+fct_catalogue_change", "+bridge_title_genre", "+silver_top10_global"),
    "apache": ("--select", "+silver_titles", "+dim_genre"),
}
if "NETFLIX_APACHE_SPARK" in os.environ:
    CHANGING["apache"] = CHANGING["pysail"]


def spark(lake: Lake, engine: str, *args: str, **env: str) -> None:
    replace(lake, env=lake.env | env).run(sys.executable, "-m", "lakehouse", "spark", DBT, *args, SPARK=engine)


def descendants(of: int, with_arguments: str) -> list[int]:
    """The processes that descend from one and whose command line holds a text."""
    listed = subprocess.run(["ps", "-eww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in listed.splitlines())
    processes = [(int(pid), int(parent), args) for pid, parent, args in rows]
    family = {of}
    while born := {pid for pid, parent, _ in processes if parent in family} - family:
        family |= born
    return [pid for pid, _, args in processes if pid in family and with_arguments in args]


def build_on_workers_of_which_some_are_killed(lake: Lake, engine: str) -> None:
    """Of Apache Spark's two, one is. Pysail's live in its server, so the server is, and the build is run again.

    They build the titles only: on two cores, more takes many times what it takes in one process. The rest follows
    without workers.
    """
    titles = [*BUILD, "--select", "+silver_titles"]
    command = [sys.executable, "-m", "lakehouse", "spark", DBT, *titles]
    env = lake.environment | CLUSTER[engine] | {"SPARK": engine}
    log = lake.root / "bronze/bronze_titles/_delta_log"
    before = len(list(log.glob("*.json")))
    with subprocess.Popen(command, cwd=CHECKOUT, env=env, start_new_session=True) as build:
        while build.poll() is None and len(list(log.glob("*.json"))) == before:
            time.sleep(0.1)
        if engine == "apache":
            executors = descendants(build.pid, "CoarseGrainedExecutorBackend")
            assert len(executors) == 2
            os.kill(executors[0], signal.SIGKILL)
        else:
            [sail] = descendants(build.pid, "pysail spark server")
            os.kill(sail, signal.SIGKILL)
            os.killpg(build.pid, signal.SIGKILL)  # it would wait for the server for minutes
    if engine == "apache":
        assert build.returncode == 0
    else:
        assert build.returncode == -signal.SIGKILL
        spark(lake, engine, *titles, **CLUSTER[engine])
    spark(lake, engine, *BUILD, *CHANGING[engine], "--exclude", "+silver_titles")


def test_the_build_with_all_tests_gives_what_duckdb_gives(
    patient_engine: str, new_lake: Callable[[str], Lake], samples: list[Path], on_duckdb: Lake
) -> None:
    lake = new_lake(patient_engine)
    load(lake, samples)
    spark(lake, patient_engine, "build", "--quiet")
    both = {"duckdb": contents(on_duckdb.root), patient_engine: contents(lake.root)}
    assert len(both["duckdb"]) > 40
    assert [name for name in differences(both) if name != OF_RUNS] == []


def test_a_lake_changes_engines_and_back(
    engine: str, new_lake: Callable[[str], Lake], samples: list[Path], on_duckdb: Lake
) -> None:
    lake = new_lake(f"changing-{engine}")
    versions = []
    for week, sample in enumerate(samples, start=1):
        lake.ingest("--from", str(sample))
        if week == WEEKS:
            decide(lake, sample)
        if 3 / 8 < week / WEEKS <= 6 / 8:  # of eight weeks, the fourth to the sixth
            build_on_workers_of_which_some_are_killed(lake, engine)
        else:
            lake.build(*CHANGING[engine])
        versions.append(DeltaTable(str(lake.root / "silver/silver_titles")).version())
    assert versions == sorted(set(versions))  # each engine committed to the table of the other
    expected, found = contents(on_duckdb.root), contents(lake.root)
    last = "gold/dim_genre" if "+dim_genre" in CHANGING[engine] else "gold/fct_catalogue_change"
    assert {"silver/silver_titles", last} <= set(found)
    assert found == {name: expected[name] for name in found}
    for log in lake.root.glob("*/*/_delta_log"):
        protocol = DeltaTable(str(log.parent)).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), log


def test_an_unknown_engine_is_one_line(new_lake: Callable[[str], Lake]) -> None:
    said = new_lake("none").run(sys.executable, "-m", "lakehouse", "spark", "true", check=False, SPARK="flink")
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1] == "SPARK is flink, but can only be pysail or apache."


# A gold model under contract: its columns, with what a row holds in them.
RATING = {
    "rating_key": "cast(1 as bigint)",
    "rating": "'R'",
    "rating_family": "'R'",
    "audience_group": "'Adults'",
    "description": "'Not for children.'",
    "minimum_age": "17",
}


def select(**other: str) -> str:
    return "select " + ", ".join(f"{value} as {name}" for name, value in (RATING | other).items())


def test_a_broken_contract_ends_the_model_before_anything_is_written(
    patient_engine: str, new_lake: Callable[[str], Lake], on_duckdb: Lake
) -> None:
    lake = new_lake(f"contract-{patient_engine}")
    shutil.copytree(on_duckdb.root, lake.root)
    project = lake.work / "project"
    for name in ("dbt_project.yml", "packages.yml", "profiles.yml", "selectors.yml"):
        project.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / name, project)
    for name in ("dbt_packages", "macros", "models", "seeds", "tests/dbt"):
        shutil.copytree(CHECKOUT / name, project / name)
    table = lake.root / "gold" / "dim_rating"
    before = lake.read("gold/dim_rating")
    queries = {
        "This model has an enforced contract that failed.": select(minimum_age="'seventeen'"),
        "gold.dim_rating: the column rating is null": f"{select()} union all {select(rating='cast(null as string)')}",
    }

    def build() -> str:
        options = ["--project-dir", str(project), "--profiles-dir", str(project)]
        return lake.run(DBT, "run", "-s", "dim_rating", *options, check=False, **env).stdout

    with session(str(lake.root), patient_engine) as env:
        for says, query in queries.items():
            (project / "models/gold/dim_rating.sql").write_text(query)
            assert says in build()
            assert DeltaTable(str(table)).version() == 0
            assert lake.read("gold/dim_rating").equals(before)
        (project / "models/gold/dim_rating.sql").write_text(select())
        assert "ERROR=0" in build()
    assert lake.read("gold/dim_rating")["minimum_age"].to_list() == [17]


def test_the_docs_know_every_table_and_its_columns(
    patient_engine: str, new_lake: Callable[[str], Lake], on_duckdb: Lake
) -> None:
    lake = new_lake(f"docs-{patient_engine}")
    shutil.copytree(on_duckdb.root, lake.root)
    spark(lake, patient_engine, "docs", "generate", "--quiet")
    catalogue = json.loads((lake.work / "target/catalog.json").read_text())
    found = {node["metadata"]["schema"] + "/" + node["metadata"]["name"] for node in catalogue["nodes"].values()}
    assert found == set(lake.tables("bronze", "silver", "gold"))
    assert all(node["columns"] for node in catalogue["nodes"].values())
