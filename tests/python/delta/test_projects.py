"""Projects as people write them: what the macros make of configurations, and what is kept from run to run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dbt.tests.util import patch_microbatch_end_time

from tests.support.project import Project
from tests.support.tables import Tables

Make = Callable[..., Project]
TABLE = "{{ config(materialized='table') }} "


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a project of the given files."""

    def project(files: dict[str, str], **options: Any) -> Project:
        return Project(tmp_path / "project", files, **options)

    return project


def test_a_build_after_nothing_happened_commits_nothing(make: Make) -> None:
    merge = "config(materialized='incremental', incremental_strategy='merge', unique_key='id'"
    merge += ", persist_docs={'columns': true})"
    project = make(
        {
            "seeds/s.csv": "id,name\n1,a\n2,b\n",
            "models/t.sql": TABLE + "select * from {{ ref('s') }}",
            "models/m.sql": "{{ " + merge + " }} select id, name, 1 as n from {{ ref('t') }}",
            "models/clock.sql": TABLE + "select now() as moment from {{ ref('s') }}",
            "models/own.sql": "{{ config(materialized='table', reuse_unchanged=false) }} select * from {{ ref('s') }}",
            "models/m.yml": "models: [{name: m, columns: [{name: id, description: the key}]}]",
            "snapshots/sn.sql": "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols=['name']) }}"
            " select * from {{ ref('s') }}{% endsnapshot %}",
        }
    )
    project.build()
    again = project.build()
    assert again["s"][1] == again["t"][1] == "unchanged"
    assert (again["m"][1], again["sn"][1]) == ("unchanged", "nothing new")
    assert {name: project.version(name) for name in ("s", "t", "m", "sn", "clock", "own")} == {
        **dict.fromkeys(("s", "t", "m", "sn"), 0),
        **dict.fromkeys(("clock", "own"), 1),
    }
    assert project.build("--vars", "{reuse_unchanged: false}")["t"][1] == "overwrite"
    assert project.build("--full-refresh")["s"][1] == "overwrite"
    project.write("seeds/s.csv", "id,name\n1,a\n2,c\n")
    changed = project.build()
    assert changed["s"][1] == changed["t"][1] == "overwrite"
    assert changed["m"][1] == "merge (0 inserted, 1 updated, 0 deleted)"
    assert changed["sn"][1] == "merge (1 inserted, 1 updated, 0 deleted)"
    assert project.rows("m") == [(1, "a", 1), (2, "c", 1)]


def test_a_seed_is_written_again_where_its_rows_would_differ(make: Make) -> None:
    """A file of more than 1 MiB, of which dbt hashes the path alone, and how a file is read."""
    big = "id,name\n" + "".join(f"{n},{'x' * 40}\n" for n in range(30_000))
    files = {"seeds/big.csv": big, "seeds/small.csv": "zip;n\n01234;1\n"}
    project = make(files | {"seeds/s.yml": read_as("delimiter: ';'")})
    assert len(big) > 2**20
    project.dbt("seed")
    assert project.rows("big")[0] == (0, "x" * 40) and project.rows("small") == [(1234, 1)]
    assert [message for _, message in project.dbt("seed").values()] == ["unchanged"] * 2
    project.write("seeds/big.csv", big.replace("x", "y"))
    assert project.dbt("seed")["big"][1] == "overwrite"
    assert project.rows("big")[0] == (0, "y" * 40)
    # One configuration after the other, of a file that stays as it is
    for config, rows in (
        ("delimiter: ';', column_types: {zip: varchar}", [("01234", 1)]),
        ("delimiter: ';', column_types: {zip: varchar, n: double}", [("01234", 1.0)]),
        ("delimiter: '|'", [("01234;1",)]),
    ):
        project.write("seeds/s.yml", read_as(config))
        results = project.dbt("seed")
        assert (results["small"][1], results["big"][1]) == ("overwrite", "unchanged"), config
        assert project.rows("small") == rows


def read_as(config: str) -> str:
    return f"seeds: [{{name: small, config: {{{config}}}}}]"


INCREMENTAL = """
{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
select id, name from {{ ref('up') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
"""


def test_unit_test_of_an_incremental_model(make: Make) -> None:
    tests = """
unit_tests:
  - name: only_new_rows
    model: inc
    overrides: {macros: {is_incremental: true}}
    given:
      - {input: ref('up'), rows: [{id: 1, name: a}, {id: 2, name: b}]}
      - {input: this, rows: [{id: 1, name: a}]}
    expect: {rows: [{id: 2, name: b}]}
"""
    up = TABLE + "select 1 as id, 'a' as name"
    project = make({"models/up.sql": up, "models/inc.sql": INCREMENTAL, "models/tests.yml": tests})
    project.dbt("run")  # dbt takes the columns of `this` from the table
    assert project.build()["only_new_rows"][0] == "pass"


def test_duckdb_file_deleted_between_any_two_commands(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.duckdb"
    files = {"seeds/s.csv": "id\n1\n", "models/up.sql": f"{TABLE} select id, 'a' as name from {{{{ ref('s') }}}}"}
    project = make(files | {"models/inc.sql": INCREMENTAL}, database=str(file))
    for command in (("seed",), ("run", "-s", "up"), ("run", "-s", "inc"), ("run", "-s", "inc")):
        success, out = project.in_new_session(*command)
        assert success, out
        file.unlink()
    assert project.rows("inc") == [(1, "a")]
    assert project.version("inc") == 0


def test_python_model(make: Make) -> None:
    model = """
def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="merge", unique_key="id", file_format="delta")
    return dbt.ref("up").project("id, id * 2 as n")
"""
    project = make({"models/up.sql": TABLE + "select 1 as id", "models/py.py": model})
    assert project.build()["py"][1] == "overwrite"
    assert project.build()["py"][1] == "nothing new"
    assert project.rows("py") == [(1, 2)]


MICROBATCH = """
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='moment', batch_size='day',
          begin='2024-01-01', lookback=1) }}
select * from {{ ref('events') }}
"""


def test_microbatch_replaces_whole_batches(make: Make) -> None:
    events = "{{ config(materialized='table', event_time='moment') }} "
    events += "select id, moment::timestamp as moment from (values %s) as v (id, moment)"
    first = "(1, '2024-01-01 00:00:00'), (2, '2024-01-01 23:59:59.999999'), (3, '2024-01-02 00:00:00')"
    project = make({"models/events.sql": events % first, "models/micro.sql": MICROBATCH})
    with patch_microbatch_end_time("2024-01-02 12:00:00"):
        project.build()
    version = project.version("micro")
    # The first day is outside of the lookback, the second inside: only there does a change count.
    project.write("models/events.sql", events % first.replace("(1,", "(7,").replace("(3,", "(8,"))
    with patch_microbatch_end_time("2024-01-03 12:00:00"):
        project.build()
    assert [row[0] for row in project.rows("micro")] == [1, 2, 8]
    assert project.version("micro") == version + 1  # the third day has nothing, and commits nothing
    assert project.rows("micro")[1][1] == dt.datetime(2024, 1, 1, 23, 59, 59, 999999, tzinfo=dt.UTC)


@pytest.mark.parametrize("deletes", ["invalidate", "new_record"])
def test_what_has_no_rows_for_dbt_is_not_gone(make: Make, deletes: str) -> None:
    """dbt run --empty, which is there to try the SQL."""
    merge = "config(materialized='incremental', incremental_strategy='merge', unique_key='id'"
    merge = f"{{{{ {merge}, not_matched_by_source_action='delete') }}}} select * from {{{{ ref('events') }}}}"
    snapshot = f"config(unique_key='id', strategy='check', check_cols=['id'], hard_deletes='{deletes}')"
    project = make(
        {
            "models/events.sql": "{{ config(materialized='table', event_time='moment') }}"
            " select 1 as id, timestamp '2024-01-01' as moment",
            "models/micro.sql": MICROBATCH,
            "models/m.sql": merge,
            "models/old.sql": TABLE + "select * from {{ dbt_duckdb_delta.as_of(ref('events'), version=0) }} as o",
            "snapshots/sn.sql": f"{{% snapshot sn %}}{{{{ {snapshot} }}}} select * from {{{{ ref('events') }}}}"
            "{% endsnapshot %}",
        }
    )
    with patch_microbatch_end_time("2024-01-01 12:00:00"):
        project.build()
        before = {name: project.rows(name) for name in ("m", "micro", "sn")}
        project.build("--empty")
    assert {name: project.rows(name) for name in before} == before and all(before.values())
    assert project.rows("old") == []


def test_stored_failures_without_delta(make: Make) -> None:
    """With `file_format: delta` they are Delta tables, without it dbt-duckdb's own tables, and both are read again."""
    model = TABLE + "select 1 as id union all select null"
    tests = "models: [{name: m, columns: [{name: id, data_tests: [not_null: {config: {store_failures: true}}]}]}]"
    odd = "{{ config(store_failures=true) }} select interval 1 day as span, {'at': [time '10:00']} as moments"
    cases: list[tuple[dict[str, Any], bool]] = [({"data_tests": {}}, False), ({}, True)]
    for config, in_delta in cases:
        project = make({"models/m.sql": model, "models/m.yml": tests, "tests/odd.sql": odd}, config=config)
        results = project.dbt("build")
        assert results["not_null_m_id"][0] == results["odd"][0] == "fail"
        assert any((project.at / "lake").glob("*/not_null_m_id/_delta_log")) == in_delta
        if in_delta:  # text, for what Delta has no type for
            (path,) = (project.at / "lake").glob("*/odd")
            assert pl.read_delta(str(path)).rows() == [("1 day", {"at": ["10:00:00"]})]
        else:
            project.at.rename(project.at.with_name("first"))


def test_contract_with_portable_types(make: Make) -> None:
    """`timestamp` and `string` are types that a contract can name for DuckDB and Spark alike."""
    columns = [("id", "bigint"), ("name", "string"), ("moment", "timestamp"), ("amount", "decimal(10, 2)")]
    columns += [("ok", "boolean")]
    entries = ", ".join(f"{{name: {name}, data_type: '{dtype}'}}" for name, dtype in columns)
    contract = f"models: [{{name: m, config: {{contract: {{enforced: true}}}}, columns: [{entries}]}}]"
    sql = "select true as ok, 1::bigint as id, 'a' as name"
    sql += ", timestamp '2024-01-01' as moment, 1.5::decimal(10, 2) as amount"
    project = make({"models/m.sql": TABLE + sql, "models/m.yml": contract})
    project.build()
    assert project.rows("m")[0][:2] == (1, "a")
    project.write("models/m.sql", TABLE + sql.replace("'a'", "5"))
    status, message = project.dbt("build")["m"]
    assert status == "error" and "name" in message and "data type mismatch" in message


def test_run_operations_and_time_travel(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    append = "{{ config(materialized='incremental', zorder='id') }} select {{ var('id', 1) }} as id"
    old = TABLE + "select * from {{ dbt_duckdb_delta.as_of(ref('a'), version=0) }}"
    project = make({"models/a.sql": append, "models/old.sql": old})
    project.build()
    project.build("--vars", "{id: 2}")
    assert (project.rows("a"), project.rows("old")) == ([(1,), (2,)], [(1,)])
    for operation, args in (
        ("optimize", "{}"),
        ("vacuum", "{model: a}"),
        ("history", "{model: a, limit: 2}"),
        ("restore", "{model: a, version: 0}"),
    ):
        _, done = project.in_new_session("run-operation", f"dbt_duckdb_delta.{operation}", "--args", args)
        said = {"optimize": "a: 2 files became 1", "vacuum": "dry run", "history": "OPTIMIZE", "restore": "version 0"}
        assert said[operation] in done
    assert project.rows("a") == [(1,)]
    show = "select count(*) as n from {{ dbt_duckdb_delta.as_of(ref('a'), version=1) }}"
    assert "| 2 |" in project.in_new_session("show", "--inline", show)[1]
    success, said = project.in_new_session("run-operation", "dbt_duckdb_delta.optimize", "--args", "{model: nope}")
    assert not success and "no Delta model, seed or snapshot named nope" in said


@pytest.mark.parametrize("operation", ["optimize", "vacuum"])
def test_care_goes_on_where_a_table_is_missing_or_damaged(make: Make, operation: str) -> None:
    model = "{{ config(materialized='incremental') }} select {{ var('id', 1) }} as id"
    project = make({f"models/{name}.sql": model for name in ("a_new", "b_damaged", "c", "d")})
    for number in "12":
        project.build("--exclude", "a_new", "--vars", f"{{id: {number}}}")
    (Path(project.path("b_damaged")) / "_delta_log/00000000000000000000.json").unlink()
    success, said = project.in_new_session("run-operation", f"dbt_duckdb_delta.{operation}")
    done = "2 files became 1" if operation == "optimize" else "0 files could be deleted"
    assert "a_new: left out, as it was never built" in said
    assert f"c: {done}" in said and f"d: {done}" in said
    assert not success and f"{operation} failed for b_damaged, as said above" in said
    assert "b_damaged: The Delta table at " in said
    for model in ("a_new", "b_damaged"):
        args = ("run-operation", f"dbt_duckdb_delta.{operation}", "--args", f"{{model: {model}}}")
        success, said = project.in_new_session(*args)
        assert not success and ("there is no Delta table" if model == "a_new" else "cannot be read") in said


ARGUMENTS = {
    "restore": {
        "model: m, version: 99": "s.m: there is no version 99 to be read: its log has 0 to 1.",
        "model: m, version: null": "s.m: there is no version None to be read: its log has 0 to 1.",
        "model: m": "to be read: its log has 0 to 1.",
        "model: null, version: 0": "restore is for one model",
    },
    "vacuum": {
        "dry_run: 'false'": 'dry_run is true or false, without quotes, and not "false".',
        "dry_run: 0": "dry_run is true or false, without quotes, and not 0.",
        "retention_hours: abc": 'retention_hours is a whole number, 0 or more, and not "abc".',
        "retention_hours: -1": "retention_hours is a whole number, 0 or more, and not -1.",
        "retention_hours: null": "retention_hours is a whole number, 0 or more, and not null.",
    },
    "history": {
        "model: m, limit: abc": 'limit is a whole number, 1 or more, and not "abc".',
        "model: null": "history is for one model",
    },
}


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("two"), {"models/m.sql": TABLE + "select {{ var('id', 1) }} as id"})
    project.build()
    project.build("--vars", "{id: 2}")
    return project


@pytest.mark.parametrize(("operation", "args"), [(name, args) for name, some in ARGUMENTS.items() for args in some])
def test_an_argument_that_cannot_be_is_named(two_versions: Project, operation: str, args: str) -> None:
    files = sorted(Path(two_versions.path("m")).rglob("*"))
    call = ("run-operation", f"dbt_duckdb_delta.{operation}", "--args", f"{{{args}}}")
    success, said = two_versions.in_new_session(*call)
    error = said.split("Encountered an error while running operation: ")[1].splitlines()[1]
    assert not success and ARGUMENTS[operation][args] in error, said
    assert sorted(Path(two_versions.path("m")).rglob("*")) == files


REFUSED = {
    "incremental_strategy='replace_where'": "incremental strategy",
    "incremental_strategy='merge', unique_key='id', not_matched_by_source_action='update'": "can only be delete, not update",
    "incremental_strategy='append', not_matched_by_source_action='delete'": "has no effect without incremental_strategy",
    "incremental_strategy='merge', not_matched_by_source_action='delete'": "has no effect without incremental_strategy",
    "tblproperties={'delta.logRetentionDuration': 'never'}": "delta.logRetentionDuration cannot be 'never'",
    "tblproperties={'delta.appendOnly': 'maybe'}": "delta.appendOnly cannot be 'maybe'",
    "tblproperties={'delta.checkpointInterval': 0}": "delta.checkpointInterval cannot be '0'",
    "incremental_strategy='merge', matched_condition='true'": "matched_condition cannot be honoured",
    "liquid_clustered_by='id'": "liquid_clustered_by cannot be honoured",
    "location_root='/somewhere/else'": "location_root puts the table at /somewhere/else/m",
    "on_schema_change='whatever'": "on_schema_change",
    "partition_by='nope'": "nope",
}


def test_a_configuration_that_cannot_be_honoured_is_an_error(make: Make) -> None:
    model = "{{{{ config(materialized='incremental', {}) }}}} select 1 as id"
    project = make({f"models/m{n}.sql": model.format(config) for n, config in enumerate(REFUSED)})
    results = project.dbt("build")
    for n, message in enumerate(REFUSED.values()):
        status, said = results[f"m{n}"]
        assert status == "error" and message in said, said
        assert not (project.at / "lake" / "s" / f"m{n}" / "_delta_log").exists()


def test_other_formats_are_untouched(make: Make) -> None:
    files = {
        "models/t.sql": "{{ config(materialized='table', file_format='none') }} select 1 as id",
        "models/i.sql": "{{ config(materialized='incremental', file_format='none', unique_key='id') }}"
        " select * from {{ ref('t') }}",
        "models/v.sql": "select * from {{ ref('i') }}",
        "models/d.sql": TABLE + "select * from {{ ref('v') }}",
        "seeds/s.csv": "id\n1\n",
    }
    project = make(files, config={"seeds": {}})
    project.build()
    project.build()
    assert [path.parent.name for path in (project.at / "lake").glob("*/*/_delta_log")] == ["d"]


def test_grants_are_noted_and_hooks_run(make: Make) -> None:
    model = """
{{ config(materialized='table', grants={'select': ['someone']}, pre_hook="create table if not exists main.log (t text)",
          post_hook=["insert into main.log select 'in' from {{ this }}",
                     {"sql": "insert into main.log select 'out' from {{ this }}", "transaction": false}]) }}
select 1 as id
"""
    log = TABLE + "-- depends_on: {{ ref('m') }}\nselect * from main.log"
    project = make({"models/m.sql": model, "models/log.sql": log})
    _, out = project.in_new_session("build")
    assert "grants are ignored on DuckDB" in out
    assert project.rows("log") == [("in",), ("out",)]


def test_sql_header(make: Make) -> None:
    model = "{{ config(materialized='table', sql_header=\"set timezone = 'Asia/Kolkata';\") }}"
    model += " select current_setting('timezone') as z"
    project = make({"models/m.sql": model})
    project.build()
    assert project.rows("m") == [("Asia/Kolkata",)]


def test_a_failing_model_leaves_its_version_and_others_build(make: Make) -> None:
    model = TABLE + "select {% if var('fail', false) %} error('no') {% else %} 1 {% endif %} as x"
    project = make({"models/m.sql": model, "models/other.sql": TABLE + "select 2 as id"})
    project.build()
    results = project.dbt("build", "--vars", "{fail: true}")
    assert (results["m"][0], results["other"][0]) == ("error", "success")
    assert project.version("m") == 0 and project.rows("m") == [(1,)]


@pytest.mark.parametrize("root", ["with space", "it's ünï"])
def test_root_with_unusual_characters(make: Make, tmp_path: Path, root: str) -> None:
    up = (
        f"{{{{ config(materialized='table', location_root=\"{tmp_path / root / 's'}\") }}}} select 1 as id, 'a' as name"
    )
    project = make({"models/up.sql": up, "models/inc.sql": INCREMENTAL}, root=str(tmp_path / root))
    project.build()
    project.build()
    assert Tables(tmp_path / root).rows("from s.inc") == [(1, "a")]


def test_upper_case_schema_and_quoted_column_names(make: Make) -> None:
    config = "materialized='incremental', incremental_strategy='merge', unique_key='Show Id', schema='Upper'"
    model = "{{ config(" + config + ') }} select 1 as "Show Id", \'x\' as "select"'
    model += "{% if is_incremental() %} union all select 2, 'y' {% endif %}"
    project = make({"models/m.sql": model})
    project.build()
    assert project.build()["m"][1] == "merge (1 inserted, 0 updated, 0 deleted)"
    assert [folder.name for folder in (project.at / "lake").iterdir()] == ["s_Upper"]


def test_a_long_running_process_sees_what_others_wrote(make: Make) -> None:
    """dbt keeps its connection from one invocation to the next in one process; tables change in between."""
    reader = TABLE + "select * from {{ ref('a') }}"
    project = make({"models/a.sql": TABLE + "select 1 as id", "models/b.sql": reader})
    project.build()
    Tables(project.root).job("overwrite", "select 'two' as id, 3 as more", "a")
    project.build("-s", "b")
    assert project.rows("b") == [("two", 3)]


def test_a_project_that_had_tables_in_duckdb_goes_on(tmp_path: Path) -> None:
    """A seed is loaded again. An incremental model ends with a line that says what to do, and --full-refresh builds it."""
    files = {
        "seeds/s.csv": "id\n1\n",
        "models/m.sql": "{{ config(materialized='incremental') }} select * from {{ ref('s') }}",
    }
    project = Project(tmp_path / "project", files, database=str(tmp_path / "d.duckdb"))
    plain: dict[str, Any] = {"models": {}, "seeds": {}}
    project.configure(plain)
    project.build()
    project.configure()
    done, said = project.in_new_session("build")
    assert not done and "s.m: DuckDB itself has a table or view of that name: build once with --full-refresh" in said
    assert project.rows("s") == [(1,)]
    assert project.in_new_session("build", "--full-refresh")[0]
    assert project.in_new_session("build")[0]
    assert project.rows("m") == [(1,), (1,)]
