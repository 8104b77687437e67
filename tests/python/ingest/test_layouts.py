"""One thing in two layouts: files of one name are told apart by their headers, and a lake has one of the layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.ingest.conftest import Bench, Done
from tests.python.ingest.github_server import Repository

CONFIG = """
sources:
  apart:
    repository: owner/feed
    folder: data
    datasets:
      - {{file: titles.csv, table: titles, required: [id, title]}}
      - {{file: cast.csv, table: cast_of, required: [id, name]}}
  whole:
    path: {folder}/here/whole
    optional: true
    instead_of: apart
    datasets:
      - {{file: titles.csv, table: whole_titles, required: [id, title, cast], key: [title], renumbered: [ID]}}
"""
APART = {"titles.csv": b"id,title,minutes\n1,A,90\n", "cast.csv": b"id,name\n1,Ana\n"}
WHOLE = {"titles.csv": b'id,title,cast,minutes\ns1,A,"Ana, Bo",90\n'}
FILES = {"apart": APART, "whole": WHOLE}


@pytest.fixture
def two(bench: Bench) -> Bench:
    bench.config.write_text(CONFIG.format(folder=bench.folder))
    return bench


def copy(bench: Bench, place: str, files: dict[str, bytes]) -> Path:
    """A folder, new or old, with these files."""
    folder = bench.folder / place
    for name, content in files.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def tables(bench: Bench) -> dict[str, int]:
    return {name: version for name, version in bench.versions().items() if not name.startswith("_")}


def assert_one_line(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.out + done.err
    (line,) = done.err.splitlines()
    assert all(word in line for word in words), line


@pytest.mark.parametrize(("source", "loaded"), [("apart", {"titles", "cast_of"}), ("whole", {"whole_titles"})])
def test_files_in_a_folder_itself_are_recognised_by_their_headers(two: Bench, source: str, loaded: set[str]) -> None:
    flat = copy(two, "flat", FILES[source])
    done = two.ingest("--from", str(flat))
    assert done.code == 0, done.err
    said = [line for line in done.out.splitlines() if "by its header" in line]
    files = sorted(FILES[source])
    assert said == [f"{flat / name} is read as a file of source {source!r}, by its header" for name in files]
    assert tables(two).keys() == loaded
    assert set(two.ledger()["_source"]) == {source}


def test_a_local_copy_may_have_either_layout(two: Bench) -> None:
    local = copy(two, "local/whole", WHOLE).parent
    done = two.ingest("--from", str(local))
    assert done.code == 0, done.err
    assert tables(two).keys() == {"whole_titles"}
    alone = "to load what is there alone, add --source whole"
    assert_one_line(two.ingest("--from", str(local), "--source", "apart"), 2, "there is no folder", "apart", alone)


def test_a_folder_in_which_nothing_is_recognised_lacks_the_folders_of_sources(two: Bench) -> None:
    flat = copy(two, "flat", {"titles.csv": b"name\nA\n", "other.csv": WHOLE["titles.csv"]})
    has = "has other.csv, titles.csv, and no file with the header of a source"
    assert_one_line(two.ingest("--from", str(flat)), 2, "there is no folder", "'apart'", has)


def test_files_in_a_folder_itself_may_be_of_another_source_than_the_one_asked_for(two: Bench) -> None:
    flat = str(copy(two, "flat", WHOLE))
    assert_one_line(
        two.ingest("--from", flat, "--source", "apart"), 2, "are of source 'whole', by their headers, and not"
    )
    assert two.ingest("--from", flat, "--source", "whole").code == 0


@pytest.mark.parametrize(
    ("source", "other", "words"),
    [("apart", "whole", "has the columns cast,"), ("whole", "apart", "lacks the columns cast,")],
)
def test_a_file_in_the_other_layout_is_refused(two: Bench, source: str, other: str, words: str) -> None:
    folder = copy(two, f"local/{source}", FILES[source] | {"titles.csv": FILES[other]["titles.csv"]}).parent
    done = two.ingest("--from", str(folder), "--source", source)
    assert_one_line(done, 1, f"titles.csv: refused: {words} and so is a file of source {other!r}; load it as one")
    assert f"python -m ingest --source {other} --from <folder>" in done.err
    assert not tables(two).keys() & {"titles", "whole_titles"}


@pytest.mark.parametrize(("first", "second"), [("apart", "whole"), ("whole", "apart")])
def test_a_lake_has_one_of_two_layouts(two: Bench, first: str, second: str) -> None:
    assert two.ingest("--from", str(copy(two, "one", FILES[first]))).code == 0
    before = two.versions()
    other = copy(two, "two", FILES[second])
    nested = copy(two, f"local/{second}", FILES[second]).parent
    asked = ["--from", str(nested), "--source", second]
    for arguments in (["--from", str(other)], ["--dry-run", "--from", str(other)], asked):
        assert_one_line(two.ingest(*arguments), 2, f"has files of source {first!r}", f"as {second!r}", "make clean")
    assert two.versions() == before
    copy(two, f"local/{first}", FILES[first])
    done = two.ingest("--from", str(nested))  # both are there
    assert done.code == 0 and f"{second}: left out, as source {first!r} has the same" in done.out
    assert tables(two).keys() == {name for name in before if not name.startswith("_")}
    for name in FILES[first]:
        assert two.ingest("reject", name, "--version", "1", "--why", "the other one is wanted").code == 0
    assert two.ingest("--from", str(other)).code == 0


def test_of_two_layouts_in_one_run_the_first_is_loaded(two: Bench, feed: Repository) -> None:
    feed.commit({f"data/{name}": content for name, content in APART.items()})
    assert "whole" not in two.ingest().out  # an optional source without its folder
    assert_one_line(two.ingest("--source", "whole"), 2, "there is no folder", "whole")
    copy(two, "here/whole", WHOLE)
    done = two.ingest()
    assert done.code == 0 and "whole: left out, as source 'apart' has the same" in done.out
    assert tables(two).keys() == {"titles", "cast_of"}


def test_what_is_renumbered_is_no_change(two: Bench) -> None:
    def edition(first: int, changed: int = 0) -> dict[str, bytes]:
        rows = [f"s{first + n},Title {n},Ana,{80 + 2 * n + (n < changed) * (n % 5 + 1)}" for n in range(40)]
        return {"titles.csv": "\n".join(["id,title,cast,minutes", *rows, ""]).encode()}

    for version, files in enumerate((edition(1), edition(101), edition(201, changed=20), edition(301)), start=1):
        done = two.ingest("--from", str(copy(two, "flat", files)))
        assert done.code == 0, f"version {version}: {done.err}"
    assert two.ledger().sort("_file_version")["keys_changed"].to_list() == [None, 0, 20, 20]
    assert "0 records changed" in two.ingest("diff", "titles.csv", "1", "2").out
    done = two.ingest("--from", str(copy(two, "flat", edition(401, changed=21))))
    assert done.code == 1 and "21 of 40 keys shared with version 4 have changed" in done.err
    assert "minutes" in two.ingest("diff", "titles.csv", "4", "5").out
