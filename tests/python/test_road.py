"""The whole road, from files to a tested star schema, run by its commands."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from plugins.object_store import load_extension
from tests.python.ingest.github_server import GitHubServer, Repository, running
from tests.python.lake import CHECKOUT, DATA, OF_RUNS, Lake, needs_real_data

CATALOGUE_RECORDS = {
    "raw/netflix_titles": 6236,
    "raw/netflix_cast": 44311,
    "raw/netflix_category": 13670,
    "raw/netflix_countries": 7179,
    "raw/netflix_directors": 4852,
}


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubServer]:
    """A server that speaks GitHub's API over the real catalogue as it was committed."""
    if not DATA.is_dir():
        pytest.skip(f"the real source data is not at {DATA} (set NETFLIX_DATA_DIR)")
    repository = Repository()
    repository.commit(
        {f"RawData_AND_Notebooks/{file.name}": file.read_bytes() for file in (DATA / "catalogue").iterdir()},
        at=datetime(2025, 2, 14, tzinfo=UTC),
        sha="475bc541eb64f666fc3f47ec9e1a1a1ebf33ec5f",
    )
    with running() as server:
        server.repositories["anshlambagit/Netflix_Azure_Data_Engineering_Project"] = repository
        yield server


@pytest.fixture(scope="module")
def real(new_lake: Callable[[str], Lake], github: GitHubServer) -> Lake:
    """The real catalogue, pulled over HTTP and built."""
    lake = replace(new_lake("real"), env=github.environment)
    lake.ingest("--source", "catalogue")
    lake.dbt("build")
    return lake


@pytest.fixture(scope="module")
def sample(new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]) -> Lake:
    """Week 1 of the sample, ingested and built."""
    lake = new_lake("sample")
    lake.ingest("--from", str(make_sample()))
    lake.dbt("build")
    return lake


def test_the_unit_tests_of_the_models(sample: Lake) -> None:
    done = sample.dbt("test", "--select", "test_type:unit", DBT_EXCLUDE_RESOURCE_TYPES="")
    assert re.search(r" PASS=[1-9][0-9]* WARN=0 ERROR=0 SKIP=0 ", done.stdout), done.stdout[-500:]


@needs_real_data
def test_raw_holds_every_record_of_the_real_catalogue(real: Lake) -> None:
    counts = real.counts("raw")
    assert {name: counts[name] for name in CATALOGUE_RECORDS} == CATALOGUE_RECORDS


@needs_real_data
def test_the_ledger_names_the_five_files_and_their_sha1(real: Lake) -> None:
    ledger = real.read("raw/_files")
    loaded = {Path(row["_file_path"]).name: row["_file_sha"] for row in ledger.to_dicts() if row["status"] == "loaded"}
    assert loaded == {
        "netflix_titles.csv": "c20aa9ee375db589837d32503bd40ce6727be63a",
        "netflix_cast.csv": "721bb13476650bc008e93356219d027e3ac83225",
        "netflix_category.csv": "63c0732f9acd93f223476c5d9118f43ec719664c",
        "netflix_countries.csv": "fbc0cb198d091f3fe7c34ffbfaf6f4f7f24ea2bb",
        "netflix_directors.csv": "73e20ce78294f0609b0a1bab506e1ab42a48f384",
    }


@needs_real_data
def test_the_star_schema_of_the_real_catalogue(real: Lake) -> None:
    titles = real.read("gold/dim_title").filter(pl.col("title_key") != -1)
    assert dict(titles["type"].value_counts().iter_rows()) == {"Movie": 4265, "TV Show": 1969}
    assert titles["show_id"].n_unique() == 6234
    assert real.read("gold/dim_person").filter(pl.col("person_key") != -1).height == 30710
    counts = real.counts("gold")
    assert counts["gold/bridge_title_cast"] == 44310
    assert counts["gold/bridge_title_director"] == 4850
    assert counts["gold/bridge_title_genre"] == 13670
    assert counts["gold/bridge_title_country"] == 7179
    assert counts["gold/fct_catalogue_title"] == 6234


@needs_real_data
def test_titles_that_were_broken_over_two_records_are_whole(real: Lake) -> None:
    columns = ["show_id", "title", "date_added", "release_year", "rating", "duration_minutes", "description"]
    titles = real.read("silver/silver_titles").filter(pl.col("show_id").is_in([80119194, 80188902]))
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
def test_bridges_of_the_real_catalogue_have_no_orphan(real: Lake) -> None:
    titles = real.read("gold/dim_title").select("title_key")
    dimensions = {"cast": "person", "director": "person", "genre": "genre", "country": "country"}
    for bridge, dimension in dimensions.items():
        rows = real.read(f"gold/bridge_title_{bridge}")
        members = real.read(f"gold/dim_{dimension}").select(f"{dimension}_key")
        assert rows.join(titles, on="title_key", how="anti").is_empty()
        assert rows.join(members, on=f"{dimension}_key", how="anti").is_empty()


@needs_real_data
def test_every_table_opens_in_every_reader(real: Lake) -> None:
    connection = duckdb.connect()
    load_extension(connection, "delta")
    for name, count in real.counts().items():
        path = str(real.root / name)
        protocol = DeltaTable(path).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), name
        assert pl.read_delta(path).height == count, name
        assert connection.execute(f"select count(*) from delta_scan('{path}')").fetchall() == [(count,)], name


@pytest.mark.parametrize("which", ["sample", pytest.param("real", marks=needs_real_data)])
def test_a_second_run_writes_nothing(which: str, request: pytest.FixtureRequest) -> None:
    lake: Lake = request.getfixturevalue(which)
    before = lake.versions()
    if which == "real":
        assert "nothing new" in lake.ingest("--source", "catalogue").stdout
    lake.dbt("build")
    assert lake.versions() == before


def test_deleted_dbt_state_comes_back(sample: Lake) -> None:
    """Nothing but the Delta tables is needed: each command works on its own in a fresh process and a fresh target."""
    before = sample.counts()
    for number, command in enumerate(
        [
            ("build", "--select", "dim_title"),
            ("test", "--select", "bridge_title_cast"),
            ("show", "--inline", "select count(*) as titles from {{ ref('fct_catalogue_title') }}"),
            ("docs", "generate"),
        ]
    ):
        alone = Lake(sample.root, sample.work / f"alone-{number}")
        alone.dbt(*command)
    assert sample.counts() == before


def test_next_week_is_an_incremental_load(new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]) -> None:
    """Two weeks loaded one after the other give the same silver and gold as the second week with a full refresh."""
    step, whole = new_lake("step"), new_lake("whole")
    weeks = [make_sample(1), make_sample(2)]
    for week in weeks:
        step.ingest("--from", str(week))
        step.dbt("build")
    for week in weeks:
        whole.ingest("--from", str(week))
    whole.dbt("build", "--full-refresh")
    assert step.versions("bronze")["bronze/bronze_titles"] == 1
    for name in step.tables("bronze", "silver", "gold"):
        if name != OF_RUNS:
            assert step.rows(name).equals(whole.rows(name)), name


def test_dbt_without_a_lake_says_what_to_do(new_lake: Callable[[str], Lake]) -> None:
    done = new_lake("empty").dbt("build", check=False)
    assert done.returncode != 0
    assert "python -m ingest" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "problem", ["missing folder", "missing file", "unreachable", "refused token", "unwritable lake"]
)
def test_a_problem_gets_one_line_and_changes_nothing(problem: str, sample: Lake, tmp_path: Path) -> None:
    before = sample.versions()
    lake, args, env, says = sample, ["--source", "catalogue"], {}, problem
    if problem == "missing folder":
        args, says = ["--from", str(tmp_path / "nowhere")], "nowhere"
    elif problem == "missing file":
        (tmp_path / "catalogue").mkdir()
        lake = replace(sample, root=tmp_path / "new")  # where it was loaded before, its last version stays
        args, says = ["--from", str(tmp_path), "--source", "catalogue"], "netflix_titles.csv"
    elif problem == "unreachable":
        lake = replace(sample, root=tmp_path / "new")
        env, says = {"GITHUB_API_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"
    elif problem == "unwritable lake":
        (tmp_path / "file").write_text("not a folder")
        lake, args = replace(sample, root=tmp_path / "file" / "lake"), ["--from", str(tmp_path)]
        (tmp_path / "catalogue").mkdir()
        (tmp_path / "catalogue" / "netflix_titles.csv").write_text("show_id,type,title\n1,Movie,A\n")
        args, says = [*args, "--dataset", "netflix_titles"], "LAKEHOUSE_ROOT"
    if problem == "refused token":
        lake = replace(sample, root=tmp_path / "new")
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
    assert sample.versions() == before


def test_make_commands_in_a_copy(tmp_path: Path) -> None:
    """`make run`, twice, then `make next-week`, `make docs` and `make clean`, in a copy of the checkout."""
    checkout = tmp_path / "checkout"
    ignore = shutil.ignore_patterns(".git", ".venv", "lake", "sample", "target", "logs", ".*_cache", "__pycache__")
    shutil.copytree(CHECKOUT, checkout, ignore=ignore)
    (checkout / ".venv").symlink_to(sys.prefix)
    here = Lake(checkout / "lake", tmp_path)

    def make(*goals: str, check: bool = True) -> str:
        command = ["make", "-C", str(checkout), "-o", "setup", "TITLES=300", *goals]  # without setting up
        done = here.run(*command, check=check, LAKEHOUSE_ROOT="lake", DBT_TARGET_PATH="target", DBT_LOG_PATH="logs")
        return done.stdout + done.stderr

    assert "gold/dim_title" in make("run")
    built = here.versions()
    make("run")
    assert here.versions() == built
    assert "gold/dim_title" in make("next-week")
    assert here.counts("gold") != {}
    assert "static_index.html" in make("docs")
    assert "make clean" in make("run", "SOURCE=github", check=False)
    make("clean")
    assert not (checkout / "lake").exists()
