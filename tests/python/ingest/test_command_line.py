"""What people type and what comes back: usage, bad input, dry runs, status, logs, watching."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest import config
from ingest.errors import ConfigurationError
from ingest.storage.tables import Lake
from ingest.storage.trigger import Trigger
from tests.python.ingest.conftest import Bench, assert_sound
from tests.python.ingest.github_server import GitHubServer, Repository
from tests.support.lake import CHECKOUT

FILES: dict[str, bytes | None] = {"data/people.csv": b"id\n1\n", "data/places.tsv": b"id\n1\n"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--source", "nope"], "there is no source 'nope'; there are: feed"),
        (["--dataset", "nope"], "there is no dataset 'nope'; there are: days, people, places"),
        (["--from", "nowhere"], "there is no folder nowhere/feed"),
        (["--since", "2024-01-01"], "--since goes with --backfill"),
        (["--then", "x"], "--then goes with --watch"),
        (["--watch", "1", "--backfill"], "--watch goes neither with"),
        (["--watch", "nan"], "'nan' is not a number"),
        (["--watch", "1e400"], "'--watch': inf is not in the range"),
        (["--max-wait", "-1"], "'--max-wait': -1.0 is not in the range"),
        (["diff", "people.csv", "--rows", str(10**20)], "is not in the range"),
        (["--nope"], "No such option"),
        (["--config", "nowhere.yml"], "nowhere.yml: No such file"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(bench: Bench, args: list[str], words: str) -> None:
    done = bench.ingest(*args)
    assert done.code == 2
    assert words in done.err and done.err.count("\n") == 1
    assert done.out == ""


def test_a_lake_that_cannot_be_written(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    (bench.folder / "file").write_text("in the way")
    done = bench.ingest(LAKEHOUSE_ROOT=str(bench.folder / "file" / "lake"))
    assert done.code == 2
    assert "cannot be written: Not a directory; set LAKEHOUSE_ROOT" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: {a: {repository: o/r", "line 1, column"),
        ("[]", "valid dictionary"),
        ("sources: {}", "sources: "),
        ("sources: {a: {repository: o/r, datasets: []}}", "sources.a.datasets: "),
        ("sources: {a: {datasets: [{file: x, table: t}]}}", "exactly one of: repository, path, url"),
        ("sources: {a: {repository: o/r, path: p, datasets: [{file: x, table: t}]}}", "exactly one of"),
        (
            "sources: {a: {repository: o/r, datasets: [{file: x, tabel: t}]}}",
            "sources.a.datasets.0.tabel: there is no such setting; did you mean table?",
        ),
        ("source: {}", "source: there is no such setting; did you mean sources?"),
        (
            "sources: {a: {repository: o/r, datasets: [{file: x, table: t, hold: {qqq: 1}}]}}",
            "qqq: there is no such setting",
        ),
        ("sources: {a: {repository: o/r, datasets: [{file: ../x, table: t}]}}", "below the source's folder"),
        ("sources: {a: {repository: o/r, datasets: [{file: x, table: t, delimiter: '||'}]}}", "delimiter: "),
        (
            "sources: {a: {repository: o/r, datasets: [{file: x, table: t, schema_evolution: maybe}]}}",
            "schema_evolution: ",
        ),
        ("sources: {a: {repository: nope, datasets: [{file: x, table: t}]}}", "sources.a.repository: "),
        ("sources: {a: {url: 'https://x', datasets: [{file: '*.csv', table: t}]}}", "cannot list files"),
        (
            "sources: {a: {repository: o/r, datasets: [{file: x, table: t, null_values: [N/A]}]}}",
            "sources.a.datasets.0: null_values is no setting: raw keeps the text, and the models decide what is null",
        ),
        (
            "sources: {a: {path: p, instead_of: b, datasets: [{file: x, table: t}]}}",
            "a: instead_of: b is no other source",
        ),
        (
            "sources: {a: {path: p, datasets: [{file: x, table: t, key: [id, day], renumbered: [id]}]}}",
            "id cannot be in key and renumbered",
        ),
        ("sources:\n  a: {path: one}\n  a: {path: two}", ", line 3, column 3: 'a' is here for the second time"),
        ("sources: {a: {path: p, datasets: [{file: x, table: t, table: u}]}}", "'table' is here for the second time"),
        (f"sources: {{a: {{path: p, datasets: [{{file: x, table: t, max_bytes: 1{5000 * '0'}}}]}}}}", "digits"),
        ("sources: 2024-13-01", "month must be in 1..12"),
        (f"sources: {5000 * '['}{5000 * ']'}", "is nested too deeply"),
        ('sources: "\0"', "unacceptable character #x0000"),
    ],
)
def test_a_wrong_configuration_names_file_and_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "my.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        config.load(path)
    assert str(error.value).startswith(str(path)) and words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_shipped_configuration_has_the_feeds_of_the_design() -> None:
    sources = config.load(config.DEFAULT).sources
    assert {dataset.file: dataset.table for dataset in sources["top10"].datasets} == {
        "all-weeks-global.tsv": "top10_global",
        "all-weeks-countries.tsv": "top10_countries",
        "most-popular.tsv": "top10_most_popular",
    }
    assert sources["catalogue"].repository == "anshlambagit/Netflix_Azure_Data_Engineering_Project"
    assert sources["catalogue"].folder == "RawData_AND_Notebooks"
    assert len(sources["catalogue"].datasets) == 5


@pytest.mark.parametrize("extra", [[], ["--backfill"]])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(bench: Bench, feed: Repository, extra: list[str]) -> None:
    feed.commit(FILES)
    done = bench.ingest("--dry-run", *extra)
    assert done.code == 0
    assert "data/people.csv: would load: 5 bytes for people" in done.out and "dry run: 2 would load" in done.out
    assert not bench.lake.exists()
    bench.ingest()
    before = bench.versions()
    feed.commit({"data/people.csv": b"id\n2\n"})
    done = bench.ingest("--dry-run", *extra)
    assert "people.csv: would load" in done.out and "places.tsv: would load" not in done.out
    assert bench.versions() == before


def test_only_one_dataset(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    assert bench.ingest("--source", "feed", "--dataset", "places").code == 0
    assert set(bench.versions()) == {"places", "_files", "_http_cache"}


def test_status(bench: Bench, feed: Repository) -> None:
    assert "nothing has been loaded yet" in bench.ingest("status").out
    feed.commit(FILES)
    bench.ingest()
    feed.commit({"data/people.csv": b"null"})
    bench.ingest()
    done = bench.ingest("status")
    assert done.code == 1
    line = next(line for line in done.out.splitlines() if "data/people.csv" in line)
    assert "2024-01-01 00:00" in line and "refused: is JSON" in line
    for args in (["status", "--log-format", "json"], ["--log-format", "json", "status"]):
        facts = [json.loads(line) for line in bench.ingest(*args).out.splitlines()]
        assert [(fact["path"], fact["versions"], fact["rows"], fact["refused"], fact["state"]) for fact in facts] == [
            ("data/people.csv", 1, 1, 1, "refused"),
            ("data/places.tsv", 1, 1, 0, "accepted"),
        ]
    feed.commit(FILES)
    bench.ingest()
    assert bench.ingest("status").code == 0


def test_json_logs(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES | {"data/people.csv": b""})
    done = bench.ingest("--log-format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert sorted(event["event"] for event in events) == ["done", "loaded", "note", "refused"]
    assert events[-1] | {"loaded": 1, "refused": 1, "records": 1, "exit_code": 1} == events[-1]
    assert done.err == ""


def test_a_closing_table(bench: Bench, feed: Repository) -> None:
    feed.commit(FILES)
    bench.ingest()
    feed.commit({"data/people.csv": b"id\n1\n2,3\n"})
    done = bench.ingest()
    lines = [line.split() for line in done.out.splitlines()]
    assert [
        "feed",
        "data/people.csv",
        "loaded",
        *["version", "2", "into", "people,", "2", "records,", "1", "with", "rescued", "data"],
    ] in lines
    assert ["feed", "data/places.tsv", "unchanged", "version", "1"] in lines


def wait_for(condition: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def test_watching(bench: Bench, feed: Repository, github: GitHubServer) -> None:
    """Runs the command once for each time something was loaded, lives through failures, and ends on SIGTERM."""
    feed.commit(FILES)
    told = bench.folder / "told"
    command = [sys.executable, "-m", "ingest", "--config", str(bench.config), "--max-wait", "0"]
    process = subprocess.Popen(
        [*command, "--watch", "0.2", "--then", f"echo x >> '{told}'"],
        cwd=CHECKOUT,
        env=os.environ | bench.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(lambda: told.exists() and told.read_text() == "x\n")
        polls = len(github.requests)
        wait_for(lambda: len(github.requests) > polls + 6)
        assert told.read_text() == "x\n"
        assert {request.status for request in github.requests[polls:]} == {304}
        github.fault = lambda path: ("status", 401, {})
        failures = len(github.requests)
        wait_for(lambda: len(github.requests) > failures + 3)
        github.fault = lambda path: None
        for body in (b'[{"sha": "../../x"}]', b"null"):
            github.edit = lambda path, _, body=body: body  # type: ignore[misc]
            failures = len(github.requests)
            wait_for(lambda failures=failures: len(github.requests) > failures + 3)
        github.edit = lambda path, body: body
        feed.commit({"data/people.csv": b"id\n2\n"})
        wait_for(lambda: told.read_text() == "x\nx\n")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in out and "token in GITHUB_TOKEN was refused" in out
    assert "GitHub owner/feed: the API's answer cannot be used: 0.sha: is not a SHA" in out
    assert sorted(bench.raw("people")["id"]) == ["1", "2"]
    assert_sound(bench.lake)


def watch(bench: Bench, command: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "ingest", "--config", str(bench.config), "--watch", "0.1", "--then", command]
    env = os.environ | bench.env
    out = subprocess.DEVNULL
    return subprocess.Popen(arguments, cwd=CHECKOUT, env=env, stdout=out, stderr=out, start_new_session=True)


def test_a_command_that_fails_is_run_again_until_it_succeeds_also_after_a_restart(
    bench: Bench, feed: Repository
) -> None:
    """The first run of the command fails, the second is killed together with the process; the third is another's."""
    feed.commit(FILES)
    told = bench.folder / "told"
    command = f"echo x >> '{told}'; case $(wc -l < '{told}') in 1) exit 1;; 2) sleep 600;; esac"
    process = watch(bench, command)
    try:
        wait_for(lambda: told.exists() and told.read_text() == "x\n" * 2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process = watch(bench, command)
    try:
        wait_for(lambda: told.read_text() == "x\n" * 3)
        feed.commit({"data/people.csv": b"null"})  # refused, so there is nothing to build
        wait_for(lambda: bench.ledger().filter(status="refused").height == 1)
        time.sleep(0.5)
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert told.read_text() == "x\n" * 3
    assert bench.ingest(*bench.local({"people.csv": b"id\n2\n"})).code == 0  # by somebody else, in between
    process = watch(bench, command)
    try:
        wait_for(lambda: told.read_text() == "x\n" * 4)
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_what_a_command_has_had_is_kept_for_each_command(bench: Bench) -> None:
    lake = Lake(str(bench.lake))
    assert Trigger(lake, "a").due() is None
    bench.ingest(*bench.local({"people.csv": b"id\n1\n", "places.tsv": b"id\n1\n"}))
    assert Trigger(lake, "a").due() == 2
    Trigger(lake, "a").succeeded(2)
    assert (Trigger(lake, "a").due(), Trigger(lake, "b").due()) == (None, 2)
    bench.ingest(*bench.local({"people.csv": b"id\n2\n"}))
    assert (Trigger(lake, "a").due(), Trigger(lake, "b").due()) == (3, 3)
    Trigger(lake, "b").succeeded(3)
    Trigger(lake, "a").succeeded(3)
    assert (Trigger(lake, "a").due(), Trigger(lake, "b").due()) == (None, None)


def test_the_line_for_cron_works_in_an_empty_environment(tmp_path: Path) -> None:
    """As it stands in the docs, but for what the two programs are asked to do."""
    text = (CHECKOUT / "docs" / "ingest.md").read_text()
    line = text.partition("`0 * * * * ")[2].partition("`")[0]
    for name in ("ingest", "lakehouse", "dbt_duckdb_delta"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for asked, instead in [
        ("/srv/lakehouse", str(tmp_path)),
        ("-m ingest;", "-m ingest status;"),
        ("dbt build;", "dbt --help;"),
    ]:
        assert line.count(asked) == 1
        line = line.replace(asked, instead)
    done = subprocess.run(["env", "-i", "sh", "-c", line], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing has been loaded yet" in done.stdout and "Usage: dbt" in done.stdout


def test_several_sources_by_name_are_loaded_and_no_others(bench: Bench) -> None:
    for name in "abc":
        (bench.folder / "files" / name).mkdir(parents=True)
        (bench.folder / "files" / name / "x.csv").write_text("id\n1\n")
    one = "{{path: {folder}/files/{name}, datasets: [{{file: x.csv, table: of_{name}}}]}}"
    sources = ", ".join(f"{name}: {one.format(folder=bench.folder, name=name)}" for name in "abc")
    bench.config.write_text(f"sources: {{{sources}}}")
    done = bench.ingest("--source", "a", "--source", "c")
    assert done.code == 0, done.err
    assert {"of_a", "of_c"} == {name for name in bench.versions() if name.startswith("of_")}
    assert "no source 'd'" in bench.ingest("--source", "a", "--source", "d").err
