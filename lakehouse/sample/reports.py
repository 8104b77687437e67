"""The made-up half-yearly reports "What We Watched": of each film and season the hours that were viewed in a half-year.

A report lists what stood in the worldwide Top 10 lists in its half-year or the one before, titles of the catalogue of
week 1, and as many that are in neither. It depends on nothing that comes after its publication, so it never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from lakehouse.sample import vocab
from lakehouse.sample.catalogue import FIRST_MONDAY, Index, Whole, choose, join
from lakehouse.sample.charts import Charts

FIRST_YEAR = 2023
IN_WEEK_1 = 2
"""Reports that are there from the beginning."""
DELAY = 5
"""Weeks from the first Monday after a half-year to its report."""
MOST = 6_000
"""Titles of a report that are in no list. A real one has more, but takes longer to write."""
ELSEWHERE = 1 << 41
"""Titles that are in no catalogue and no list have numbers from here on."""
UNIT = 100_000
"""Hours and views are multiples of it."""


@dataclass(frozen=True)
class Report:
    """The report on a half-year; `half` counts them from the first one of 2023, which is 0."""

    charts: Charts
    half: int

    @property
    def start(self) -> date:
        return date(FIRST_YEAR + self.half // 2, 1 + 6 * (self.half % 2), 1)

    @property
    def end(self) -> date:
        return replace(self, half=self.half + 1).start - timedelta(days=1)

    @property
    def week(self) -> int:
        """The week of the sample in which it is published."""
        return 1 if self.half < IN_WEEK_1 else 2 + (self.end - FIRST_MONDAY).days // 7 + DELAY

    @property
    def name(self) -> str:
        months = ("Jan-Jun", "Jul-Dec")[self.half % 2]
        return f"What_We_Watched_A_Netflix_Engagement_Report_{self.start.year}{months}.xlsx"

    @property
    def heading(self) -> tuple[str, str]:
        what, months = "Views" if self.half else "Hours viewed", ("January to June", "July to December")[self.half % 2]
        return "What We Watched: A Made-Up Engagement Report", f"{what} from {months} {self.start.year}"

    def sheets(self) -> dict[str, pl.DataFrame]:
        """The records by sheet: numbers, dates and text, null for an empty cell.

        The first report has one sheet, and neither length nor views.
        """
        rows = pl.concat([self._listed(), self._others()])
        rows = rows.with_columns(
            join(rows["title"], choose(_after_a_colon(vocab.SEASONS), rows["season"].to_numpy())).alias("name")
        )
        rows = rows.unique(["film", "name"], keep="first", maintain_order=True)
        if self.half == 0:
            rows = rows.unique("name", keep="first", maintain_order=True)
            columns = ["Title", "Available Globally?", "Release Date", "Hours Viewed"]
            return {"Engagement": self._worded(rows).sort("Hours Viewed", "Title", descending=[True, False])[columns]}
        sheets = {}
        for film, sheet in enumerate(("TV", "Film") if self.start.year < 2025 else ("Shows", "Movies")):
            here = rows.filter(pl.col("film") == bool(film))
            if film:  # now and then one has the title of another, and its length alone tells them apart
                twins = here[::-400].with_columns(pl.col("minutes") + 11, pl.lit(3 * UNIT, pl.Int64).alias("hours"))
                here = pl.concat([here, twins])
            worded = self._worded(here).with_columns(pl.col("Release Date").dt.to_string("%Y-%m-%d"))
            worded = worded.sort("Views", "Hours Viewed", "Title", "Runtime", descending=[True, True, False, False])
            rest = {"Title": "Other Movies" if film else "Other Shows", "Hours Viewed": UNIT * here.height}
            sheets[sheet] = pl.concat([worded, pl.DataFrame(rest)], how="diagonal")
        return sheets

    def _listed(self) -> pl.DataFrame:
        """What is in the lists of this half-year, with more hours than these show, or in those of the one before."""
        before = replace(self, half=self.half - 1)
        shows = self.charts.listed(self.start, self.end, self.week)
        shows += [replace(show, views=0, weeks=0) for show in self.charts.listed(before.start, before.end, self.week)]
        number = np.array([show.number for show in shows], dtype=np.uint64)
        minutes = np.array([show.minutes for show in shows], dtype=np.int64)
        views, weeks = (np.array([getattr(show, of) for show in shows], dtype=np.int64) for of in ("views", "weeks"))
        dice = self.charts.catalogue.dice
        in_lists = views * minutes // 60 * (120 + dice.below(60, "hours beside lists", number, self.half)) // 100
        in_lists = in_lists // UNIT * UNIT
        # An hour in a list is rounded, and may be raised once or twice when the list is restated.
        hours = in_lists + UNIT * (10 + 3 * weeks + dice.below(20, "hours after lists", number, self.half))
        return pl.DataFrame(
            {
                "number": number,
                "film": pl.Series([show.film for show in shows], dtype=pl.Boolean),
                "foreign": pl.Series([show.foreign for show in shows], dtype=pl.Boolean),
                "title": pl.Series([show.title for show in shows], dtype=pl.String),
                "season": pl.Series([vocab.SEASONS.index(show.season) for show in shows], dtype=pl.Int64),
                "minutes": minutes,
                "premiere": pl.Series([show.premiere for show in shows], dtype=pl.Date),
                "hours": hours,
            }
        )

    def _others(self) -> pl.DataFrame:
        """Titles of the catalogue, spread over it, and others; most series with several seasons."""
        catalogue, dice = self.charts.catalogue, self.charts.catalogue.dice
        each = min(6 * catalogue.titles // 5, MOST) // 2
        known = np.arange(each, dtype=np.uint64) * np.uint64(catalogue.titles) // np.uint64(each)
        elsewhere = np.uint64(ELSEWHERE) + np.arange(each, dtype=np.uint64)
        before = np.datetime64(date(FIRST_YEAR, 1, 1)) - dice.below(3000, "premiere", elsewhere)
        number, premiere = np.concatenate([known, elsewhere]), np.concatenate([catalogue.days_added(known), before])
        seasons = np.where(catalogue.is_movie(number), 1, np.minimum(catalogue.seasons(number), 5))
        turn = np.concatenate([np.arange(count) for count in seasons])
        number, premiere, seasons = (np.repeat(values, seasons) for values in (number, premiere, seasons))
        there = dice.below(8, "in report", number, (8 * self.half + turn).astype(np.uint64)) > 0
        there &= premiere <= np.datetime64(self.end)
        number, premiere, seasons, turn = (values[there] for values in (number, premiere, seasons, turn))

        film, salt = catalogue.is_movie(number), turn.astype(np.uint64)
        season, part = vocab.SEASONS.index("Season 1"), vocab.SEASONS.index("Part 1")
        alone = np.array([season, 1, part, 0])[dice.pick((5, 2, 1, 1), "only season", number)]
        several = np.where(dice.one_in(7, "parts", number), part, season) + turn
        times = np.where(dice.one_in(60, "daily", number), 20, 1)
        long = times * (180 + dice.below(541, "length of season", number, salt))
        minutes = np.where(film, catalogue.minutes(number), long)
        # Half of them have few views, one in a hundred a hundred times as many.
        draw = (dice.roll("views", number, salt) >> np.uint64(32)).astype(np.int64)
        views = np.maximum(1, np.minimum((2 << 32) // ((1 << 32) - draw), 700) // np.where(film, 1, times))
        views *= 70 + dice.below(61, "views in half-year", number, salt + np.uint64(8 * self.half))
        return pl.DataFrame(
            {
                "number": number,
                "film": film,
                "foreign": dice.below(2, "language", number) == 1,
                "title": catalogue.title_texts(number),
                "season": np.where(film, 0, np.where(seasons == 1, alone, several)),
                "minutes": minutes,
                "premiere": pl.Series(premiere).cast(pl.Date),
                "hours": UNIT * np.maximum(1, (views * minutes // 60 + 50) // 100),
            }
        )

    def _worded(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows as the report has them."""
        dice, number = self.charts.catalogue.dice, rows["number"].to_numpy()
        dated = dice.one_in(3, "dated", number)
        everywhere = np.where(dated, ~dice.one_in(8, "dated in places", number), dice.one_in(20, "everywhere", number))
        explained = dice.one_in(40, "explained", number) & ~rows["film"].to_numpy()
        hidden = explained & ~dice.one_in(3, "known length", number)
        length = pl.format("{}:{}", pl.col("minutes") // 60, (pl.col("minutes") % 60).cast(pl.String).str.zfill(2))
        views = (pl.col("hours") * 60 // pl.col("minutes") + UNIT // 2) // UNIT * UNIT
        named = rows["foreign"].to_numpy() & ~dice.one_in(3, "one title", number)
        return rows.select(
            pl.when(pl.Series(named))
            .then(pl.concat_str("name", pl.lit(" // "), self._original(number, rows["season"].to_numpy())))
            .otherwise("name")
            .alias("Title"),
            choose(("No", "Yes"), everywhere.astype(np.int64)).alias("Available Globally?"),
            pl.when(pl.Series(dated)).then("premiere").alias("Release Date"),
            pl.col("hours").alias("Hours Viewed"),
            pl.concat_str(
                pl.when(pl.Series(~hidden)).then(length).otherwise(pl.lit("")),
                choose(("", "*"), explained.astype(np.int64)),
            ).alias("Runtime"),
            pl.max_horizontal(views, UNIT).alias("Views"),
        )

    def _original(self, number: Whole, season: Index) -> pl.Series:
        dice = self.charts.catalogue.dice
        before, after, starts, ends, seasons = zip(*vocab.ORIGINALS, strict=True)
        language = dice.below(len(vocab.ORIGINALS), "original language", number)
        bits = dice.below(4096, "coined original", number)
        return join(
            choose(before, language),
            choose([text for texts in starts for text in texts], 64 * language + bits // 64),
            choose([text for texts in ends for text in texts], 64 * language + bits % 64),
            choose(after, language),
            choose(
                _after_a_colon([text for texts in seasons for text in texts]), len(vocab.SEASONS) * language + season
            ),
        )


def published(charts: Charts) -> list[Report]:
    """The reports that are there in the week of the charts."""
    found: list[Report] = []
    while (report := Report(charts, len(found))).week <= charts.catalogue.week:
        found.append(report)
    return found


def _after_a_colon(texts: Sequence[str]) -> list[str]:
    return [f": {text}" if text else "" for text in texts]
