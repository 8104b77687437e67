"""The page about adding a feed, word by word; and what `make feed` will not do."""

from __future__ import annotations

import csv
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from lakehouse.feed import CannotBegin, begin, read
from tests.support.lake import CHECKOUT, Lake, copy_checkout

PAGE = CHECKOUT / "docs/add-a-feed.md"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "checkout")


@pytest.mark.histories
def test_the_page(checkout: Path, new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]) -> None:
    built = new_lake("page")
    built.ingest("--from", str(shutil.copytree(make_sample(titles=1000, seed=42), checkout / "sample")))
    built.build()
    here = Lake(built.root.rename(checkout / "lake"), built.work)

    def bash(commands: str) -> str:
        places = "LAKEHOUSE_ROOT=lake DBT_TARGET_PATH=target DBT_LOG_PATH=logs DBT_PROJECT_DIR=."
        return here.run("bash", "-euo", "pipefail", "-c", f"cd '{checkout}'; export {places}; {commands}").stdout

    for commands in re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        bash(commands)

    with (checkout / "ratings/ratings.csv").open(newline="") as file:
        ratings = [row for row in csv.DictReader(file) if float(row["score"]) <= 10]
    silver = here.read("silver/silver_ratings")
    assert sorted(silver.select("show_id", "critic", "score").rows()) == sorted(
        (int(row["show_id"]), row["critic"], float(row["score"])) for row in ratings
    )
    for table, folder in (("silver_ratings", "silver"), ("silver_ratings_records", "silver/records")):
        (model,) = yaml.safe_load((checkout / "models" / folder / f"{table}.yml").read_text())["models"]
        assert {column["name"]: column["data_type"] for column in model["columns"]} == here.types(f"silver/{table}")
    genres = defaultdict(list)
    with (checkout / "sample/catalogue/netflix_category.csv").open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            genres[row["show_id"].strip()].append(row["listed_in"].strip(" ,"))
    scores = defaultdict(list)
    for row in ratings:
        for genre in genres[row["show_id"]]:
            scores[genre].append(float(row["score"]))
    mart = here.read("gold/mart_genre_ratings").sort("genre_name")
    assert mart.height > 0
    assert mart["genre_name"].to_list() == sorted(scores)
    for genre, count, mean in mart.iter_rows():
        assert (count, mean) == (len(scores[genre]), pytest.approx(sum(scores[genre]) / count))
    bash(".venv/bin/python -m lakehouse build --select +quarantine +reconciliation")
    (quarantined,) = here.read("gold/quarantine").filter(pl.col("model") == "silver_ratings").to_dicts()
    assert (quarantined["rules"], quarantined["_row_number"]) == ("score_is_a_score", 5)
    assert here.read("gold/reconciliation").filter(pl.col("model") == "silver_ratings")["records_in"].to_list() == [6]
    bash(".venv/bin/python -m lakehouse build --select test_type:unit,silver_ratings_records")

    # The next version lacks the first rating, and has another score in the second one.
    ratings_csv = checkout / "ratings/ratings.csv"
    header, _, second, *rest = ratings_csv.read_text().splitlines()
    ratings_csv.write_text("\n".join([header, second.replace(",7,", ",1,"), *rest]) + "\n")
    bash(".venv/bin/python -m ingest --source ratings")
    bash(".venv/bin/python -m lakehouse build --select +silver_ratings +silver_rating_history")
    history = here.read("silver/silver_rating_history").filter(pl.col("show_id").is_not_null())
    ended = history.filter(pl.col("valid_to").is_not_null()).sort("critic")
    assert ended.select("show_id", "critic", "score").rows() == [(98384059, "Ann", 8.5), (98384059, "Bo", 7.0)]
    current = history.filter(pl.col("valid_to").is_null())
    assert sorted(current["score"]) == [1.0, 3.0, 6.0, 9.0]
    began = current.filter(pl.col("score") == 1.0)["valid_from"].item()
    assert (ended["valid_to"] == began).all() and (ended["valid_from"] < began).all()


@pytest.mark.parametrize(
    ("name", "text", "key", "says"),
    [
        ("Ratings", "id\n1\n", [], "NAME is 'Ratings'"),
        ("", "id\n1\n", [], "NAME is ''"),
        ("ratings", None, [], "make feed NAME=ratings FILE=<a file"),
        ("ratings", "", [], "cannot be read as a table"),
        ("ratings", "id\n", [], "with the same key, or none"),
        ("ratings", "id\n1\n1\n", [], "with the same key, or none"),
        ("ratings", "id,n\n1,2\n1,3\n", ["id"], "with the same key, or none"),
        ("ratings", "id\n1\n", ["name"], "has no column name"),
        ("ratings", "id,né(e)\n1,2\n", [], "letters, digits and _"),
        ("ratings", "id,_source\n1,2\n", [], "column '_source': name it"),
        ("ratings", "id,Order\n1,2\n", [], "column 'Order', which is a word of SQL: give it another name"),
        ("ratings", "id,when\n1,2\n", [], "a word of SQL"),
        ("ratings", "id,left\n1,2\n", [], "a word of SQL"),
        ("ratings", "id;name\n1;a\n", [], "has one column, 'id;name': separate the columns by commas"),
        ("ratings", "id\tname\n1\ta\n", [], "has one column"),
        ("ratings", "id|name\n1|a\n", [], "has one column"),
        ("titles", "id\n1\n", [], "named titles already"),
        ("top10", "id\n1\n", [], "named top10 already"),
    ],
)
def test_what_is_no_feed_is_one_line_and_changes_nothing(
    name: str, text: str | None, key: list[str], says: str, checkout: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ratings.csv"
    if text is not None:
        file.write_text(text)

    def state() -> dict[Path, bytes]:
        return {
            path: path.read_bytes()
            for part in ("models", "macros", "ingest")
            for path in (checkout / part).rglob("*.*")
        }

    before = state()
    with pytest.raises(CannotBegin, match=re.escape(says)) as refused:
        begin(read(name, file, key), checkout)
    assert "\n" not in str(refused.value)
    assert state() == before


def test_numbers_with_zeros_in_front_are_text(tmp_path: Path) -> None:
    """As numbers they would lose these."""
    file = tmp_path / "places.csv"
    file.write_text("id,zip,key,share,padded\n0,01234,007,0.5,00.5\n10,99999,0,10.25,1.5\n")
    kinds = {column.name: column.kind for column in read("places", file, []).columns}
    expected = {"id": "a whole number", "zip": None, "key": None, "share": "a number", "padded": None}
    assert kinds == expected
