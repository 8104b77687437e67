"""The made-up sample: repeatable, readable, dirty as the published files are, and consistent from week to week."""

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.sample.catalogue import FIRST_ID, ID_MODULUS
from lakehouse.sample.edition import write_edition
from lakehouse.sample.files import write_sample

HEADERS = {
    "titles": "duration_minutes,duration_seasons,type,title,date_added,release_year,rating,description,show_id",
    "cast": "cast,show_id",
    "category": "listed_in,show_id",
    "countries": "country,show_id",
    "directors": "director,show_id",
}
CHILDREN = ("cast", "category", "countries", "directors")
TOP10 = {
    "all-weeks-global": "week category weekly_rank show_title season_title weekly_hours_viewed runtime weekly_views "
    "cumulative_weeks_in_top_10 is_staggered_launch episode_launch_details",
    "all-weeks-countries": "country_name country_iso2 week category weekly_rank show_title season_title "
    "cumulative_weeks_in_top_10",
    "most-popular": "category rank show_title season_title hours_viewed_first_91_days runtime views_first_91_days",
}
REPORT = ["Title", "Available Globally?", "Release Date", "Hours Viewed", "Runtime", "Views"]
REPORTS = {  # by the half-year, with the week of publication
    "2023Jan-Jun": 1,
    "2023Jul-Dec": 1,
    "2024Jan-Jun": 32,
    "2024Jul-Dec": 59,
    "2025Jan-Jun": 85,
}
EDITION = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description"
Record = tuple[str, ...]
Row = dict[str, object]


def catalogue(folder: Path, name: str) -> list[Record]:
    path = folder / "catalogue" / f"netflix_{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(record) for record in csv.reader(file, strict=True)][1:]


def top10(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "top10" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", strict=True))


def reports(folder: Path) -> dict[str, dict[str, list[Row]]]:
    """The rows of the half-yearly reports, by half-year and sheet."""
    found: dict[str, dict[str, list[Row]]] = {}
    for path in sorted((folder / "engagement").glob("*.xlsx")):
        book = python_calamine.CalamineWorkbook.from_path(path)
        sheets = found[path.stem.rpartition("_")[2]] = {}
        for name in book.sheet_names:
            cells = [row[1:] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
            sheets[name] = [dict(zip(map(str, cells[5]), row, strict=True)) for row in cells[6:]]
    return found


def titles_of(rows: list[Row]) -> list[str]:
    return [str(row["Title"]) for row in rows if not str(row["Title"]).startswith("Other ")]


def titles_by_id(folder: Path) -> dict[str, Record]:
    """The titles by their id, the two halves of a broken one as one long record."""
    found: dict[str, Record] = {}
    half: Record = ()
    for record in catalogue(folder, "titles"):
        if not half and not record[-1]:
            half = record
            continue
        key = [text for text in record if text][-1]
        assert key.isdigit() and len(key) == 8 and key not in found
        found[key] = half + record
        half = ()
    assert not half
    return found


def children_by_id(folder: Path, name: str) -> dict[str, list[str]]:
    found = defaultdict(list)
    for value, show_id in catalogue(folder, name):
        found[show_id].append(value)
    return found


def written(tmp_path_factory: pytest.TempPathFactory, titles: int, week: int, seed: int = 42) -> Path:
    folder = tmp_path_factory.mktemp(f"sample_{titles}_{week}_")
    write_sample(folder, titles, week, seed)
    return folder


def same_person(name: str) -> str:
    name = unicodedata.normalize("NFC", name).lower().replace("\u200b", "")
    return re.sub(r"\s+", " ", name).strip()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory, 50, 1)


@pytest.fixture(scope="module", params=[50, 1000])
def first_week(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory, request.param, 1)


@pytest.fixture(scope="module")
def life_size(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many titles as the published catalogue has."""
    return written(tmp_path_factory, 6234, 1)


def all_files(folder: Path) -> dict[str, tuple[bytes, float]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime) for path in files}


def test_same_arguments_give_same_bytes_and_times(tmp_path: Path) -> None:
    for name, week, seed in (("one", 4, 7), ("two", 3, 7), ("two", 4, 7), ("other", 4, 8)):
        write_sample(tmp_path / name, 300, week, seed)
    one, two, other = (all_files(tmp_path / name) for name in ("one", "two", "other"))
    assert len(one) == 8 + 2 + 3  # the reports, and a mark in each folder
    assert one == two
    assert all(one[name][0] != other[name][0] for name in one)


@pytest.mark.parametrize(("week", "monday"), [(1, date(2024, 1, 1)), (10, date(2024, 3, 4))])
def test_files_are_as_old_as_their_week(tmp_path: Path, week: int, monday: date) -> None:
    write_sample(tmp_path, 50, week, 42)
    times = {name: datetime.fromtimestamp(stamp, UTC) for name, (_, stamp) in all_files(tmp_path).items()}
    published = {time for name, time in times.items() if name.endswith(".xlsx")}
    assert published == {datetime(2024, 1, 1, 6, tzinfo=UTC)}  # with week 1, and never again
    others = {time for name, time in times.items() if not name.endswith(".xlsx")}
    assert others == {datetime(monday.year, monday.month, monday.day, 6, tzinfo=UTC)}


def test_catalogue_files_are_csv_with_mark_and_crlf(first_week: Path) -> None:
    for name, header in HEADERS.items():
        raw = (first_week / "catalogue" / f"netflix_{name}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf" + header.encode() + b"\r\n")
        assert raw.endswith(b"\r\n") and not raw.endswith(b"\r\n\r\n")
        assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
        assert {len(record) for record in catalogue(first_week, name)} == {header.count(",") + 1}


def test_an_edition_holds_the_dirt_of_the_published_one(tmp_path: Path) -> None:
    write_sample(tmp_path, 1000, 2, 42)
    one, two = tmp_path / "one", tmp_path / "two"
    assert write_edition(one, 1000, 2, 42) == {"netflix_titles.csv": len(titles_by_id(tmp_path))}
    write_edition(two, 1000, 1, 42)
    write_edition(two, 1000, 2, 42)
    assert all_files(one) == all_files(two)
    raw = (one / "netflix_titles.csv").read_text(encoding="utf-8")
    assert raw.startswith(EDITION + "\n") and "\r" not in raw
    records = list(csv.DictReader(raw.splitlines(), strict=True))
    assert [record["show_id"] for record in records] == [f"s{number}" for number in range(1, len(records) + 1)]
    moved = [record for record in records if not record["duration"]]
    assert [bool(re.fullmatch(r"\d+ min", record["rating"])) for record in moved] == [True] * 3
    assert all(
        re.fullmatch(r"\d+ min|1 Season|\d+ Seasons", record["duration"]) for record in records if record not in moved
    )
    days = [record["date_added"] for record in records if record["date_added"]]
    assert all(datetime.strptime(day.strip(), "%B %d, %Y") for day in days)
    assert 0 < sum(day.startswith(" ") for day in days) < len(days) / 50
    countries = [record["country"] for record in records]
    assert {sum(text.startswith(",") for text in countries), sum(text.endswith(",") for text in countries)} == {1, 2}
    assert any('"' in record["title"] for record in records) and any('"' in record["cast"] for record in records)
    for column in ("director", "cast", "country", "date_added", "rating"):
        assert any(not record[column] for record in records), column


def test_an_edition_spares_files_of_others(tmp_path: Path) -> None:
    file = tmp_path / "netflix_titles.csv"
    file.write_text("somebody's own")
    with pytest.raises(FileExistsError):
        write_edition(tmp_path, 50, 1, 42)
    assert file.read_text() == "somebody's own" and list(tmp_path.iterdir()) == [file]


def test_top10_files_are_tsv(first_week: Path) -> None:
    for name, header in TOP10.items():
        raw = (first_week / "top10" / f"{name}.tsv").read_bytes()
        assert raw.startswith("\t".join(header.split()).encode() + b"\n") and b"\r" not in raw
        assert all(None not in row and None not in row.values() for row in top10(first_week, name))


def test_titles_hold_the_dirt(first_week: Path) -> None:
    raw = (first_week / "catalogue" / "netflix_titles.csv").read_text(encoding="utf-8-sig")
    records = catalogue(first_week, "titles")
    columns = list(zip(*records, strict=True))
    assert any("," in text for text in columns[7])
    assert any('"' in text for text in columns[3][1:] if not text.endswith('"'))
    assert '""' in raw
    dates = [text for text in columns[4] if re.fullmatch(r"\d+/\d+/\d+", text)]
    assert all(re.fullmatch(r"([1-9]|1[0-2])/([1-9]|[12]\d|3[01])/20\d\d", text) for text in dates)
    assert any(re.match(r"\d/\d/", text) for text in dates) and any(re.match(r"1\d/[123]\d/", text) for text in dates)
    whole = [record for record in records if record[8].isdigit() and len(record[8]) == 8]
    assert any(not record[4] for record in whole)
    assert any(not record[6] for record in whole)


def test_two_titles_are_broken_as_published(first_week: Path) -> None:
    records = catalogue(first_week, "titles")
    breaks = [at for at, record in enumerate(records) if not record[8] and records[at + 1][0].endswith('"')]
    assert len(breaks) == 2
    (title, title_rest), (description, description_rest) = (records[at : at + 2] for at in breaks)
    # As "40,,Movie,The Memphis Belle: A Story of a,,,,," and "Flying Fortress""",3/31/2017,1944,TV-PG,…,80119194,,,
    assert title[2] == "Movie" and title[3] and title[4:] == ("",) * 5
    assert not title[3].endswith(" ") and re.fullmatch(r'[^ ,"][^,"]*"', title_rest[0])
    assert re.fullmatch(r"\d+/\d+/\d{4}", title_rest[1]) and re.fullmatch(r"\d{4}", title_rest[2])
    assert title_rest[3] and title_rest[4].endswith((".", '"')) and re.fullmatch(r"\d{8}", title_rest[5])
    assert title_rest[6:] == ("",) * 3
    # As "87,,Movie,The Bad Education Movie,12/15/2018,2015,TV-MA,"Britain's …"," and " and probably will.""",80188902,…
    assert all(text for at, text in enumerate(description) if at not in (1, 8))
    assert re.fullmatch(r' [^,"]*\."', description_rest[0]) and re.fullmatch(r"\d{8}", description_rest[1])
    assert description_rest[2:] == ("",) * 7


def test_child_files_hold_the_dirt(first_week: Path) -> None:
    titles = titles_by_id(first_week)
    orphans = 0
    for name in CHILDREN:
        records = catalogue(first_week, name)
        again = [record for record, times in Counter(records).items() if times > 1]
        assert len(again) == (1 if name in ("cast", "directors") else 0)
        orphans += sum(show_id not in titles for _, show_id in records)
        assert all(value and len(show_id) == 8 for value, show_id in records)
    assert orphans == 5
    assert any(value.endswith(",") for value, _ in catalogue(first_week, "countries"))


def test_reports_are_laid_out_as_published(first_week: Path) -> None:
    assert {half: list(sheets) for half, sheets in reports(first_week).items()} == {
        "2023Jan-Jun": ["Engagement"],
        "2023Jul-Dec": ["TV", "Film"],
    }
    for half, columns, period in (
        ("2023Jan-Jun", REPORT[:4], "Hours viewed from January to June 2023"),
        ("2023Jul-Dec", REPORT, "Views from July to December 2023"),
    ):
        (path,) = (first_week / "engagement").glob(f"What_We_Watched*_{half}.xlsx")
        for sheet, rows in reports(first_week)[half].items():
            cells = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(sheet)
            above = [[str(cell) for cell in row if cell != ""] for row in cells.to_python(skip_empty_area=False)[:6]]
            assert above[:1] + above[3:] == [[], [], [], columns]
            assert above[1][0].startswith("What We Watched") and above[2] == [period]
            hours = [row["Hours Viewed"] for row in rows]
            assert all(isinstance(value, float) and value >= 100_000 and value % 100_000 == 0 for value in hours)
            by = [row.get("Views", row["Hours Viewed"]) or 0 for row in rows]
            assert by == sorted(by, reverse=True, key=lambda value: float(str(value)))
            dates = [row["Release Date"] for row in rows if row["Release Date"]]
            kind = date if half == "2023Jan-Jun" else str
            assert all(isinstance(day, kind) for day in dates) and 0.15 < len(dates) / len(rows) < 0.5
            assert max(map(str, dates)) <= ("2023-06-30" if half == "2023Jan-Jun" else "2023-12-31")
            assert {row["Available Globally?"] for row in rows} - {""} == {"Yes", "No"}


def test_reports_hold_the_dirt(life_size: Path) -> None:
    first, second = reports(life_size).values()
    series, films = second["TV"], second["Film"]
    assert [row["Title"] for row in (series[-1], films[-1])] == ["Other Shows", "Other Movies"]
    whole = titles_of(first["Engagement"])
    assert len(set(whole)) == len(whole)
    for rows in (first["Engagement"], series, films):
        originals = [title.split(" // ") for title in titles_of(rows) if " // " in title]
        assert 0.2 < len(originals) / len(rows) < 0.45
        assert {unicodedata.name(pair[1][0]).split()[0] for pair in originals} >= {"LATIN", "HANGUL", "KATAKANA"}
        assert not any(re.search(r"\b(Season|Part|Limited)\b", pair[1]) for pair in originals)
    ends = Counter(re.sub(r"\d", "n", title.partition(" // ")[0].rpartition(": ")[2]) for title in titles_of(series))
    assert all(ends[end] > 20 for end in ("Season n", "Part n", "Limited Series"))
    assert any(re.search(": The .*: Season 1$", title) for title in titles_of(series))  # a colon in the name
    lengths = [str(row["Runtime"]) for row in series[:-1]]
    assert all(re.fullmatch(r"\d{1,3}:[0-5]\d\*?|\*", length) for length in lengths)
    assert any(re.fullmatch(r"\d{3}:\d\d", length) for length in lengths)
    assert "*" in lengths and any(re.fullmatch(r".+\*", length) for length in lengths)
    assert all(re.fullmatch(r"[0-4]:[0-5]\d", str(row["Runtime"])) for row in films[:-1])
    assert len(set(titles_of(series))) == len(series) - 1
    twins = {title for title, times in Counter(titles_of(films)).items() if times > 1}
    assert twins
    for title in twins:
        assert len({row["Runtime"] for row in films if row["Title"] == title}) == 2
    for row in series[:-1] + films[:-1]:  # views are hours by length
        if "*" not in str(row["Runtime"]):
            hours, minutes = str(row["Runtime"]).split(":")
            views = float(str(row["Hours Viewed"])) / (int(hours) + int(minutes) / 60)
            assert row["Views"] == pytest.approx(max(views, 100_000), abs=50_001)


def test_reports_name_titles_of_the_catalogue_of_the_lists_and_of_neither(first_week: Path) -> None:
    in_catalogue = {record[3] for record in catalogue(first_week, "titles") if record[3]}
    lists = top10(first_week, "all-weeks-global")
    in_lists = {row["show_title"] if row["season_title"] == "N/A" else row["season_title"] for row in lists}
    for half, sheets in reports(first_week).items():
        names = {title.partition(" // ")[0] for rows in sheets.values() for title in titles_of(rows)}
        shows = {name: re.sub(": (Season .|Part .|Limited Series)$", "", name) for name in names}
        known = {name for name in names if shows[name] in in_catalogue}
        assert len(known) > 10 and len(names - known - in_lists) > 10
        assert (in_lists <= names) == (half == "2023Jul-Dec")
        assert len(in_catalogue) < len(names) < 1.5 * len(in_catalogue) + 200


def test_a_report_stays_as_it_was_published(tmp_path: Path) -> None:
    """And of what the lists of its half-year hold, with what was restated since, it has no fewer hours."""
    for week in (1, 31, 32, 85):
        before = all_files(tmp_path)
        write_sample(tmp_path, 60, week, 3)
        after = all_files(tmp_path)
        found = {Path(name).stem.rpartition("_")[2]: name for name in after if name.endswith(".xlsx")}
        assert found.keys() == {half for half, published in REPORTS.items() if published <= week}
        assert all(after[name] == before.get(name, after[name]) for name in found.values())
    for half, name in found.items():
        days = 7 * (REPORTS[half] - 1)
        assert after[name][1] == datetime(2024, 1, 1, 6, tzinfo=UTC).timestamp() + 86_400 * days

    rows = reports(tmp_path)
    assert list(rows["2025Jan-Jun"]) == ["Shows", "Movies"]
    in_lists: Counter[tuple[str, bool, str]] = Counter()
    for row in top10(tmp_path, "all-weeks-global"):
        half = row["week"][:4] + ("Jan-Jun" if row["week"][5:7] < "07" else "Jul-Dec")
        film = row["category"].startswith("Films")
        in_lists[half, film, row["show_title"]] += int(row["weekly_hours_viewed"])
    assert len({half for half, _, _ in in_lists}) == 5
    viewed: Counter[tuple[str, bool, str]] = Counter()
    for half, sheets in rows.items():
        for sheet, records in sheets.items():
            for record in records:
                name = re.sub(": (Season .|Limited Series)$", "", str(record["Title"]).partition(" // ")[0])
                key = half, sheet in ("Film", "Movies"), name
                viewed[key] = max(viewed[key], int(float(str(record["Hours Viewed"]))))
    assert all(viewed[key] >= hours for key, hours in in_lists.items() if key[0] in rows)

    write_sample(tmp_path, 60, 1, 3)  # in which the later ones are not there yet
    assert list(reports(tmp_path)) == ["2023Jan-Jun", "2023Jul-Dec"]


def test_one_person_is_spelled_in_several_ways(first_week: Path) -> None:
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name in ("cast", "directors"):
        for value, _ in catalogue(first_week, name):
            spellings[same_person(value)][value] += 1
    several = [counts for counts in spellings.values() if len(counts) > 1]
    assert len(several) == 1
    assert any(value.isupper() for value in several[0])
    assert any("  " in value for value in several[0])
    assert any("\u200b" in value for value in several[0])
    assert any(not unicodedata.is_normalized("NFC", value) for value in several[0])
    (_, most), (_, next_most) = several[0].most_common(2)
    assert most > next_most
    twice = [
        ids for ids in children_by_id(first_week, "directors").values() if len(ids) > len({*map(same_person, ids)})
    ]
    assert len(twice) == 2  # one exact duplicate, and one in two spellings


def test_life_size_sample_is_distributed_as_the_published_catalogue(life_size: Path) -> None:
    records = [record for record in catalogue(life_size, "titles") if record[8]]
    assert len(titles_by_id(life_size)) == 6234
    assert sum(record[2] == "Movie" for record in records) / 6234 == pytest.approx(0.684, abs=0.02)
    assert sum(record[6] == "TV-MA" for record in records) / 6234 == pytest.approx(0.325, abs=0.02)
    assert sum(len(record[7]) for record in records) / 6234 == pytest.approx(143, abs=5)
    minutes = [int(record[0]) for record in records if record[0]]
    assert sum(minutes) / len(minutes) == pytest.approx(99, abs=3)
    for name, published in (("cast", 44_311), ("category", 13_670), ("countries", 7_179), ("directors", 4_852)):
        assert len(catalogue(life_size, name)) == pytest.approx(published, rel=0.06)
    sizes = Counter(map(len, children_by_id(life_size, "cast").values()))
    assert max(sizes) <= 17 and sizes[8] > sizes[5]
    people = {same_person(name) for child in ("cast", "directors") for name, _ in catalogue(life_size, child)}
    assert len(people) == pytest.approx(30_710, rel=0.03)
    names = Counter((record[2], record[3]) for record in records)
    assert 5 <= sum(times > 1 for times in names.values()) <= 70


def test_a_title_names_nothing_twice(life_size: Path) -> None:
    twice = sum(
        len(values) - len({*map(same_person, values)})
        for name in CHILDREN
        for values in children_by_id(life_size, name).values()
    )
    assert twice == 3  # the two exact duplicates and the director in two spellings


def test_no_title_and_no_person_is_real(life_size: Path) -> None:
    real = Path(os.environ.get("NETFLIX_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
    if not (real / "catalogue").is_dir():
        pytest.skip(f"no published files in '{real}' (NETFLIX_DATA_DIR)")
    for name in ("cast", "directors"):
        mine = {same_person(value) for value, _ in catalogue(life_size, name)}
        for other in ("cast", "directors"):
            assert not mine & {same_person(value) for value, _ in catalogue(real, other)}
    charts = {row["show_title"] for name in TOP10 for row in top10(life_size, name)}
    mine = charts | {record[3] for record in catalogue(life_size, "titles") if record[8]}
    assert not mine & {record[3] for record in catalogue(real, "titles")}


def test_values_are_those_of_the_published_files(life_size: Path) -> None:
    real = Path(os.environ.get("NETFLIX_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
    if not (real / "catalogue").is_dir():
        pytest.skip(f"no published files in '{real}' (NETFLIX_DATA_DIR)")
    for name in ("category", "countries"):
        values = {value for value, _ in catalogue(real, name)}
        assert {value for value, _ in catalogue(life_size, name)} <= values
    for column in (2, 6):
        values = {record[column] for record in catalogue(real, "titles") if record[8]}
        assert {record[column] for record in catalogue(life_size, "titles") if record[8]} <= values
    for name in HEADERS:
        head = (real / "catalogue" / f"netflix_{name}.csv").open("rb").readline()
        assert (life_size / "catalogue" / f"netflix_{name}.csv").open("rb").readline() == head


def changes(before: Path, after: Path) -> tuple[set[str], set[str], set[str]]:
    """Ids of added, changed and removed titles; checks that nothing else differs."""
    old, new = titles_by_id(before), titles_by_id(after)
    added, removed = new.keys() - old.keys(), old.keys() - new.keys()
    changed = {key for key in old.keys() & new.keys() if old[key] != new[key]}
    for name in CHILDREN:
        was, now = children_by_id(before, name), children_by_id(after, name)
        differ = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
        assert differ <= added | changed | removed
        assert not removed & now.keys() and not added & was.keys()
        if name == "category":
            assert added <= now.keys() and removed <= was.keys()
    kept = [key for key in old if key not in removed]
    assert [key for key in new if key not in added] == kept  # in the same order
    return added, changed, removed


@pytest.mark.parametrize(("titles", "weeks"), [(50, 9), (1000, 7)])
def test_a_week_adds_changes_and_removes(tmp_path: Path, titles: int, weeks: int) -> None:
    folders = [tmp_path / str(week) for week in range(1, weeks + 1)]
    for week, folder in enumerate(folders, 1):
        write_sample(folder, titles, week, 42)
    assert len(titles_by_id(folders[0])) == titles
    gone: dict[str, Record] = {}
    returned, recast = set(), 0
    for before, after in pairwise(folders):
        added, changed, removed = changes(before, after)
        now = titles_by_id(after)
        back = added & gone.keys()
        assert all(now[key] == gone[key] for key in back)
        returned |= back
        assert len(added - back) == max(1, round(titles * 0.005))
        assert len(removed) == max(1, round(titles * 0.003))
        assert max(1, round(titles * 0.009)) <= len(changed) <= max(1, round(titles * 0.01))
        was, is_now = children_by_id(before, "cast"), children_by_id(after, "cast")
        recast += sum(was.get(key) != is_now.get(key) for key in changed)
        gone |= {key: titles_by_id(before)[key] for key in removed}
    assert returned
    assert recast


def test_ids_are_unique_for_any_number_of_titles() -> None:
    """Multiplying modulo a prime permutes the remainders; eight million titles and ten years of weeks must fit in."""
    assert all(ID_MODULUS % divisor for divisor in range(2, int(ID_MODULUS**0.5) + 1))
    assert 8_000_000 * (1 + 0.005 * 520) < ID_MODULUS < 100_000_000 - FIRST_ID


def test_new_titles_were_added_in_the_week_before(tmp_path: Path) -> None:
    for week in (4, 5):
        write_sample(tmp_path / str(week), 1000, week, 42)
    added, _, _ = changes(tmp_path / "4", tmp_path / "5")
    now = titles_by_id(tmp_path / "5")
    days = [datetime.strptime(now[key][4], "%m/%d/%Y").date() for key in added if now[key][4]]
    fresh = [day for day in days if date(2024, 1, 22) <= day < date(2024, 1, 29)]
    assert len(fresh) >= 4


@settings(max_examples=6, deadline=None)
@given(titles=st.integers(50, 200), week=st.integers(1, 60), seed=st.integers(0, 2**40))
def test_any_two_weeks_fit_together(titles: int, week: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        write_sample(before, titles, week, seed)
        write_sample(after, titles, week + 1, seed)
        assert all(changes(before, after))
        for name in CHILDREN:
            ids = {show_id for _, show_id in catalogue(after, name)}
            assert len(ids - titles_by_id(after).keys()) <= 2
        assert_charts_fit(before, after, week)
        old, new = ({path.name: path.read_bytes() for path in folder.rglob("*.xlsx")} for folder in (before, after))
        assert old.items() <= new.items()


def assert_charts_fit(before: Path, after: Path, week: int) -> None:
    """The lists of week + 1 are those of `week`, one week more, and in every third week something restated."""
    for name, key in (
        ("all-weeks-global", ("week", "category", "weekly_rank")),
        ("all-weeks-countries", ("country_name", "week", "category", "weekly_rank")),
    ):
        old_rows, new_rows = top10(before, name), top10(after, name)
        old, new = ({tuple(row[part] for part in key): row for row in rows} for rows in (old_rows, new_rows))
        assert len(old) == len(old_rows) and len(new) == len(new_rows)
        assert old.keys() < new.keys()
        weeks = [sorted({row["week"] for row in rows}) for rows in (old_rows, new_rows)]
        assert len(weeks[0]) == 7 + week and weeks[1][:-1] == weeks[0]
        assert all(date.fromisoformat(day).weekday() == 6 for day in weeks[1])
        lists = {tuple(row[part] for part in key[:-1]) for row in new_rows}
        assert len(new) == 10 * len(lists)
        assert {row["weekly_rank"] for row in new_rows} == {str(rank) for rank in range(1, 11)}
        restated = {part for place in old for part in old[place] if old[place][part] != new[place][part]}
        if (week + 1) % 3:
            assert not restated
        elif name == "all-weeks-global":
            assert restated == {"weekly_hours_viewed", "season_title"}
        else:
            assert restated <= {"season_title"}


@pytest.mark.parametrize("week", [1, 12])
def test_lists_are_sound(tmp_path: Path, week: int) -> None:
    write_sample(tmp_path, 1000, week, 42)
    worldwide, countries = top10(tmp_path, "all-weeks-global"), top10(tmp_path, "all-weeks-countries")
    newest = (datetime(2023, 12, 31).toordinal()) + 7 * (week - 1)
    assert worldwide[0]["week"] == date.fromordinal(newest).isoformat()
    assert len({row["country_iso2"] for row in countries}) == 12
    for rows in (worldwide, countries):
        seen: Counter[Record] = Counter()
        for row in sorted(rows, key=lambda row: row["week"]):
            assert (row["season_title"] == "N/A") == row["category"].startswith("Films")
            which = (row.get("country_name", ""), row["category"], row["show_title"])
            seen[which] += 1
            assert int(row["cumulative_weeks_in_top_10"]) == seen[which]
    by_list = defaultdict(list)
    for row in worldwide:
        by_list[row["week"], row["category"]].append(int(row["weekly_views"]))
    assert all(views == sorted(views, reverse=True) for views in by_list.values())
    staggered = [row for row in worldwide if row["is_staggered_launch"] == "true"]
    assert staggered and all(row["runtime"] == "0" for row in staggered)
    assert all(json.loads(row["episode_launch_details"])[0]["countryList"] for row in staggered)
    popular = top10(tmp_path, "most-popular")
    assert Counter(row["category"] for row in popular) == dict.fromkeys({row["category"] for row in worldwide}, 10)
    listed = {row["show_title"] for row in worldwide}
    in_catalogue = {record[3] for record in catalogue(tmp_path, "titles") if record[3]}
    assert 0.3 < len(listed & in_catalogue) / len(listed) < 0.8


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lakehouse", "sample", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_says_in_one_line_what_it_wrote(tmp_path: Path, small: Path) -> None:
    result = run("--out", str(tmp_path), "--titles", "50")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    assert f"netflix_cast {len(catalogue(tmp_path, 'cast'))}," in result.stdout
    assert all_files(tmp_path) == all_files(small)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--titles", "49"], "--titles"),
        (["--titles", "many"], "--titles"),
        (["--week", "0"], "--week"),
        (["--out", "{file}"], "{file}"),
        (["--out", "{file}/below"], "{file}/below"),
    ],
)
def test_bad_arguments_give_one_line(tmp_path: Path, arguments: list[str], named: str) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    arguments = [argument.format(file=file) for argument in arguments]
    result = run("--out", str(tmp_path / "out"), *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1 and named.format(file=file) in result.stderr
    assert not (tmp_path / "out").exists()
    assert file.read_text() == "in the way"


def test_a_full_disk_leaves_whole_files(tmp_path: Path, small: Path) -> None:
    assert run("--out", str(tmp_path), "--titles", "50").returncode == 0
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
    command = limited + "from lakehouse.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", command, "sample", "--out", str(tmp_path), "--titles", "1000"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "cannot write" in result.stderr
    assert all_files(tmp_path) == all_files(small)
