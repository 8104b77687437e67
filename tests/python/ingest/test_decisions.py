"""What people are shown about versions, and what follows from what they decide."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example
from hypothesis import strategies as st

from ingest.contents import MARKER
from ingest.storage.tables import Lake
from ingest.storage.trigger import Trigger
from tests.python.ingest.conftest import Bench, Done, assert_sound
from tests.python.ingest.github_server import Repository
from tests.support.examples import examples

PEOPLE = "data/people.csv"
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def copies(bench: Bench) -> Bench:
    """The files of people are full copies with a key."""
    return as_copies(bench)


def as_copies(bench: Bench) -> Bench:
    text = bench.config.read_text()
    bench.config.write_text(text.replace("required: [id]", "key: [id], vanished_rows: deleted"))
    return bench


def people(count: int, name: str = "name") -> bytes:
    return f"id,name\n{''.join(f'{n},{name} {n}' + chr(10) for n in range(count))}".encode()


def load(bench: Bench, content: bytes) -> Done:
    return bench.ingest(*bench.local({"people.csv": content}), "--dataset", "people")


def release(bench: Bench, number: int, file: str = "people.csv", why: str = "as it should be") -> Done:
    return bench.ingest("release", file, "--version", str(number), "--why", why)


def reject(bench: Bench, number: int, file: str = "people.csv", why: str = "not ours") -> Done:
    return bench.ingest("reject", file, "--version", str(number), "--why", why)


def facts(bench: Bench, *args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bench.ingest(*args, "--log-format", "json").out.splitlines()]


def states(bench: Bench) -> list[str]:
    rows = facts(bench, "versions", "people.csv")
    return [row["state"] for row in sorted(rows, key=lambda row: row["version"])]


def judged_by_dbt(bench: Bench, *rows: tuple[str, int, str, str]) -> None:
    """What dbt's rules say: path, version, state, reason."""
    frame = pl.DataFrame(
        [("feed", "silver_people", *row) for row in rows],
        schema=["_source", "model", "_file_path", "_file_version", "state", "reason"],
        orient="row",
    )
    frame.write_delta(str(bench.lake / "silver" / "silver_file_versions"), mode="overwrite")


def test_what_is_held_is_taken_where_a_person_says_so(copies: Bench) -> None:
    load(copies, people(100))
    assert load(copies, people(50)).code == 1
    assert states(copies) == ["accepted", "held"]
    done = release(copies, 2, why="half of them left")
    assert done.code == 0
    assert done.out == f"feed: {PEOPLE}: version 2 is accepted now, and was held; the next build of dbt shows it\n"
    assert states(copies) == ["accepted", "accepted"]
    assert load(copies, people(45)).code == 0  # few after 100, but not after 50
    versions, decisions = (
        copies.ledger().filter(pl.col("decided_by").is_null()),
        copies.ledger().drop_nulls("decided_by"),
    )
    assert versions.sort("_file_version")["compared_with"].to_list() == [None, 1, 2]
    (decision,) = decisions.to_dicts()
    held = versions.filter(_file_version=2).to_dicts()[0]
    assert (decision["status"], decision["reason"], decision["decided_by"]) == ("released", "half of them left", ME)
    assert decision["_ingested_at"] > held["_ingested_at"]
    same = set(held) - {"status", "reason", "decided_by", "_ingested_at"}
    assert {name: decision[name] for name in same} == {name: held[name] for name in same}
    assert_sound(copies.lake)


def test_what_is_rejected_is_not_taken_again_until_it_is_released(copies: Bench) -> None:
    load(copies, people(100))
    load(copies, people(99, "nobody"))
    assert states(copies) == ["accepted", "held"]
    load(copies, people(101))
    assert reject(copies, 3).code == 0
    assert states(copies) == ["accepted", "held", "rejected"]
    assert load(copies, people(102)).code == 0
    assert copies.ledger().filter(_file_version=4)["compared_with"].to_list() == [1]
    rows = copies.raw("people").height
    done = load(copies, people(101))
    assert done.code == 0
    assert f"rejected: has the bytes of version 3 of feed/{PEOPLE}, which {ME} rejected: not ours" in done.out
    assert copies.raw("people").height == rows
    release(copies, 3)
    assert load(copies, people(101)).code == 0
    assert copies.raw("people").height == rows + 101
    assert_sound(copies.lake)


def test_rejected_bytes_are_not_taken_from_another_source(copies: Bench, feed: Repository) -> None:
    load(copies, people(100))
    load(copies, people(101))
    reject(copies, 2)
    two = copies.config.read_text()
    copies.config.write_text(two + two.replace("sources:\n", "").replace("  feed:", "  other:"))
    feed.commit({PEOPLE: people(101), "data/places.tsv": b"id\n1\n"})
    for args in ([], ["--backfill"]):
        done = copies.ingest(*args, "--dataset", "people")
        assert done.code == 0 and f"other: other/{PEOPLE}: rejected: has the bytes of version 2 of feed" in done.out
    assert copies.raw("people").height == 201


def test_a_state_that_a_version_is_in_already_is_said(copies: Bench) -> None:
    load(copies, people(100))
    rows = copies.ledger().height
    assert release(copies, 1).out == f"feed: {PEOPLE}: version 1 is accepted already; nothing was written\n"
    assert copies.ledger().height == rows
    reject(copies, 1, why="first\n\x1b[31m")
    done = reject(copies, 1, why="second")
    assert (
        done.out == f"feed: {PEOPLE}: version 1 is rejected already by {ME}: first\\n\\x1b[31m; nothing was written\n"
    )
    assert copies.ledger().height == rows + 1


def test_the_newest_decision_counts_also_where_the_clock_went_back(
    copies: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(copies, people(100))
    reject(copies, 1)
    monkeypatch.setattr("ingest.versions.now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    release(copies, 1)
    assert states(copies) == ["accepted"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "release nothing.csv --version 1 --why x",
            "there is no file nothing.csv in the lake; there are: feed/data",
        ),
        (
            "versions nothing.csv",
            "nothing.csv in the lake; there are: feed/data/days-1.csv, feed/data/p",
        ),
        ("diff people", "there is no file people in the lake"),
        ("reject people.csv --version 7 --why x", "there is no version 7 of data/people.csv; the lake has version 1"),
        ("diff people.csv 3 1", "there is no version 3 of data/people.csv"),
        ("diff people.csv", "no accepted version of data/people.csv comes before version 1: there is nothing to"),
        (
            "release places.tsv --version 1 --why x",
            "data/places.tsv is in the lake: it was refused, is JSON",
        ),
        ("reject people.csv --version 1 --why ''", "--why needs a reason"),
        ("reject people.csv --version 1", "Missing option '--why'"),
        ("reject people.csv --why x", "Missing option '--version'"),
    ],
)
def test_what_cannot_be_decided_is_one_line(copies: Bench, command: str, words: str) -> None:
    copies.ingest(*copies.local({"people.csv": people(1), "places.tsv": b"null", "days-1.csv": b"day\n1\n"}))
    rows = copies.ledger().height
    done = copies.ingest(*shlex.split(command))
    assert done.code == 2 and words in done.err and done.err.count("\n") == 1
    assert copies.ledger().height == rows


def test_a_file_is_named_by_its_name_its_path_or_with_its_source(bench: Bench) -> None:
    other = "  other:\n    path: nowhere\n    datasets:\n      - {file: people.csv, table: other}\n"
    bench.config.write_text(bench.config.read_text() + other)
    bench.ingest(*bench.local({"people.csv": people(1)}), "--source", "feed", "--dataset", "people")
    for name in ("people.csv", PEOPLE, f"feed/{PEOPLE}"):
        assert [row["version"] for row in facts(bench, "versions", name)] == [1]
    (bench.folder / "local" / "other").mkdir()
    (bench.folder / "local" / "other" / "people.csv").write_bytes(people(2))
    bench.ingest("--from", str(bench.folder / "local"), "--source", "other")
    # The path of one file, and the name of another: what fits as a whole is meant.
    assert [row["source"] for row in facts(bench, "versions", "people.csv")] == ["other"]
    assert [row["source"] for row in facts(bench, "versions", PEOPLE)] == ["feed"]
    assert len(facts(bench, "versions")) == 2


def test_a_name_of_several_files_is_one_line(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace("days-*", "*/days"))
    bench.ingest(*bench.local({"a/days.csv": b"day\n1\n", "b/days.csv": b"day\n1\n"}), "--dataset", "days")
    done = bench.ingest("versions", "days.csv")
    assert done.code == 2
    assert "days.csv may be one of several files: feed/data/a/days.csv, feed/data/b/days.csv; give one" in done.err


# --- what dbt's rules say ---


def test_what_dbt_holds_is_not_compared_with_and_can_be_released(copies: Bench) -> None:
    load(copies, people(100))
    load(copies, people(101))
    judged_by_dbt(copies, (PEOPLE, 1, "accepted", ""), (PEOPLE, 2, "held", "share_of_quarantine: 0.5"))
    (row,) = [row for row in facts(copies, "versions", "people.csv") if row["version"] == 2]
    assert (row["state"], row["reason"]) == ("held", "share_of_quarantine: 0.5")
    assert copies.ingest("status").code == 1 and "version 2 is held: share_of_quarantine" in copies.ingest("status").out
    load(copies, people(102))
    assert copies.ledger().filter(_file_version=3)["compared_with"].to_list() == [1]
    release(copies, 2)
    assert states(copies) == ["accepted", "accepted", "accepted"]
    judged_by_dbt(copies, (PEOPLE, 3, "refused", "a rule that fails"))
    assert states(copies) == ["accepted", "accepted", "refused"]
    assert release(copies, 3).code == 0
    assert states(copies) == ["accepted", "accepted", "accepted"]


def test_a_table_of_dbt_from_before_there_were_states_says_nothing(copies: Bench) -> None:
    load(copies, people(100))
    pl.DataFrame({"state": ["held"], "_file_path": [PEOPLE], "_file_version": [1]}).write_delta(
        str(copies.lake / "silver" / "silver_file_versions")
    )
    assert states(copies) == ["accepted"]


# --- what is shown ---


def test_versions(copies: Bench) -> None:
    load(copies, people(100))
    load(copies, people(50))
    reject(copies, 2, why="half of it")
    done = copies.ingest("versions", "people.csv")
    assert done.code == 0
    text = " ".join(done.out.split())
    assert "50 of 100 keys of version 1 are gone (50%, limit 20%)" in text and f"by {ME}: half of it" in text
    first, second = facts(copies, "versions", "people.csv")
    assert (first["state"], first["compared_with"], first["decisions"]) == ("accepted", None, [])
    assert (second["state"], second["reason"], second["decided_by"]) == ("rejected", "half of it", ME)
    assert (second["keys_before"], second["keys_lost"], second["keys_new"], second["rows"]) == (100, 50, 0, 50)
    assert [(row["status"], row["why"]) for row in second["decisions"]] == [("rejected", "half of it")]


OLD = "id,name,age\n1,Ann,10\n2,Bob,20\n3,Cid,30\n3,Cid,31\n4,Dan,40\n"
NEW = 'id,name,age,town\n2,Bob,21,Oslo\n1,Ann,10,\n3,Cid,30,\n3,Sid,32,\n5,"E,\nva",50,Rome\n'


def test_diff(copies: Bench) -> None:
    copies.config.write_text(copies.config.read_text().replace("vanished_rows: deleted", "hold: {changed: off}"))
    load(copies, OLD.encode())
    load(copies, NEW.encode())
    load(copies, people(3))
    (found,) = facts(copies, "diff", "people.csv", "1", "2")
    assert (found["changed_records"], found["lost_records"], found["added_records"]) == (2, 1, 1)
    assert found["changed"] == {"name": 1, "age": 2} and found["appeared"] == ["town"]
    changes = [tuple(change.values()) for change in found["changes"]]
    assert changes == [("2", "age", "20", "21"), ("3", "name", "Cid", "Sid"), ("3", "age", "31", "32")]
    assert [row["id"] for row in found["lost"]] == ["4"] and [row["town"] for row in found["added"]] == ["Rome"]
    done = copies.ingest("diff", "people.csv", "1", "2")
    assert done.code == 0
    assert ": 2 records changed, 1 lost, 1 new" in done.out and "new columns: town" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["2", "age", "20", "21"] in lines and ["4", "Dan", "40"] in lines and ["5", "E,\\nva", "50", "Rome"] in lines
    (shorter,) = facts(copies, "diff", "people.csv", "1", "2", "--rows", "1")
    assert len(shorter["changes"]) == 1 and shorter["changed_records"] == 2
    (newest,) = facts(copies, "diff", "people.csv")
    assert (newest["old"], newest["new"], newest["vanished"]) == (2, 3, ["age", "town"])
    reject(copies, 2)
    (newest,) = facts(copies, "diff", "people.csv")
    assert (newest["old"], newest["new"]) == (1, 3)


def test_diff_without_a_key_shows_whole_records(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace(", required: [id]", ""))
    load(bench, b"id,name\n1,a\n2,b\n2,b\n")
    load(bench, b"id,name\n1,a\n2,b\n3,c\n")
    (found,) = facts(bench, "diff", "people.csv")
    assert (found["changed_records"], found["lost_records"], found["added_records"]) == (0, 1, 1)
    assert found["lost"] == [{"id": "2", "name": "b"}]


def test_status_says_what_is_held_and_what_is_stale(copies: Bench) -> None:
    load(copies, people(100))
    assert copies.ingest("status").code == 0
    load(copies, people(50))
    done = copies.ingest("status")
    assert done.code == 1 and "version 2 is held: 50 of 100 keys" in " ".join(done.out.split())
    (row,) = facts(copies, "status")
    assert (row["version"], row["rows"], row["newest_version"], row["state"]) == (1, 100, 2, "held")
    reject(copies, 2)
    assert copies.ingest("status").code == 0

    copies.config.write_text(copies.config.read_text().replace("  feed:\n", "  feed:\n    stale_after_days: 3\n"))
    assert copies.ingest("status").code == 0
    for days, code in ((3, 0), (4, 1)):  # the source's time counts, not that of the load
        lake = str(copies.folder / f"{days}-days")
        path = copies.folder / "local" / "feed" / "people.csv"
        path.write_bytes(people(100))
        then = (datetime.now(UTC) - timedelta(days=days, minutes=5)).timestamp()
        os.utime(path, (then, then))
        copies.ingest("--from", str(copies.folder / "local"), "--dataset", "people", LAKEHOUSE_ROOT=lake)
        done = copies.ingest("status", LAKEHOUSE_ROOT=lake)
        assert done.code == code and ("stale: older than 3 days" in done.out) == bool(code)
    (copies.folder / "local" / "feed" / MARKER).touch()
    lake = str(copies.folder / "sample")
    copies.ingest("--from", str(copies.folder / "local"), "--dataset", "people", LAKEHOUSE_ROOT=lake)
    assert copies.ingest("status", LAKEHOUSE_ROOT=lake).code == 0


def test_status_tells_a_column_that_is_gone_as_long_as_that_is_the_newest_version(copies: Bench) -> None:
    load(copies, people(30))
    load(copies, people(30).replace(b"name\n", b"full_name\n", 1))
    (row,) = facts(copies, "status")
    assert row["notes"] == [
        "column name is gone; earlier versions in raw still have its values;"
        " full_name holds nearly the same: if that is its new name,"
        " write columns: {name: [full_name]} in sources.yml"
    ]
    assert copies.ingest("status").code == 0
    load(copies, people(31).replace(b"name\n", b"full_name\n", 1))
    assert facts(copies, "status")[0]["notes"] == []


def test_a_decision_makes_the_command_of_then_due(copies: Bench) -> None:
    load(copies, people(100))
    trigger = Trigger(Lake(str(copies.lake)), "dbt build")
    trigger.succeeded(trigger.due() or 0)
    assert trigger.due() is None
    reject(copies, 1)
    assert trigger.due() == 2


# --- any order of loads and decisions ---

SIZES = (0, 30, 31, 40, 100)
STEPS = st.one_of(
    st.tuples(st.just("load"), st.sampled_from(SIZES)),
    st.tuples(st.sampled_from(["release", "reject"]), st.integers(1, 4)),
)


@examples(4, 25, suppress=[HealthCheck.function_scoped_fixture], steps=st.lists(STEPS, min_size=4, max_size=9))
@example(steps=[("load", 100), ("load", 31), ("reject", 1), ("load", 100), ("release", 2), ("load", 30), ("load", 31)])
@example(steps=[("load", 30), ("load", 100), ("reject", 2), ("load", 31), ("load", 100), ("release", 2), ("load", 100)])
def test_any_sequence_of_loads_and_decisions(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    """Against a plain model: versions are sizes with a state, and what is compared is the last accepted size."""
    bench = as_copies(Bench(tmp_path_factory.mktemp("lake"), monkeypatch))
    sizes: list[int] = []
    state: list[str] = []
    after: list[int | None] = []
    decided: set[int] = set()
    for step, number in steps:
        if step != "load":
            done = (release if step == "release" else reject)(bench, number)
            if number > len(sizes):
                assert done.code == 2
                continue
            wanted = "accepted" if step == "release" else "rejected"
            assert done.code == 0 and ("already" in done.out) == (state[number - 1] == wanted)
            decided |= {number - 1} if state[number - 1] != wanted else set()
            state[number - 1] = wanted
            continue
        done = load(bench, people(number))
        rejected = any(size == number and of == "rejected" for size, of in zip(sizes, state, strict=True))
        if sizes and sizes[-1] == number:
            assert done.code == 0 and ("rejected: " in done.out) == (state[-1] == "rejected")
        elif rejected:
            assert done.code == 0 and "rejected: has the bytes of version" in done.out
        else:
            last = max((n for n, of in enumerate(state) if of == "accepted"), default=None)
            before = sizes[last] if last is not None else 0
            far = before >= 20 and (number < before * 0.8 or number > before * 1.5)
            same = [n for n, size in enumerate(sizes[:last]) if size == number != before]
            far = far or any(state[n] == "accepted" and n not in decided for n in same[-1:])
            sizes.append(number)
            state.append("held" if number == 0 or far else "accepted")
            after.append(last + 1 if last is not None else None)
            assert done.code == (1 if state[-1] == "held" else 0)
    if not sizes:
        return
    assert states(bench) == state
    found = bench.ledger().filter(pl.col("decided_by").is_null()).sort("_file_version")
    assert found["compared_with"].to_list() == after and found["row_count"].to_list() == sizes
    assert_sound(bench.lake)


def test_help_has_each_command(bench: Bench) -> None:
    done = bench.ingest("--help")
    for command in ("status", "versions", "diff", "release", "reject"):
        assert f"python -m ingest {command} " in done.out
        assert f"\n  {command}" in done.out


def test_a_raw_table_that_is_gone_is_one_line(bench: Bench) -> None:
    for content in (b"id,name\n1,a\n", b"id,name\n1,b\n"):
        bench.ingest(*bench.local({"people.csv": content}))
    shutil.rmtree(bench.lake / "raw" / "people")
    done = bench.ingest("diff", "people.csv")
    assert done.code == 2 and done.err.count("\n") == 1
    assert done.err.startswith("ingest: raw table people is gone from ") and "restore it from a copy" in done.err
