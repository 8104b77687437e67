"""How values are read: numbers and dates that other programs wrote, words for nothing, letters in a wrong encoding.

One lake with many small files, each written in another way; what they mean is known, as the tests wrote them. Values
are looked up in the typed records by file and row.
"""
# ruff: noqa: RUF001

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
import pytest

from tests.support.lake import DATA, Lake, needs_real_data

HEADERS = {
    "titles": ["duration_minutes", "duration_seasons", "type", "title", "date_added", "release_year", "rating"],
    "cast": ["cast", "show_id"],
    "category": ["listed_in", "show_id"],
    "countries": ["country", "show_id"],
    "directors": ["director", "show_id"],
    "global": ["week", "category", "weekly_rank", "show_title", "season_title", "weekly_hours_viewed", "runtime"],
    "places": ["country_name", "country_iso2", "week", "category", "weekly_rank", "show_title", "season_title"],
    "popular": ["category", "rank", "show_title", "season_title", "hours_viewed_first_91_days", "runtime"],
}
HEADERS["titles"] += ["description", "show_id"]
HEADERS["global"] += ["weekly_views", "cumulative_weeks_in_top_10", "is_staggered_launch", "episode_launch_details"]
HEADERS["places"] += ["cumulative_weeks_in_top_10"]
HEADERS["popular"] += ["views_first_91_days"]
RECORDS = {
    "titles": "titles",
    "cast": "cast",
    "category": "categories",
    "countries": "countries",
    "directors": "directors",
    "global": "top10_global",
    "places": "top10_countries",
    "popular": "top10_most_popular",
}
NAMES = {"cast": "person_name", "category": "genre_name", "countries": "country_name", "directors": "person_name"}
FAULTLESS: dict[str, object] = {"duration_minutes": 90, "type": "Movie", "title": "Title", "date_added": "9/9/2019"}
FAULTLESS |= {"release_year": 2018, "rating": "R", "description": "Text."}
MODELS = ("path:models/bronze", "path:models/silver/records", "seed_countries", "seed_ratings")
CONFIGURATION = """
sources:
  catalogue:
    path: {folder}
    datasets:
      - {{file: titles-*.csv, table: netflix_titles, required: [show_id]}}
      - {{file: cast-*.csv, table: netflix_cast, required: [show_id]}}
      - {{file: category-*.csv, table: netflix_category, required: [show_id]}}
      - {{file: countries-*.csv, table: netflix_countries, required: [show_id]}}
      - {{file: directors-*.csv, table: netflix_directors, required: [show_id]}}
  top10:
    path: {folder}
    datasets:
      - {{file: global-*.csv, table: top10_global, required: [week]}}
      - {{file: places-*.csv, table: top10_countries, required: [week]}}
      - {{file: popular-*.csv, table: top10_most_popular, required: [rank]}}
"""


@dataclass(frozen=True)
class Files:
    """Files in a folder, and the lake that they are loaded into. Several groups of records may share a file."""

    lake: Lake
    records: dict[str, list[Sequence[object]]] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, name: str, rows: Iterable[Sequence[object]], file: str = "all") -> None:
        """Add records under the name `<feed>-<group>`, to a file of the feed."""
        path = f"{name.split('-')[0]}-{file}"
        found = self.records.setdefault(path, [])
        self.places[name] = (path, len(found))
        found.extend(rows)

    def titles(self, name: str, rows: Iterable[dict[str, object]], file: str = "all") -> None:
        """Titles that differ from a faultless one in the given fields."""
        records = [FAULTLESS | {"show_id": number} | row for number, row in enumerate(rows, 1000 * len(self.places))]
        self.add(f"titles-{name}", [[record.get(field, "") for field in HEADERS["titles"]] for record in records], file)

    def load(self, *select: str) -> None:
        folder = self.lake.work / "files"
        folder.mkdir(exist_ok=True)
        for path, rows in self.records.items():
            feed = path.split("-")[0]
            with (folder / f"{path}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([HEADERS[feed], *rows])
        (self.lake.work / "sources.yml").write_text(CONFIGURATION.format(folder=folder))
        self.lake.ingest("--config", str(self.lake.work / "sources.yml"))
        self.lake.build("--select", *(select or MODELS))

    def read(self, name: str, count: int, version: int = 1) -> list[dict[str, Any]]:
        """The typed records of a group, of which there are so many, in their order."""
        path, start = self.places[name]
        records = self.lake.read(f"silver/silver_{RECORDS[name.split('-')[0]]}_records")
        found = records.filter(_file_path=f"{path}.csv", _file_version=version).sort("_row_number")
        return found.slice(start, count).to_dicts()


class Title(NamedTuple):
    """What the records of a title say, however it is written."""

    show_id: int
    minutes: int
    year: int
    day: date


# A third of the days could be read in either order.
DAYS = [date(2019, 1, 1) + timedelta(days=9 * number) for number in range(40)]
TRUE = [Title(80_000_000 + 7 * number, 60 + number, 1980 + number, day) for number, day in enumerate(DAYS)]


def grouped(mark: str) -> Callable[[int], str]:
    return lambda number: f"{number:,}".replace(",", mark)


def around(before: str, after: str) -> Callable[[object], str]:
    return lambda value: f"{before}{value}{after}"


HOW: dict[str, tuple[Callable[[int], str], Callable[[date], str]]] = {
    "own": (str, lambda d: f"{d.month}/{d.day}/{d.year}"),
    "pandas": (lambda n: f"{n}.0", lambda d: f"{d:%Y-%m-%d}"),
    "decimals": (lambda n: f"{n}.00", lambda d: f"{d:%Y-%m-%d} 00:00:00"),
    "database": (lambda n: f"{n}.000000", lambda d: f"{d:%Y-%m-%d} 00:00:00.0000000"),
    "json": (str, lambda d: f"{d:%Y-%m-%d}T00:00:00Z"),
    "american": (grouped(","), lambda d: f"{d.month}/{d.day}/{d.year} 12:00:00 AM"),
    "accounts": (lambda n: f"{n:,}.00", lambda d: f"{d:%m-%d-%Y}"),
    "british": (str, lambda d: f"{d.day}/{d.month}/{d.year}"),
    "padded": (str, lambda d: f"{d:%d/%m/%Y} 0:00"),
    "german": (grouped(" "), lambda d: f"{d:%d.%m.%Y}"),
    "french": (grouped("\u202f"), lambda d: f"{d:%d-%m-%Y} 00:00"),
    "excel in french": (grouped("\u00a0"), lambda d: f"{d.year}/{d.month}/{d.day}"),
    "swiss": (grouped("'"), lambda d: f"{d:%d.%m.%Y} 00:00:00"),
    "later edition": (str, lambda d: f" {d:%B} {d.day}, {d.year}"),
    "short names": (str, lambda d: f"{d.day} {d:%b} {d.year}"),
    "oracle": (str, lambda d: f"{d:%d-%b-%Y}".upper()),
    "marks": (around("\ufeff", "\u200b"), lambda d: f"\ufeff{d:%Y-%m-%d}\u200b"),
}
WRITTEN_BOTH_WAYS = ["9/25/2019", "25/9/2019", "5/9/2021", "12/31/2018", "31/12/2018"]
EITHER_WAY = ["5/9/2021", "9/5/2021", "12/12/2019", "1/2/2020"]
NO_NUMBERS = [
    "90.5",
    "1.234",
    "90.000",
    "1.234.567",
    "9e1",
    "8.11E+07",
    "12,34",
    "1,2345",
    "1,23,456",
    ",900",
    "+90",
    "-90",
]
NO_NUMBERS += ["90 min", "1,234.5", "0x5A", "½", "９０", "90 91", "1234567890123456789", "1,234 567"]
NO_DATES = ["9/9/19", "2019-09-09 13:45:00", "2019-09-09T00:00:01", "2019-13-01", "2019-02-30", "2/30/2019", "43717"]
NO_DATES += ["Smarch 9, 2019", "Sept 31, 2019", "September 2019", "20190909", "9/9/2019 12:00 PM", "soon"]
WEEKS = [date(2023, 7, 2) + timedelta(days=7 * number) for number in range(30)]
LAUNCHES = [("False", False), ("true", True), ("0", False), ("1.0", True), ("FALSE", False), ("No", False)] * 5

NOTHING = [
    "Not Given",
    "No Cast",
    "Not Available",
    "Unknown Cast",
    "NULL",
    "none",
    "No Data",
    "N.A.",
    "\\N",
    "#N/A",
    "nan",
]
NOTHING += [
    "N/A",
    "n/a",
    "N / A",
    "NA",
    "<NA>",
    "(null)",
    "[None]",
    '"N/A"',
    "-",
    "--",
    "—",
    "- none -",
    "TBD",
    "t.b.a.",
    "NaN",
]
NOTHING += [
    "not_given",
    "NOT  AVAILABLE",
    "Not-Available",
    "NotAvailable",
    " Not\u00a0Given ",
    "none.",
    "**N/A**",
    "#REF!",
    "#NAME?",
]
NOTHING_BUT_A_TITLE = [
    "Unknown",
    "UNKNOWN",
    "(unknown)",
    "Unavailable",
    "Missing",
    "Undefined",
    "?",
    "No Name",
    "Empty",
    "Blank",
]
NAMES_OF_SOMETHING = [
    "Non",
    "Na Hyeon",
    "Given Stuurman",
    "L",
    "Jr.",
    "Nan Goldin",
    "Noname Jane",
    "Nobody",
    "Nullah",
    "McG",
]
WORDS = NOTHING + NOTHING_BUT_A_TITLE
TITLES_OF_SOMETHING = [
    "The Unknown Girl",
    "Master of None",
    "No Entry",
    "Nobody",
    "Null Island",
    "P",
    "'89",
    "#Alive",
    "3%",
]

LETTERS = [
    "Penélope Cruz",
    "Şenol Sönmez",
    "Kırmızıgül",
    "Séries",
    "Côte d'Ivoire",
    "Türkiye",
    "Niño Rojo",
    "Über uns",
    "Żywie",
]
LETTERS += [
    "Ça va",
    "Señor Dave",
    "à Paris",
    "Oğuzhan",
    "日本の映画",
    "Ελλάδα",
    "Дом",
    "Łódź",
    "Köln",
    "KÖLN",
    "Œuvre",
    "Åsa",
]
LETTERS += [
    "Don’t",
    "“Quoted”",
    "Là-bas…",
    "मेरा",
    "더 글로리",
    "Šumava",
    "İzmir",
    "Zoë",
    "ÅSA",
    "Ørsted",
    "smile 😀",
    "İyi",
]
RIGHT = [
    *("Law & Order; SVU", "AT&T; the film", "R&B; soul", "Back\\slash", "\\o/", "&;", "Q & A;"),
    "?",
    *LETTERS,
    "Who's That Knocking at My Door?",
    "What?!",
    "(Why?)",
    "Huh?—yes",
    "see example.com/watch?v=abc1&t=2",
]
RIGHT += [
    "SÃO PAULO",
    "IRMÔ",
    "“CAFɔ",
    "NESTLÉ®",
    "blíž…",
    "3×2²",
    "«ÉTÉ»",
    "À\u00a0Paris",
    "Teeranai Na Nongk้hai",
    "El Niño – 1ª",
]


def misread() -> list[str]:
    """The letters as programs garble them that take UTF-8 for another code, or have no such letter."""
    codes = {"cp1252": LETTERS, "latin-1": LETTERS, "ascii": LETTERS}
    western = ["Séries", "Señor", "Penélope", "Don’t"]
    codes |= dict.fromkeys(("cp1250", "cp1251", "cp1254", "mac_roman", "cp437"), western)
    found = [text.encode().decode(code, errors="replace") for code, texts in codes.items() for text in texts]
    found += [text.encode().decode("latin-1").lower() for text in ("Séries", "Niño", "Björk", "Até")]
    found += [
        "K?rm?z?g?l",
        "T?rkiye",
        "O?uzhan",
        "?zge",
        "Don?t",
        "don\x92t",
        "Ã  Paris",
        "ï»¿Dramas",
        "Pen\ufffdlope",
    ]
    return found


ESCAPED = [
    "Demon&#x27;s Path",
    "Law &amp; Order",
    "A&#39;s",
    "Caf&eacute; Paris",
    "A\\u0148a Geislerov\\xe1",
    "Pen\\xe9lope",
]
MISREAD = [*misread(), *ESCAPED]


@pytest.fixture(scope="module")
def files(new_lake: Callable[[str], Lake]) -> Files:
    files = Files(new_lake("reading"))
    for how, (number, day) in HOW.items():
        add_written(files, how, number, day)
    files.titles("both orders", [{"date_added": text} for text in WRITTEN_BOTH_WAYS], "both-orders")
    files.titles("either order", [{"date_added": text} for text in EITHER_WAY], "either-order")
    files.titles("changes", [{"date_added": text} for text in [*EITHER_WAY, "9/25/2019"]], "changes")
    files.titles("no numbers", [{"duration_minutes": text} for text in NO_NUMBERS])
    files.titles("no dates", [{"date_added": text} for text in NO_DATES])

    without = ("description", "rating", "duration_minutes", "date_added")
    files.titles("without", [dict.fromkeys(without, text) for text in WORDS])
    files.titles("nothing", [{"title": text} for text in WORDS])
    files.titles("something", [{"title": text} for text in TITLES_OF_SOMETHING])
    files.titles("misread", [{"title": text} for text in MISREAD])
    files.titles("misread texts", [{"description": f"A film, {text} by name."} for text in MISREAD])
    files.titles("right", [{"title": text, "description": f"A film, {text} by name."} for text in RIGHT])
    files.titles("question marks", [{"title": text} for text in ("????", "?? ???", "?", "What????")])
    groups = {"nothing": WORDS, "something": NAMES_OF_SOMETHING, "misread": MISREAD, "right": RIGHT[1:]}
    for feed in NAMES:
        for name, texts in groups.items():
            files.add(f"{feed}-{name}", [[text, number] for number, text in enumerate(texts, start=1)], name)

    place, numbers = ["2023-07-02", "TV (English)", 1], ["9000000", "4.5", "2000000", "1"]
    files.add("global-nothing", [[*place, "Show", text, text, "", text, "1", text, text] for text in WORDS])
    files.add("global-misread", [[*place, text, "", *numbers, "", ""] for text in MISREAD])
    files.add("global-right", [[*place, text, text, *numbers, "", ""] for text in RIGHT])
    files.add("places-codes", [["Namibia", code, *place, "Show", "", 1] for code in ("NA", "NO", "N/A", "null", "-")])
    files.add("places-misread", [[text, "PE", *place, "Show", "", 1] for text in MISREAD])
    files.add("popular-nothing", [["TV (English)", 1, text, "", 9, "", ""] for text in WORDS])
    files.add("popular-misread", [["TV (English)", 1, "Show", text, 9, "", ""] for text in MISREAD])
    files.load()
    return files


def add_written(files: Files, how: str, number: Callable[[int], str], day: Callable[[date], str]) -> None:
    titles = [(number(t.show_id), number(t.minutes), day(t.day), number(t.year)) for t in TRUE]
    fields = ("show_id", "duration_minutes", "date_added", "release_year")
    files.titles(how, [dict(zip(fields, title, strict=True)) for title in titles], how.replace(" ", "-"))
    files.add(f"cast-{how}", [["Ana", title[0]] for title in titles], "numbers")
    lists = [
        [
            day(week),
            "TV (English)",
            number(1),
            "Show",
            "N/A",
            number(45_900_000),
            "1.7833",
            number(25_700_000),
            number(2),
        ]
        for week in WEEKS
    ]
    rows = [[*place, text, ""] for place, (text, _) in zip(lists, LAUNCHES, strict=True)]
    files.add(f"global-{how}", rows, how.replace(" ", "-"))
    if how in ("own", "pandas", "british"):
        places = [["Peru", "PE", day(week), "TV", number(3), "Show", "N/A", number(2)] for week in WEEKS]
        files.add(f"places-{how}", places, how)
    numbers = [number(value) for value in (1234, 454_200_000, 230_900_000)]
    files.add(f"popular-{how}", [["TV", numbers[0], "Show", "N/A", numbers[1], "1.9667", numbers[2]]])


def us(text: str) -> date | None:
    """A date with the month first, as Python reads it."""
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()
    except ValueError:
        return None


@pytest.mark.parametrize("how", HOW)
def test_values_that_another_program_wrote_are_read(files: Files, how: str) -> None:
    records = files.read(f"titles-{how}", len(TRUE))
    found = [(r["show_id"], r["duration_minutes"], r["release_year"], r["date_added"]) for r in records]
    assert found == [(t.show_id, t.minutes, t.year, t.day) for t in TRUE]
    assert {r["_untyped_values"] for r in records} == {None}
    assert [r["show_id"] for r in files.read(f"cast-{how}", len(TRUE))] == [t.show_id for t in TRUE]


@pytest.mark.parametrize("how", HOW)
def test_lists_that_another_program_wrote_are_read(files: Files, how: str) -> None:
    of_world = files.read(f"global-{how}", len(WEEKS))
    assert [r["week"] for r in of_world] == WEEKS
    assert [r["is_staggered_launch"] for r in of_world] == [launch for _, launch in LAUNCHES]
    numbers = ("weekly_rank", "weekly_hours_viewed", "weekly_views", "cumulative_weeks_in_top_10", "_untyped_values")
    assert {tuple(r[column] for column in numbers) for r in of_world} == {(1, 45_900_000, 25_700_000, 2, None)}
    if how in ("own", "pandas", "british"):
        places = files.read(f"places-{how}", len(WEEKS))
        assert [(r["week"], r["weekly_rank"], r["cumulative_weeks_in_top_10"]) for r in places] == [
            (w, 3, 2) for w in WEEKS
        ]
    (popular,) = files.read(f"popular-{how}", 1)
    assert (popular["popularity_rank"], popular["hours_viewed"], popular["views"]) == (1234, 454_200_000, 230_900_000)


def test_a_file_has_one_order_of_day_and_month(files: Files) -> None:
    for name, texts in {"both orders": WRITTEN_BOTH_WAYS, "either order": EITHER_WAY}.items():
        records = files.read(f"titles-{name}", len(texts))
        assert [r["date_added"] for r in records] == [us(text) for text in texts]
        unread = [r["_untyped_values"] for r in records]
        assert unread == [None if us(text) else f"date_added: {text}" for text in texts]


def test_what_could_be_something_else_is_not_read(files: Files) -> None:
    for name, column, texts in (("no numbers", "duration_minutes", NO_NUMBERS), ("no dates", "date_added", NO_DATES)):
        records = files.read(f"titles-{name}", len(texts))
        assert [r[column] for r in records] == [None] * len(texts)
        assert [r["_untyped_values"] for r in records] == [f"{column}: {text}" for text in texts]
        assert all("values_are_readable" in r["_rules"] for r in records)


@pytest.mark.parametrize("feed", NAMES)
def test_words_for_nothing_are_no_names(files: Files, feed: str) -> None:
    records = files.read(f"{feed}-nothing", len(WORDS))
    assert [r[NAMES[feed]] for r in records] == [None] * len(WORDS)
    assert {r["_verdict"] for r in records} == {"quarantined"}
    assert all(f"{NAMES[feed]}_is_there" in r["_rules"].split(",") for r in records)
    kept = files.read(f"{feed}-something", len(NAMES_OF_SOMETHING))
    assert [(r[NAMES[feed]], r["_verdict"]) for r in kept] == [(name, "kept") for name in NAMES_OF_SOMETHING]


def test_words_for_nothing_are_null_and_no_unreadable_values(files: Files) -> None:
    columns = ("description", "rating", "duration_minutes", "date_added", "_untyped_values")
    assert {tuple(r[c] for c in columns) for r in files.read("titles-without", len(WORDS))} == {(None,) * 5}
    columns = (
        "episode_launch_details",
        "weekly_hours_viewed",
        "weekly_views",
        "is_staggered_launch",
        "_untyped_values",
    )
    records = files.read("global-nothing", len(WORDS))
    assert {tuple(r[c] for c in columns) for r in records} == {(None,) * 5}
    assert [r["season_title"] for r in records] == [None] * len(NOTHING) + NOTHING_BUT_A_TITLE


def test_titles_that_are_words_stay(files: Files) -> None:
    titles = files.read("titles-nothing", len(WORDS))
    assert [r["title"] for r in titles] == [None] * len(NOTHING) + NOTHING_BUT_A_TITLE
    assert [r["_verdict"] for r in titles] == ["quarantined"] * len(NOTHING) + ["kept"] * len(NOTHING_BUT_A_TITLE)
    assert [r["title"] for r in files.read("titles-something", len(TITLES_OF_SOMETHING))] == TITLES_OF_SOMETHING
    shows = files.read("popular-nothing", len(WORDS))
    assert [r["show_title"] for r in shows] == [None] * len(NOTHING) + NOTHING_BUT_A_TITLE


def test_the_code_of_namibia_is_no_word_for_nothing(files: Files) -> None:
    assert [r["country_iso2"] for r in files.read("places-codes", 5)] == ["NA", "NO", None, None, None]


def flagged(records: list[dict[str, Any]]) -> list[bool]:
    return ["text_is_decoded" in (r["_rules"] or "").split(",") for r in records]


SHOWS = ("titles-misread", "titles-misread texts", "global-misread", "places-misread", "popular-misread")


@pytest.mark.parametrize("name", [*(f"{feed}-misread" for feed in NAMES), *SHOWS])
def test_letters_that_were_misread_are_told(files: Files, name: str) -> None:
    told = flagged(files.read(name, len(MISREAD)))
    assert [text for text, is_told in zip(MISREAD, told, strict=True) if not is_told] == []


@pytest.mark.parametrize("name", [*(f"{feed}-right" for feed in NAMES), "titles-right", "global-right"])
def test_letters_that_are_right_are_not_told(files: Files, name: str) -> None:
    texts = RIGHT[1:] if name.split("-")[0] in NAMES else RIGHT
    told = flagged(files.read(name, len(texts)))
    assert [text for text, is_told in zip(texts, told, strict=True) if is_told] == []


def test_a_title_of_question_marks_is_told(files: Files) -> None:
    assert flagged(files.read("titles-question marks", 4)) == [True, True, False, False]


def test_the_order_is_that_of_a_version(files: Files) -> None:
    """A later version with the day first, loaded on its own, leaves the earlier one as it was."""
    before, after = [*EITHER_WAY, "9/25/2019"], [*EITHER_WAY, "25/9/2019"]
    later = Files(files.lake)
    later.titles("changes", [{"date_added": text} for text in after], "changes")
    later.load("bronze_titles", "silver_titles_records")
    found = [[r["date_added"] for r in later.read("titles-changes", len(after), version)] for version in (1, 2)]
    assert found[0] == [us(text) for text in before]
    assert found[1] == [us("/".join((month, day, year))) for day, month, year in (text.split("/") for text in after)]


@needs_real_data
def test_nothing_true_is_lost_or_told(new_lake: Callable[[str], Lake]) -> None:
    """All titles and names of the later edition, split as the files of the earlier one have them."""
    files = Files(new_lake("true-names"))
    with (DATA / "catalogue_2021" / "netflix_titles.csv").open(encoding="utf-8-sig", newline="") as file:
        edition = [row | {"show_id": row["show_id"][1:]} for row in csv.DictReader(file)]
    fields = ("type", "title", "date_added", "release_year", "rating", "description", "show_id")
    files.titles("2021", [{field: row[field] for field in fields} for row in edition])
    lists = {"cast": "cast", "category": "listed_in", "countries": "country", "directors": "director"}
    names: dict[str, list[str]] = {}
    for feed, column in lists.items():
        split = [(name.strip(), row["show_id"]) for row in edition for name in row[column].split(",")]
        pairs = [pair for pair in split if pair[0]]
        files.add(f"{feed}-2021", pairs)
        names[feed] = [name for name, _ in pairs]
    files.load()

    titles = files.read("titles-2021", len(edition))
    assert [r["title"] for r in titles] == [row["title"].strip() for row in edition]
    assert {r["_verdict"] for r in titles} == {"kept"}
    assert not any(flagged(titles))
    days = [row["date_added"].strip() for row in edition]
    assert [r["date_added"] for r in titles] == [datetime.strptime(d, "%B %d, %Y").date() if d else None for d in days]
    for feed, true in names.items():
        records = files.read(f"{feed}-2021", len(true))
        assert [r[NAMES[feed]] for r in records] == [unicodedata.normalize("NFC", name) for name in true]
        assert {r["_verdict"] for r in records} <= {"kept", "duplicate"}, feed
        assert not any(flagged(records)), feed


@needs_real_data
def test_no_alarm_is_false_in_the_published_files(real_lake: Lake) -> None:
    for feed in RECORDS.values():
        rules = real_lake.read(f"silver/silver_{feed}_records", "_rules").fill_null("")
        assert not rules.is_empty()
        assert rules.filter(pl.col("_rules").str.contains("text_is_decoded")).is_empty(), feed
