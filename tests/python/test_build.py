"""What a build tells a person: how far it is, each warning in a line, and dbt's exit code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, STDOUT

import polars as pl
import pytest

from lakehouse.build import FAULT_OF_DUCKDB, one_line
from lakehouse.nothing_new import LastBuild
from tests.support.in_process import Done, python
from tests.support.lake import CHECKOUT, OF_RUNS, Lake

FILES = {
    "dbt_project.yml": "{name: small, version: '1.0.0', profile: small, model-paths: [models]}",
    "profiles.yml": "small: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}",
    "models/numbers.sql": "{% do exceptions.warn('said by a macro') %}select n from range(5) as r(n)",
    "models/numbers.yml": """
models:
  - name: numbers
    columns:
      - name: n
        data_tests:
          - accepted_values: {name: n_is_small, arguments: {values: [0, 1], quote: false}, config: {severity: warn}}
          - not_null
""",
    "models/bad.sql": "{{ config(materialized='table') }}select error('no good') as n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def build(project: Path, *options: str, **env: str) -> Done:
    options = ("build", "--project-dir", ".", "--profiles-dir", ".", *options)
    return python("lakehouse", *options, env=os.environ | {"GITHUB_STEP_SUMMARY": ""} | env, cwd=project)


def test_each_warning_is_one_line_and_the_summary_has_it(project: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = build(project, "--select", "numbers", GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "dbt reads the project ..."
    warning = "numbers: n_is_small: 3 rows (models/numbers.yml)"
    at = lines.index("2 warnings of dbt:")
    assert lines[at + 1] == f"  {warning}"
    assert "said by a macro" in lines[at + 2]
    assert "dbt show --select" in lines[at + 3]
    assert "WARN=1 ERROR=0" in lines[at + 4]
    assert f"- `{warning}`\n" in summary.read_text()


def test_a_warning_shows_what_a_terminal_would_act_on() -> None:
    assert (
        one_line("\x1b[33mcolumn\x1b[0m \u202eid\x1b]0;title\x07\nis gone")
        == r"column \u202eid\x1b]0;title\x07 is gone"
    )


@pytest.mark.parametrize("mended", [True, False])
def test_a_build_goes_on_once_after_a_known_fault_of_duckdb(tmp_path: Path, mended: bool) -> None:
    """The model fails as long as the file is not there that the next one writes."""
    there = tmp_path / ("there" if mended else "never")
    fails = f"select case when count(*) = 0 then error('{FAULT_OF_DUCKDB}') else 1 end as n from glob('{there}')"
    files = {
        "dbt_project.yml": FILES["dbt_project.yml"],
        "profiles.yml": FILES["profiles.yml"],
        "models/a.sql": f"{{{{ config(materialized='table') }}}}{fails}",
        "models/b.sql": f"{{{{ config(post_hook=\"copy (select 1) to '{tmp_path}/there'\") }}}}select 1 as n",
    }
    (tmp_path / "models").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = build(tmp_path, "--threads", "1")
    assert done.returncode == (0 if mended else 1), done.stdout
    assert done.stdout.count("known fault of DuckDB (duckdb/duckdb#25713)") == 1
    assert ("PASS=2" in done.stdout) is mended


def test_control_c_ends_a_build_with_one_line(tmp_path: Path) -> None:
    files = {
        "dbt_project.yml": FILES["dbt_project.yml"],
        "profiles.yml": FILES["profiles.yml"],
        "models/endless.sql": "{{ config(materialized='table', pre_hook=\"copy (select 1) to 'there'\") }}"
        "select count(*) as n from range(1000000) as a, range(1000000) as b where a.range * b.range = 7",
    }
    (tmp_path / "models").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "lakehouse", "build", "--project-dir", ".", "--profiles-dir", "."]
    with subprocess.Popen(command, cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            until = time.monotonic() + 60
            while not (tmp_path / "there").exists() and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, "stopped; the next build goes on from here\n")
    assert "Traceback" not in out and "ERROR" not in out


def test_a_build_needs_a_project(tmp_path: Path) -> None:
    done = python("lakehouse", "build", env=os.environ, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "there is no dbt_project.yml here: run this in the folder of the project\n"


def test_the_exit_code_is_dbts(project: Path) -> None:
    failed = build(project)
    assert failed.returncode == 1
    assert "no good" in failed.stdout and "numbers: n_is_small: 3 rows" in failed.stdout
    wrong = build(project, "--no-such-option")
    assert wrong.returncode == 2
    assert "--no-such-option" in wrong.stderr and "Traceback" not in wrong.stdout + wrong.stderr


NOTHING = "there is nothing to build"


def test_nothing_is_built_where_nothing_has_changed(project: Path, tmp_path: Path) -> None:
    env = {"DBT_TARGET_PATH": str(tmp_path), "LAKEHOUSE_ROOT": str(tmp_path / "lake")}
    first, second = (build(project, "--select", "numbers", **env) for _ in range(2))
    assert NOTHING not in first.stdout
    assert second.returncode == 0
    warnings = "2 warnings of dbt:"
    assert warnings in first.stdout
    assert second.stdout.partition(warnings)[1:] == first.stdout.partition(warnings)[1:]  # they are still true
    assert NOTHING in second.stdout
    assert NOTHING not in build(project, "--select", "numbers", "--full-refresh", **env).stdout
    assert NOTHING not in build(project, **env).stdout
    assert NOTHING not in build(project, **env).stdout  # that before it failed


def copy_back(table: Path) -> None:
    shutil.copytree(table, table.with_name("copy"))
    shutil.rmtree(table)
    table.with_name("copy").rename(table)
    for file in table.rglob("*"):
        file.touch()


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "a version in raw": lambda project, lake: pl.DataFrame({"n": [1]}).write_delta(lake / "raw/t", mode="append"),
    "a table written by another": lambda project, lake: pl.DataFrame({"n": [1]}).write_delta(
        lake / "gold/t", mode="append"
    ),
    "a table taken away": lambda project, lake: shutil.rmtree(lake / "silver/t"),
    "a file taken away": lambda project, lake: next((lake / "bronze/t").glob("*.parquet")).unlink(),
    "a table copied back": lambda project, lake: copy_back(lake / "gold/t"),
    "a model": lambda project, lake: (project / "models/numbers.sql").write_text("select 2 as n"),
    "a new seed": lambda project, lake: (project / "seeds/s.csv").write_text("n\n1\n"),
    "a setting": lambda project, lake: os.environ.setdefault("DBT_THREADS", "1"),
    "another lake": lambda project, lake: os.environ.pop("LAKEHOUSE_ROOT"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_built(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, lake = tmp_path / "project", tmp_path / "lake"
    for folder in ("models", "seeds", "target"):
        (project / folder).mkdir(parents=True)
    for layer in ("raw", "bronze", "silver", "gold"):
        pl.DataFrame({"n": [0]}).write_delta(lake / layer / "t")
    monkeypatch.setattr(os, "environ", os.environ | {"LAKEHOUSE_ROOT": str(lake)})
    monkeypatch.chdir(project)
    LastBuild([]).remember(["a warning"], "PASS=1")
    assert LastBuild([]).said() == (["a warning"], "PASS=1")
    assert LastBuild(["--select", "numbers"]).said() is None
    CHANGES[change](project, lake)
    assert LastBuild([]).said() is None


def test_what_changes_during_a_build_is_not_taken_for_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    building = LastBuild([])
    pl.DataFrame({"n": [0]}).write_delta(tmp_path / "lake/raw/t")
    building.remember([], "")
    assert LastBuild([]).said() is None


def test_a_second_build_of_the_sample_does_not_start_dbt(copy_of: Callable[..., Lake]) -> None:
    lake = copy_of("sample")
    options = ("build", "--target", "dev", "--exclude-resource-type", "unit_test", "--select", "dim_date")
    assert NOTHING not in lake.python("lakehouse", *options).stdout
    before = lake.versions()
    assert NOTHING in lake.python("lakehouse", *options).stdout
    assert lake.versions() == before


@pytest.mark.kills
@pytest.mark.parametrize("layers", [(), ("raw",)], ids=["next", "first"])
def test_two_builds_at_once_end_well_or_one_says_that_the_other_was_faster(
    copy_of: Callable[..., Lake], make_sample: Callable[..., Path], layers: tuple[str, ...]
) -> None:
    of_titles = ("--select", "+dim_title")
    lake, alone = copy_of("sample", *layers), copy_of("sample", *layers)
    for one in (lake, alone):
        one.ingest("--from", str(make_sample(week=2)), "--source", "catalogue")
    alone.build(*of_titles)
    command = [sys.executable, "-m", "lakehouse", "build", *of_titles, "--exclude-resource-type", "test"]
    runs = []
    for number in (1, 2):
        target = lake.work / f"target-{number}"
        shutil.copytree(lake.work / "target", target)
        env = lake.environment | {"DBT_TARGET_PATH": str(target)}
        runs.append(subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=PIPE, stderr=STDOUT, text=True))
    said = [run.communicate()[0] for run in runs]
    for run, out in zip(runs, said, strict=True):
        assert run.returncode == 0 or "run the model again" in out or "run it again" in out, out
        assert "Traceback" not in out
    if any(run.returncode for run in runs):
        lake.build(*of_titles)
    for name in lake.tables("bronze", "silver", "gold"):
        assert lake.rows(name).equals(alone.rows(name)) or name == OF_RUNS, name
