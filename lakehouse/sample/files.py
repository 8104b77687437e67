"""Writes a made-up catalogue, Top 10 lists and half-yearly reports as the published ones are, with their dirt.

``python -m lakehouse sample --out DIR --titles N --week K --seed S`` writes ``DIR/catalogue/netflix_*.csv``,
``DIR/top10/*.tsv`` and ``DIR/engagement/What_We_Watched_*.xlsx`` as they stand in week K. The same arguments give the
same bytes; no title and no person is real.
"""

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl
import xlsxwriter

from ingest.contents import FIRST_RELEASE, MARKER, is_made_up, is_release
from lakehouse.sample.catalogue import CHILDREN, Catalogue
from lakehouse.sample.charts import Charts
from lakehouse.sample.reports import Report, published

UTF8_BOM = b"\xef\xbb\xbf"
FOLDERS = ("catalogue", "top10", "engagement")


def write_sample(out: Path, titles: int, week: int, seed: int) -> dict[str, int]:
    """Writes the files of one week; returns the number of records of each, by its path below `out`.

    A file's modification time is the Monday of its week at 06:00 UTC, that of a report the one of its publication.
    Beside them lies a mark that they are made up. Reports of later weeks are removed.
    Raises OSError where `out` cannot be written or holds such files of another origin.
    """
    catalogue = Catalogue(titles, week, seed)
    charts = Charts(catalogue)
    files: dict[str, Callable[[], Iterator[pl.DataFrame]]] = {
        "catalogue/netflix_titles.csv": catalogue.title_frames,
        **{f"catalogue/netflix_{child}.csv": partial(catalogue.child_frames, child) for child in CHILDREN},
        "top10/all-weeks-global.tsv": charts.worldwide_frames,
        "top10/all-weeks-countries.tsv": charts.country_frames,
        "top10/most-popular.tsv": charts.popular_frames,
    }
    reports = {f"engagement/{report.name}": report for report in published(charts)}
    there = sorted((out / "engagement").glob("What_We_Watched*.xlsx"))
    for path in [*(out / name for name in files), *there]:
        if _is_of_somebody_else(path):
            raise FileExistsError(errno.EEXIST, "there is a file that is not of the sample", str(path))
    marks = [out / folder / MARKER for folder in FOLDERS]
    text = f"Made up by python -m lakehouse sample --titles {titles} --week {week} --seed {seed}\n"
    for mark in marks:  # there before the first file, and of the week only once all files are
        mark.parent.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            mark.write_text(text)
    written = {}
    for name, frames in files.items():
        with _replacing(out / name, week) as file:
            written[name] = _write(file, frames(), csv=name.endswith(".csv"))
    for name, report in reports.items():
        with _replacing(out / name, report.week) as file:
            written[name] = _write_workbook(file, report)
    for path in there:
        if f"engagement/{path.name}" not in reports:
            path.unlink()
    for mark in marks:
        mark.write_text(text)
        _date(mark, week)
    return written


def _is_of_somebody_else(path: Path) -> bool:
    """Whether a file is there that the sample did not write."""
    if not path.exists() or is_made_up(path.parent):
        return False
    return not is_release(datetime.fromtimestamp(path.stat().st_mtime, UTC))  # one from before there were marks


@contextmanager
def _replacing(path: Path, week: int) -> Iterator[IO[bytes]]:
    """A file to write, which then stands at `path` as of a week; `path` never holds half a file."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        _date(part, week)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _released(week: int) -> datetime:
    return FIRST_RELEASE + timedelta(weeks=week - 1)


def _date(path: Path, week: int) -> None:
    time = _released(week).timestamp()
    os.utime(path, (time, time))


def _write(file: IO[bytes], frames: Iterator[pl.DataFrame], *, csv: bool) -> int:
    """CSV with byte-order mark and CRLF, or TSV with neither, as published; returns the number of records."""
    separator, line_end = (",", "\r\n") if csv else ("\t", "\n")
    records = 0
    if csv:
        file.write(UTF8_BOM)
    for frame in frames:
        frame.write_csv(file, include_header=records == 0, separator=separator, line_terminator=line_end)
        records += frame.height
    return records


def _write_workbook(file: IO[bytes], report: Report) -> int:
    """A report as published: two lines of heading, and from cell B6 on a table; returns the number of records."""
    content = io.BytesIO()  # what cannot be written to the disk is an OSError then
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _released(report.week).replace(tzinfo=None)})
        bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        number = workbook.add_format({"num_format": "#,##0"})
        records = 0
        for name, frame in report.sheets().items():
            sheet = workbook.add_worksheet(name)
            sheet.set_column(1, 1, 60)
            sheet.set_column(2, frame.width, 20)
            sheet.write_column(1, 1, report.heading, bold)
            sheet.write_row(5, 1, frame.columns, bold)
            for column, values in enumerate(frame, 1):
                for row, value in enumerate(values, 6):
                    match value:
                        case str():
                            sheet.write_string(row, column, value)
                        case int():
                            sheet.write_number(row, column, value, number)
                        case date():
                            sheet.write_datetime(row, column, value, day)
            records += frame.height
    file.write(content.getvalue())
    return records
