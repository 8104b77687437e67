"""The genres and directors of titles as they were at any time, and the changes of the catalogue that come of it.

What is expected is worked out from the files' versions alone, moment by moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count

import polars as pl
import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from tests.python.models.test_incremental_equals_full import CONFLICT, assert_same_rows, movie, some_histories
from tests.support.lake import Lake
from tests.support.raw_versions import FIELDS, PATHS, Decision, Load, Record, decide, write
from tests.support.templates import Templates, tables_of

OTHERS = ("cast", "countries", "top10_global", "top10_countries", "top10_most_popular", "engagement")
SELECTION = (
    "--select",
    "silver_version_decisions",
    *tables_of("titles", "categories", "directors", "kaggle_titles"),
    *("silver_title_history", "silver_category_history", "silver_director_history"),
    *("dim_title", "fct_catalogue_change"),
)
HISTORIES = {
    "genres": ("silver_categories", "silver_category_history", "genre_name"),
    "directors": ("silver_directors", "silver_director_history", "person_name"),
}
FILES = {"genres": ("category", "more category"), "directors": ("directors",)}
EDITIONS = ("edition", "more edition")

Step = Load | Decision


def record(number: int, title: str, directors: str, genres: str) -> Record:
    """A record of an edition that has numbers of its own."""
    return (str(number), "Movie", title, directors, "", "", "May 1, 2018", "2018", "R", "90 min", genres, "Text.")


WRITTEN_OUT: list[list[Step]] = [
    # The genres come a day after the titles, the directors with them; 9 is in no file of titles.
    [
        Load(2, {"titles": (movie(1), movie(2)), "directors": (("Ana", "1"), ("Bo", "1"), ("Bo", "x"))}),
        Load(3, {"category": (("Dramas", "1"), ("Cult,", "1"), ("Cult", "1"), ("N/A", "2"), ("Dramas", "9"))}),
    ],
    [
        # 1 changes with its genres, and 2 gets a first one; 3 comes with a director, who does not change it
        Load(
            5,
            {
                "titles": (movie(1, "B"), movie(2), movie(3)),
                "category": (("Dramas", "1"), ("Horror", "2"), ("Dramas", "9")),
                "directors": (("ana", "1"), ("Bo", "1"), ("Cy", "3")),
            },
        ),
        Load(6, {"category": (("Dramas", "1"), ("Horror", "2"), ("Horror", "3"))}),
    ],
    [
        # backfills before all and in between: 1 was not Dramas for a day
        Load(1, {"category": (("Cult", "1"),), "directors": (("Ana", "1"), ("Ana", "2"))}),
        Load(4, {"titles": (movie(1), movie(2), movie(3)), "category": (("Cult", "1"),)}),
        # a second file of genres has one of the first, another one of 2, and the first one of 8, which comes later
        Load(7, {"more category": (("Dramas", "1"), ("Action", "2"), ("Action", "8"))}),
        Load(8, {"titles": (movie(1, "B"), movie(3), movie(8)), "category": (("Horror", "3"), CONFLICT[:2])}),
    ],
    [
        Decision(3, "category", "rejected"),
        # 2 is gone from the 8th to the 10th; its genre goes on the 9th
        Load(9, {"more category": (("Action", "1"),), "directors": (("Bo", "1"), ("", "2"))}),
        Load(10, {"titles": (movie(1, "B"), movie(2), movie(3))}),
        Decision(5, "directors", "held"),
        # Two files of an edition that does not stand yet have 11; in the second no title has a genre from the 13th on
        Load(11, {"edition": (record(11, "A", "Ana, ANA,, Ana", "Dramas, Cult"), record(12, "B", "Cy", "N/A"))}),
        Load(12, {"more edition": (record(11, "A", "", "Dramas"), record(13, "C", "Di", "Action, Cult"))}),
        Load(13, {"more edition": (record(13, "C", "Di, Ed", ""), record(14, "D", "", ""))}),
    ],
    [
        *(Decision(number, "titles", "rejected") for number in (1, 3, 6, 8, 10)),
        Load(14, {"edition": (record(11, "A", "Ana", "Cult"), record(12, "B", "Cy", "Dramas, N/A, Dramas,"))}),
        Load(15, {"edition": (record(11, "Q", "Q", "Q"), FIELDS["edition"])}),  # refused
    ],
    [
        Load(10, {"more edition": (record(12, "B", "Cy", "Horror"),)}),  # a backfill
        Decision(14, "edition", "rejected"),
        Load(16, {"category": (("Dramas", "1"),)}),
        Load(17, {"edition": (record(11, "A", "Ana", ""), record(12, "B", "Cy", ""))}),  # the genres stay as they were
    ],
    [Decision(10, "titles", "released")],
]

names = st.lists(
    st.tuples(st.sampled_from(["Ana", "ANA", "Bo", "Bo,", "", "N/A"]), st.sampled_from(["1", "2", "3", "x"])),
    min_size=1,
    max_size=5,
).map(tuple)
titles = st.lists(st.builds(movie, st.integers(1, 3), st.sampled_from("AB")), min_size=1, max_size=4).map(tuple)
some = st.sampled_from(["Ana", "Ana, Bo", "Bo,, Ana, Bo", "ANA", "", "N/A", "N/A, Bo,"])
editions = st.lists(
    st.builds(record, st.integers(11, 13), st.sampled_from("AB"), some, some),
    min_size=1,
    max_size=3,
    unique_by=lambda record: record[0],
).map(tuple)
of_files = {"titles": titles, "more titles": titles, "category": names, "more category": names, "directors": names}
loads = st.builds(
    Load,
    st.integers(0, 9),
    st.fixed_dictionaries({}, optional=of_files | dict.fromkeys(EDITIONS, editions)).filter(bool),
)
decisions = st.builds(
    Decision, st.integers(1, 8), st.sampled_from([*of_files, *EDITIONS]), st.sampled_from(["rejected", "released"])
)
STEPS = [step for group in WRITTEN_OUT for step in group]
histories = st.lists(st.one_of(loads, loads, decisions).map(lambda step: [step]), min_size=2, max_size=8)


@dataclass(frozen=True)
class Version:
    """What a version of a file keeps: the titles with their contents, and their names by kind."""

    at: datetime
    number: int
    titles: Mapping[int, str]
    names: Mapping[str, frozenset[tuple[int, str]]]


def test_the_names_that_stand_and_their_history_are_those_of_the_files(
    new_lakes: Callable[[str], Lake],
) -> None:
    check(WRITTEN_OUT, new_lakes)


@pytest.mark.histories
@some_histories
@given(history=histories)
@example(history=[STEPS[:-8], *([step] for step in STEPS[-8:-4]), STEPS[-4:]])
def test_any_history_of_names_is_that_of_the_files(new_lakes: Callable[[str], Lake], history: list[list[Step]]) -> None:
    note("\n".join(map(str, history)))
    check(history, new_lakes)


@pytest.fixture(scope="module")
def new_lakes(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """Make a lake in which nothing of the catalogue is yet."""
    return lambda name: templates.without(tmp_path_factory.mktemp(name), *OTHERS)


def check(history: list[list[Step]], new_lake: Callable[[str], Lake]) -> None:
    """Build after each group of steps and once after all: always what the files say, and in both lakes the same."""
    step, once = new_lake("step"), new_lake("once")
    numbers, places = count(1), count(1)
    taken: list[tuple[Step, int]] = []
    for group in history:
        for each in group:
            taken.append((each, next(numbers if isinstance(each, Load) else places)))
            for lake in (step, once):
                take(*taken[-1], lake)
        step.build(*SELECTION)
        compare(step, taken)
    once.build(*SELECTION)
    assert_same_rows(step, once)


def take(step: Step, number: int, lake: Lake) -> None:
    if isinstance(step, Load):
        write(step, number, lake)
    else:
        decide(step, number, lake)


def compare(lake: Lake, taken: list[tuple[Step, int]]) -> None:
    versions = accepted(taken)
    states = list(states_of(versions))
    for kind, (current, history, name) in HISTORIES.items():
        found = lake.read(f"silver/{history}").filter(pl.col("show_id").is_not_null())
        assert sorted(found.select("show_id", name, "valid_from", "valid_to").rows(), key=str) == spans(states, kind)
        now = found.filter(pl.col("valid_to").is_null())
        columns = [column for column in ("show_id", "person_key", name) if column in now.columns]
        assert sorted(now.select(columns).rows()) == sorted(lake.read(f"silver/{current}").select(columns).rows())
        assert sorted(now.select("show_id", name).rows()) == sorted(states[-1].names[kind] if states else [])
    titles = lake.read("gold/dim_title").filter(pl.col("title_key") != -1)
    held = {
        key: (number, since, until)
        for key, number, since, until in titles.select("title_version_key", "show_id", "valid_from", "valid_to").rows()
    }
    rows = []
    for after, before, kind, fields, at in (
        lake.read("gold/fct_catalogue_change")
        .select("title_version_key", "previous_title_version_key", "change_type", "changed_fields", "changed_at")
        .rows()
    ):
        number, since, until = held[after]
        if kind == "removed":
            assert (before, until) == (after, at)
        else:
            assert since <= at and (until is None or at < until)
            assert (before is None) == (kind == "added")
        if kind == "changed":
            assert held[before][0] == number and held[before][1] < at <= (held[before][2] or at)
        rows.append((number, at, kind, fields))
    assert sorted(rows, key=str) == sorted(changes(states), key=str)


def accepted(taken: list[tuple[Step, int]]) -> dict[str, list[Version]]:
    """The accepted versions of each file, in the order of their commits."""
    said = {(step.number, step.file): step.status for step, _ in taken if isinstance(step, Decision)}
    found: dict[str, list[Version]] = {}
    for load, number in taken:
        if not isinstance(load, Load):
            continue
        for file, records in load.files.items():
            state = said.get((number, file))
            if state in ("held", "rejected") or any(r[0] in ("show_id", CONFLICT[0]) for r in records):
                continue
            version = read(file.removeprefix("more "), load.committed_at, number, records)
            if version.titles or any(version.names.values()) or state == "released":  # nothing kept: held
                found.setdefault(file, []).append(version)
    for file, versions in found.items():
        versions.sort(key=lambda version: (version.at, version.number))
        if file in EDITIONS:
            found[file] = [filled(place, versions) for place in range(len(versions))]
    return found


def read(file: str, at: datetime, number: int, records: tuple[Record, ...]) -> Version:
    if file == "titles":
        return Version(at, number, {int(record[8]): record[3] for record in records}, {})
    if file == "edition":
        of_record = {"genres": 10, "directors": 3}
        return Version(
            *(at, number, {int(record[0]): record[2] for record in records}),
            {
                kind: frozenset((int(r[0]), name) for r in records for name in map(clean, r[place].split(",")) if name)
                for kind, place in of_record.items()
            },
        )
    [kind] = (kind for kind, files in FILES.items() if file in files)
    names = frozenset((int(n), clean(name)) for name, n in records if n.isdigit() and clean(name))
    return Version(at, number, {}, {kind: names})


def clean(name: str) -> str:
    return "" if name.strip() == "N/A" else name.strip(" ,")


def filled(place: int, versions: list[Version]) -> Version:
    """A version of an edition; for names that none of its titles has, those in the newest one before that has some."""
    version = versions[place]
    names = dict(version.names)
    for kind, found in version.names.items():
        if not found:
            known = next((v.names[kind] for v in versions[:place][::-1] if v.names[kind]), frozenset())
            names[kind] = frozenset((number, name) for number, name in known if number in version.titles)
    return Version(version.at, version.number, version.titles, names)


@dataclass(frozen=True)
class State:
    """The catalogue from a moment on: its titles, and their names, with whether a file's first version brings these."""

    at: datetime
    titles: dict[int, str]
    names: dict[str, dict[tuple[int, str], bool]]


def states_of(versions: dict[str, list[Version]]) -> Iterator[State]:
    layout = ("titles", "more titles")
    if not any(file in versions for file in layout):
        layout = EDITIONS
    of_kinds = {kind: (*files, *(EDITIONS if layout == EDITIONS else ())) for kind, files in FILES.items()}
    counting = {*layout, *(file for files in of_kinds.values() for file in files)}
    for at in sorted({v.at for file in counting for v in versions.get(file, [])}):
        # of each file the last version, and of these the one that was committed last at the end
        now = [
            (file, [v for v in versions[file] if v.at <= at][-1])
            for file in counting & versions.keys()
            if versions[file][0].at <= at
        ]
        now.sort(key=lambda each: PATHS[each[0]], reverse=True)
        now.sort(key=lambda each: each[1].at)
        titles = {n: (file, title) for file, v in now if file in layout for n, title in v.titles.items()}
        names = {
            kind: {
                each: version.at == versions[file][0].at == at
                for file, version in now
                if file in files
                for each in version.names[kind]
                if file not in EDITIONS or titles[each[0]][0] == file
            }
            for kind, files in of_kinds.items()
        }
        yield State(at, {number: title for number, (_, title) in titles.items()}, names)


def spans(states: list[State], kind: str) -> list[tuple[object, ...]]:
    """Rows of title, name, valid_from and valid_to."""
    rows: list[tuple[object, ...]] = []
    since: dict[tuple[int, str], datetime] = {}
    for state in states:
        rows += [(*each, since.pop(each), state.at) for each in since.keys() - state.names[kind].keys()]
        since |= dict.fromkeys(state.names[kind].keys() - since.keys(), state.at)
    return sorted([*rows, *((*each, at, None) for each, at in since.items())], key=str)


def changes(states: list[State]) -> Iterator[tuple[object, ...]]:
    """Rows of title, time, type and fields."""
    titles: dict[int, str] = {}
    had: dict[str, dict[tuple[int, str], bool]] = {kind: {} for kind in FILES}
    known: dict[str, set[int]] = {kind: set() for kind in FILES}
    for state in states:
        for number in titles.keys() | state.titles.keys():
            if number not in titles:
                yield (number, state.at, "added", None)
                continue
            if number not in state.titles:
                yield (number, state.at, "removed", None)
                continue
            fields = ["title"] if titles[number] != state.titles[number] else []
            for kind, names in state.names.items():
                before, after = ({name for n, name in of if n == number} for of in (had[kind], names))
                news = [names[number, name] for name in after - before]
                if before != after and (number in known[kind] or not all(news)):
                    fields.append(kind)
            if fields:
                yield (number, state.at, "changed", ", ".join(fields))
        titles, had = state.titles, state.names
        for kind, names in state.names.items():
            known[kind] |= {number for number, _ in names}
