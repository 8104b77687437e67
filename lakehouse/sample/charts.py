"""The made-up weekly Top 10 lists, in the newest layout of the published files.

Every week a few shows start in each of the four worldwide lists and then fade; a week's list is made of the strongest
shows of the last weeks. Every second show is a title of the catalogue, the others are in no catalogue.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from lakehouse.sample import vocab
from lakehouse.sample.catalogue import FIRST_MONDAY, Catalogue, Index

HISTORY = 8
"""Weeks that the files of week 1 hold."""
STARTS = 4
"""Shows that start in each list each week."""
FADING = np.array([100, 70, 48, 33, 23, 16, 11, 7, 4, 2])
"""Strength of a show in the weeks after its start, in percent."""
LISTS = ("Films (English)", "Films (Non-English)", "TV (English)", "TV (Non-English)")
FEWEST_COUNTRIES = 12
SEASONS = ("Season 1", "Season 2", "Season 3", "Season 4", "Limited Series")
RESTATE_EVERY = 3
FIRST_DAYS = 13
"""91 days in weeks: the span of most-popular.tsv."""

Chart = list[list[int]]
"""For each week, oldest first, the ten shows in order, by their position in `Charts`."""


@dataclass
class Listed:
    """A film or a season in the worldwide lists: its length, the day on which it started, and what weeks add up to."""

    number: int
    film: bool
    foreign: bool
    title: str
    season: str
    minutes: int
    premiere: date
    views: int = 0
    weeks: int = 0


@dataclass
class Charts:
    """The lists as they stand in a week of the catalogue.

    Every third week an earlier week is restated: the hours of the first of one list rise by 100,000, and a TV show
    changes between season and limited series.
    """

    catalogue: Catalogue
    titles: list[str] = field(init=False)
    minutes: list[int] = field(init=False)
    seasons: list[str] = field(init=False)
    worldwide: list[Chart] = field(init=False)

    def __post_init__(self) -> None:
        catalogue, dice = self.catalogue, self.catalogue.dice
        self.weeks = HISTORY + catalogue.week - 1
        spans = len(FADING) - 1 + self.weeks  # some shows started before the first week
        show = np.arange(len(LISTS) * spans * STARTS, dtype=np.uint64)
        which, turn = np.divmod(show.astype(np.int64), spans * STARTS)
        # Whatever belongs to a show must not depend on how many weeks there are.
        self._show = (which.astype(np.uint64) << np.uint64(32)) + turn.astype(np.uint64)
        first = np.arange(catalogue.titles, dtype=np.uint64)
        kind = np.where(catalogue.is_movie(first), 0, 2) + dice.below(2, "language", first)
        number = (np.uint64(1) << np.uint64(40)) + self._show
        known = turn % 2 == 0
        for at in range(len(LISTS)):
            pool, here = first[kind == at], known & (which == at)
            if len(pool):
                number[here] = pool[dice.below(len(pool), "chosen", self._show[here])]
        self.titles = catalogue.title_texts(number).to_list()
        film = which < 2
        hours = 180 + dice.below(541, "length of season", number)
        self.minutes = np.where(film, catalogue.minutes(number), hours).tolist()
        labels = dice.pick((5, 3, 2, 1, 3), "season", number)
        self._number, self._film, self._label = number, film, labels
        self._shape = (len(LISTS), spans, STARTS)
        start = turn // STARTS - (len(FADING) - 1)
        self._episodes = np.where((which == 3) & (turn % STARTS == 0) & (start % 4 == 0), 2 + turn % 5, 0).tolist()
        self._strength = np.where(  # the first of each week leads when it starts
            turn % STARTS == 0,
            190 + dice.below(66, "strength", self._show),
            20 + dice.below(160, "strength", self._show),
        )
        self.worldwide = [self._chart(self._strength, slice(at, at + 1)) for at in range(len(LISTS))]
        self._more_hours, self.seasons = self._restated(catalogue.week)

    def _chart(self, strength: Index, lists: slice) -> Chart:
        """The ten strongest shows of each week, each title once."""
        of_list = strength.reshape(self._shape)[lists]
        shows = np.arange(strength.size).reshape(self._shape)[lists]
        chart = []
        for week in range(self.weeks):
            window = slice(week, week + len(FADING))
            score = of_list[:, window] * FADING[::-1, None]
            ranked = shows[:, window].ravel()[np.argsort(-score.ravel(), kind="stable")].tolist()
            best = {self.titles[show]: show for show in reversed(ranked)}  # the strongest stays
            chart.append(sorted(best.values(), key=ranked.index)[:10])
        return chart

    def _restated(self, week: int) -> tuple[Counter[tuple[int, int]], list[str]]:
        """As of a week: how often the hours of the first of a list were raised, by list and week; the seasons."""
        more_hours: Counter[tuple[int, int]] = Counter()
        flips: Counter[int] = Counter()
        for release in range(RESTATE_EVERY, week + 1, RESTATE_EVERY):
            draw = self.catalogue.dice.below(24, "restated", np.array([release], dtype=np.uint64))[0]
            at, back = divmod(int(draw), 6)
            listed = HISTORY + release - 3 - back
            more_hours[at, listed] += 1
            flips[int(self._number[self.worldwide[2 + at % 2][listed][0]])] += 1
        limited = SEASONS.index("Limited Series")
        flipped = np.isin(self._number, [number for number, times in flips.items() if times % 2])
        label = np.where(flipped, np.where(self._label == limited, 0, limited), self._label).tolist()
        return more_hours, [
            "N/A" if film else f"{title}: {SEASONS[at]}"
            for film, title, at in zip(self._film.tolist(), self.titles, label, strict=True)
        ]

    def _views(self, at: int, week: int, place: int) -> int:
        show = self.worldwide[at][week][place]
        score = int(self._strength[show] * FADING[week - self._start(show)])
        return (800_000 + 900 * score) // 100_000 * 100_000

    def _views_and_hours(self, at: int, week: int, place: int) -> tuple[int, int]:
        views, minutes = self._views(at, week, place), self.minutes[self.worldwide[at][week][place]]
        more = self._more_hours[at, week] if place == 0 else 0
        return views, (views * minutes // 60 + 50_000) // 100_000 * 100_000 + 100_000 * more

    def _start(self, show: int) -> int:
        """The week in which a show starts; week 0 is the first one of the lists."""
        return show % (self._shape[1] * STARTS) // STARTS - (len(FADING) - 1)

    def _sunday(self, week: int) -> date:
        return FIRST_MONDAY - timedelta(days=1) + timedelta(weeks=week - HISTORY + 1)

    def listed(self, since: date, until: date, as_of: int) -> list[Listed]:
        """What stands in the worldwide lists of the weeks that end from `since` to `until`, each title or season once,
        as a week of the catalogue (`as_of`) names them; what is restated later makes no difference."""
        _, seasons = self._restated(as_of)
        found: dict[tuple[bool, str], Listed] = {}
        for week in (week for week in range(self.weeks) if since <= self._sunday(week) <= until):
            for at, chart in enumerate(self.worldwide):
                for place, show in enumerate(chart[week]):
                    film, title = at < 2, self.titles[show]
                    season = "" if film else seasons[show].removeprefix(f"{title}: ")
                    premiere = self._sunday(self._start(show)) - timedelta(days=int(self._show[show]) % 7)
                    new = Listed(
                        int(self._number[show]), film, at % 2 == 1, title, season, self.minutes[show], premiere
                    )
                    entry = found.setdefault((film, f"{title}: {season}"), new)
                    entry.views += self._views(at, week, place)
                    entry.weeks += 1
        return list(found.values())

    def worldwide_frames(self) -> Iterator[pl.DataFrame]:
        """The records of all-weeks-global.tsv, newest week first."""
        seen = [_weeks_so_far(chart, self.titles) for chart in self.worldwide]
        rows = []
        for week in reversed(range(self.weeks)):
            for at, name in enumerate(LISTS):
                for place, show in enumerate(self.worldwide[at][week]):
                    views, hours = self._views_and_hours(at, week, place)
                    episodes = self._episodes[show]
                    rows.append(
                        {
                            "week": self._sunday(week).isoformat(),
                            "category": name,
                            "weekly_rank": str(place + 1),
                            "show_title": self.titles[show],
                            "season_title": self.seasons[show],
                            "weekly_hours_viewed": str(hours),
                            "runtime": "0" if episodes else _runtime(self.minutes[show]),
                            "weekly_views": str(views),
                            "cumulative_weeks_in_top_10": str(seen[at][week][place]),
                            "is_staggered_launch": "true" if episodes else "false",
                            "episode_launch_details": _launches(episodes) if episodes else None,
                        }
                    )
        yield pl.DataFrame(rows, infer_schema_length=None)

    def country_frames(self) -> Iterator[pl.DataFrame]:
        """The records of all-weeks-countries.tsv: country by country, newest week first; a dozen countries for a small
        catalogue, more for a large one."""
        number = max(FEWEST_COUNTRIES, self.catalogue.titles // 5_000)
        sundays = [self._sunday(week).isoformat() for week in range(self.weeks)]
        for place, (country, code) in sorted(enumerate(vocab.CHART_COUNTRIES[:number]), key=lambda item: item[1]):
            strength = 20 + self.catalogue.dice.below(236, "strength in country", self._show, place)
            charts = {"Films": self._chart(strength, slice(0, 2)), "TV": self._chart(strength, slice(2, 4))}
            seen = {name: _weeks_so_far(chart, self.titles) for name, chart in charts.items()}
            yield pl.DataFrame(
                [
                    {
                        "country_name": country,
                        "country_iso2": code,
                        "week": sundays[week],
                        "category": name,
                        "weekly_rank": str(rank + 1),
                        "show_title": self.titles[show],
                        "season_title": self.seasons[show],
                        "cumulative_weeks_in_top_10": str(seen[name][week][rank]),
                    }
                    for week in reversed(range(self.weeks))
                    for name, chart in charts.items()
                    for rank, show in enumerate(chart[week])
                ]
            )

    def popular_frames(self) -> Iterator[pl.DataFrame]:
        """The records of most-popular.tsv: of each list the ten shows with most views in their first 91 days."""
        rows = []
        for at, name in enumerate(LISTS):
            began: dict[str, int] = {}
            shows: dict[str, int] = {}
            views: Counter[str] = Counter()
            hours: Counter[str] = Counter()
            for week, chart in enumerate(self.worldwide[at]):
                for place, show in enumerate(chart):
                    title = self.titles[show]
                    shows.setdefault(title, show)
                    if week < began.setdefault(title, week) + FIRST_DAYS:
                        seen, watched = self._views_and_hours(at, week, place)
                        views[title] += seen
                        hours[title] += watched
            best = sorted(views, key=lambda title: (-views[title], title))[:10]
            rows += [
                {
                    "category": name,
                    "rank": str(rank),
                    "show_title": title,
                    "season_title": self.seasons[shows[title]],
                    "hours_viewed_first_91_days": str(hours[title]),
                    "runtime": _runtime(self.minutes[shows[title]]),
                    "views_first_91_days": str(views[title]),
                }
                for rank, title in enumerate(best, 1)
            ]
        yield pl.DataFrame(rows)


def _weeks_so_far(chart: Chart, titles: list[str]) -> list[list[int]]:
    """For each place of each week, in how many weeks up to then the title was in this list."""
    seen: Counter[str] = Counter()
    weeks = []
    for shows in chart:
        seen.update(titles[show] for show in shows)
        weeks.append([seen[titles[show]] for show in shows])
    return weeks


def _runtime(minutes: int) -> str:
    """Hours with up to four decimals, as 1.7833, 1.85, 2."""
    return f"{minutes / 60:.4f}".rstrip("0").rstrip(".")


def _launches(episodes: int) -> str:
    """How many episodes had started where; the published text is JSON without spaces."""
    codes = [code for _, code in vocab.CHART_COUNTRIES]
    launches = [
        {"episodesLaunched": episodes, "countryList": codes[:20]},
        {"episodesLaunched": 2 * episodes, "countryList": codes[20:]},
    ]
    return json.dumps(launches, separators=(",", ":"))
