"""The whole road, from files to a tested star schema, run by its commands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from dbt_duckdb_delta.object_store import load_extension
from tests.python.ingest.github_server import running
from tests.support.lake import OF_RUNS, Lake, copy_checkout, needs_real_data
from tests.support.templates import github

CATALOGUE_RECORDS = {
    "raw/netflix_titles": 6236,
    "raw/netflix_cast": 44311,
    "raw/netflix_category": 13670,
    "raw/netflix_countries": 7179,
    "raw/netflix_directors": 4852,
}


def test_the_unit_tests_of_the_models(sample_lake: Lake) -> None:
    done = sample_lake.dbt("test", "--select", "test_type:unit", DBT_EXCLUDE_RESOURCE_TYPES="")
    assert re.search(r" PASS=[1-9][0-9]* WARN=0 ERROR=0 SKIP=0 ", done.stdout), done.stdout[-500:]


@needs_real_data
def test_raw_holds_every_record_of_the_real_catalogue(real_lake: Lake) -> None:
    counts = real_lake.counts("raw")
    assert {name: counts[name] for name in CATALOGUE_RECORDS} == CATALOGUE_RECORDS


@needs_real_data
def test_the_ledger_names_the_five_files_and_their_sha1(real_lake: Lake) -> None:
    ledger = real_lake.read("raw/_files")
    rows = ledger.filter((pl.col("_source") == "catalogue") & (pl.col("status") == "loaded")).to_dicts()
    loaded = {Path(row["_file_path"]).name: row["_file_sha"] for row in rows}
    assert loaded == {
        "netflix_titles.csv": "c20aa9ee375db589837d32503bd40ce6727be63a",
        "netflix_cast.csv": "721bb13476650bc008e93356219d027e3ac83225",
        "netflix_category.csv": "63c0732f9acd93f223476c5d9118f43ec719664c",
        "netflix_countries.csv": "fbc0cb198d091f3fe7c34ffbfaf6f4f7f24ea2bb",
        "netflix_directors.csv": "73e20ce78294f0609b0a1bab506e1ab42a48f384",
    }


@needs_real_data
def test_the_star_schema_of_the_real_catalogue(real_lake: Lake) -> None:
    titles = real_lake.read("gold/dim_title").filter(pl.col("title_key") != -1)
    assert dict(titles["type"].value_counts().iter_rows()) == {"Movie": 4265, "TV Show": 1969}
    assert titles["show_id"].n_unique() == 6234
    assert real_lake.read("gold/dim_person").filter(pl.col("person_key") != -1).height == 30710
    counts = real_lake.counts("gold")
    assert counts["gold/bridge_title_cast"] == 44310
    assert counts["gold/bridge_title_director"] == 4850
    assert counts["gold/bridge_title_genre"] == 13670
    assert counts["gold/bridge_title_country"] == 7179
    assert counts["gold/fct_catalogue_title"] == 6234


@needs_real_data
def test_titles_that_were_broken_over_two_records_are_whole(real_lake: Lake) -> None:
    columns = ["show_id", "title", "date_added", "release_year", "rating", "duration_minutes", "description"]
    titles = real_lake.read("silver/silver_titles").filter(pl.col("show_id").is_in([80119194, 80188902]))
    rows = [row | {"date_added": str(row["date_added"])} for row in titles.select(columns).sort("show_id").to_dicts()]
    assert rows[0].pop("description").startswith("This documentary centers on the crew of the B-17 Flying Fortress")
    assert rows[1].pop("description").endswith("where anything could happen \N{EN DASH} and probably will.")
    assert rows == [
        {
            "show_id": 80119194,
            "title": "The Memphis Belle: A Story of a Flying Fortress",
            "date_added": "2017-03-31",
            "release_year": 1944,
            "rating": "TV-PG",
            "duration_minutes": 40,
        },
        {
            "show_id": 80188902,
            "title": "The Bad Education Movie",
            "date_added": "2018-12-15",
            "release_year": 2015,
            "rating": "TV-MA",
            "duration_minutes": 87,
        },
    ]


@needs_real_data
def test_bridges_of_the_real_catalogue_have_no_orphan(real_lake: Lake) -> None:
    titles = real_lake.read("gold/dim_title").select("title_key")
    dimensions = {"cast": "person", "director": "person", "genre": "genre", "country": "country"}
    for bridge, dimension in dimensions.items():
        rows = real_lake.read(f"gold/bridge_title_{bridge}")
        members = real_lake.read(f"gold/dim_{dimension}").select(f"{dimension}_key")
        assert rows.join(titles, on="title_key", how="anti").is_empty()
        assert rows.join(members, on=f"{dimension}_key", how="anti").is_empty()


@needs_real_data
def test_every_table_opens_in_every_reader(real_lake: Lake) -> None:
    connection = duckdb.connect()
    load_extension(connection, "delta")
    for name, count in real_lake.counts().items():
        path = str(real_lake.root / name)
        protocol = DeltaTable(path).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), name
        assert pl.read_delta(path).height == count, name
        assert connection.execute(f"select count(*) from delta_scan('{path}')").fetchall() == [(count,)], name


def test_a_second_run_writes_nothing(sample_lake: Lake, make_sample: Callable[..., Path]) -> None:
    before = sample_lake.versions()
    assert "nothing new" in sample_lake.ingest("--from", str(make_sample())).stdout
    sample_lake.build()
    assert sample_lake.versions() == before


@needs_real_data
def test_a_second_run_on_real_data_writes_nothing(real_lake: Lake) -> None:
    def versions() -> dict[str, int]:
        # The cache keeps what was said at an address, and the server is at another one now
        return {name: version for name, version in real_lake.versions().items() if name != "raw/_http_cache"}

    before = versions()
    with github() as server:
        again = replace(real_lake, env=server.environment).ingest("--source", "catalogue")
        assert "nothing new" in again.stdout
    real_lake.build()
    assert versions() == before


def test_deleted_dbt_state_comes_back(sample_lake: Lake, new_lake: Callable[[str], Lake]) -> None:
    """Nothing but the Delta tables is needed: each command works on its own, with nothing left from a run before."""
    before = sample_lake.versions()
    for command in [
        ("build", "--select", "dim_title"),
        ("test", "--select", "bridge_title_cast"),
        ("show", "--inline", "select count(*) as titles from {{ ref('fct_catalogue_title') }}"),
        ("docs", "generate", "--static"),
    ]:
        alone = replace(sample_lake, work=new_lake("alone").work)
        alone.dbt(*command)
    assert "fct_catalogue_title" in (alone.work / "target" / "static_index.html").read_text()
    assert sample_lake.versions() == before


def test_dbt_without_a_lake_says_what_to_do(new_lake: Callable[[str], Lake]) -> None:
    done = new_lake("empty").dbt("build", check=False)
    assert done.returncode != 0
    assert "python -m ingest" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "problem", ["missing folder", "missing file", "unreachable", "refused token", "unwritable lake"]
)
def test_a_problem_gets_one_line_and_changes_nothing(problem: str, sample_lake: Lake, tmp_path: Path) -> None:
    before = sample_lake.versions()
    lake, args, env, says = sample_lake, ["--source", "catalogue"], {}, problem
    if problem == "missing folder":
        args, says = ["--from", str(tmp_path / "nowhere")], "nowhere"
    elif problem == "missing file":
        (tmp_path / "catalogue").mkdir()
        lake = replace(sample_lake, root=tmp_path / "new")  # where it was loaded before, its last version stays
        args, says = ["--from", str(tmp_path), "--source", "catalogue"], "netflix_titles.csv"
    elif problem == "unreachable":
        lake = replace(sample_lake, root=tmp_path / "new")
        env, says = {"GITHUB_API_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"
    elif problem == "unwritable lake":
        (tmp_path / "file").write_text("not a folder")
        lake, args = replace(sample_lake, root=tmp_path / "file" / "lake"), ["--from", str(tmp_path)]
        (tmp_path / "catalogue").mkdir()
        (tmp_path / "catalogue" / "netflix_titles.csv").write_text("show_id,type,title\n1,Movie,A\n")
        args, says = [*args, "--dataset", "netflix_titles"], "LAKEHOUSE_ROOT"
    if problem == "refused token":
        lake = replace(sample_lake, root=tmp_path / "new")
        with running() as server:
            server.fault = lambda path: ("status", 401, {})
            done = lake.ingest(*args, check=False, GITHUB_TOKEN="secret-token", **server.environment)
        says = "GITHUB_TOKEN"
    else:
        done = lake.ingest(*args, check=False, **env)
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "secret-token" not in done.stdout + done.stderr
    assert sample_lake.versions() == before


def test_make_commands_in_a_copy(
    copy_of: Callable[..., Lake], make_sample: Callable[..., Path], tmp_path: Path
) -> None:
    """`make next-week` and `make clean`; `make run` is what .ci/run ends with.

    Two weeks loaded and built one after the other give the same tables as both with one full refresh.
    """
    checkout = copy_checkout(tmp_path / "checkout")
    copied = copy_of("sample")
    (copied.work / "target").rename(checkout / "target")
    here = Lake(copied.root.rename(checkout / "lake"), tmp_path)
    shutil.copytree(make_sample(), checkout / "sample")
    (checkout / "sample" / "week").write_text("1")

    # without setting up and without data tests, all of which the sample has passed
    build = ".venv/bin/python -m lakehouse build --exclude-resource-type unit_test --exclude-resource-type test"

    def make(*goals: str, check: bool = True) -> str:
        command = ["make", "-C", str(checkout), "-o", "setup", "TITLES=300", "SEED=7", f"BUILD={build}", *goals]
        done = here.run(*command, check=check, LAKEHOUSE_ROOT="lake", DBT_TARGET_PATH="target", DBT_LOG_PATH="logs")
        return done.stdout + done.stderr

    assert "gold/dim_title" in make("next-week")
    assert here.versions("bronze")["bronze/bronze_titles"] == 1
    whole = copy_of("sample", "bronze", "silver", "gold")
    shutil.copytree(here.root / "raw", whole.root / "raw")
    whole.build("--exclude", "path:models/gold/marts", "--full-refresh")  # which are computed from what is compared
    assert here.tables() == whole.tables()
    for name in here.tables("bronze", "silver", "gold"):
        if name != OF_RUNS and "/mart_" not in name:
            assert here.rows(name).equals(whole.rows(name)), name

    assert "make clean" in make("run", "SOURCE=github", check=False)
    make("clean")
    assert not (checkout / "lake").exists()
