"""What becomes of files: loaded, left alone, refused, and what is reported of each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ingest.storage import tables
from tests.python.ingest.conftest import Bench, Done, assert_sound
from tests.python.ingest.github_server import Repository, blob_sha

PEOPLE = b"\xef\xbb\xbfid,name\r\n1,Ann\r\n2,\r\n"
PLACES = b"id\tplace\n1\tHome\n"
FILES: dict[str, bytes | None] = {"data/people.csv": PEOPLE, "data/places.tsv": PLACES}


def test_a_first_run_loads_everything_with_its_lineage_and_a_second_nothing(bench: Bench, feed: Repository) -> None:
    commit = feed.commit(FILES, at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))
    feed.commit({"README.md": b"later, and about something else"})
    assert bench.ingest().code == 0
    rows = bench.raw("people").sort("_row_number").to_dicts()
    assert [(row["id"], row["name"], row["_row_number"], row["_rescued_data"]) for row in rows] == [
        ("1", "Ann", 1, None),
        ("2", "", 2, None),
    ]
    for row in rows:
        assert (row["_source"], row["_file_path"], row["_file_version"]) == ("feed", "data/people.csv", 1)
        assert (row["_file_sha"], row["_commit_sha"]) == (blob_sha(PEOPLE), commit.sha)
        assert row["_committed_at"] == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert_sound(bench.lake)
    before = bench.versions()
    second = bench.ingest()
    assert second.code == 0
    assert "nothing new: 2 unchanged" in second.out
    assert bench.versions() == before


def test_many_files_are_loaded_without_reading_the_ledger_for_each(
    bench: Bench, feed: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger has a row for each file: read again after each, the cost would grow with the square."""
    feed.commit({f"data/days-{number}.csv": f"id,name\n{number},Ann\n".encode() for number in range(30)})
    reads: list[str] = []
    query = tables.query

    def counted(table: DeltaTable, sql: str) -> pl.DataFrame:
        reads.append(sql)
        return query(table, sql)

    monkeypatch.setattr(tables, "query", counted)
    bench.ingest()
    assert sorted(int(number) for number in bench.raw("days")["id"]) == list(range(30))
    assert_sound(bench.lake)
    assert len(reads) < 5


def test_tables_have_the_oldest_protocol_and_text_columns(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    bench.ingest()
    for log in bench.lake.glob("raw/*/_delta_log"):
        protocol = DeltaTable(str(log.parent)).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    types = {field.name: str(field.type.type) for field in DeltaTable(str(bench.lake / "raw/people")).schema().fields}
    assert types == {
        "id": "string",
        "name": "string",
        "_source": "string",
        "_file_path": "string",
        "_file_sha": "string",
        "_file_version": "long",
        "_commit_sha": "string",
        "_committed_at": "timestamp",
        "_batch_id": "string",
        "_ingested_at": "timestamp",
        "_row_number": "long",
        "_rescued_data": "string",
    }


def test_there_and_back_again_is_three_versions(bench: Bench, feed: Repository) -> None:
    for content in (b"id\na\n", b"id\nb\n", b"id\na\n"):
        feed.commit({"data/people.csv": content, "data/places.tsv": PLACES})
        assert bench.ingest().code == 0
    rows = bench.raw("people").sort("_file_version")
    assert list(rows["id"]) == ["a", "b", "a"]
    assert list(rows["_file_version"]) == [1, 2, 3]
    assert rows["_committed_at"].is_sorted() and rows["_committed_at"].n_unique() == 3
    assert_sound(bench.lake)


@pytest.mark.parametrize("times", [(1, 2, 3), (3, 2, 1), (5, 5, 5)])
def test_local_copies_follow_what_is_there_whatever_their_times(bench: Bench, times: tuple[int, ...]) -> None:
    for content, time in zip((b"id\na\n", b"id\nb\n", b"id\na\n"), times, strict=True):
        source = bench.local({"people.csv": content, "places.tsv": PLACES})
        os.utime(bench.folder / "local/feed/people.csv", (time * 10**6, time * 10**6))
        assert bench.ingest(*source).code == 0
        assert "nothing new" in bench.ingest(*source).out
    rows = bench.raw("people").sort("_committed_at")
    assert list(rows["id"]) == ["a", "b", "a"]
    assert list(rows["_file_version"]) == [1, 2, 3]
    assert rows["_commit_sha"].null_count() == 3
    assert rows["_committed_at"][0] == datetime.fromtimestamp(times[0] * 10**6, UTC)


def test_a_local_copy_and_the_repository_are_one_source(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    assert bench.ingest(*bench.local({"people.csv": PEOPLE, "places.tsv": PLACES})).code == 0
    assert "nothing new: 2 unchanged" in bench.ingest().out
    assert set(bench.raw("people")["_file_path"]) == {"data/people.csv"}


def test_a_file_stays_in_its_table(bench: Bench) -> None:
    """Or the table of another name would lack what the ledger says is loaded, and every run would say "unchanged"."""
    source = bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"})
    assert bench.ingest(*source).code == 0
    before, config = bench.versions(), bench.config.read_text()
    bench.config.write_text(config.replace("table: people", "table: persons"))
    done = bench.ingest(*source)
    assert done.code == 2
    assert "the lake has data/people.csv in table people, and the configuration says persons" in done.err
    assert bench.versions() == before
    bench.config.write_text(config)
    assert bench.ingest(*source).code == 0


def test_a_pattern_takes_all_files_of_its_shape_into_one_table(bench: Bench, feed: Repository) -> None:
    days: dict[str, bytes | None] = {f"data/days-{n}.csv": b"day\n%d\n" % n for n in range(5)}
    feed.commit(FILES | days | {"data/sub/days-9.csv": b"day\n9\n", "data/other.csv": b"x\n1\n"})
    assert bench.ingest().code == 0
    assert sorted(bench.raw("days")["day"]) == ["0", "1", "2", "3", "4"]
    assert set(bench.raw("days")["_file_version"]) == {1}
    assert_sound(bench.lake)


REFUSED = {
    "empty": (b"", "is empty"),
    "utf16": ("id,name\n1,2\n".encode("utf-16"), "UTF-16"),
    "latin1": (b"id,name\n1,caf\xe9\n", "is not UTF-8 text: byte 0xe9 at position 13"),
    "late latin1": (b"id,name\n" + (b"1," + b"a" * 97 + b"\n") * 60_000 + b"2,caf\xe9\n", "at position 6000013"),
    "binary": (b"\x7fELF\x00\x00id,name", "NUL"),
    "html": (b"\n <!DOCTYPE html><html>", "HTML"),
    "redirect": (b'<a href="https://x">Moved Permanently</a>.\n\n', "HTML"),
    "json null": (b"null", "JSON"),
    "json object": (b'{"message": "Not Found",\n "status": "404"}', "JSON"),
    "json list": (b'[\n {"id": 1}\n]\n', "JSON"),
    "json cut off": (b'[{"id": 1}, {"id"', "JSON"),
    "no header": (b"\n\r\n\n", "has no header"),
    "blank names": (b" ,,\n1,2,3\n", "has no header"),
    "twice": (b"id,name,ID\n1,2,3\n", "'ID' twice"),
    "lacking": (b"key,name\n1,2\n", "lacks the required column 'id'; it has: key, name"),
    "other delimiter": (b"id;name\n1;2\n", "lacks the required column 'id'"),
    "open header": (b'id,"name\n1,2\n', "never closed"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS pointer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason_and_the_good_versions_before_and_after_stay(
    bench: Bench, feed: Repository, name: str
) -> None:
    bad, reason = REFUSED[name]
    feed.commit(FILES)
    assert bench.ingest().code == 0
    feed.commit({"data/people.csv": bad, "data/places.tsv": PLACES + b"2\tAway\n"})
    done = bench.ingest()
    assert done.code == 1
    assert "data/people.csv: refused: " in done.err and reason in done.err
    assert bench.raw("people").height == 2
    assert bench.raw("places").height == 3
    row = bench.ledger().filter(pl.col("status") == "refused").to_dicts()
    assert len(row) == 1 and reason in row[0]["reason"] and row[0]["_file_sha"] == blob_sha(bad)
    assert row[0]["_file_version"] is None
    before = bench.versions()
    again = bench.ingest()  # known, so nothing is new
    assert again.code == 0 and "was refused before" in again.out
    assert bench.versions() == before
    feed.commit({"data/people.csv": PEOPLE + b"3,Bob\r\n"})
    assert bench.ingest().code == 0
    assert sorted(bench.raw("people")["_file_version"]) == [1, 1, 2, 2, 2]
    assert_sound(bench.lake)


def test_over_the_size_limit_without_a_download_and_tried_again_when_the_limit_is_raised(
    bench: Bench, feed: Repository
) -> None:
    feed.commit(FILES)
    config = bench.config.read_text()
    bench.config.write_text(config.replace("required: [id]", "required: [id], max_bytes: 10"))
    done = bench.ingest("--dataset", "people")
    assert done.code == 1 and "over the limit of 10" in done.err
    assert bench.ingest("--dataset", "people").code == 0
    bench.config.write_text(config)
    assert bench.ingest("--dataset", "people").code == 0
    assert bench.raw("people").height == 2


def test_a_file_that_vanishes_is_told_and_its_last_version_stays(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    bench.ingest()
    feed.commit({"data/people.csv": None})
    done = bench.ingest()
    assert done.code == 0
    assert "data/people.csv: vanished: is no longer in the source; version 1 stays" in done.err
    assert bench.raw("people").height == 2
    feed.commit({"data/people.csv": PEOPLE})
    assert "nothing new: 2 unchanged" in bench.ingest().out


def states(bench: Bench) -> dict[str, str]:
    lines = map(json.loads, bench.ingest("status", "--log-format", "json").out.splitlines())
    return {line["path"]: line["state"] for line in lines}


@pytest.mark.parametrize("kept", [False, True])
def test_the_configuration_says_which_files_of_a_full_copy_count(bench: Bench, tmp_path: Path, kept: bool) -> None:
    folder = tmp_path / "files"
    (folder / "old").mkdir(parents=True)
    (folder / "new").mkdir()
    (folder / "old" / "a.csv").write_text("id\n1\n2\n")
    (folder / "new" / "b.csv").write_text("id\n1\n")
    os.utime(folder / "new" / "b.csv", (1, 1))

    def ingest(file: str, *options: str) -> Done:
        dataset = f"{{file: '{file}', table: t, vanished_rows: {'kept' if kept else 'deleted'}}}"
        bench.config.write_text(f"sources: {{s: {{path: '{folder}', datasets: [{dataset}]}}}}")
        return bench.ingest(*options)

    assert ingest("old/a.csv").code == 0
    assert ingest("new/c.csv").code == 2  # which is not there, and takes the place of none
    assert states(bench) == {"old/a.csv": "accepted"}
    (folder / "new" / "empty.csv").write_text("id\n")
    assert ingest("new/empty.csv").code == 1  # which is held, and takes the place of none either
    assert states(bench) == {"old/a.csv": "accepted", "new/empty.csv": "held"}
    (folder / "new" / "empty.csv").unlink()
    ingest("new/b.csv", "--dry-run")
    done = ingest("new/b.csv")
    assert done.code == 0
    if kept:
        assert "old/a.csv: vanished: is no longer in the source" in done.err
        assert states(bench) == {"old/a.csv": "accepted", "new/empty.csv": "held", "new/b.csv": "accepted"}
        return
    assert "s: old/a.csv: unconfigured: the configuration of s names other files for t; its versions leave" in done.err
    assert set(states(bench).items()) >= {("old/a.csv", "unconfigured"), ("new/b.csv", "accepted")}
    again = ingest("new/b.csv")
    assert (again.code, again.err) == (0, "")
    bench.ingest("reject", "new/b.csv", "--version", "1", "--why", "it is the old one")
    ingest("new/b.csv")
    assert states(bench)["old/a.csv"] == "accepted"
    bench.ingest("release", "new/b.csv", "--version", "1", "--why", "it is not")
    ingest("new/b.csv")
    assert states(bench)["old/a.csv"] == "unconfigured"
    assert ingest("*/[ab].csv").code == 0
    assert set(states(bench).items()) >= {("old/a.csv", "accepted"), ("new/b.csv", "accepted")}
    assert bench.raw("t")["id"].sort().to_list() == ["1", "1", "2"]


def test_a_file_that_never_was_there_is_an_error_and_the_others_load(bench: Bench, feed: Repository) -> None:
    feed.commit({"data/places.tsv": PLACES})
    done = bench.ingest()
    assert done.code == 2 and "data/people.csv: failed: is not in the source" in done.err
    assert bench.raw("places").height == 1


EVOLUTION = [b"id,a\n1,x\n", b"id,b\n2,y\n", b"ID,b,a,c d\n3,y,x,z\n", b"id,a\n4,x\n"]


@pytest.mark.parametrize("mode", ["add_new_columns", "rescue", "none", "fail_on_new_columns"])
def test_schema_evolution(bench: Bench, mode: str) -> None:
    bench.config.write_text(
        bench.config.read_text().replace("required: [id]", f"required: [id], schema_evolution: {mode}")
    )
    codes = []
    for content in EVOLUTION:
        source = bench.local({"people.csv": content, "places.tsv": PLACES})
        codes.append(bench.ingest(*source).code)
    rows = bench.raw("people").sort("_file_version").to_dicts()
    found = [{key: value for key, value in row.items() if key[0] != "_" and value is not None} for row in rows]
    rescued = [json.loads(row["_rescued_data"]) if row["_rescued_data"] else None for row in rows]
    kept = [{"id": "1", "a": "x"}, {"id": "2"}, {"id": "3", "a": "x"}, {"id": "4", "a": "x"}]
    if mode == "add_new_columns":
        assert found == [kept[0], {"id": "2", "b": "y"}, {"id": "3", "a": "x", "b": "y", "c_d": "z"}, kept[3]]
        assert rescued == [None] * 4
    elif mode == "fail_on_new_columns":
        assert codes == [0, 1, 1, 0]
        assert found == [kept[0], kept[3]]
    else:
        assert found == kept
        values = [None, {"columns": {"b": "y"}}, {"columns": {"b": "y", "c_d": "z"}}, None]
        assert rescued == (values if mode == "rescue" else [None] * 4)
    assert_sound(bench.lake)


def test_rescued_columns_stand_beside_other_rescued_data(bench: Bench) -> None:
    bench.config.write_text(
        bench.config.read_text().replace("required: [id]", "required: [id], schema_evolution: rescue")
    )
    bench.ingest(*bench.local({"people.csv": b"id\n1\n", "places.tsv": PLACES}))
    bench.ingest(*bench.local({"people.csv": b'id,new\n2,n\n3,"q""\n4,n,more\n5\n'}))
    rows = bench.raw("people").sort("_file_version", "_row_number")
    rescued = [json.loads(text) if text else None for text in rows["_rescued_data"]]
    assert rescued[1:] == [
        {"columns": {"new": "n"}},
        {"raw": '3,"q""', "columns": {"new": '"q""'}},
        {"extra": ["more"], "columns": {"new": "n"}},
        {"missing": 1, "columns": {"new": None}},
    ]


def test_a_file_that_changes_while_it_is_read_is_not_loaded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.reading import checks, rows

    source = bench.local({"people.csv": PEOPLE, "places.tsv": PLACES})
    check = checks.check_content

    def change(file: object, *more: object) -> None:
        path = bench.folder / "local/feed/people.csv"
        if Path(file.name) == path:  # type: ignore[attr-defined]
            path.write_bytes(PEOPLE + b"3,Eve\r\n")
        check(file, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "check_content", change)
    done = bench.ingest(*source)
    assert done.code == 1 and "changed while it was being read" in done.err
    monkeypatch.undo()
    assert bench.ingest(*source, LAKEHOUSE_ROOT=str(bench.lake)).code == 0
    assert bench.raw("people").height == 3
    assert_sound(bench.lake)


@pytest.mark.parametrize("link", ["file", "folder", "nowhere"])
def test_a_symbolic_link_in_a_local_copy_is_refused_and_its_target_neither_read_nor_told(
    bench: Bench, link: str
) -> None:
    bench.config.write_text(bench.config.read_text().replace('"days-*.csv"', '"days*/*.csv"'))
    secret = bench.folder / "elsewhere" / "secret-name.csv"
    secret.parent.mkdir()
    secret.write_text("secret-header,more\nsecret-value,1\n")
    source = bench.local({"places.tsv": PLACES, "days-1/a.csv": b"day\n1\n"})
    copy = bench.folder / "local" / "feed"
    if link == "folder":
        (copy / "days-2").symlink_to(secret.parent)
    else:
        (copy / "days-1" / "b.csv").symlink_to(secret if link == "file" else "nowhere")
    (copy / "people.csv").symlink_to(secret)
    done = bench.ingest(*source)
    assert done.code == 1
    assert "data/people.csv: refused: is a symbolic link" in done.err
    where = "days-2/*.csv: refused: lies behind" if link == "folder" else "days-1/b.csv: refused: is"
    assert f"data/{where} a symbolic link" in done.err
    assert list(bench.raw("days")["day"]) == ["1"] and list(bench.raw("places")["place"]) == ["Home"]
    refused = bench.ledger().filter(pl.col("status") == "refused")
    assert refused.height == 2
    told = done.out + done.err + str(bench.ledger().to_dicts()) + bench.ingest("status").out
    assert "secret" not in told and blob_sha(secret.read_bytes()) not in told
    assert "was refused before" in bench.ingest(*source).out
    (copy / "people.csv").unlink()
    assert bench.ingest(*bench.local({"people.csv": PEOPLE})).code == 0
    assert bench.raw("people").height == 2
    assert_sound(bench.lake)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused_and_not_waited_for(
    bench: Bench, make: Callable[[Path], None]
) -> None:
    source = bench.local({"people.csv": PEOPLE, "places.tsv": PLACES})
    assert bench.ingest(*source).code == 0
    copy = bench.folder / "local" / "feed"
    (copy / "people.csv").unlink()
    make(copy / "people.csv")
    make(copy / "days-1.csv")
    done = bench.ingest(*source)
    assert done.code == 1
    assert "data/people.csv: refused: is a folder, a pipe or a device, and no file" in done.err
    assert ("data/days-1.csv: refused" in done.err) == (make is os.mkfifo)  # a folder may well have such a name
    assert bench.raw("people").height == 2
    assert bench.ingest(*source).code == 0  # that is no news


def test_the_folder_of_a_source_may_be_a_link(bench: Bench) -> None:
    bench.local({"people.csv": PEOPLE, "places.tsv": PLACES})
    (bench.folder / "other").mkdir()
    (bench.folder / "other" / "feed").symlink_to(bench.folder / "local" / "feed")
    assert bench.ingest("--from", str(bench.folder / "other")).code == 0


def test_a_name_that_is_no_text_is_refused_and_shown_escaped(bench: Bench) -> None:
    source = bench.local({"people.csv": PEOPLE, "places.tsv": PLACES, "days-\x1b[2J.csv": b"day\n1\n"})
    try:
        Path(os.fsdecode(os.fsencode(bench.folder / "local/feed") + b"/days-\xff.csv")).write_bytes(b"day\n1\n")
        names = ["days-\\x1b[2J.csv", "days-\\udcff.csv"]
    except OSError:  # macOS has no such names
        names = ["days-\\x1b[2J.csv"]
    done = bench.ingest(*source)
    assert done.code == 1
    for name in names:
        assert f"data/{name}: refused: has a name that leaves its folder or is not printable" in done.err
    assert bench.ledger().filter(status="refused").height == len(names)
    assert_sound(bench.lake)


def test_what_a_file_holds_is_shown_escaped(bench: Bench) -> None:
    done = bench.ingest(*bench.local({"people.csv": b'"a\x1b[31m","b\rc"\n1,2\n', "places.tsv": PLACES}))
    assert done.code == 1 and "it has: a\\x1b[31m, b\\rc" in done.err
    assert "\x1b" not in done.out + done.err + str(bench.ledger()["reason"].to_list())


def test_names_of_columns_are_shown_escaped_whatever_is_in_them(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace("required: [id]", "key: [id]"))
    names, shown = ["a:b\x1b[2J", "c:d\x9b"], ["a:b\\x1b[2J", "c:d\\x9b"]
    for turn, name in enumerate(names):
        content = f"id,{name},\x07kept\r\n" + "".join(
            f"{number},{number},{turn * (number < 5)}\r\n" for number in range(30)
        )
        done = bench.ingest(*bench.local({"people.csv": content.encode(), "places.tsv": PLACES}))
        assert done.code == 0
    assert f"column {shown[0]} is gone" in done.out
    assert f"; {shown[1]} holds nearly the same: if that is its new name" in done.out
    for command in ("status", "versions", "diff"):
        for form in ("text", "json"):
            done = bench.ingest(command, *(["people.csv"] if command != "status" else []), "--log-format", form)
            assert all(line.isprintable() for line in done.out.splitlines()), (command, form)
            if form == "json":
                assert all(json.loads(line) for line in done.out.splitlines())


def test_the_folder_of_a_path_source_is_below_its_path(bench: Bench) -> None:
    (bench.folder / "copy/data").mkdir(parents=True)
    (bench.folder / "copy/people.csv").write_bytes(b"id\nwrong\n")
    (bench.folder / "copy/data/people.csv").write_bytes(b"id\n1\n")
    config = bench.config.read_text()
    by_path = config.replace("repository: owner/feed", f"path: {bench.folder / 'copy'}")
    bench.config.write_text(by_path)
    assert bench.ingest("--dataset", "people").code == 0
    assert bench.raw("people").select("id", "_file_path").rows() == [("1", "data/people.csv")]
    bench.config.write_text(config)
    source = bench.local({"people.csv": b"id\n1\n"})  # a local copy has no such folder, and is the same file
    assert "nothing new: 1 unchanged" in bench.ingest(*source, "--dataset", "people").out
    bench.config.write_text(bench.config.read_text().replace("folder: data", "folder: nowhere"))
    bench.config.write_text(
        bench.config.read_text().replace("repository: owner/feed", f"path: {bench.folder / 'copy'}")
    )
    done = bench.ingest()
    assert done.code == 2 and f"there is no folder {bench.folder / 'copy' / 'nowhere'}" in done.err


def test_a_table_whose_last_load_is_from_before_goes_on(bench: Bench) -> None:
    """Its commit's note has another name for what refused a file."""
    bench.ingest(*bench.local({"people.csv": PEOPLE, "places.tsv": PLACES}))
    for commit in bench.lake.glob("raw/*/_delta_log/*.json"):
        commit.write_text(commit.read_text().replace('\\"checks\\"', '\\"rules\\"'))
    done = bench.ingest(*bench.local({"people.csv": b"id,name\n9,new\n"}))
    assert done.code == 0 and "version 2 into people" in done.out
    assert_sound(bench.lake)


@pytest.mark.parametrize("name", ["_source", "_ROW_NUMBER", "__dbt_delta_file", "_rescued_data", "_bronze_record"])
def test_a_column_with_a_name_of_the_project_is_kept_under_another(bench: Bench, name: str) -> None:
    done = bench.ingest(*bench.local({"people.csv": f"id,{name}\n1,2\n".encode(), "places.tsv": PLACES}))
    assert done.code == 0
    assert bench.raw("people").select("id", f"_{name}").rows() == [("1", "2")]
    both = f"id,_{name},{name}\n3,4,5\n".encode()
    assert bench.ingest(*bench.local({"people.csv": both})).code == 0
    newest = bench.raw("people").filter(_file_version=2)
    assert newest.select("id", f"_{name}", f"__{name}").rows() == [("3", "4", "5")]
