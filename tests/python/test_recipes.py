"""The recipes of README and docs give what is in the files, in a lake that has had a second week."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlglot

from dbt_duckdb_delta.object_store import load_extension
from tests.support.lake import CHECKOUT, Lake

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
WEEKS = (
    # show_id: type, title, rating. Title 2 changes, 3 goes, 5 comes.
    {1: ("Movie", "One", "PG"), 2: ("Movie", "Two", "PG"), 3: ("Movie", "Three", "R"), 4: ("TV Show", "Four", "TV-Y")},
    {1: ("Movie", "One", "PG"), 2: ("Movie", "Two", "R"), 4: ("TV Show", "Four", "TV-Y"), 5: ("TV Show", "Five", "R")},
)
PLACES = [("Two", 7_000_000), ("One", 3_000_000), ("In no catalogue", 1_000_000)]
TITLES = Counter(type_ for type_, _, _ in WEEKS[-1].values())

MODELS = """
    fct_catalogue_title fct_catalogue_change fct_weekly_top10_global fct_weekly_top10_country fct_most_popular
    bridge_title_cast bridge_title_director bridge_title_genre bridge_title_country
    dim_country dim_date dim_genre dim_person dim_rating mart_viewing_trends quarantine
"""
"""What the recipes read."""


def write(file: Path, *records: Mapping[str, object]) -> None:
    """A file of a source."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(records[0]), delimiter="\t" if file.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(records)


def write_week(folder: Path, titles: dict[int, tuple[str, str, str]]) -> None:
    """The catalogue of a week, and lists in which two of its titles are."""
    write(
        folder / "catalogue" / "netflix_titles.csv",
        *(
            {
                "duration_minutes": 90 if type_ == "Movie" else "",
                "duration_seasons": 1 if type_ == "TV Show" else "",
                "type": type_,
                "title": title,
                "date_added": "9/9/2019",
                "release_year": 2019,
                "rating": rating,
                "description": "What it is about.",
                "show_id": show_id,
            }
            for show_id, (type_, title, rating) in titles.items()
        ),
    )
    for name, column in (
        ("cast", "cast"),
        ("category", "listed_in"),
        ("countries", "country"),
        ("directors", "director"),
    ):
        records: list[dict[str, object]] = [{column: f"A {column}", "show_id": show_id} for show_id in titles]
        write(folder / "catalogue" / f"netflix_{name}.csv", *records)
    places = [
        {
            "week": "2024-06-23",
            "category": "Films (English)",
            "weekly_rank": rank,
            "show_title": title,
            "season_title": "N/A",
        }
        for rank, (title, _) in enumerate(PLACES, start=1)
    ]
    weeks = {"cumulative_weeks_in_top_10": 1}
    write(
        folder / "top10" / "all-weeks-global.tsv",
        *(
            place | {"weekly_hours_viewed": hours, "runtime": 1.5, "weekly_views": hours // 2} | weeks
            for place, (_, hours) in zip(places, PLACES, strict=True)
        ),
    )
    country = {"country_name": "Germany", "country_iso2": "DE"}
    write(
        folder / "top10" / "all-weeks-countries.tsv",
        *(country | place | {"category": "Films"} | weeks for place in places),
    )
    write(
        folder / "top10" / "most-popular.tsv",
        *(
            {"category": "Films (English)", "rank": rank, "show_title": title, "season_title": "N/A"}
            | {"hours_viewed_first_91_days": hours, "runtime": 1.5, "views_first_91_days": hours // 2}
            for rank, (title, hours) in enumerate(PLACES, start=1)
        ),
    )


@pytest.fixture(scope="module")
def lake(new_lake: Callable[[str], Lake]) -> Lake:
    """Two weeks of a small catalogue without any dirt. Its folder is called `lake`, as in the recipes."""
    lake = new_lake("recipes")
    for titles in WEEKS:
        write_week(lake.work / "from", titles)
        lake.ingest("--from", str(lake.work / "from"))
    lake.build("--select", *(f"+{model}" for model in MODELS.split()))
    assert lake.read("gold/dim_title").filter(pl.col("title_key") != -1).height == len(WEEKS[0]) + 2, "states of titles"
    return lake


@pytest.fixture
def connection(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as `dbt show` and lakehouse.duckdb have it, in the folder in which the lake is."""
    monkeypatch.chdir(lake.root.parent)
    with duckdb.connect() as connection:
        load_extension(connection, "delta")
        connection.execute("create schema gold")
        for name in lake.tables("gold"):
            connection.execute(f"create view {name.replace('/', '.')} as from delta_scan('lake/{name}')")
        yield connection


def fences(language: str) -> list[tuple[str, str]]:
    """The blocks of code in a language (none: ""): the page and the text, without those that show what is wrong."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        # Every second piece is within a block, and begins with its language.
        for block in re.split(r"^ *```", page.read_text(), flags=re.MULTILINE)[1::2]:
            named, _, text = block.partition("\n")
            if named == language and "-- wrong" not in text:
                found.append((page.name, text))
    return found


def queries() -> list[tuple[str, str]]:
    """All SELECTs: in blocks of SQL, and in commands of dbt and DuckDB."""
    of_blocks = [
        (page, statement)
        for page, text in fences("sql")
        for statement in text.split(";\n")
        if re.search(r"^\s*select\b", statement, re.MULTILINE)
    ]
    of_commands = [
        (page.name, query[1] or query[2])
        for page in PAGES
        for query in re.finditer(
            r"(?:--inline|lakehouse\.duckdb) (?:'(select .*?)'$|\"(select .*?)\"$)", page.read_text(), re.M
        )
    ]
    return of_blocks + [(page, query) for page, query in of_commands if "{{" not in query]


def test_counts_and_sums_of_the_queries_are_those_of_the_files(connection: duckdb.DuckDBPyConnection) -> None:
    seen = Counter[str]()
    for page, query in queries():
        # T-SQL reads in DuckDB alike once it is written as such.
        answer = connection.execute(
            sqlglot.transpile(query, read="tsql" if "= 1" in query else "duckdb", write="duckdb")[0]
        )
        rows, columns = answer.fetchall(), [column[0] for column in answer.description or []]
        seen[page] += 1
        if columns == ["type", "titles"]:
            assert dict(rows) == TITLES, query
        elif columns == ["rating", "hours"]:
            # Of each place the rating in the last week; what the catalogue does not have has none.
            ratings = {title: rating for _, title, rating in WEEKS[-1].values()}
            expected = Counter[str | None]()
            for title, hours in PLACES:
                expected[ratings.get(title)] += hours
            assert dict(rows) == expected, query
        elif "dim_title" in query:
            titles = [row[columns.index("title")] for row in rows]
            assert sorted(titles) == sorted(["Unknown", *(title for _, title, _ in WEEKS[-1].values())]), query
    assert seen == {"README.md": 3, "data-quality.md": 1, "serving.md": 2}


class Spark:
    """As much of a session of Spark as the recipes use; `rows` is what the last `show` showed."""

    rows: pl.DataFrame

    @property
    def read(self) -> Spark:
        return self

    def format(self, name: str) -> Spark:
        assert name == "delta"
        return self

    def load(self, place: str) -> Spark:
        self.rows = pl.read_delta(place)
        return self

    def where(self, condition: str) -> Spark:
        self.rows = self.rows.sql(f"select * from self where {condition}")
        return self

    def show(self) -> None:
        """Nothing to see."""


# pandas and pyarrow, which a recipe in serving.md needs, come with the packages for Spark.
@pytest.mark.parametrize("page", ["README.md", pytest.param("serving.md", marks=pytest.mark.engines)])
def test_python_reads_the_titles_of_the_files(page: str, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lake.root.parent)
    names: dict[str, Any] = {"spark": Spark(), "pl": pl}
    for _, text in [fence for fence in fences("python") if fence[0] == page]:
        exec(text, names)
    assert Counter(names["titles"]["type"]) == TITLES
    assert Counter(names["spark"].rows["type"]) == TITLES


def test_relations_for_power_bi_are_many_to_one_and_lose_nothing(lake: Lake) -> None:
    text = (CHECKOUT / "docs" / "serving.md").read_text()
    relations = re.findall(r"^\| `(\w+_key)` of (.*?) \| `(\w+)\.(\w+)`(, current rows)? \|$", text, re.MULTILINE)
    many_sides = [table for _, tables, *_ in relations for table in re.findall(r"`(\w+)`", tables)]
    assert len(relations) == 11
    assert set(many_sides) == {
        name.split("/")[1] for name in lake.tables("gold") if "/fct_" in name or "/bridge_" in name
    }
    for key, tables, dimension, one, current in relations:
        rows = lake.read(f"gold/{dimension}")
        if current:
            rows = rows.filter(pl.col("is_current"))
        assert rows[one].is_unique().all(), (dimension, one)
        for table in re.findall(r"`(\w+)`", tables):
            assert lake.read(f"gold/{table}")[key].drop_nulls().is_in(rows[one].implode()).all(), (table, key)
    (power_query,) = [text for page, text in fences("") if page == "serving.md"]
    assert "gold/dim_title" in power_query
    assert "Table.SelectRows(Table, each [is_current])" in power_query


def test_no_recipe_takes_titles_without_their_state() -> None:
    """Every statement that reads `dim_title`; commands about the table itself, such as `restore`, read no titles."""
    ends = {"sql": ";\n", "python": "\n", "sh": "\n", "": "\n\n"}
    statements = [
        (page, statement)
        for language, end in ends.items()
        for page, text in fences(language)
        for statement in text.split(end if "{model: dim_title" not in text else "\n")
        if re.search(r"\bdim_title\b", statement) and "{model: " not in statement and "--select" not in statement
    ]
    for page, statement in statements:
        assert "is_current" in statement or "title_version_key" in statement, (page, statement)
    assert len(statements) >= 9
