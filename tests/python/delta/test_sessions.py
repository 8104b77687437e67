"""Hooks, time zones, threads and databases: what a model finds around it when dbt builds it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest
from dbt.tests.util import patch_microbatch_end_time
from dbt_common.exceptions import DbtRuntimeError
from deltalake import DeltaTable, write_deltalake

from dbt_duckdb_delta.plugin import Plugin
from tests.support.project import Project
from tests.support.tables import Tables

TABLE = "{{ config(materialized='table') }} "
PAST = "select * from {{ dbt_duckdb_delta.as_of(ref('a'), version=0) }}"


def hooked(hook: str, sql: str, **more: str) -> str:
    config = {"materialized": "table", "pre_hook": hook} | more
    return "{{ config(" + ", ".join(f"{name}={json.dumps(value)}" for name, value in config.items()) + ") }} " + sql


def test_hooks_and_query_share_a_session(tmp_path: Path) -> None:
    merge = {"materialized": "incremental", "incremental_strategy": "merge", "unique_key": "id"}
    files = {
        "models/variable.sql": hooked("set variable cutoff = 1", "select 1 as id where 1 <= getvariable('cutoff')"),
        "models/temporary.sql": hooked("create temp table tmp as select 1 as id", "select id from tmp"),
        "models/setting.sql": hooked("set integer_division = true", "select 7 / 2 as id"),
        "models/macro.sql": hooked("create temp macro two() as 2", "select two() as id"),
        "models/merged.sql": hooked("create temp table tmp as select 1 as id, 'a' as x", "select * from tmp", **merge),
        # The next model of the same thread finds nothing of it
        "models/after.sql": "-- depends_on: {{ ref('variable') }}\n"
        + TABLE
        + "select getvariable('cutoff')::int as id",
        "models/plain.sql": "{{ config(materialized='table', file_format='none', pre_hook='set variable v = 1') }}"
        " select getvariable('v') as id",
        "models/reads.sql": TABLE + "select * from {{ ref('plain') }}",
    }
    project = Project(tmp_path / "project", files)
    for _ in range(2):
        project.build("--threads", "1")
        found = {name: project.rows(name) for name in ("variable", "temporary", "setting", "macro", "reads")}
        assert found == {"variable": [(1,)], "temporary": [(1,)], "setting": [(3,)], "macro": [(2,)], "reads": [(1,)]}
        assert (project.rows("merged"), project.rows("after")) == ([(1, "a")], [(None,)])


def test_a_macro_that_the_hook_of_a_plain_model_makes_is_seen(tmp_path: Path) -> None:
    """It stands in for a function of DuckDB: what calls that one is computed in the same run."""
    plain = "{{ config(materialized='table', file_format='none', pre_hook=var('hook')) }} select 1 as id"
    files = {
        "models/first.sql": TABLE + "select reverse('ab') as x",
        "models/plain.sql": "-- depends_on: {{ ref('first') }}\n" + plain,
        "models/last.sql": "-- depends_on: {{ ref('plain') }}\n" + TABLE + "select reverse('ab') as x",
    }
    project = Project(tmp_path / "project", files)
    for hook, said in {"select 1": "ba", "create macro reverse(x) as '1'": "1"}.items():
        project.build("--threads", "1", "--vars", json.dumps({"hook": hook}))
        assert project.rows("last") == [(said,)]


def test_an_attempt_leaves_nothing_in_the_session(tmp_path: Path) -> None:
    """A post-hook may make a table of any name, and what failed does not stand in the way of the next try."""
    hook = "create table if not exists main.seen as select count(*) as n from duckdb_tables() where temporary"
    config = "materialized='incremental', incremental_strategy='merge', unique_key='id'"
    model = f"{{{{ config({config}, post_hook='{hook}') }}}} select 1 as id, {{{{ var('v', 1) }}}} as v"
    project = Project(tmp_path / "project", {"models/m.sql": model, "models/n.sql": TABLE + "select * from main.seen"})
    project.write("models/n.sql", "-- depends_on: {{ ref('m') }}\n" + TABLE + "select * from main.seen")
    project.build()
    project.build("--vars", "{v: 2}")
    assert (project.rows("m"), project.rows("n")) == ([(1, 2)], [(0,)])


NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
MOMENTS = [
    ("timestamp '2024-06-01 12:00:00'", NOON),
    ("timestamp_ns '2024-06-01 12:00:00'", NOON),
    ("timestamptz '2024-06-01 14:00:00+02'", NOON),
    ("[timestamp '2024-06-01 12:00:00', null]", [NOON, None]),
    ("{'a': timestamp_s '2024-06-01 12:00:00', 'b c': 1}", {"a": NOON, "b c": 1}),
    ("[{'a': [timestamp_ms '2024-06-01 12:00:00']}]", [{"a": [NOON]}]),
    ("null::struct(a timestamp)", None),
    ("date '2024-06-01'", dt.date(2024, 6, 1)),
]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
def test_plain_timestamps_are_utc_in_every_session(tmp_path: Path, zone: str) -> None:
    tables = Tables(tmp_path, TimeZone=zone)
    columns = ", ".join(f"{sql} as c{n}" for n, (sql, _) in enumerate(MOMENTS))
    tables.job("overwrite", f"select 1 as k, {columns}")
    expected = tuple(value for _, value in MOMENTS)
    assert tables.rows() == [(1, *expected)]
    for strategy in ("append", "merge", "delete_insert"):
        tables.job(strategy, f"select 2 as k, {columns}", unique_key=["k"])
        assert tables.rows("from s.t where k = 2")[0] == (2, *expected)


def test_without_a_zone_in_the_profile_it_is_utc_and_not_the_machines(tmp_path: Path) -> None:
    files = {
        "models/m.sql": TABLE + "select timestamp '2024-06-01 12:00:00' as t, now()::timestamp as n, '{{ z() }}' as z",
        "macros/z.sql": "{% macro z() %}{{ run_query(\"select current_setting('TimeZone') as z\").rows[0][0]"
        " if execute }}{% endmacro %}",
        "snapshots/sn.sql": "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        " select 1 as id{% endsnapshot %}",
        "snapshots/dated.sql": "{% snapshot dated %}{{ config(unique_key='id', strategy='timestamp', updated_at='u') }}"
        " select 1 as id, timestamptz '2024-06-01 12:00:00+00' as u{% endsnapshot %}",
    }
    project = Project(tmp_path / "project", files)
    project.configure(settings={})
    process = project.process("build", TZ="Europe/Berlin")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    ((moment, now, zone),) = project.rows("m")
    assert (moment, zone) == (NOON, "UTC")
    started = [now, *(row[-2] for row in project.rows("sn"))]
    assert all(abs(found - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=30) for found in started)
    assert NOON in project.rows("dated")[0]


MICROBATCH = """
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='MOMENT', batch_size='day',
          begin='2024-01-01') }}
select * from {{ ref('events') }}
"""
EVENTS = "{{ config(materialized='table'%s) }} select i as id, timestamp '2024-01-01' + to_hours(i) as moment"
EVENTS += " from range({{ var('days') }} * 24) as r (i)"


def test_microbatch_on_several_threads_does_not_meet_itself(tmp_path: Path) -> None:
    files = {"models/events.sql": EVENTS % ", event_time='moment'", "models/micro.sql": MICROBATCH}
    project = Project(tmp_path / "project", files)
    for threads in ("4", "8"):
        with patch_microbatch_end_time("2024-01-12 12:00:00"):
            results = project.build("--vars", "{days: 12}", "--threads", threads, "--full-refresh")
        assert [row[0] for row in sorted(project.rows("micro"))] == list(range(276)), results


@pytest.mark.parametrize("already", [False, True])
def test_microbatch_over_rows_that_nothing_filters_is_one_error(tmp_path: Path, already: bool) -> None:
    project = Project(tmp_path / "project", {"models/events.sql": EVENTS % "", "models/micro.sql": MICROBATCH})
    if already:
        Tables(project.root).job("overwrite", "select 1 as id, timestamp '2024-01-01' as moment", "micro")
    with patch_microbatch_end_time("2024-01-03 12:00:00"):
        success, out = project.in_new_session("build", "--vars", "{days: 3}")
    assert not success and "Invalid data found" not in out
    # Of a batch that is not the first, dbt says on the console only that it failed.
    assert already or "Give what the model reads from an event_time of its own" in out
    assert (project.version("micro") == 0) if already else not Path(project.path("micro"), "_delta_log").exists()


def test_a_query_that_filters_itself_is_a_microbatch(tmp_path: Path) -> None:
    filtered = MICROBATCH + "{% if model.batch %} where moment >= '{{ model.batch.event_time_start }}'::timestamptz"
    filtered += " and moment < '{{ model.batch.event_time_end }}'::timestamptz{% endif %}"
    project = Project(tmp_path / "project", {"models/events.sql": EVENTS % "", "models/micro.sql": filtered})
    with patch_microbatch_end_time("2024-01-03 12:00:00"):
        project.build("--vars", "{days: 3}")
    assert len(project.rows("micro")) == 60


def test_many_models_at_once_over_one_table(tmp_path: Path) -> None:
    """Now and as it was; each makes a table of its own."""
    readers = {f"models/past{n}.sql": TABLE + PAST for n in range(16)}
    readers |= {f"models/now{n}.sql": TABLE + "select * from {{ ref('a') }}" for n in range(8)}
    project = Project(tmp_path / "project", {"models/a.sql": TABLE + "select 1 as id", **readers})
    project.build("--threads", "8")
    assert all(project.rows(Path(name).stem) == [(1,)] for name in readers)


def test_tables_come_while_another_thread_looks_through_them(tmp_path: Path) -> None:
    tables, done = Tables(tmp_path), Event()
    tables.plugin.tables |= {("s", f"other{n}"): "" for n in range(50_000)}

    def adds() -> None:
        for n in itertools.count():
            tables.plugin.tables["t", str(n)] = ""
            if done.wait(0.0001):
                break

    with ThreadPoolExecutor(1) as pool:
        pool.submit(adds)
        try:
            for n in range(20):
                tables.job("overwrite", "select 1 as id", f"m{n}")
        finally:
            done.set()
    assert tables.rows("from s.m19") == [(1,)]


def test_a_run_reads_its_sources_as_they_were_when_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody loads while dbt builds: models and tests speak of one version, and the next run of the next one."""
    files = {
        "models/s.yml": "{sources: [{name: s, schema: RAW, tables: [{name: T}]},"
        " {name: spelled, schema: raw, tables: [{name: t}]}],"
        " models: [{name: b, data_tests: [same]}]}",
        "tests/generic/same.sql": "{% test same(model) %} select count(*) as n from {{ source('s', 'T') }}"
        " having n <> (select count(*) from {{ model }}) {% endtest %}",
        "models/a.sql": TABLE + "select id from {{ source('s', 'T') }}",
        "models/b.sql": "-- depends_on: {{ ref('a') }}\n" + TABLE + "select id from {{ source('s', 'T') }}",
        "models/c.sql": "-- depends_on: {{ ref('a') }}\n" + TABLE + "select count(*) as n from"
        " {{ dbt_duckdb_delta.as_of(source('spelled', 't'), timestamp='2999-01-01') }}",
    }
    project = Project(tmp_path / "project", files)
    source, loads = f"{project.root}/raw/t", iter([[2], [], [], []])
    write_deltalake(source, pl.DataFrame({"id": [1]}))
    store = Plugin.store

    def load_after(self: Plugin, target: Any) -> None:
        store(self, target)
        if target.relation.identifier in ("a", "b") and target.config["job"]["strategy"] == "overwrite":
            for number in next(loads):
                write_deltalake(source, pl.DataFrame({"id": [number]}), mode="append")

    monkeypatch.setattr(Plugin, "store", load_after)
    project.build()
    assert (project.rows("a"), project.rows("b"), project.rows("c")) == ([(1,)], [(1,)], [(1,)])
    project.build()
    assert (project.rows("a"), project.rows("b")) == ([(1,), (2,)], [(1,), (2,)])


def test_views_over_delta_scan_are_views(tmp_path: Path) -> None:
    """Made and made again, also where they read a table of the lake or one as it was."""
    outside = tmp_path / "outside"
    Tables(outside).job("overwrite", "select 7 as id")
    files = {
        "models/sources.yml": f"sources: [{{name: x, tables: [{{name: t, meta: {{external_location: \"delta_scan('"
        f"{outside}/s/t')\"}}}}]}}]",
        "models/stg.sql": "{{ config(materialized='view') }} select * from {{ source('x', 't') }}",
        "models/past.sql": "{{ config(materialized='view') }} " + PAST,
        "models/a.sql": TABLE + "select 1 as id",
        "models/reads.sql": TABLE + "select s.id + p.id as id from {{ ref('stg') }} as s, {{ ref('past') }} as p",
    }
    project = Project(tmp_path / "project", files, database=str(tmp_path / "file.duckdb"))
    for _ in range(2):
        success, out = project.in_new_session("build")
        assert success, out
        assert project.rows("reads") == [(8,)]
    # But a Delta table whose model becomes a view stays, and dbt says so.
    project.write("models/a.sql", "select 1 as id")
    success, out = project.in_new_session("build")
    assert not success and "s.a is a Delta table, which this model no longer is" in out


INCREMENTAL = "{{ config(materialized='incremental', incremental_strategy='%s', unique_key='id') }} select 1 as id"
INCREMENTAL += "{%% if is_incremental() %%} where 1 > (select max(id) from {{ this }}) {%% endif %%}"


def test_a_folder_that_was_removed_lets_its_model_start_again(tmp_path: Path) -> None:
    """Though the database in a file still has the view; a table that could not be read is forgotten too."""
    names = {f"models/{name}.sql": INCREMENTAL % name for name in ("append", "merge")}
    files = {**names, "seeds/s.csv": "id\n1\n", "models/t.sql": TABLE + "select * from {{ ref('s') }}"}
    project = Project(tmp_path / "project", files, database=str(tmp_path / "file.duckdb"))
    assert project.in_new_session("build")[0]
    for damaged in (False, True):
        for name in ("append", "merge", "s", "t"):
            if damaged:
                log = Path(project.path(name), "_delta_log")
                next(iter(log.glob("*.json"))).write_text("")
                project.in_new_session("parse")
            shutil.rmtree(project.path(name))
        success, out = project.in_new_session("build")
        assert success, out
        assert [project.rows(name) for name in ("append", "merge", "s", "t")] == [[(1,)]] * 4


def test_another_database_is_refused(tmp_path: Path) -> None:
    files = {
        "models/t.sql": "{{ config(materialized='table', database='other') }} select 1 as id",
        "models/i.sql": "{{ config(materialized='incremental', database='other') }} select 1 as id",
        "models/past.sql": TABLE + "select * from {{ dbt_duckdb_delta.as_of(source('x', 'own'), version=0) }}",
        "models/own.sql": TABLE + "select 1 as id",
        "models/sources.yml": "sources: [{name: x, database: other, schema: s, tables: [{name: own}]}]",
        "seeds/s.csv": "id\n1\n",
        "seeds/s.yml": "seeds: [{name: s, config: {database: other}}]",
    }
    project = Project(tmp_path / "project", files)
    project.configure(attach=[{"path": str(tmp_path / "other.duckdb"), "alias": "other"}])
    success, out = project.in_new_session("build")
    assert not success
    for name in ("t", "i", "own", "s"):
        assert f"other.s.{name} is in another database, but Delta tables are all in memory" in " ".join(out.split())
    assert [folder.name for folder in Path(project.root, "s").iterdir()] == ["own"]


FAILS: list[tuple[str, dict[str, Any], str]] = [
    ("merge", {"unique_key": ["k"]}, "append"),
    ("delete_insert", {"unique_key": ["k"]}, "append"),
    ("overwrite", {}, "append"),
]


@pytest.mark.parametrize(("strategy", "job", "reason"), FAILS, ids=[strategy for strategy, *_ in FAILS])
def test_a_commit_that_fails_by_itself_says_why_at_once(
    tmp_path: Path, shared: Tables, strategy: str, job: dict[str, Any], reason: str
) -> None:
    """And its query runs once: it would not go better another time."""
    shared.move(tmp_path)
    shared.connection.execute("create or replace sequence main.runs")
    shared.job("overwrite", "select 1 as k, 0::bigint as n", tblproperties={"delta.appendOnly": True})
    with pytest.raises(Exception, match=reason) as raised:
        shared.job(strategy, "select 1 as k, nextval('main.runs') as n", **job)
    assert "s.t: nothing was written" in str(raised.value) and "another writer" not in str(raised.value)
    assert shared.rows("select currval('main.runs')") == [(1,)]
    assert shared.version() == 0


def test_a_feature_that_cannot_be_written_is_named(tmp_path: Path, shared: Tables) -> None:
    """As engines set it that cluster a table."""
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k, 0 as n")
    first = Path(shared.path(), "_delta_log", f"{0:020}.json")
    actions = [json.loads(line) for line in first.read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["fromTheFuture"]}
    first.write_text("\n".join(map(json.dumps, actions)))
    for strategy in ("append", "merge", "overwrite"):
        with pytest.raises(Exception, match=r"(?i)s\.t.*fromTheFuture") as raised:
            shared.job(strategy, "select 1 as k, 1 as n", unique_key=["k"])
        assert "another writer" not in str(raised.value)


def test_a_query_may_call_a_python_function(tmp_path: Path) -> None:
    """Which runs in DuckDB's threads, and needs the lock of the interpreter for each of its rows."""
    pytest.importorskip("pandas", reason="without pandas DuckDB itself hangs at Python functions in its threads")
    tables = Tables(tmp_path)
    tables.connection.create_function("plus_one", lambda n: n + 1, ["BIGINT"], "BIGINT")
    sql, said = "select plus_one(range) as k, '{}' as v from range({}, {})", {"comments": {"v": "a letter"}}
    jobs = [
        ({"strategy": "overwrite", "sql": sql.format("x", 0, 200_000), "not_null": ["k"]}, (200_000, 0)),
        ({"strategy": "append", "sql": sql.format("y", 200_000, 300_000)}, (300_000, 100_000)),
        ({"strategy": "merge", "sql": sql.format("y", 150_000, 350_000), "unique_key": ["k"]}, (350_000, 200_000)),
        ({"strategy": "overwrite", "sql": sql.format("y", 0, 200_000), "not_null": ["k"]}, (200_000, 200_000)),
    ]
    with ThreadPoolExecutor() as pool:  # two tables at a time, as under dbt
        for job, expected in jobs:
            list(pool.map(lambda table, job=job: tables.job(table=table, **job, **said), ("t", "u")))
            for table in ("t", "u"):
                sql = f"select count(distinct k), count(*) filter (v = 'y') from s.{table}"
                assert tables.rows(sql) == [expected]
                key, letter = tables.delta(table).schema().fields
                assert (key.nullable, letter.nullable, letter.metadata) == (False, True, {"comment": "a letter"})


def test_a_panic_of_delta_rs_fails_the_model(tmp_path: Path, shared: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    shared.move(tmp_path)

    class PanicException(BaseException):
        pass

    def panics(*_: Any, **__: Any) -> None:
        raise PanicException("called `Option::unwrap()`\non a `None` value")

    monkeypatch.setattr("dbt_duckdb_delta.attempt.write_deltalake", panics)
    with pytest.raises(Exception, match=r"s\.t: delta-rs gave up: called `Option::unwrap\(\)` on a `None` value"):
        shared.job("overwrite", "select 1 as k")


def test_properties_are_values_of_yaml(tmp_path: Path) -> None:
    properties = "{delta.appendOnly: false, delta.checkpointInterval: 10, delta.targetFileSize: 1048576}"
    yaml = f"models: [{{name: m, config: {{tblproperties: {properties}}}}}]"
    project = Project(tmp_path / "project", {"models/m.sql": TABLE + "select 1 as id", "models/m.yml": yaml})
    project.build()
    expected = {"delta.appendOnly": "false", "delta.checkpointInterval": "10", "delta.targetFileSize": "1048576"}
    assert DeltaTable(project.path("m")).metadata().configuration == expected
    project.build()
    assert project.version("m") == 0
    project.write("models/m.yml", yaml.replace("10,", "20,"))
    project.build("--vars", "{reuse_unchanged: false}")
    assert DeltaTable(project.path("m")).metadata().configuration["delta.checkpointInterval"] == "20"


@pytest.mark.parametrize("name", ["delta.nonsense", "delta.minReaderVersion"])
def test_properties_that_cannot_be_set_are_told(tmp_path: Path, shared: Tables, name: str) -> None:
    """By an error of the model, also where delta-rs panics, and with what became of the rows."""
    shared.move(tmp_path)
    with pytest.raises(DbtRuntimeError, match=r"s\.t: (nothing was written|delta-rs gave up)"):
        shared.job("overwrite", "select 1 as k", tblproperties={name: 3})
    shared.job("overwrite", "select 1 as k")
    with pytest.raises(DbtRuntimeError, match=r"s\.t: its rows are written, but its comments and properties are not"):
        shared.job("overwrite", "select 2 as k", tblproperties={name: 3})
    assert shared.rows() == [(2,)]
