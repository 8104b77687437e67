"""The package in projects that are set up one way or another: what is asked for runs, or one line says why not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import polars as pl
import pytest
import yaml

from tests.support.project import CHECKOUT, PACKAGE, Project

AUTHOR = ["-c", "user.name=a", "-c", "user.email=a@b"]
PLAIN: dict[str, Any] = {"models": {}, "seeds": {}, "snapshots": {}, "data_tests": {}}
DELTA = "{{ config(materialized='table', file_format='delta') }} select 1 as id"
PYTHON = "def model(dbt, session):\n    dbt.config(materialized='%s')\n    return session.sql('select 1 as id')\n"
INCREMENTAL = """
{{ config(materialized='delta_incremental', incremental_strategy='append') }}
select id from {{ ref('plain') }}
{% if dbt_duckdb_delta.is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
"""


def test_the_wrappers_of_this_project_are_those_that_the_package_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dbt_duckdb_delta"]
    env = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    assert "no dbt_project.yml" in run("wrappers") and "Usage" in run("wrap")
    assert not (tmp_path / "macros").exists()
    (tmp_path / "dbt_project.yml").touch()
    assert "Wrote macros/dbt_duckdb_delta.sql" in run("wrappers")
    written = (tmp_path / "macros" / "dbt_duckdb_delta.sql").read_text()
    assert written == (CHECKOUT / "macros" / "dbt_duckdb_delta.sql").read_text()


@pytest.mark.parametrize(
    ("files", "profile", "said"),
    [
        ({"models/m.sql": DELTA}, {}, "no effect on m: "),
        (
            {"seeds/s.csv": "id\n1\n", "seeds/s.yml": "seeds: [{name: s, config: {file_format: delta}}]"},
            {},
            "no effect on s: ",
        ),
        ({"models/m.sql": DELTA}, {"plugins": []}, "target dev lacks the plugin"),
        (
            {"models/m.sql": INCREMENTAL.replace("dbt_duckdb_delta.is_", "is_")},
            {},
            "never true for materialized: delta_",
        ),
        (
            {
                "models/m.sql": "{{ config(materialized='delta_incremental', incremental_strategy='microbatch',"
                " event_time='id', begin='2024-01-01', batch_size='day') }} select 1 as id"
            },
            {},
            "dbt makes batches for materialized: incremental alone",
        ),
    ],
)
def test_a_model_that_would_become_something_else_ends_the_run(
    tmp_path: Path, files: dict[str, str], profile: dict[str, Any], said: str
) -> None:
    """Without wrappers, the package's materializations have names of their own."""
    plain = {"models/plain.sql": "{{ config(materialized='table') }} select 1 as id"}
    project = Project(tmp_path / "project", plain | files, config=PLAIN, wrappers=False)
    project.configure(**profile)
    success, out = project.in_new_session("build")
    assert not success and said in out and "Traceback" not in out, out
    assert not (tmp_path / "project" / "lake").exists()


def test_names_that_need_no_wrapper(tmp_path: Path) -> None:
    """Beside models of dbt-duckdb's own, one in Python too, and beside its reader of Delta tables."""
    files = {
        "models/plain.sql": "{{ config(materialized='table') }} select {{ var('id', 1) }} as id",
        "models/plain_python.py": PYTHON % "table",
        "models/t.sql": "{{ config(materialized='delta_table') }} select * from {{ ref('plain_python') }}",
        "models/py.py": PYTHON % "delta_table",
        "models/inc.sql": INCREMENTAL,
    }
    project = Project(tmp_path / "project", files, config=PLAIN, wrappers=False, database=str(tmp_path / "a.duckdb"))
    root = {"root": project.root}
    project.configure(plugins=[{"module": "delta"}, {"module": "dbt_duckdb_delta", "config": root}])
    for arguments, inserted in (
        ((), "overwrite"),
        (("--vars", "{id: 2}"), "append (1 inserted, 0 updated, 0 deleted)"),
    ):
        assert project.build(*arguments)["inc"][1] == inserted
    assert project.build()["inc"][1] == "nothing new"
    assert project.build("--full-refresh")["inc"][1] == "overwrite"
    assert [project.rows(name) for name in ("t", "py", "inc")] == [[(1,)]] * 3
    assert {path.name for path in Path(project.root, "s").iterdir()} == {"t", "py", "inc"}


def test_the_wrappers_leave_other_models_alone(tmp_path: Path) -> None:
    incremental = (
        "{{ config(materialized='incremental') }} select 1 as id {% if is_incremental() %} where false {% endif %}"
    )
    files = {
        "seeds/seed.csv": "id\n1\n",
        "models/plain.sql": "{{ config(materialized='table') }} select * from {{ ref('seed') }}",
        "models/plain_python.py": PYTHON % "table",
        "models/python_incremental.py": PYTHON % "incremental",
        "models/inc.sql": incremental,
        "models/d.sql": DELTA,
        "snapshots/sn.sql": "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        " select * from {{ ref('seed') }}{% endsnapshot %}",
    }
    project = Project(tmp_path / "project", files, config=PLAIN, database=str(tmp_path / "a.duckdb"))
    project.build()
    again = project.build("--full-refresh", "-s", "plain") | project.build("-s", "inc", "sn", "d")
    assert again["d"][1] == "unchanged"
    assert {path.name for path in Path(project.root, "s").iterdir()} == {"d"}
    project.dbt("parse")
    (project.at / "target").rename(project.at / "state")
    project.configure(schema="other")
    done = project.dbt("clone", "-s", "plain", "inc", "d", "--state", str(project.at / "state"))
    assert "dbt clone cannot copy d: " in done.pop("d")[1]
    assert {status for status, _ in done.values()} == {"success"}


SHOP = {
    "seeds/orders.csv": "id,customer,amount\n1,a,10\n2,b,20\n3,a,30\n",
    "models/stg_orders.sql": "{{ config(materialized='view') }} select id, customer, amount from {{ ref('orders') }}",
    "models/customers.sql": "{{ config(materialized='table', file_format='delta') }}"
    " select customer, sum(amount) as amount from {{ ref('stg_orders') }} group by customer",
    "models/events.sql": "{{ config(materialized='incremental', file_format='delta') }}"
    " select id from {{ ref('orders') }}"
    " {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
    "models/stg_lake.sql": "-- depends_on: {{ ref('orders') }}\n{{ config(materialized='view') }}\n"
    "select * from delta_scan('lake/main/orders')",
    "models/plain.sql": "{{ config(materialized='table') }} select sum(amount) as n from {{ ref('stg_lake') }}",
    "models/schema.yml": "models: [{name: events, columns: [{name: id, data_tests: [unique, not_null]}]}]",
    "snapshots/was.sql": "{% snapshot was %}{{ config(unique_key='customer', strategy='check', check_cols='all') }}"
    " select * from {{ ref('customers') }}{% endsnapshot %}",
    "dbt_project.yml": "{name: shop, profile: shop, flags: {send_anonymous_usage_stats: false},"
    " seeds: {+file_format: delta}, snapshots: {+file_format: delta}}",
}


@pytest.mark.adapter_suite
def test_another_project_set_up_word_by_word(tmp_path: Path) -> None:
    """By the README alone: from a wheel, with the package from a git repository, in processes of their own."""
    pytest.importorskip("setuptools", "77", reason="the wheel needs a newer setuptools, as development.lock has it")
    repository, site, shop = tmp_path / "repository", tmp_path / "site", tmp_path / "shop"
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(PACKAGE, repository / "dbt_duckdb_delta", ignore=ignored)
    for git in (["init", "-q", "-b", "main"], ["add", "-A"], [*AUTHOR, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *git], cwd=repository, check=True)
    shutil.copytree(repository / "dbt_duckdb_delta", tmp_path / "copy")
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path / "copy", capture_output=True, check=True)
    (wheel,) = (tmp_path / "copy").glob("dbt_duckdb_delta-*-py3-none-any.whl")
    ZipFile(wheel).extractall(site)
    macros = {file.name for file in (PACKAGE / "macros").iterdir()}
    assert {file.name for file in (site / "dbt_duckdb_delta" / "macros").iterdir()} == macros

    start = (PACKAGE / "README.md").read_text().partition("## Start")[2].partition("\n## ")[0]
    pip, packages, plugins, commands = re.findall(r"```(?:yaml)?\n(.*?)```", start, re.S)
    assert "#subdirectory=dbt_duckdb_delta" in pip
    for name, text in SHOP.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(text)
    (shop / "packages.yml").write_text(packages.replace("<repository>", str(repository)))
    target = {"type": "duckdb", "path": "shop.duckdb", **yaml.safe_load(plugins)}
    (shop / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": target}}}))

    def run(command: str) -> str:
        command = re.sub("^dbt ", "python -m dbt.cli.main ", command)
        words = [sys.executable, *command.split()[1:]]
        env = os.environ | {"PYTHONPATH": str(site), "DBT_PROFILES_DIR": str(shop)}
        done = subprocess.run(words, cwd=shop, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for command in commands.strip().splitlines():
        run(command)
    assert "appended" not in run("dbt build")
    (shop / "seeds" / "orders.csv").write_text("id,customer,amount\n1,a,10\n2,b,25\n4,c,30\n")
    assert "append (1 inserted, 0 updated, 0 deleted)" in run("dbt build")
    assert "unchanged" in run("dbt seed")
    lake = shop / "lake" / "main"
    assert {path.name for path in lake.iterdir()} == {"orders", "customers", "events", "was"}
    assert sorted(pl.read_delta(str(lake / "events"))["id"]) == [1, 2, 3, 4]
    assert pl.read_delta(str(lake / "was")).height == 5  # a changed, b changed, c came
    with duckdb.connect(str(shop / "shop.duckdb")) as database:
        assert database.execute("select n from plain").fetchall() == [(65,)]
