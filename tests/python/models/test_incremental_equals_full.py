"""Building after each load gives the same rows, in every silver and gold table, as one build at the end.

A short history holds every kind of change; the lane `histories` has a long one, random ones
(NETFLIX_PROPERTY_EXAMPLES of them, default 0) and weeks of the sample (NETFLIX_SAMPLE_WEEKS, default 3).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.support.lake import OF_RUNS, Lake
from tests.support.raw_versions import FIELDS, FIRST_DAY, PATHS, Decision, Load, Record, decide, write
from tests.support.templates import Templates, tables_of

EXAMPLES = int(os.environ.get("NETFLIX_PROPERTY_EXAMPLES", "0"))  # beside those that are written out
WEEKS = int(os.environ.get("NETFLIX_SAMPLE_WEEKS", "3"))

some_histories = settings(
    max_examples=max(EXAMPLES, 1),
    deadline=None,
    phases=[Phase.explicit, Phase.generate] if EXAMPLES else [Phase.explicit],
    suppress_health_check=list(HealthCheck),
)

# Marts are tables over these alone; what is here exercises every path that depends on what was built before.
WITHOUT_MARTS = ("--exclude", "path:models/gold/marts")
# and what no version is ever loaded of stays as it is, empty
EMPTY = ("top10_global", "top10_countries", "top10_most_popular", "engagement", "kaggle_titles")
CATALOGUE = ("--select", "+group:catalogue", "+quarantine", "+data_quality_results", *WITHOUT_MARTS, *tables_of(*EMPTY))


@dataclass(frozen=True)
class Part:
    """A build of some models, in the lake that is built on the way; `then_all`: one of all models follows."""

    models: tuple[str, ...]
    full_refresh: bool = False
    then_all: bool = True

    def build(self, lake: Lake) -> None:
        lake.build("--select", *self.models, *(["--full-refresh"] if self.full_refresh else []))


Step = Load | Decision | Part
ABOUT_THE_RUN = ["_run_id", "_judged_at", "_ingested_at"]


def movie(number: int, title: str = "A", rating: str = "R", day: str = "9/9/2019") -> Record:
    return ("90", "", "Movie", title, day, "2018", rating, "Text.", str(number))


CUT = (
    ("40", "", "Movie", "A story of a", "", "", "", "", ""),
    ('Fortress"', "9/9/2019", "1944", "R", "T.", "5", "", "", ""),
)
CONFLICT = ("<<<<<<< HEAD", "", "", "", "", "", "", "", "")

titles = st.lists(
    st.one_of(
        st.builds(
            movie,
            st.integers(1, 4),
            st.sampled_from(["A", "B", "Ame\u0301lie", " A "]),
            st.sampled_from(["R", "", "PG"]),
            st.sampled_from(["9/9/2019", "31/12/2019", "9/9/2919"]),
        ).map(lambda record: (record,)),
        st.sampled_from([(movie(1, ""),), ((*movie(2)[:8], ""),), CUT, CUT[:1], CUT[1:]]),
    ),
    min_size=1,
    max_size=6,
).map(lambda groups: tuple(record for group in groups for record in group))
refused = titles.map(lambda records: (*records, CONFLICT))
names = st.lists(
    st.tuples(st.sampled_from(["Ana", "ANA", "Bo", "Bo,", "", "N/A"]), st.sampled_from(["1", "2", "3", "4", "x"])),
    min_size=1,
    max_size=6,
).map(tuple)
files = st.fixed_dictionaries(
    {},
    optional={
        "titles": st.one_of(titles, titles, titles, titles, refused),
        "more titles": titles,
        "cast": names,
        "category": names,
        "countries": names,
        "directors": names,
    },
)
loads = st.builds(Load, st.integers(0, 9), files.filter(bool))
decisions = st.builds(
    Decision,
    st.integers(1, 8),
    st.sampled_from(["titles", "titles", "titles", "cast", "category", "countries", "directors"]),
    st.sampled_from(["rejected", "released"]),
)
MODELS = [
    *("bronze_titles", "silver_titles_records", "silver_file_versions", "silver_titles", "silver_title_history"),
    *("+silver_title_history", "+silver_cast", "dim_title", "+dim_title", "+bridge_title_cast", "quarantine"),
]
some_models = st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique=True)
parts = st.builds(Part, some_models.map(tuple), st.booleans(), st.booleans())
histories = st.tuples(loads, st.lists(st.one_of(loads, loads, decisions, parts), min_size=1, max_size=8)).map(
    lambda steps: [steps[0], *steps[1]]
)

CHILDREN = dict.fromkeys(("cast", "category", "countries", "directors"), (("Ana", "1"), ("Bo", "1"), ("Ana", "2")))
WRITTEN_OUT: list[Step] = [
    Load(2, {"titles": (movie(1), movie(2), *CUT), **CHILDREN}),
    Load(4, {"titles": (movie(1, "B"), movie(2), movie(3)), "cast": (("ANA", "1"), ("Bo", "2"))}),  # changes
    Load(4, {"titles": (movie(1, "C"), movie(2))}),  # at the same time: the state before never was
    Load(6, {"titles": (movie(1), movie(2))}),  # 1 back to what it was, 3 removed
    Load(8, {"titles": (movie(1), movie(1, "Z"), movie(3), movie(3), CUT[0])}),  # 2 removed, 3 returns, quarantine
    Part(("silver_title_history", "dim_title"), full_refresh=True),
    Load(3, {"titles": (movie(1, "B"), movie(4)), "cast": (("Cy", "1"),)}),  # backfill in between
    Part(("bronze_titles", "silver_titles_records"), then_all=False),
    Load(9, {"titles": (movie(1, "Q"), CONFLICT)}),  # refused
    Load(0, {"titles": (movie(2), CUT[0])}),  # backfill before all
    Load(10, {"titles": (movie(3), movie(1, "Z"), CUT[0])}),  # nothing but another order
    Load(7, {"more titles": (movie(1), movie(2, "Y"), movie(6))}),  # a second file, with titles of the first
    Load(9, {"more titles": (movie(1), movie(6, "W"))}),  # at the time of the refused one; 1 is as in the first at 6
    Load(11, {"titles": (movie(3, "X"), movie(6))}),  # 1 is the second file's again, 6 is now the first one's
    Load(12, {"titles": (movie(3, "X"),), "more titles": (movie(3), movie(6))}),  # both at once: paths decide
    Load(5, {"more titles": (movie(2), movie(4, "V"))}),  # backfill before the second file was known
    Decision(4, "titles", "rejected"),  # the state at 6, in the middle of what was built
    Load(13, {"titles": (movie(3, "X", ""), movie(6, "A", "")), "cast": (("Eve", "3"),)}),  # no rating any more
    Decision(15, "cast", "rejected"),
    Part(("+silver_titles",), then_all=False),
    Decision(4, "titles", "released"),
    Part(("+silver_title_history",)),
    Load(14, {"titles": (CUT[0],), "cast": (("Cy", "3"),)}),  # nothing is kept: held
    Decision(1, "titles", "rejected"),  # the first of all
    Decision(16, "titles", "released"),
    Decision(16, "titles", "rejected"),
]


SHORT: list[list[Step]] = [
    [Load(4, {"titles": (movie(1), movie(2), movie(3), *CUT), **CHILDREN})],
    [
        # 3 is twice, of which the later is kept; 2 and 5, a country and part of the cast are gone
        Load(
            8,
            {
                "titles": (movie(1), movie(3), movie(3, "Z")),
                "cast": (("Ana", "1"),),
                "countries": (("Bo", "1"), ("Di", "3")),
            },
        )
    ],
    [
        Load(9, {"titles": (movie(1, "Q"), CONFLICT)}),  # refused
        # a backfill before all: 2 is another there, and 4 is still there
        Load(2, {"titles": (movie(1), movie(2, "B"), movie(4)), "cast": (("Cy", "4"),), "directors": (("Bo", "4"),)}),
    ],
    [
        # a backfill in between, the newest by number: 1 has changed for a while, 5 is cut off
        Load(6, {"titles": (movie(1, "C"), movie(2), movie(3), CUT[0]), "directors": (("Ana", "1"),)}),
        Load(10, {"titles": (movie(1, "Wrong"),), "cast": (("Wrong", "1"),), "category": (("Wrong", "1"),)}),
    ],
    # the last ones are taken back, and of what follows no title has a rating any more
    [
        *(Decision(6, file, "rejected") for file in ("titles", "cast", "category")),
        Load(11, {"titles": (movie(1, "D", ""), movie(3, "Z", ""))}),
    ],
]
"""Loads and decisions, and after which of them a build comes."""
NEWEST = {
    "cast": ("dim_person", "person", {(1, "Ana")}),
    "director": ("dim_person", "person", {(1, "Ana")}),
    "genre": ("dim_genre", "genre", {(1, "Ana"), (1, "Bo")}),
    "country": ("dim_country", "country", {(1, "Bo"), (3, "Di")}),
}
"""Of each bridge what the newest version of its file, by the time of its commit, says of the titles that are there."""


def counted(number: int, title: str, rating: str = "R", cast: str = "Ana", day: str = "September 9, 2019") -> Record:
    """A record of an edition that counts its titles."""
    return (f"s{number}", "Movie", title, "Bo", cast, "Spain", day, "2018", rating, "90 min", "Dramas", "Text.")


AGAIN = " August 8, 2018"  # of two titles with one name this one was added first
EDITIONS: list[list[Step]] = [
    [Load(4, {"edition": (counted(1, "A"), counted(2, "B"), counted(3, "C"), counted(4, "C", day=AGAIN))})],
    # renumbered in another order: A is PG, D is new, and the rest is as it was
    [
        Load(
            8,
            {
                "edition": (
                    *(counted(1, "D", cast="Ana, Cy,, Ana"), counted(2, "C", day=AGAIN), counted(3, "C")),
                    *(counted(4, "B"), counted(5, "A", "PG")),
                )
            },
        ),
        Load(10, {"edition": (counted(1, "A"), FIELDS["edition"])}),  # refused
        Load(2, {"edition": (counted(1, "E"), counted(2, "A", "TV-MA"))}),  # backfills before all, and in between
        Load(6, {"edition": (counted(1, "A"), counted(2, "a!", "G", day="May 1, 2020"), counted(3, "C", day=AGAIN))}),
        Load(9, {"edition": (counted(1, "Wrong"),)}),
    ],
    # The other layout takes the place of the edition, wherever it stands in time, until it is taken back.
    [Load(5, {"titles": (movie(1), movie(2)), "cast": (("Eve", "1"),)})],
    [Decision(7, "titles", "rejected"), Decision(7, "cast", "rejected"), Decision(6, "edition", "rejected")],
]
OF_TITLES = [
    f"{layer}{feed}{records}"
    for feed in ("titles", "cast", "kaggle_titles")
    for layer, records in (("bronze_", ""), ("silver_", "_records"), ("silver_", ""))
]


@pytest.fixture(scope="module")
def catalogue_lake(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """Make a lake in which nothing of the catalogue is yet."""
    return lambda name: templates.without(tmp_path_factory.mktemp(name), *EMPTY)


def test_building_after_each_load_equals_building_once(catalogue_lake: Callable[[str], Lake]) -> None:
    """And the history of the titles and what belongs to them now is what their versions tell."""
    loads = [load for group in SHORT for load in group]
    built = build_both_ways(catalogue_lake, grouped(SHORT), *CATALOGUE)
    assert history_of(built) == expected_history(loads)
    titles = built.read("gold/dim_title").select("title_key", "show_id").unique()
    for bridge, (dimension, member, expected) in NEWEST.items():
        names = built.read(f"gold/{dimension}").select(f"{member}_key", f"{member}_name")
        rows = built.read(f"gold/bridge_title_{bridge}").join(titles, on="title_key").join(names, on=f"{member}_key")
        assert sorted(rows.select("show_id", f"{member}_name").rows()) == sorted(expected), bridge


def test_editions_that_renumber_their_titles_make_one_history(
    templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In whichever order they are loaded, and with the other layout before and after them."""

    def new_lake(name: str) -> Lake:
        others = ("categories", "countries", "directors", *EMPTY[:-1])
        return templates.without(tmp_path_factory.mktemp(name), *others)

    def state(lake: Lake) -> tuple[list[str], list[str], int]:
        titles, cast = lake.read("silver/silver_titles"), lake.read("silver/silver_cast")
        return sorted(titles["title"]), sorted(cast["person_name"]), lake.read("silver/silver_kaggle_titles").height

    def check(last: Callable[[Lake], object], lake: Lake) -> None:
        if "silver/silver_titles" in lake.tables():
            assert state(lake) == (["A", "A"], ["Eve"], 0)
        last(lake)

    *loads, last = grouped(EDITIONS)
    built = build_both_ways(
        new_lake,
        [*loads, partial(check, last)],
        "--select",
        "silver_version_decisions",
        *OF_TITLES,
        "silver_title_history",
    )
    assert state(built) == (["A", "B", "C", "C", "D"], ["Ana", "Ana", "Ana", "Ana", "Ana", "Cy"], 5)
    titles = built.read("silver/silver_title_history").filter(pl.col("show_id").is_not_null())
    days = {FIRST_DAY + timedelta(days=day): day for day in range(13)} | {None: None}
    rows = [
        (title, added.isoformat()[:4], rating, days[since], days[until])
        for title, added, rating, since, until in titles.select(
            "title", "date_added", "rating", "valid_from", "valid_to"
        ).iter_rows()
    ]
    assert sorted(rows, key=str) == sorted(
        [
            *(("E", "2019", "R", 2, 4), ("A", "2019", "TV-MA", 2, 4), ("A", "2019", "R", 4, 8)),
            *(("A", "2019", "PG", 8, None), ("a!", "2020", "G", 6, 8)),
            *(("B", "2019", "R", 4, 6), ("B", "2019", "R", 8, None)),
            *(("C", "2018", "R", 4, None), ("C", "2019", "R", 4, 6), ("C", "2019", "R", 8, None)),
            ("D", "2019", "R", 8, None),
        ],
        key=str,
    )  # fmt: skip


@pytest.mark.histories
@some_histories
@given(history=histories)
@example(history=WRITTEN_OUT)
def test_any_history_built_after_each_load_equals_building_once(
    catalogue_lake: Callable[[str], Lake], history: list[Step]
) -> None:
    note("\n".join(map(str, history)))
    built = build_both_ways(catalogue_lake, grouped(builds_between(history)), *CATALOGUE)
    assert history_of(built) == expected_history(history)


@pytest.mark.histories
def test_weeks_of_the_sample(new_lake: Callable[[str], Lake], make_sample: Callable[..., Path]) -> None:
    def load(week: int) -> Callable[[Lake], object]:
        folder = make_sample(week, titles=200)
        return lambda lake: lake.ingest("--from", str(folder))

    built = build_both_ways(new_lake, [load(week) for week in range(1, WEEKS + 1)], *WITHOUT_MARTS)
    changes = built.read("gold/fct_catalogue_change").filter(~pl.col("is_first_state"))
    assert set(changes["change_type"]) == {"added", "changed", "removed"}
    assert built.read("gold/dim_title")["valid_from"].n_unique() == WEEKS + 1


def numbered(history: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Each load with its number, from 1, and each decision with its place."""
    loads, places = count(1), count(1)
    for step in history:
        yield step, next(loads if isinstance(step, Load) else places)


def builds_between(history: list[Step]) -> list[list[Step]]:
    """The steps in groups, after each of which all models are built: not between a load and the build of a part."""
    groups: list[list[Step]] = [history[:1], []]
    for step, following in zip(history[1:], [*history[2:], None], strict=True):
        groups[-1].append(step)
        if step.then_all if isinstance(step, Part) else not isinstance(following, Part):
            groups.append([])
    return [group for group in groups if group]


def grouped(history: list[list[Step]]) -> list[Callable[[Lake], object]]:
    """The loads and decisions of each group as one."""
    steps = numbered(step for group in history for step in group)

    def take(group: list[tuple[Step, int]], lake: Lake) -> None:
        for step, number in group:
            if isinstance(step, Load):
                write(step, number, lake)
            elif isinstance(step, Part):
                if "silver/silver_titles" in lake.tables():  # the other lake is built once, at the end
                    step.build(lake)
            else:
                decide(step, number, lake)

    return [partial(take, [next(steps) for _ in group]) for group in history]


def build_both_ways(new_lake: Callable[[str], Lake], loads: list[Callable[[Lake], object]], *selection: str) -> Lake:
    """Build after each load and, in another lake, once after all; fails where the two differ. Returns the second."""
    step, built = new_lake("step"), new_lake("built")
    for load in loads:
        load(step)
        step.build(*selection)
        load(built)
    built.build(*selection)
    assert step.tables() == built.tables()
    assert_same_rows(step, built)
    return built


def assert_same_rows(lake: Lake, built: Lake) -> None:
    """Every silver and gold table of `built` has the same rows in the other lake."""
    for name in built.tables("silver", "gold"):
        if name != OF_RUNS:
            try:
                assert_frame_equal(every_column(lake, name), every_column(built, name))
            except AssertionError as error:
                raise AssertionError(name) from error


def every_column(lake: Lake, name: str) -> pl.DataFrame:
    frame = lake.read(name).drop(ABOUT_THE_RUN, strict=False)
    return frame.sort(frame.columns)


History = list[tuple[int, str, str | None, datetime, datetime | None]]
"""Rows of title number, title, rating, valid_from and valid_to."""
Title = tuple[str, str | None, str | None]
Titles = dict[int, Title]
"""Title number -> title, rating and whatever else can differ."""


def history_of(lake: Lake) -> History:
    rows = lake.read("gold/dim_title").filter(pl.col("title_key") != -1)
    return sorted(rows.select("show_id", "title", "rating", "valid_from", "valid_to").rows(), key=str)


def expected_history(history: list[Step]) -> History:
    """The same, worked out version by version in the order of their commits."""
    said = {(step.number, step.file): step.status for step in history if isinstance(step, Decision)}
    accepted: dict[str, list[tuple[datetime, int, Titles]]] = {"titles": [], "more titles": []}
    for load, number in numbered(history):
        for file, versions in accepted.items():
            if not isinstance(load, Load) or CONFLICT in (records := load.files.get(file, ())):
                continue
            state = said.get((number, file))
            if not records or state in ("held", "rejected"):
                continue
            if (titles := kept(records)) or state == "released":  # nothing kept: held
                versions.append((load.committed_at, number, titles))
    states: dict[datetime, dict[str, Titles]] = {}
    for file, versions in accepted.items():
        versions.sort(key=lambda version: version[:2])
        for place, (at, _, titles) in enumerate(versions):
            states.setdefault(at, {})[file] = filled(titles, [before for _, _, before in reversed(versions[:place])])
    rows: History = []
    held: Titles = {}
    since: dict[int, datetime] = {}
    current: dict[str, Titles] = {}  # the file that was committed last comes last
    for at, files in sorted(states.items()):
        for file in sorted(files, reverse=True, key=lambda file: PATHS[file]):
            current.pop(file, None)
            current[file] = files[file]
        now = {number: title for titles in current.values() for number, title in titles.items()}
        for number in [n for n in held if now.get(n) != held[n]]:
            title, rating, _ = held.pop(number)
            rows.append((number, title, rating, since.pop(number), at))
        for number in now.keys() - held.keys():
            held[number], since[number] = now[number], at
    rows += [(number, *held[number][:2], since[number], None) for number in held]
    return sorted(rows, key=str)


def filled(titles: Titles, before: list[Titles]) -> Titles:
    """With what was known of a value that no title has any more, in the newest of the versions before that has some."""
    columns = list(zip(*titles.values(), strict=True))
    for place, values in enumerate(columns):
        if not any(values):
            known = next((version for version in before if any(title[place] for title in version.values())), {})
            columns[place] = tuple(known[number][place] if number in known else None for number in titles)
    return {number: cast("Title", title) for number, title in zip(titles, zip(*columns, strict=True), strict=True)}


def kept(records: tuple[Record, ...]) -> Titles:
    """The titles of the records that silver keeps."""
    found: Titles = {}
    for place, record in enumerate(records):
        if record == CUT[0] and records[place + 1 : place + 2] == CUT[1:]:
            found[5] = ("A story of a Fortress", "R", None)
        title = record[3].strip().replace("e\u0301", "\u00e9")
        if record[2] == "Movie" and title and record[8] and record[4] != "9/9/2919":
            found[int(record[8])] = (title, record[6] or None, "9/9/2019" if record[4] == "9/9/2019" else None)
    return found
