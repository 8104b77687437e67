"""A table or merge is left alone only where everything that decides its rows is known to be the same."""

from __future__ import annotations

import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import write_deltalake
from hypothesis import strategies as st

from dbt_duckdb_delta.attempt import VERSIONS
from dbt_duckdb_delta.inputs import settings
from tests.support.examples import examples
from tests.support.project import Project
from tests.support.tables import Tables

TABLE = "{{ config(materialized='table') }} "


def twice(tables: Tables, sql: str, **job: Any) -> list[str]:
    return [tables.job("overwrite", sql, reuse=True, **job) for _ in range(2)]


KNOWN = [
    "select k from s.source",
    "with a as (select k from s.source), b as (select max(k) as k from a) select * from b",
    "with recursive a as (select 1 as k union all select k + 1 from a where k < 3) from a",
    "select sum(k) over (order by k) as k, lag(k) over () as l from s.source qualify row_number() over () > 0",
    "select list_transform([k], lambda x: x + 1) as k, {'a': k}.a as a, '{}'::json as j from s.source",
    "select extract(year from date '2024-01-01') as y, k::decimal(10, 2) as k from s.source where 'a' like 'a%'",
    "select nullif(k, 2) as k, split_part('a-b', '-', 1) as p from s.source, range(2) as r (i)",
    "select case when k between 1 and 2 then interval 1 day + date '2024-01-01' end as k from s.source",
    "select count(distinct k) filter (k in (select k from s.source)) as n from s.source group by all having n > 0",
]
UNKNOWN = [
    "select age(date '2020-01-01') > interval 1 day as k",
    "select current_localtimestamp() as k",
    "select coalesce(getvariable('v'), 1) as k",
    "select current_setting('TimeZone') as k",
    "select current_schema() as k",
    "select current_date > k as k from (select date '2024-01-01' as k)",
    "select json_serialize_plan('select 1')::varchar as k",
    "from (describe s.source)",
    "from query('select k from s.source')",
    "from query_table('s.source')",
    "select k from memory.main.looks",
    "select twice(k) as k from s.source",
    "select lower('A') as k",
    "select 'a'::mood as k",
    "with held as (select * from held) select * from held",
    "select k from (select k from s.source) tablesample 100%",
    "select count(*) as k from duckdb_settings()",
    "select k from other.s.source",
]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A process with macros, types, tables and another database of its own."""
    tables = Tables(tmp_path_factory.mktemp("lake"))
    tables.job("overwrite", "select 1 as k", "source")
    return tables


@pytest.mark.parametrize("sql", KNOWN)
def test_what_is_known_is_left_alone(own: Tables, sql: str) -> None:
    assert twice(own, sql) == ["overwrite", "unchanged"]


@pytest.mark.parametrize("sql", UNKNOWN)
def test_what_is_not_known_is_computed(own: Tables, sql: str) -> None:
    own.connection.execute(
        "create or replace view main.looks as select 1 as k; create or replace macro twice(x) as 2 * x;"
        "create or replace macro lower(x) as 'mine'; create type if not exists mood as enum ('a', 'b');"
        "create or replace table main.held as select 1 as k; attach if not exists ':memory:' as other;"
        "create schema if not exists other.s; create or replace table other.s.source as select 1 as k"
    )
    own.plugin.shadowed = None  # as when another run of dbt begins
    try:
        assert twice(own, sql) == ["overwrite", "overwrite"]
    finally:
        own.connection.execute("drop macro lower; drop macro twice")


def test_python_functions_are_not_known(own: Tables) -> None:
    """Whatever they are called, and though DuckDB lists them among its own."""
    own.connection.create_function("plus_one", lambda n: n + 1, ["BIGINT"], "BIGINT")
    own.connection.create_function("pick", lambda n: n, ["BIGINT"], "BIGINT")
    for call in ("plus_one(k)", "sum(pick(k))", "list_transform([k], lambda x: plus_one(x))"):
        assert twice(own, f"select {call} as k from s.source") == ["overwrite", "overwrite"]


def test_a_python_function_may_have_the_name_of_one_of_duckdb(tmp_path: Path) -> None:
    """For arguments that DuckDB's own does not take: DuckDB then lists it among its own, too."""
    tables = Tables(tmp_path)
    tables.connection.create_function("lower", lambda n: f"{n}", ["BIGINT"], "VARCHAR")
    assert twice(tables, "select lower(1::bigint) as k") == ["overwrite", "overwrite"]
    assert twice(tables, "select upper('a') as k") == ["overwrite", "unchanged"]


@pytest.mark.parametrize(
    ("settings", "sql"),
    [
        ({"integer_division": "true"}, "select 7 / 2 as k"),
        ({"TimeZone": "Asia/Kolkata"}, "select timestamptz '2024-01-01 00:00:00+00'::varchar as k"),
        ({"default_collation": "nocase"}, "select 'a' = 'A' as k"),
        ({"default_null_order": "nulls_first"}, "select first(k order by k) as k from (values (1), (null)) as v (k)"),
    ],
)
def test_settings_of_the_session_count(tmp_path: Path, settings: dict[str, str], sql: str) -> None:
    found = []
    for chosen in ({}, settings, settings, {}):
        tables = Tables(tmp_path, **chosen)
        found.append((tables.job("overwrite", sql, reuse=True), tables.rows("from s.t")))
    assert [done for done, _ in found] == ["overwrite", "overwrite", "unchanged", "overwrite"]
    assert found[0][1] == found[3][1] != found[1][1] == found[2][1]


HOOKS = {
    "a macro in place of a function": ("create or replace temp macro lower(x) as 'hook {}'", "select lower('A') as k"),
    "a macro for all": ("create or replace macro upper(x) as 'hook {}'", "select upper('a') as k"),
    "a setting": ("set default_collation = '{}'", "select 'a' = 'A' as k"),
    "a table": ("create or replace temp table held as select '{}' as k", "with held as (from held) from held"),
}


def test_what_a_hook_does_counts(tmp_path: Path) -> None:
    """Its text stays the same and may do something else: it is rendered for each build."""
    told = "{{ var('told') }}"
    files = {
        f"models/m{n}.sql": f'{{{{ config(materialized="table", pre_hook="{hook.format(told)};") }}}} {sql}'
        for n, (hook, sql) in enumerate(HOOKS.values())
    }
    project, found = Project(tmp_path / "project", files), []
    for value in ("", "nocase"):
        project.build("--vars", json.dumps({"told": value}))
        found.append([project.rows(f"m{n}") for n in range(len(HOOKS))])
    assert not [n for n in range(len(HOOKS)) if found[0][n] == found[1][n]]


@pytest.mark.parametrize("at", range(len(VERSIONS)))
def test_versions_of_what_computes_count(own: Tables, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """The plugin's, DuckDB's, delta-rs's, dbt's and the adapter's."""
    assert twice(own, "select 1 as k", table=f"v{at}") == ["overwrite", "unchanged"]
    monkeypatch.setattr("dbt_duckdb_delta.attempt.VERSIONS", [*VERSIONS[:at], "another", *VERSIONS[at + 1 :]])
    assert twice(own, "select 1 as k", table=f"v{at}") == ["overwrite", "unchanged"]


def test_how_extensions_are_loaded_does_not_count() -> None:
    """A connection with an object store changes that for every later one in the process."""
    with duckdb.connect() as one, duckdb.connect(config={"allow_unsigned_extensions": "true"}) as other:
        assert settings(one) == settings(other)
        other.execute("set integer_division = true")
        assert settings(one) != settings(other)


def test_a_table_built_again_under_the_same_name_is_another(tmp_path: Path, shared: Tables) -> None:
    """At the same version, read now and read as it was."""
    shared.move(tmp_path)
    for value, done in ((1, "overwrite"), (1, "unchanged"), (2, "overwrite")):
        if done == "overwrite":
            path = tmp_path / "s" / "source"
            if path.exists():
                path.rename(tmp_path / f"gone{value}")
            shared.job("overwrite", f"select {value} as k", "source")
        past = shared.job("as_of", table="source", options={"version": 0, "timestamp": None})
        for table, sql in (("now", "select k from s.source"), ("past", f"select k from {past}")):
            assert shared.job("overwrite", sql, table, reuse=True) == done
            assert shared.rows(f"from s.{table}") == [(value,)]


def test_a_version_of_a_table_stays_what_it_was(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k", "source")
    past = shared.job("as_of", table="source", options={"version": 0, "timestamp": None})
    assert shared.job("overwrite", f"select k from {past}", reuse=True) == "overwrite"
    shared.job("append", "select 2 as k", "source")
    assert shared.job("overwrite", f"select k from {past}", reuse=True) == "unchanged"
    elsewhere = tmp_path / "elsewhere"
    write_deltalake(str(elsewhere), pl.DataFrame({"k": [1]}))
    outside = f"select k from delta_scan('{elsewhere}', version => 0)"
    assert twice(shared, outside, table="other") == ["overwrite", "overwrite"]


@pytest.mark.parametrize("at", [1, 2, 3], ids=["the last", "the last but one", "two before"])
def test_a_commit_that_says_nothing_of_itself_counts(tmp_path: Path, shared: Tables, at: int) -> None:
    """Another writer's, without `commitInfo`: delta-rs leaves it out when it lists the history."""
    shared.move(tmp_path)
    merged: dict[str, Any] = {"unique_key": ["k"], "delete_unmatched": True, "reuse": True}
    for strategy, table in (("overwrite", "t"), ("merge", "m")):
        shared.job(strategy, "select 1 as k", table, **merged)
        shared.job("append", "select 2 as k", table)
        assert shared.job(strategy, "select 1 as k", table, **merged) != "unchanged"
        for _ in range(at):
            write_deltalake(shared.path(table), pl.DataFrame({"k": [9]}, schema={"k": pl.Int32}), mode="append")
            commit = Path(shared.path(table), "_delta_log", f"{shared.version(table):020}.json")
            lines = commit.read_text().splitlines(keepends=True)
            commit.write_text("".join(line for line in lines if "commitInfo" not in json.loads(line)))
        assert shared.job(strategy, "select 1 as k", table, **merged) != "unchanged"
        assert shared.rows(f"from s.{table}") == [(1,)]
        assert shared.job(strategy, "select 1 as k", table, **merged) == "unchanged"


def test_a_merge_with_a_null_in_its_key_adds_rows_every_time(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    for keys in (["k"], ["K", "l"]):
        table = f"by{len(keys)}"
        for n in range(1, 4):
            shared.job("merge", "select null::int as k, 1 as l", table, unique_key=keys, reuse=True)
            assert len(shared.rows(f"from s.{table}")) == n


NEW = "select k from s.source where k not in (select k from s.t)"


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_what_found_nothing_new_is_not_worked_out_again(tmp_path: Path, shared: Tables, strategy: str) -> None:
    """Until an input, the query or the table itself is another; what adds a row is always worked out."""
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k", "source")
    merged: dict[str, Any] = {"unique_key": ["k"], "reuse": True}
    shared.job(strategy, "select k from s.source", **merged)
    for added in ([], [2], [3]):
        for k in added:
            shared.job("append", f"select {k} as k", "source")
            assert shared.job(strategy, NEW, **merged).startswith(strategy.replace("_", "+"))
        assert [shared.job(strategy, NEW, **merged) for _ in range(3)] == ["nothing new", "unchanged", "unchanged"]
    assert shared.job(strategy, f"{NEW} and true", **merged) == "nothing new"
    copy = shutil.copytree(shared.path(), tmp_path / "copy")
    assert shared.job(strategy, f"{NEW} and true", **merged) == "unchanged"
    write_deltalake(shared.path(), pl.DataFrame({"k": [1]}, schema={"k": pl.Int32}), mode="overwrite")
    assert "2 inserted" in shared.job(strategy, f"{NEW} and true", **merged)
    assert shared.rows() == [(1,), (2,), (3,)]
    shutil.rmtree(shared.path())
    copy.rename(shared.path())
    assert shared.job(strategy, f"{NEW} and true", **merged) == "unchanged"  # it is what it was then
    assert shared.rows() == [(1,), (2,), (3,)]


def test_a_merge_that_found_nothing_new_finds_what_another_writer_did(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    merged: dict[str, Any] = {"unique_key": ["k"], "reuse": True}
    done = [shared.job("merge", sql, **merged) for sql in ("select 1 as k", "select 1 as k where true")]
    assert done == ["overwrite", "nothing new"]
    write_deltalake(shared.path(), pl.DataFrame({"k": [2]}, schema={"k": pl.Int32}), mode="overwrite")
    assert "1 inserted" in shared.job("merge", "select 1 as k where true", **merged)
    assert shared.rows() == [(1,), (2,)]


@pytest.mark.parametrize(("strategy", "first"), [("overwrite", "overwrite"), ("merge", "nothing new")])
def test_what_only_says_by_which_run_a_row_came_is_no_change(
    tmp_path: Path, shared: Tables, strategy: str, first: str
) -> None:
    shared.move(tmp_path)

    def job(run: str, more: str = "") -> str:
        sql = (
            f"select 1 as k, /* of run */'{run}'/* end of run */ as a, 1 as n, /* of run */'{run}'/* end of run */ as b"
        )
        merged = {"unique_key": ["k"], "merge_update_columns": ["n"]} if strategy == "merge" else {}
        return str(shared.job(strategy, sql + more, reuse=True, **merged))

    job("1")
    assert [job("1", " where true"), job("2", " where true"), job("3", " where true")] == [
        first,
        "unchanged",
        "unchanged",
    ]
    assert [job("4", " where k = 1"), job("5", " where k = 1")] == [first, "unchanged"]
    ((k, a, n, b),) = shared.rows()
    assert (k, n) == (1, 1) and a == b == ("4" if strategy == "overwrite" else "1")


def test_what_adds_rows_adds_them_each_time(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    for n in range(1, 4):
        assert shared.job("append", "select 1 as k", reuse=True) != "unchanged"
        assert shared.rows() == [(1,)] * n
    past, new = "select 1 as k where false", "select 1 as k"
    done = [shared.job("append", sql, reuse=True) for sql in (past, past, new, new, past, past)]
    assert done == [
        "nothing new",
        "unchanged",
        *["append (1 inserted, 0 updated, 0 deleted)"] * 2,
        "nothing new",
        "unchanged",
    ]


def test_a_merge_without_a_key_adds_rows_each_time(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path)
    for strategy in ("merge", "delete_insert"):
        for n in range(1, 4):
            assert shared.job(strategy, "select 1 as k", strategy, reuse=True) != "unchanged"
            assert shared.rows(f"from s.{strategy}") == [(1,)] * n


def test_a_contract_counts_though_nothing_else_changed(tmp_path: Path) -> None:
    contract = "models: [{name: m, config: {contract: {enforced: true}}, columns: [{name: k, data_type: %s}]}]"
    project = Project(tmp_path / "project", {"models/m.sql": TABLE + "select 1 as k", "models/m.yml": contract % "int"})
    project.build()
    assert project.build()["m"][1] == "unchanged"
    project.write("models/m.yml", contract % "bigint")
    success, out = project.in_new_session("build")
    assert not success and "This model has an enforced contract that failed" in out and "INTEGER" in out
    assert project.version("m") == 0


# -- random histories, against a project in which nothing is ever left alone -------------------------------------------

QUERY = TABLE + "select id, name, 7 / 2 as half, {{ label() }} as label from {{ ref('s') }} {{ var('more', '') }}"
FILES = {
    "seeds/s.csv": "id,name\n1,a\n",
    "macros/label.sql": "{% macro label() %}'one'{% endmacro %}",
    "models/t.sql": QUERY,
    "models/m.sql": "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id',"
    " not_matched_by_source_action='delete') }} select id, name, label from {{ ref('t') }}",
    "models/a.sql": "{{ config(materialized='incremental') }} select id, name from {{ ref('t') }}"
    "{% if is_incremental() %} where id not in (select id from {{ this }}){% endif %}",
    "models/log.sql": "{{ config(materialized='incremental') }} select id, label from {{ ref('t') }}",
    "models/udf.sql": TABLE + "select id, made() as made from {{ ref('m') }}",
    "models/ext.sql": TABLE + "select * from ext.s.t",
    "models/hooked.sql": "{{ config(materialized='table', pre_hook=\"{{ var('hook', 'select 1') }}\") }}"
    " select id, 7 / 2 as half from {{ ref('s') }}",
}
STEPS = {
    "seed": ["id,name\n1,a\n", "id,name\n1,b\n", "id,name\n01,a\n2,b\n"],
    "label": ["'one'", "'two'"],
    "integer_division": ["true", "false"],
    "macro": ["1", "2"],
    "ext": ["1", "2"],
    "hook": ["select 1", "set integer_division = true"],
    "more": ["", "where id = 1"],
    "foreign": ["t", "m", "s", "a"],
    "nothing": [""],
}
NUMBER = count()


class Both:
    """Two projects that differ in nothing but that one of them computes everything every time."""

    def __init__(self, at: Path) -> None:
        self.projects = [Project(at / "left_alone", FILES), Project(at / "computed", FILES)]
        self.world = {kind: values[0] for kind, values in STEPS.items()}

    def step(self, kind: str, value: str) -> None:
        self.world[kind] = value
        for project, reuse in zip(self.projects, ("true", "false"), strict=True):
            project.write("seeds/s.csv", self.world["seed"])
            project.write("macros/label.sql", f"{{% macro label() %}}{self.world['label']}{{% endmacro %}}")
            start = [
                f"create or replace macro made() as {self.world['macro']}",
                "attach if not exists ':memory:' as ext",
            ]
            start += [
                "create schema if not exists ext.s",
                f"create or replace table ext.s.t as select {self.world['ext']} as x",
            ]
            project.configure(
                settings={"TimeZone": "UTC", "integer_division": self.world["integer_division"]},
                project={"on-run-start": start},
            )
            if kind == "foreign":
                held = pl.read_delta(project.path(value))
                write_deltalake(project.path(value), held.head(1), mode="append")
            variables = {"reuse_unchanged": reuse == "true", "hook": self.world["hook"], "more": self.world["more"]}
            success, out = project.in_new_session("build", "--vars", json.dumps(variables))
            assert success, out

    def rows(self) -> list[dict[str, Any]]:
        tables = ("s", "t", "m", "a", "log", "udf", "ext", "hooked")
        return [{table: project.rows(table) for table in tables} for project in self.projects]


@examples(
    1,
    4,
    steps=st.lists(
        st.sampled_from([(kind, value) for kind, values in STEPS.items() for value in values]), min_size=2, max_size=4
    ),
)
def test_what_is_left_alone_is_what_would_be_computed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    both = Both(tmp_path_factory.mktemp("both"))
    for step in [("nothing", ""), *steps]:
        both.step(*step)
        left_alone, computed = both.rows()
        assert left_alone == computed, step
