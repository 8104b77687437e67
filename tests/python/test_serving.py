"""Gold for BI tools: the SQL that is printed for each, and the DuckDB file that may be open while builds run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from sqlfluff.core import Linter

from dbt_duckdb_delta.object_store import load_extension
from tests.support.lake import Lake

HOLD = """
import sys
import duckdb
from dbt_duckdb_delta.object_store import load_extension
connection = duckdb.connect(sys.argv[1], read_only=True)
load_extension(connection, "delta")
for _ in sys.stdin:
    print(connection.execute("select count(*) from gold.dim_title").fetchone()[0], flush=True)
"""


@pytest.fixture(scope="module")
def lake(copy_of: Callable[..., Lake]) -> Lake:
    """A lake of this module's own: one of the tests moves it on."""
    return copy_of("sample")


def serving_sql(lake: Lake, **arguments: str) -> str:
    return lake.dbt("--quiet", "run-operation", "serving_sql", "--args", json.dumps(arguments)).stdout


@pytest.mark.parametrize(
    ("dialect", "parsed_as", "statement"),
    [
        ("synapse", "tsql", r"create or alter view gold\.(\w+)"),
        ("databricks", "databricks", r"create table if not exists gold\.(\w+)"),
        ("duckdb", "duckdb", r"create or replace view gold\.(\w+)"),
    ],
)
def test_the_sql_is_of_its_dialect_and_has_all_of_gold(
    lake: Lake, dialect: str, parsed_as: str, statement: str
) -> None:
    sql = serving_sql(lake, dialect=dialect, location="abfss://box@store.dfs.core.windows.net/lake", readers="a, b")
    parsed = Linter(dialect=parsed_as).parse_string(sql)
    assert [str(violation) for violation in parsed.violations] == []
    assert parsed.tree is not None
    assert "unparsable" not in parsed.tree.descendant_type_set
    assert sorted(re.findall(statement, sql)) == [name.split("/")[1] for name in lake.tables("gold")]


def test_types_places_and_readers_are_spelled_out(lake: Lake) -> None:
    synapse = serving_sql(lake, dialect="synapse", location="abfss://box@store.dfs.core.windows.net/lake")
    assert "location = 'https://store.dfs.core.windows.net/box/lake'" in synapse
    view = synapse.split("create or alter view gold.mart_viewing_trends")[1].split("go\n")[0]
    for column in (
        "[week] date",
        "[hours_viewed] bigint",
        "[average_hours_of_4_weeks] float",
        "[category] varchar(max)",
    ):
        assert column in view
    assert "[committed_at] datetime2(6)" in synapse
    databricks = serving_sql(lake, dialect="databricks", location="s3://box/lake", readers="analysts, bi")
    assert "using delta location 's3://box/lake/gold/dim_title'" in databricks
    assert "select on schema gold to `analysts`" in databricks
    assert "select on schema gold to `bi`" in databricks


def test_an_unknown_dialect_is_one_clear_line(lake: Lake) -> None:
    done = lake.dbt("run-operation", "serving_sql", "--args", "{dialect: oracle}", check=False)
    assert done.returncode != 0
    assert "dialect is one of synapse, databricks, duckdb" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@contextmanager
def reader(file: Path, lake: Lake) -> Iterator[Callable[[], int]]:
    """Another process that holds the served file open; counts the titles that it sees."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    inlet, outlet = process.stdin, process.stdout

    def count() -> int:
        print(file=inlet, flush=True)
        return int(outlet.readline())

    yield count
    inlet.close()
    process.wait()


def test_builds_and_readers_do_not_disturb_each_other(lake: Lake, make_sample: Callable[..., Path]) -> None:
    served = lake.work / "lakehouse.duckdb"
    lake.python("lakehouse", "duckdb", "--out", str(served))
    with reader(served, lake) as titles:
        before = titles()
        assert before == lake.read("gold/dim_title").height
        lake.ingest("--from", str(make_sample(2)))
        lake.build("--select", "+dim_title")
        after = lake.read("gold/dim_title").height
        assert after != before
        assert titles() == after, "the file shows what the last build committed"
        # Written again while somebody has the old one open.
        lake.python("lakehouse", "duckdb", "--out", str(served))
        assert titles() == after
    assert [file.name for file in served.parent.glob("*.duckdb*")] == [served.name]


def test_the_served_file_holds_gold_with_its_comments_and_cannot_be_changed(lake: Lake) -> None:
    served = lake.work / "lakehouse.duckdb"
    lake.python("lakehouse", "duckdb", "--out", str(served))
    assert served.stat().st_mode & 0o222 == 0
    with duckdb.connect(str(served), read_only=True) as connection:
        load_extension(connection, "delta")
        for name, rows in lake.counts("gold").items():
            (found,) = connection.execute(f"select count(*) from {name.replace('/', '.')}").fetchall()[0]
            assert found == rows, name
        comments = "select count(*) from duckdb_columns() where schema_name = 'gold' and comment is null"
        assert connection.execute(comments).fetchall() == [(0,)]


def test_serving_a_lake_without_gold_is_one_clear_line(new_lake: Callable[[str], Lake], tmp_path: Path) -> None:
    empty = new_lake("empty")
    done = empty.python("lakehouse", "duckdb", "--out", str(tmp_path / "x.duckdb"), check=False)
    assert done.returncode == 2
    assert "Run `dbt build` first" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.duckdb").exists()
