"""The catalogue as one file with lists in its columns, in the same silver and gold as the catalogue of five files."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lakehouse.sample.edition import write_edition
from tests.support.lake import DATA, OF_RUNS, Lake, needs_real_data
from tests.support.templates import Templates

PUBLISHED = DATA / "catalogue_2021" / "netflix_titles.csv"
Record = dict[str, str]
LISTS = {
    "silver_cast": ("cast", "person_name"),
    "silver_directors": ("director", "person_name"),
    "silver_categories": ("listed_in", "genre_name"),
    "silver_countries": ("country", "country_name"),
}
HISTORIES = {"silver_directors": "silver_director_history", "silver_categories": "silver_category_history"}
OTHERS = ("top10_global", "top10_countries", "top10_most_popular", "engagement")
CATALOGUE = (
    "--select",
    "+group:catalogue",
    "silver_file_versions",
    "reconciliation",
    "--exclude",
    "path:models/gold/marts",
)


def records(content: str) -> list[Record]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def names(text: str) -> list[str]:
    """The names of a list, each once."""
    pieces = (unicodedata.normalize("NFC", piece).strip(" \u00a0") for piece in text.split(","))
    return list(dict.fromkeys(piece for piece in pieces if piece))


@pytest.fixture(scope="module")
def published() -> list[Record]:
    return records(PUBLISHED.read_text(encoding="utf-8-sig"))


@pytest.fixture(scope="module")
def lake(templates: Templates) -> Lake:
    """The published edition, built; not to be changed."""

    def make(folder: Path) -> None:
        lake = templates.without(folder, *OTHERS)
        done = lake.ingest("--from", str(PUBLISHED.parent))
        assert f"{PUBLISHED} is read as a file of source 'kaggle', by its header" in done.stdout.splitlines()
        lake.build(*CATALOGUE)

    folder = templates.once("edition", make)
    return Lake(folder / "lake", folder)


@needs_real_data
def test_every_title_of_the_published_edition_is_there(lake: Lake, published: list[Record]) -> None:
    assert len(published) == 8807
    titles = lake.read("silver/silver_titles")
    assert titles.height == titles["show_id"].n_unique() == len(published)
    assert titles["show_id"].min() > 10**8 and titles["show_id"].max() < 10**18  # type: ignore[operator]
    for name in ("dim_title", "fct_catalogue_title"):
        keys = lake.read(f"gold/{name}", "title_key").filter(pl.col("title_key") != -1)["title_key"]
        assert keys.len() == keys.n_unique() == len(published)
    expected = Counter(
        (
            *(record["type"], unicodedata.normalize("NFC", record["title"]).strip(" \u00a0")),
            *(record["description"], int(record["release_year"])),
            datetime.strptime(added, "%B %d, %Y").date() if (added := record["date_added"].strip()) else None,
            record["rating"] if record["duration"] else "",
            record["duration"] or record["rating"],
        )
        for record in published
    )
    length = pl.coalesce(
        pl.format("{} min", "duration_minutes"),
        pl.when(duration_seasons=1).then(pl.lit("1 Season")).otherwise(pl.format("{} Seasons", "duration_seasons")),
    )
    columns = ("type", "title", "description", "release_year", "date_added", pl.col("rating").fill_null(""), length)
    assert Counter(titles.select(*columns).rows()) == expected
    assert titles["_untyped_values"].null_count() == titles.height


@needs_real_data
def test_lengths_in_the_column_of_the_rating_are_mended(lake: Lake, published: list[Record]) -> None:
    moved = {record["title"]: int(record["rating"].split()[0]) for record in published if not record["duration"]}
    assert len(moved) == 3
    found = lake.read("silver/silver_kaggle_titles_records").filter("is_length_moved")
    columns = ("title", "duration_minutes", "rating", "_verdict", "_rules")
    mended = [
        (title, minutes, None, "kept", "length_is_in_its_column,rating_is_there") for title, minutes in moved.items()
    ]
    assert sorted(found.select(columns).rows()) == sorted(mended)
    kept = (
        lake.read("gold/reconciliation").filter(model="silver_kaggle_titles").select("records_in", "kept", "superseded")
    )
    assert kept.rows() == [(8807, 8807, 0)]


@needs_real_data
@pytest.mark.parametrize(
    ("model", "bridge", "count"),
    [
        ("silver_cast", "bridge_title_cast", 64_124),
        ("silver_directors", "bridge_title_director", 6_977),
        ("silver_categories", "bridge_title_genre", 19_323),
        ("silver_countries", "bridge_title_country", 10_012),
    ],
)
def test_every_name_of_the_published_lists_is_there(
    lake: Lake, published: list[Record], model: str, bridge: str, count: int
) -> None:
    field, column = LISTS[model]
    expected = Counter((record["description"], name) for record in published for name in names(record[field]))
    assert expected.total() == count
    described = lake.read("silver/silver_titles", "show_id", "description")
    found = lake.read(f"silver/{model}").join(described, on="show_id")  # an orphan has no description
    assert Counter(found.select("description", column).rows()) == expected
    if model in HISTORIES:
        history = lake.read(f"silver/{HISTORIES[model]}").filter(pl.col("valid_to").is_null())
        assert Counter(history.join(described, on="show_id").select("description", column).rows()) == expected
    in_gold = lake.read(f"gold/{bridge}")
    alike = Counter((record["show_id"], name.casefold()) for record in published for name in names(record[field]))
    assert in_gold.height == len(alike)
    assert set(in_gold["title_key"]) <= set(lake.read("gold/fct_catalogue_title")["title_key"])


@needs_real_data
@pytest.mark.histories
def test_an_edition_without_fifty_titles_removes_these(
    lake: Lake, published: list[Record], templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its titles are renumbered, in the reverse order."""
    folder = tmp_path_factory.mktemp("editions")
    gone, stays = published[5::176][:50], [r for n, r in enumerate(published) if n % 176 != 5 or n // 176 >= 50]
    assert (len(gone), len(stays)) == (50, 8757)
    for place, edition in enumerate((published, stays[::-1])):
        file = folder / "file" / PUBLISHED.name
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(published[0]))
            writer.writeheader()
            writer.writerows(record | {"show_id": f"s{n}"} for n, record in enumerate(edition, start=1))
        if not place:
            step = templates.without(folder, *OTHERS)
        step.ingest("--from", str(file.parent))
        step.build(*CATALOGUE)
    files = step.read("raw/_files").sort("_file_version")
    figures = files.select("status", "keys_before", "keys_lost", "keys_changed", "keys_new", "keys_repeated").row(-1)
    assert figures == ("loaded", 8807, 50, 0, 0, 0)
    changes = step.read("gold/fct_catalogue_change").filter(~pl.col("is_first_state"))
    assert dict(changes["change_type"].value_counts().rows()) == {"removed": 50}
    titles = step.read("gold/dim_title", "title_version_key", "description")
    removed = changes.join(titles, on="title_version_key")["description"]
    assert sorted(removed) == sorted(record["description"] for record in gone)
    once = templates.without(tmp_path_factory.mktemp("once"), *OTHERS)
    (once.root / "raw").symlink_to(step.root / "raw")
    once.build(*CATALOGUE)
    for name in step.tables("silver", "gold"):
        if name != OF_RUNS:
            assert_frame_equal(once.rows(name), step.rows(name))


def test_the_sample_gives_the_same_in_both_layouts(
    sample_lake: Lake, new_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    write_edition(tmp_path, titles=300, week=1, seed=7)
    whole = new_lake("whole")
    whole.ingest("--from", str(tmp_path))
    whole.build("--select", *(f"+{model}" for model in ("silver_titles", *LISTS)))
    moved = [
        record["title"] for record in records((tmp_path / "netflix_titles.csv").read_text()) if not record["duration"]
    ]
    assert len(moved) == 3
    known = ["type", "title", "release_year", "description"]
    in_both = []
    for lake in (sample_lake, whole):
        titles = lake.rows("silver/silver_titles").with_columns(
            rating=pl.when(~pl.col("title").is_in(moved)).then("rating")
        )
        found = {"silver_titles": titles.drop("show_id")}
        for model in LISTS:
            found[model] = (
                lake.rows(f"silver/{model}").join(titles.select("show_id", *known), on="show_id").drop("show_id")
            )
        in_both.append({name: frame.sort(frame.columns) for name, frame in found.items()})
    apart, together = in_both
    assert apart["silver_titles"].height == 300
    assert apart["silver_titles"].select(known).is_unique().all()
    for name, frame in apart.items():
        assert_frame_equal(frame, together[name])


def test_the_folder_of_the_sample_may_hold_an_edition_too(
    new_lake: Callable[[str], Lake], make_sample: Callable[..., Path], tmp_path: Path
) -> None:
    """A plain `make run` loads the five files, as before."""
    for source in ("catalogue", "top10"):
        (tmp_path / source).symlink_to(make_sample() / source)
    write_edition(tmp_path / "kaggle", titles=300, week=1, seed=7)
    said = new_lake("both").ingest("--dry-run", "--from", str(tmp_path)).stdout
    assert "kaggle: left out, as source 'catalogue' has the same in another layout" in said
    assert "netflix_cast" in said and "kaggle_titles" not in said
