"""Versions that are wrong as a whole leave silver and gold as they were, and what a person decides changes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest

from tests.python.ingest.test_held import (
    CATALOGUE,
    COUNTRIES,
    FOLDER,
    LIST,
    LISTS,
    POPULAR,
    WEEKS,
    WRONG,
    Rows,
    later,
    set_column,
    thousand,
    written,
)
from tests.python.models.test_columns_that_go import Version, of, write
from tests.support.lake import OF_RUNS, Lake, needs_real_data

ABOUT_VERSIONS = {"gold/source_files", "gold/reconciliation", "silver/silver_version_decisions", OF_RUNS}
SELECTION = ("--exclude", "path:models/gold/marts")


def load(lake: Lake, source: str, files: dict[str, bytes]) -> int:
    """Ingest a local copy with these files; returns the exit code."""
    folder = lake.work / "local" / source
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return lake.ingest("--from", str(folder.parent), "--source", source, check=False).returncode


def tables(lake: Lake) -> dict[str, pl.DataFrame]:
    """The rows of silver and gold, but for the tables that list versions and every record of each."""
    lake.build(*SELECTION)
    names = [name for name in lake.tables("silver", "gold") if not name.endswith(("_records", "_file_versions"))]
    rows = {name: lake.rows(name) for name in names if name not in ABOUT_VERSIONS}
    history = rows["silver/silver_title_history"]  # which lists the versions too
    return rows | {"silver/silver_title_history": history.filter(pl.col("show_id").is_not_null())}


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    return [name for name in one | other if not one[name].equals(other[name])]


def test_wrong_wholes_change_nothing_until_somebody_says_so(new_lake: Callable[[str], Lake]) -> None:
    lake = new_lake("wholes")
    good = {"catalogue": CATALOGUE, "top10": LISTS}
    assert [load(lake, source, files) for source, files in good.items()] == [0, 0]
    before = tables(lake)
    for kind, ((source, name, content), _) in [*WRONG.items(), ("cut to a third", WRONG["cut to a third"])]:
        assert load(lake, source, good[source] | {name: content}) == 1, kind
    # Places of this list change hands, all but one, so that ingest does not mind; a rule about the version does.
    hours = POPULAR[:2] + set_column(POPULAR, "hours_viewed_first_91_days", thousand)[2:]
    assert load(lake, "top10", LISTS | {"most-popular.tsv": written(hours, "\t")}) == 0
    assert differing(before, tables(lake)) == []
    states = dict(lake.read("gold/source_files")["state"].value_counts().iter_rows())
    assert states["held"] == len(WRONG) + 2  # between them, the good versions are taken again

    (_, name, content), _ = WRONG["cut to a third"]
    versions = lake.read("raw/_files").filter(pl.col("_file_path") == FOLDER["catalogue"] + name)["_file_version"]
    version = "--version", str(versions.max())
    lake.ingest("release", name, *version, "--why", "the catalogue has shrunk")
    lake.build("--select", "+silver_titles", "+fct_catalogue_change")
    whole = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if len(row) == 9]
    assert sorted(lake.read("silver/silver_titles")["show_id"]) == sorted(int(row[8]) for row in whole[1:])
    changes = lake.read("gold/fct_catalogue_change")["change_type"].value_counts()
    removed = len(CATALOGUE[name].splitlines()) - len(whole)
    assert dict(changes.iter_rows())["removed"] == removed

    lake.ingest("reject", name, *version, "--why", "it has not")
    assert differing(before, tables(lake)) == []
    (row,) = lake.read("gold/source_files").filter(pl.col("state") == "rejected").to_dicts()
    assert (row["_file_version"], row["reason"]) == (versions.max(), "it has not")
    assert load(lake, "catalogue", CATALOGUE | {name: content}) == 0  # the same bytes are not taken again
    assert (
        lake.read("gold/source_files").height == lake.read("raw/_files").filter(pl.col("decided_by").is_null()).height
    )
    lake.build("--select", "+dim_title")
    assert lake.rows("gold/dim_title").equals(before["gold/dim_title"])


def measured(hours: float, views: float) -> Rows:
    """The most popular shows, each of which runs for two hours, with these factors in their hours and views but the
    first one's."""

    def with_views(row: list[str], hours: float = hours, views: float = views) -> list[str]:
        return [*row[:3], f"{int(row[3]) * hours:.0f}", "2", f"{int(row[3]) * views:.0f}"]

    header = [*POPULAR[0], "runtime", "views_first_91_days"]
    return [header, with_views(POPULAR[1], 1, 0.5), *map(with_views, POPULAR[2:])]


# Wrong versions of a file, one after the other, with the rule that each violates. Ingest takes them: of the worldwide
# list all keys may be others at once, and of the most popular shows all but one may, and there may be more of them.
MONDAY, SUNDAY = ((date.fromisoformat(WEEKS[-1]) + timedelta(days=days)).isoformat() for days in (8, 14))
ON_MONDAY = LIST + [[MONDAY, *row[1:]] for row in LIST[-20:]]
NEVER: dict[str, list[tuple[Rows, str]]] = {
    "all-weeks-global.tsv": [
        (set_column(LIST, "show_title", lambda show: show.replace("Show 1", "SÃ©rie 1")), "letters_are_decoded"),
        (ON_MONDAY, "sundays"),
        (
            ON_MONDAY + [[SUNDAY, row[1], str(int(row[2]) - 1), *row[3:]] for row in LIST[-20:]],
            "places_are_counted_from_1",
        ),
        (set_column(LIST, "week", lambda day: (date.fromisoformat(day) + timedelta(days=1)).isoformat()), "sundays"),
        (set_column(LIST, "week", lambda day: f"19{day[2:]}"), "something_is_kept"),
        (set_column(LIST, "category", lambda name: f"Top {name}"), "lists_are_known"),
    ],
    "most-popular.tsv": [
        (measured(1e-6, 0.5), "views_are_hours_by_length"),
        (measured(0.5, 1), "views_are_hours_by_length"),
        (
            measured(1, 0.5) + [[row[0], "0", *row[2:]] for row in measured(1, 0.5)[1::10]],
            "places_are_counted_from_1",
        ),
    ],
}


def test_lists_that_no_list_can_be_are_held(new_lake: Callable[[str], Lake]) -> None:
    lake = new_lake("never")
    good = LISTS | {"most-popular.tsv": written(measured(1, 0.5), "\t")}
    models = ["silver_top10_global", "silver_top10_most_popular"]
    selection = "--select", "+silver_file_versions", *models
    assert [load(lake, "catalogue", CATALOGUE), load(lake, "top10", good)] == [0, 0]
    lake.dbt("run", *selection)
    before = [lake.rows(f"silver/{name}") for name in models]
    files = dict(good)
    for name, versions in NEVER.items():
        for rows, _ in versions:
            files[name] = written(rows, "\t")
            assert load(lake, "top10", files) == 0
    lake.dbt("run", *selection)
    found = lake.read("silver/silver_file_versions").filter(pl.col("_file_path").is_in(list(NEVER)))
    for name, versions in NEVER.items():
        held = found.filter((pl.col("_file_path") == name) & (pl.col("state") == "held")).sort("_file_version")
        assert [rule in reason for (_, rule), reason in zip(versions, held["reason"], strict=True)] == [True] * len(
            versions
        ), held
    assert [lake.rows(f"silver/{name}").equals(rows) for name, rows in zip(models, before, strict=True)] == [True, True]


def test_a_report_in_another_unit_is_held_and_a_copy_of_one_is_told(new_lake: Callable[[str], Lake]) -> None:
    """Each is the first version of its file, so that ingest has nothing to compare it with."""
    lake = new_lake("reports")
    for number, (half, title, hours) in enumerate([("2024Jan-Jun", "A", 2), ("2024Jul-Dec", "B", 2000)], start=1):
        records = [
            f"{'Film' if n > 1 else 'TV'}|{title} {n}|2:00|{n * 10**6 * hours // 2}|{n * 10**6 // 2}"
            for n in range(1, 31)
        ]
        report = of("_sheet Title Runtime Hours_Viewed Views", *records)
        write(report, 1, number, lake, "engagement", f"What_We_Watched_{half}.xlsx")
        if hours == 2:
            write(report, 1, 3, lake, "engagement", "What_We_Watched_2025Jan-Jun.xlsx")
    lake.build("--select", "+silver_engagement")
    assert set(lake.read("silver/silver_engagement")["half_year"]) == {"2024H1", "2025H1"}
    done = lake.dbt("test", "--select", "no_two_reports_are_one")
    assert done.nodes["no_two_reports_are_one"] == ("warn", "Got 1 result, configured to warn if != 0")


@pytest.mark.parametrize(
    ("second", "rows", "told"),
    [
        ("What_We_Watched_2024Jan-Jun_again.xlsx", slice(0, 30), True),
        ("What_We_Watched_2024Jul-Dec.xlsx", slice(1, 30), True),
        ("What_We_Watched_2024Jul-Dec.xlsx", slice(5, 30), False),
    ],
    ids=["the same half-year", "another one and a title less", "other titles"],
)
def test_two_reports_that_are_one_are_told(
    new_lake: Callable[[str], Lake], second: str, rows: slice, told: bool
) -> None:
    lake = new_lake("two reports")
    titles = [f"{'Film' if n % 2 else 'TV'}|A {n}|2:00|{n * 10**6}|{n * 10**6 // 2}" for n in range(1, 31)]
    others = titles if told else [row.replace("|A ", "|B ") for row in titles]
    header = "_sheet Title Runtime Hours_Viewed Views"
    write(of(header, *titles), 1, 1, lake, "engagement", "What_We_Watched_2024Jan-Jun.xlsx")
    write(of(header, *others[rows]), 1, 2, lake, "engagement", second)
    lake.build("--select", "+silver_engagement")
    done = lake.dbt("test", "--select", "no_two_reports_are_one")
    assert (done.nodes["no_two_reports_are_one"][0] == "warn") == told


def named(header: str, rows: Rows) -> Version:
    """Rows under these names of columns."""
    names = tuple(header.split())
    return Version(names, [dict(zip(names, row, strict=True)) for row in rows])


def world(*hours: int, seasons: int = 0, without: int = 0) -> Version:
    """The worldwide list, of whose last places so many have these hours, are films with a season, or are missing."""
    rows = [[*row, ""] for row in LIST[1 : len(LIST) - without]]
    for row, viewed in zip(rows[::-1], hours, strict=False):
        row[4] = str(viewed)
    for row in [row for row in rows if row[1].startswith("Films")][: -seasons - 1 : -1]:
        row[5] = f"{row[3]}: Season 1"
    return named("week category weekly_rank show_title weekly_hours_viewed season_title", rows)


def lists(change: Callable[[Rows], Rows] = lambda rows: rows, country: str = "") -> Version:
    """The worldwide list, or that of a country, with the weeks of each show, as ``change`` makes its newest week."""
    seen: dict[str, int] = {}
    rows = []
    for week, category, rank, show, hours in LIST[1:]:
        show = f"{show} of {category}"
        seen[show] = seen.get(show, 0) + 1
        rows.append([week, category, rank, show, "" if country else hours, "", str(seen[show])])
    header = "week category weekly_rank show_title weekly_hours_viewed season_title cumulative_weeks_in_top_10"
    rows = [*rows[:-20], *change([list(row) for row in rows[-20:]])]
    if country:
        header, rows = f"{header} country_iso2", [[*row, country] for row in rows]
    return named(header, rows)


def newest(at: int, change: Callable[[str], str], count: int = 20) -> Callable[[Rows], Rows]:
    """So many places of the newest week with another value in a column."""
    return lambda rows: [
        [*row[:at], change(row[at]), *row[at + 1 :]] if n < count else row for n, row in enumerate(rows)
    ]


def turned(rows: Rows) -> Rows:
    """Each list from its last place to its first, with what the places have but their numbers."""
    return [[*row[:3], *other[3:]] for row, other in zip(rows, rows[9::-1] + rows[:9:-1], strict=True)]


def more_than_above(count: int) -> Callable[[Rows], Rows]:
    """So many places with more hours than the one above them, every second one of a list."""
    return lambda rows: [
        [*row[:4], str(int(row[4]) + 15_000), *row[5:]] if n < 2 * count and n % 2 else row
        for n, row in enumerate(rows)
    ]


def last_week(count: int) -> Callable[[Rows], Rows]:
    """So many shows that have the same place as the week before."""
    before = LIST[-40:-20]

    def again(rows: Rows) -> Rows:
        shows = [f"{show} of {category}" for _, category, _, show, _ in before]
        weeks = {show: sum(f"{row[3]} of {row[1]}" == show for row in LIST[1:-20]) + 1 for show in shows}
        return [
            [*row[:3], show, *row[4:6], str(weeks[show])] if n < count else row
            for n, (row, show) in enumerate(zip(rows, shows, strict=True))
        ]

    return again


def countries(
    seasons: int = 0, code: str = "FR", name: str = "France", place: str = "1", header: str = "country_name"
) -> Version:
    """The lists of two countries; in the newest of France so many films have a season, and places of this rank a code
    and a name."""
    rows = [[{"DE": "Germany", "FR": "France"}[row[0]], *row[:5], ""] for row in COUNTRIES[1:]]
    for row in rows[-20:]:
        if row[4] == place:
            row[:2] = name, code
    for row in [row for row in rows if row[3].startswith("Films")][: -seasons - 1 : -1]:
        row[6] = f"{row[5]}: Season 1"
    return named(f"{header} country_iso2 week category weekly_rank show_title season_title", rows)


def popular(seasons: int) -> Version:
    """The most popular shows; so many films have a season."""
    rows = [[*row, f"{row[2]}: Season 1" if n < seasons else ""] for n, row in enumerate(POPULAR[1:])]
    return named("category rank show_title hours_viewed_first_91_days season_title", rows)


def edition(signs: int = 0, directed: int = 9, early: int = 0) -> Version:
    """An edition in the layout of Kaggle with 100 titles, of which 20 are shows; so many lists with another sign, shows
    with a director, and titles that were added before their release."""
    rows = [
        [
            *(f"s{n}", "TV Show" if n < 20 else "Movie", f"Title {n}"),
            *("Ana; Bo" if 20 <= n < 20 + signs else "Ana, Bo" if n < directed or n >= 20 else "", "Cy, Di", "Spain"),
            *("September 25, 2019", "2021" if n < early else "2018", "R"),
            *("2 Seasons" if n < 20 else "90 min", "Dramas", f"What happens in {n}"),
        ]
        for n in range(100)
    ]
    names = "show_id type title director cast country date_added release_year rating duration listed_in description"
    return named(names, rows)


def report(*sheets: str, few: int = 0, seasons: int = 0) -> Version:
    """A report with 50 titles in each of these sheets, in the first one so many in thousands, and with a season."""
    rows = []
    for sheet in sheets:
        for n in range(1, 51):
            views = n * (100 if n <= few and sheet == sheets[0] else 100_000)
            title = f"A {n}: Season 1" if n <= seasons and sheet == sheets[0] else f"A {n}"
            rows.append([sheet, title, "2:00", str(2 * views), str(views)])
    return named("_sheet Title Runtime Hours_Viewed Views", rows)


UNREAD = "newest_lists_are_all_there,weeks_are_days,weeks_end_on_sundays,weeks_have_all_lists"
# By table: versions, each the first of its file, with the rule that it violates; none where it is within the limits.
UNSEEN: dict[str, list[tuple[Version, str | None]]] = {
    "top10_global": [
        (world(), None),
        (world(*[99_999] * 10), "hours_are_no_thousands"),
        (world(*[99_999] * 9, 100_000), None),
        (world(*[0] * 20), None),  # nobody watched anything, which a rule on records warns of
        (world(seasons=10), "films_have_no_seasons"),
        (world(seasons=5), None),
        (world(without=10), "newest_lists_are_all_there,weeks_have_all_lists"),
        (world(without=3), "newest_lists_are_all_there"),
        (world(without=2), None),
        (lists(), None),
        (lists(turned), "ranks_fall_with_views"),
        (lists(more_than_above(5)), "ranks_fall_with_views"),
        (lists(more_than_above(4)), None),
        (lists(newest(0, later)), "newest_week_is_the_next"),
        (lists(newest(4, lambda hours: f"{int(hours) / 1e6:.1f}M", 10)), "newest_values_are_readable"),
        (lists(newest(4, lambda hours: f"{int(hours) / 1e6:.1f}M", 9)), None),
        (lists(newest(6, lambda weeks: f"{int(weeks) + 1}", 10)), "weeks_in_lists_add_up"),
        (lists(newest(6, lambda weeks: f"{int(weeks) + 1}", 9)), None),
        (lists(newest(5, lambda _: "Another: Season 1", 5)), "seasons_are_of_their_shows"),
        (lists(newest(5, lambda _: "Another: Season 1", 4)), None),
        (lists(last_week(13)), "newest_lists_are_new"),
        (lists(last_week(12)), None),
        (lists(newest(0, lambda _: "soon", 10)), UNREAD),
    ],
    "top10_countries": [
        (countries(), None),
        (countries(seasons=10), "films_have_no_seasons"),
        (countries(seasons=8), None),
        (countries(code="UK"), "codes_and_names_are_pairs"),
        (countries(code="DE"), "codes_and_names_are_pairs"),
        (countries(name="Frankreich"), "codes_and_names_are_pairs"),
        (countries(name="Frankreich", place="2"), None),
        (countries(name="Spain", code="ES"), None),
        (countries(header="unknown"), None),  # no names at all
        (lists(country="FR"), None),
        (lists(lambda rows: rows[:17], "FR"), "newest_lists_are_all_there"),
        (lists(newest(0, later), "FR"), "newest_week_is_the_next"),
        (lists(last_week(13), "FR"), "newest_lists_are_new"),
        (lists(newest(6, lambda weeks: f"{int(weeks) + 1}", 10), "FR"), "weeks_in_lists_add_up"),
        (lists(newest(5, lambda _: "Another: Season 1", 5), "FR"), "seasons_are_of_their_shows"),
        (countries(code="", place="1"), None),
    ],
    "top10_most_popular": [(popular(5), "films_have_no_seasons"), (popular(4), None)],
    "kaggle_titles": [
        (edition(), None),
        (edition(signs=21), "lists_are_split_by_commas"),
        (edition(signs=20), None),
        (edition(directed=11), "few_shows_have_a_director"),
        (edition(directed=10), None),
        (edition(early=3), "releases_are_before_additions"),
        (edition(early=2), None),
    ],
    "engagement": [
        (report("Film", "TV"), None),
        (report("Engagement"), None),
        (report("Engagement", seasons=50), None),
        (report("TV", "Film", seasons=50), None),
        (report("Film", "TV", seasons=3), "films_have_no_seasons"),
        (report("Film", "TV", seasons=2), None),
        (report("Film"), "films_and_tv_are_there"),
        (report("TV"), "films_and_tv_are_there"),
        (report("Engagement", "Film"), "sections_are_apart_or_one"),
        (report("Film", "TV", few=20), "hours_are_no_thousands"),
        (report("Film", "TV", few=19), None),
    ],
}


def test_wrong_wholes_that_no_version_before_shows_are_held(new_lake: Callable[[str], Lake]) -> None:
    lake = new_lake("unseen")
    expected = {}
    for table, versions in UNSEEN.items():
        for at, (version, rule) in enumerate(versions):
            path = f"{2001 + at}Jan-Jun.{table}"
            write(version, 1, 1, lake, table, path)
            expected[path] = None if rule is None else f"violates {rule}"
    lake.dbt("run", "--select", "+silver_file_versions")
    found = lake.read("silver/silver_file_versions").filter(pl.col("_file_path").is_in(list(expected)))
    assert dict(found.select("_file_path", "reason").iter_rows()) == expected
    assert (found["reason"].is_null() == (found["state"] == "accepted")).all()


@needs_real_data
def test_nothing_that_was_published_is_held(real_lake: Lake, sample_lake: Lake) -> None:
    """Every version of the history of the Top 10, every report and the catalogue; and the sample."""
    for lake in (real_lake, sample_lake):
        versions = lake.read("silver/silver_file_versions")
        assert {"silver_titles", "silver_top10_global", "silver_engagement"} < set(versions["model"])
        assert set(versions["state"]) == {"accepted"}, versions.filter(pl.col("state") != "accepted")["reason"]
    assert real_lake.read("silver/silver_file_versions").filter(model="silver_top10_global").height == 20
