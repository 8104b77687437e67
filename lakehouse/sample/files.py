"""Writes a made-up catalogue and made-up Top 10 lists in the layout, and with the dirt, of the published files.

``python -m lakehouse sample --out DIR --titles N --week K --seed S`` writes ``DIR/catalogue/netflix_*.csv`` and
``DIR/top10/*.tsv`` as they stand in week K. The same arguments give the same bytes; no title and no person is real.
"""

import errno
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl

from ingest.contents import FIRST_RELEASE, MARKER, is_made_up, is_release
from lakehouse.sample.catalogue import CHILDREN, Catalogue
from lakehouse.sample.charts import Charts

UTF8_BOM = b"\xef\xbb\xbf"


def write_sample(out: Path, titles: int, week: int, seed: int) -> dict[str, int]:
    """Writes the eight files of one week; returns the number of records of each, by its path below `out`.

    A file's modification time is the Monday of its week at 06:00 UTC. Beside them lies a mark that they are made up.
    Raises OSError where `out` cannot be written or holds such files of another origin.
    """
    published = FIRST_RELEASE + timedelta(weeks=week - 1)
    catalogue = Catalogue(titles, week, seed)
    charts = Charts(catalogue)
    files: dict[str, Callable[[], Iterator[pl.DataFrame]]] = {
        "catalogue/netflix_titles.csv": catalogue.title_frames,
        **{f"catalogue/netflix_{child}.csv": partial(catalogue.child_frames, child) for child in CHILDREN},
        "top10/all-weeks-global.tsv": charts.worldwide_frames,
        "top10/all-weeks-countries.tsv": charts.country_frames,
        "top10/most-popular.tsv": charts.popular_frames,
    }
    for name in files:
        if _is_of_somebody_else(out / name):
            raise FileExistsError(errno.EEXIST, "there is a file that is not of the sample", str(out / name))
    marks = [out / folder / MARKER for folder in ("catalogue", "top10")]
    text = f"Made up by python -m lakehouse sample --titles {titles} --week {week} --seed {seed}\n"
    for mark in marks:  # there before the first file, and of the week only once all files are
        mark.parent.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            mark.write_text(text)
    written = {name: _write(out / name, frames(), published) for name, frames in files.items()}
    for mark in marks:
        mark.write_text(text)
        os.utime(mark, (published.timestamp(), published.timestamp()))
    return written


def _is_of_somebody_else(path: Path) -> bool:
    """Whether a file is there that the sample did not write."""
    if not path.exists() or is_made_up(path.parent):
        return False
    return not is_release(datetime.fromtimestamp(path.stat().st_mtime, UTC))  # one from before there were marks


def _write(path: Path, frames: Iterator[pl.DataFrame], published: datetime) -> int:
    """CSV with byte-order mark and CRLF, or TSV with neither, as published; `path` never holds half a file."""
    part = path.with_name(f"{path.name}.part")
    records = 0
    try:
        with part.open("wb") as file:
            if path.suffix == ".csv":
                file.write(UTF8_BOM)
            for frame in frames:
                _append(frame, file, csv=path.suffix == ".csv", header=records == 0)
                records += frame.height
        os.utime(part, (published.timestamp(), published.timestamp()))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return records


def _append(frame: pl.DataFrame, file: IO[bytes], *, csv: bool, header: bool) -> None:
    separator, line_end = (",", "\r\n") if csv else ("\t", "\n")
    frame.write_csv(file, include_header=header, separator=separator, line_terminator=line_end)
