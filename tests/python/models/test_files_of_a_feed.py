"""A raw table that several files go to: what stands in silver, counted from the files themselves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.support.lake import Lake
from tests.support.templates import Templates, tables_of

TITLE = ["duration_minutes", "duration_seasons", "type", "title", "date_added", "release_year", "rating"]
TITLE += ["description", "show_id"]
CAST = ["cast", "show_id"]
PLACE = ["week", "category", "weekly_rank", "show_title", "season_title", "weekly_hours_viewed"]
CONFIGURATION = """
sources:
  catalogue:
    path: {folder}
    datasets:
      - {{file: '{titles}', table: netflix_titles, required: [show_id, type, title], vanished_rows: deleted}}
      - {{file: cast.csv, table: netflix_cast, required: [show_id, cast]}}
      - {{file: extras/*.csv, table: netflix_cast, required: [show_id, cast]}}
  top10:
    path: {folder}
    datasets:
      - {{file: all-weeks-*.tsv, table: top10_global, delimiter: "\\t", required: [week]}}
  archive:
    path: {folder}
    datasets:
      - {{file: archive.tsv, table: top10_global, delimiter: "\\t", required: [week]}}
"""
EMPTY = ("categories", "countries", "directors", "top10_countries", "top10_most_popular", "engagement")
TABLES = ("path:models/bronze", "path:models/silver", "seed_ratings", "quarantine", "reconciliation")
MODELS = (*TABLES, "--exclude", *tables_of(*EMPTY))
ABOUT_THE_RUN = ["_run_id", "_judged_at", "_ingested_at"]
TESTS = ("test_name:accounts_for_every_record", "test_name:accounts_for_every_week", "no_record_is_unaccounted_for")


@dataclass(frozen=True)
class Files:
    """Files in a folder, each last changed at the beginning of a day of January 2024."""

    folder: Path

    def write(self, day: int, name: str, header: list[str], rows: Iterable[Iterable[object]]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pl.DataFrame([list(map(str, row)) for row in rows], schema=header, orient="row")
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
        time = datetime(2024, 1, day, tzinfo=UTC).timestamp()
        os.utime(path, (time, time))

    def by_key(self, names: str, key: list[str]) -> pl.DataFrame:
        """The records of all files that match, of those with one key the one in the file that was changed last."""
        found = []
        for path in self.folder.glob(names):
            name = str(path.relative_to(self.folder))
            frame = pl.read_csv(path, separator="\t" if path.suffix == ".tsv" else ",", infer_schema=False)
            day = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).day
            found.append(frame.with_columns(pl.lit(day).alias("day"), pl.lit(name).alias("name")))
        return pl.concat(found).sort("name").sort("day", descending=True, maintain_order=True).unique(key, keep="first")

    def ingest(self, lake: Lake, titles: str = "titles-*.csv") -> None:
        configuration = lake.work / "sources.yml"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, titles=titles))
        lake.ingest("--config", str(configuration))


def movie(number: object, title: str) -> list[object]:
    return [90, "", "Movie", title, "9/9/2019", 2018, "R", "Text.", number]


def places(week: str, ranks: Iterable[int], hours: int) -> list[list[object]]:
    return [[week, "TV (English)", rank, f"Show {rank}", "N/A", hours] for rank in ranks]


def first(files: Files) -> None:
    files.write(2, "titles-a.csv", TITLE, [movie(1, "One"), movie(2, "Two"), movie(3, "Three")])
    files.write(3, "titles-b.csv", TITLE, [movie(3, "Three"), movie(2, "Two of b"), movie(4, "Four")])
    files.write(2, "titles-c.csv", TITLE, [movie(1, "One of c"), movie(5, "Five"), movie("x", "No number")])
    files.write(4, "cast.csv", CAST, [["Ana", 1], ["Bo", 1], ["Cy", 2]])
    files.write(5, "extras/2024.csv", CAST, [["Dee", 1], ["Bo", 1], ["Cy", 4], ["Cy", 4]])
    files.write(2, "all-weeks-a.tsv", PLACE, places("2021-07-04", range(1, 4), 100) + places("2021-07-11", [1], 100))
    files.write(3, "all-weeks-b.tsv", PLACE, places("2021-07-11", [1, 2], 200) + places("2021-07-18", [1, 2], 200))
    files.write(4, "archive.tsv", PLACE, places("2021-08-01", [1, 2], 300) + places("2021-07-04", [2, 4], 300))


def second(files: Files) -> None:
    """New versions: of a file that was behind another, of one that lets go of a title, and of one week of a list."""
    files.write(8, "titles-a.csv", TITLE, [movie(1, "One"), movie(2, "Two"), movie(6, "Six")])
    files.write(9, "extras/2024.csv", CAST, [["Dee", 1], ["Ed", 6]])
    files.write(8, "all-weeks-a.tsv", PLACE, places("2021-07-04", range(1, 3), 400))


def moved(files: Files) -> None:
    """The titles in one file in another place, older than those that it replaces, and without some of theirs."""
    titles = [movie(1, "One"), movie(2, "Two"), movie(4, "Four of old"), movie(7, "Seven")]
    files.write(1, "moved/titles.csv", TITLE, titles)


@dataclass(frozen=True)
class Step:
    """The files as they stood, and the lake that was built from them."""

    files: Files
    lake: Lake


def make_steps(templates: Templates, folder: Path) -> None:
    """Write a lake and its files after each of two loads, and a lake that was built once after both."""
    lake, files = templates.without(folder, *EMPTY), Files(folder / "files")
    shutil.copytree(lake.root, folder / "once")
    for name, load in {"one": first, "two": second}.items():
        load(files)
        files.ingest(lake)
        lake.build("--select", *MODELS)
        lake.dbt("test", "--quiet", "--select", *TESTS)
        shutil.copytree(lake.root, folder / name)
        shutil.copytree(files.folder, folder / f"files-{name}")
    shutil.copytree(lake.root / "raw", folder / "once" / "raw")
    Lake(folder / "once", folder).build("--select", *MODELS)


@pytest.fixture(scope="module")
def steps(templates: Templates) -> tuple[Step, Step, Step]:
    """After the first load, after the second one, and after both in a lake that was built once."""
    made = templates.once("files-of-a-feed", lambda folder: make_steps(templates, folder))
    one, two = (Step(Files(made / f"files-{name}"), Lake(made / name, made)) for name in ("one", "two"))
    return one, two, Step(two.files, Lake(made / "once", made))


@pytest.mark.parametrize("step", [0, 1])
def test_every_record_of_every_file_is_current(steps: tuple[Step, Step, Step], step: int) -> None:
    files, lake = steps[step].files, steps[step].lake

    titles = files.by_key("titles-*.csv", ["show_id"]).filter(pl.col("show_id") != "x")
    expected = sorted(titles.select(pl.col("show_id").cast(pl.Int64), "title").rows())
    assert sorted(lake.read("silver/silver_titles").select("show_id", "title").rows()) == expected
    assert [row[0] for row in expected] == ([1, 2, 3, 4, 5] if step == 0 else [1, 2, 3, 4, 5, 6])
    current = lake.read("silver/silver_title_history").filter(pl.col("valid_to").is_null())
    assert sorted(current.select("show_id", "title").rows()) == expected

    cast = pl.concat([files.by_key("cast.csv", CAST), files.by_key("extras/*.csv", CAST)]).unique(CAST)
    expected = sorted(cast.select(pl.col("show_id").cast(pl.Int64), pl.col("cast")).rows())
    silver = lake.read("silver/silver_cast")
    assert sorted(silver.select("show_id", "person_name").rows()) == expected
    assert silver.select("show_id", "billing_order").is_unique().all()

    quarantined = lake.read("gold/quarantine")
    assert quarantined.select("_file_path", "_row_number").rows() == [("titles-c.csv", 3)]


def test_weeks_of_every_file_stand(steps: tuple[Step, Step, Step]) -> None:
    key = ["week", "weekly_rank"]
    for step in steps[:2]:
        files, lake = step.files, step.lake
        lists = files.by_key("*.tsv", key)
        if step is steps[1]:  # the version before had another week, which stays
            kept = pl.DataFrame(places("2021-07-11", [1], 100), schema=PLACE, orient="row").cast(pl.String)
            lists = pl.concat([lists.select(PLACE), kept]).unique(key, keep="first", maintain_order=True)
        expected = sorted((row[0], int(row[1]), int(row[2])) for row in lists.select(*key, PLACE[-1]).iter_rows())
        silver = lake.read("silver/silver_top10_global").select(pl.col("week").cast(pl.String), key[1], PLACE[-1])
        assert sorted(silver.rows()) == expected


def test_the_reconciliation_adds_up(steps: tuple[Step, Step, Step]) -> None:
    for step in steps[:2]:
        files, lake = step.files, step.lake
        outcomes = lake.read("gold/reconciliation")
        newest = outcomes.filter(pl.col("committed_at") == pl.col("committed_at").max().over("model", "_file_path"))
        assert newest.select(pl.col("superseded") <= pl.col("kept")).to_series().all()
        older = outcomes.join(newest, on=outcomes.columns, how="anti").filter(pl.col("model") != "silver_top10_global")
        assert older["superseded"].sum() == 0
        for model, names in {"silver_titles": ["titles-*.csv"], "silver_cast": ["cast.csv", "extras/*.csv"]}.items():
            rows = newest.filter(pl.col("model") == model)
            paths = [path for name in names for path in files.folder.glob(name)]
            read = {str(p.relative_to(files.folder)): pl.read_csv(p, infer_schema=False).height for p in paths}
            assert dict(rows.select("_file_path", "records_in").iter_rows()) == read
            standing = rows.select(pl.col("kept") - pl.col("superseded")).sum().item()
            assert standing == lake.read(f"silver/{model}").height
    places = dict(
        steps[0]
        .lake.read("gold/reconciliation")
        .filter(pl.col("model") == "silver_top10_global")
        .select("_file_path", "superseded")
        .iter_rows()
    )
    assert places == {"all-weeks-a.tsv": 2, "all-weeks-b.tsv": 0, "archive.tsv": 0}


def test_built_on_the_way_is_as_built_at_once(steps: tuple[Step, Step, Step]) -> None:
    on_the_way, at_once = steps[1].lake, steps[2].lake
    for name in at_once.tables("silver", "gold"):
        frames = [lake.read(name).drop(ABOUT_THE_RUN, strict=False) for lake in (on_the_way, at_once)]
        assert frames[0].sort(frames[0].columns).equals(frames[1].sort(frames[1].columns)), name


def test_a_file_under_another_path_takes_the_place_of_the_others(
    steps: tuple[Step, Step, Step], tmp_path: Path
) -> None:
    """Every record of the file that is configured is current and no other one; and all are again, if they are named."""
    before = steps[1]
    lake = Lake(shutil.copytree(before.lake.root, tmp_path / "lake"), tmp_path)
    files = Files(shutil.copytree(before.files.folder, tmp_path / "files"))
    moved(files)
    history, states = [], []
    for names in ("moved/*.csv", "titles-*.csv", "**/*titles*.csv"):
        files.ingest(lake, names)
        lake.build("--select", *MODELS)
        lake.dbt("test", "--quiet", "--select", *TESTS)
        expected = files.by_key(names, ["show_id"]).filter(pl.col("show_id") != "x")
        silver = lake.read("silver/silver_titles")
        titles = expected.select(pl.col("show_id").cast(pl.Int64), "title").rows()
        assert sorted(silver.select("show_id", "title").rows()) == sorted(titles), names
        history.append(lake.read("silver/silver_title_history").drop(ABOUT_THE_RUN, strict=False))
        versions = lake.read("silver/silver_file_versions").filter(pl.col("model") == "silver_titles")
        states.append({str(path): state for path, state in versions.select("_file_path", "state").iter_rows()})
    old = {f"titles-{name}.csv" for name in "abc"}
    assert states[0] == {"moved/titles.csv": "accepted"} | dict.fromkeys(old, "unconfigured")
    assert states[1] == {"moved/titles.csv": "unconfigured"} | dict.fromkeys(old, "accepted")
    assert set(states[2].values()) == {"accepted"}
    assert set(history[0]["_file_path"]) == {"moved/titles.csv"}
    earlier = before.lake.read("silver/silver_title_history").select(history[1].columns)
    assert history[1].sort(earlier.columns).equals(earlier.sort(earlier.columns))
