"""Raw, bronze or the typed records are removed or restored, and then other content is loaded under the same numbers."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.lake import Lake

FEED = ("--select", "bronze_directors", "silver_directors_records", "silver_directors", "silver_version_decisions")
NAME = "netflix_directors.csv"


def other_content(sample: Path, folder: Path) -> list[str]:
    """The catalogue of the sample with as many directors, the first 50 of them others; returns their names."""
    shutil.copytree(sample, folder)
    file = folder / "catalogue" / NAME
    header, *rows = csv.reader(file.read_text("utf-8-sig").splitlines())
    names = [f"{row[0]} Junior" if at < 50 else row[0] for at, row in enumerate(rows)]
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([header, *([name, *row[1:]] for name, row in zip(names, rows, strict=True))])
    return names


def juniors(lake: Lake) -> int:
    return int(lake.read("silver/silver_directors")["person_name"].str.ends_with(" Junior").sum())


GONE = {
    "raw": (["raw"], "bronze_directors"),
    "raw and its bronze table": (["raw", "bronze/bronze_directors"], "silver_directors_records"),
    "raw table and ledger": (["raw/netflix_directors", "raw/_files"], "bronze_directors"),
    "no error where only silver stays": (
        ["raw", "bronze/bronze_directors", "silver/silver_directors_records"],
        None,
    ),
}


@pytest.mark.parametrize("gone", GONE)
def test_other_content_under_a_number_that_is_known_is_told_or_right(
    gone: str, copy_of: Callable[..., Lake], make_sample: Callable[..., Path], tmp_path: Path
) -> None:
    lake = copy_of("sample", "raw", "bronze", "silver")
    folders, told = GONE[gone]
    for folder in folders:
        shutil.rmtree(lake.root / folder)
    names = other_content(make_sample(), tmp_path / "from")
    lake.ingest("--from", str(tmp_path / "from"), "--source", "catalogue", "--dataset", "netflix_directors")
    before = lake.versions("silver")
    done = lake.dbt("build", *FEED, "--exclude-resource-type", "test", check=False)
    if told:
        assert done.returncode == 1
        said = done.nodes[told][1]
        assert f"{told} holds version 1 of RawData_AND_Notebooks/{NAME} with another content" in said
        command = f"dbt build --full-refresh --select {told}+"
        assert command in said
        if told == "bronze_directors":
            assert lake.versions("silver") == before
        lake.build("--full-refresh", *FEED)
    assert lake.read("bronze/bronze_directors")["director"].to_list() == names
    assert juniors(lake) == 50


def test_the_same_content_loaded_again_changes_nothing(
    copy_of: Callable[..., Lake], make_sample: Callable[..., Path]
) -> None:
    lake = copy_of("sample", "raw", "bronze", "silver")
    shutil.rmtree(lake.root / "raw")
    lake.ingest("--from", str(make_sample()), "--source", "catalogue", "--dataset", "netflix_directors")
    before = lake.versions("bronze", "silver")
    lake.build(*FEED)
    assert lake.versions("bronze", "silver") == before


def test_a_lake_from_before_the_typed_records_had_a_hash_goes_on(
    copy_of: Callable[..., Lake], make_sample: Callable[..., Path]
) -> None:
    lake = copy_of("sample", "raw", "bronze", "silver")
    records = lake.read("silver/silver_directors_records")
    shutil.rmtree(lake.root / "silver/silver_directors_records")
    records.drop("_file_sha").write_delta(str(lake.root / "silver/silver_directors_records"))
    lake.build(*FEED)
    lake.ingest("--from", str(make_sample(2)), "--source", "catalogue", "--dataset", "netflix_directors")
    lake.build(*FEED)
    found = lake.read("silver/silver_directors_records")
    hashes = {version: set(part["_file_sha"]) for (version,), part in found.group_by("_file_version")}
    assert hashes[1] == {None} and None not in hashes[2] and len(hashes[2]) == 1
