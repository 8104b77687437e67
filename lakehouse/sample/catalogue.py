"""The made-up catalogue: which titles stand in it in a given week, and what its five files then say.

Nothing is drawn from a running random stream. Every title has a number, and each of its properties is a hash of
(seed, property, number), so that any week can be computed by itself and agrees with the weeks around it. The drawing
uses whole numbers only, so that all machines agree too.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from lakehouse.sample import vocab

Whole = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]
Flag = npt.NDArray[np.bool_]

FIRST_MONDAY = date(2024, 1, 1)
"""The day on which week 1 is published."""
CHUNK = 250_000
NEVER = np.iinfo(np.int64).max

SPECIAL = 16
"""Titles that carry the dirt. They are spread over the file, and are never changed or removed."""
BREAK_IN_TITLE, BREAK_IN_DESCRIPTION, NO_DATE, NO_RATING, TWICE_CAST, TWICE_DIRECTED, QUOTED = range(7)
COUNTRY_COMMA = (7, 8)
STAR = slice(9, 16)

ORPHAN_IDS = [str(number) for number in range(69_999_901, 69_999_906)]
"""In no title: all are below the ids of titles."""
FIRST_ID, ID_MODULUS = 70_000_000, 29_999_999  # a prime: multiplying by any factor permutes the remainders

CASTING_PARTS = 24
"""People are split into so many parts, and each member of a cast comes from another part: nobody is cast twice."""
PEOPLE_FACTOR, PEOPLE_FEWEST = 90, 240
CHILDREN = {"cast": "cast", "category": "listed_in", "countries": "country", "directors": "director"}
"""Child files (`netflix_<key>.csv`), each with its first column; the second one is `show_id`."""


@dataclass(frozen=True)
class Dice:
    """Repeatable chance: a hash (SplitMix64) of the seed, what is drawn, the number it is drawn for, and a salt."""

    seed: int

    def roll(self, what: str, number: Whole, salt: int | Whole = 0) -> Whole:
        """64 even bits for each number."""
        key = np.frombuffer(hashlib.blake2b(f"{self.seed}:{what}".encode(), digest_size=8).digest(), dtype="<u8")
        x = number * np.uint64(0x9E3779B97F4A7C15) + key
        x = x ^ (np.atleast_1d(np.asarray(salt, dtype=np.uint64)) * np.uint64(0xD1342543DE82EF95))
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)

    def below(self, limit: int | Index, what: str, number: Whole, salt: int | Whole = 0) -> Index:
        """Even draws from 0, 1, … limit - 1; limit is below 2^32."""
        high = self.roll(what, number, salt) >> np.uint64(32)
        return (high * np.asarray(limit, dtype=np.uint64) >> np.uint64(32)).astype(np.int64)

    def one_in(self, chance: int, what: str, number: Whole) -> Flag:
        return np.equal(self.below(chance, what, number), 0)

    def pick(self, weights: Sequence[int], what: str, number: Whole, salt: int | Whole = 0) -> Index:
        """Draws from 0, 1, … len(weights) - 1 with these weights."""
        return np.searchsorted(np.cumsum(weights), self.below(sum(weights), what, number, salt), side="right")


@dataclass
class Catalogue:
    """The catalogue of `titles` titles as it stands in a week.

    From one week to the next about 0.5% of `titles` are added, 1% changed and 0.3% removed, at least one of each; every
    third of the removed ones returns two weeks later. `titles` is the size in week 1.

    `live` holds the numbers of the titles that stand in the catalogue, in file order; `texts`, `ratings`, `lengths`
    and `casts`, all of the same shape, say how often each title had this part of it changed so far.
    """

    titles: int
    week: int
    seed: int
    dice: Dice = field(init=False)
    special: Whole = field(init=False)
    live: Whole = field(init=False)
    texts: Index = field(init=False)
    ratings: Index = field(init=False)
    lengths: Index = field(init=False)
    casts: Index = field(init=False)

    def __post_init__(self) -> None:
        self.dice = Dice(self.seed)
        self.special = np.arange(1, SPECIAL + 1, dtype=np.uint64) * np.uint64(self.titles) // np.uint64(SPECIAL + 1)
        self._added, changed, removed = (max(1, round(self.titles * share)) for share in (0.005, 0.01, 0.003))
        number = np.arange(self.titles + self._added * (self.week - 1), dtype=np.uint64)
        arrives = self._arrival_week(number)

        # The titles of week 1 leave in a shuffled order, and after them the later ones in the order in which they came:
        # as fewer leave than come, none leaves before it has come.
        first = np.setdiff1d(number[: self.titles], self.special)
        leaving = np.concatenate([first[np.argsort(self.dice.roll("leave", first))], number[self.titles :]]).astype(int)
        leaves, returns = np.full(len(number), NEVER), np.full(len(number), NEVER)
        leaves[leaving] = 2 + np.arange(len(leaving)) // removed
        returns[leaving[::3]] = leaves[leaving[::3]] + 2

        def stands(week: int) -> Flag:
            return np.asarray((arrives <= week) & ((week < leaves) | (week >= returns)))

        ordinary = ~np.isin(number, self.special)
        versions = np.zeros((4, len(number)), dtype=np.int64)
        for week in range(2, self.week + 1):
            eligible = np.flatnonzero(ordinary & stands(week - 1) & stands(week))
            draws = self.dice.below(len(eligible), "change", np.arange(changed, dtype=np.uint64), week)
            hit = eligible[np.unique(draws)]
            versions[self.dice.pick((3, 1, 2), "changed part", number[hit], week), hit] += 1
            versions[3, hit] += self.dice.below(4, "changed cast", number[hit], week) == 0
        now = stands(self.week)
        self.live = number[now]
        self.texts, self.ratings, self.lengths, self.casts = versions[:, now]

    def _arrival_week(self, number: Whole) -> Index:
        late = number.astype(np.int64) - self.titles
        return np.where(late < 0, 1, 2 + late // self._added)

    # What a title number stands for

    def show_ids(self, number: Whole) -> pl.Series:
        """Unique ids of eight digits."""
        factor = 1 + self.dice.below(ID_MODULUS - 1, "id", np.zeros(1, dtype=np.uint64)).astype(np.uint64)
        return pl.Series(FIRST_ID + (number + np.uint64(1)) * factor % np.uint64(ID_MODULUS)).cast(pl.String)

    def is_movie(self, number: Whole) -> Flag:
        movie = self.dice.pick((4265, 1969), "type", number) == 0
        movie |= self._is_special(number, BREAK_IN_TITLE, BREAK_IN_DESCRIPTION)
        return np.asarray(movie & ~self._is_special(number, NO_DATE))

    def minutes(self, number: Whole) -> Index:
        """Running time of a movie: a bell around 99, from 17 to 181."""
        spread = [self.dice.below(42, "minutes", number, salt) for salt in range(4)]
        return 17 + spread[0] + spread[1] + spread[2] + spread[3]

    def seasons(self, number: Whole) -> Index:
        return self.dice.pick(vocab.SEASON_NUMBERS, "seasons", number)

    def title_texts(self, number: Whole) -> pl.Series:
        """Titles; one in 200 bears the title before it once more, as it happens in the published file."""
        again = self.dice.one_in(200, "same title", number) & (number > 0) & ~self._is_special(number)
        number = np.where(again, number - np.uint64(1), number)
        lefts, rights, weights = zip(*vocab.TITLE_FORMS, strict=True)
        form = self.dice.pick(weights, "title form", number)
        form[self._is_special(number)] = vocab.FORM_OF
        form[self._is_special(number, QUOTED)] = vocab.FORM_QUOTED
        sides: list[pl.Series] = []
        for parts, used in ((vocab.LEFT_PARTS, lefts), (vocab.RIGHT_PARTS, rights)):
            ends = dict(zip(parts, np.cumsum([len(texts) for texts in parts.values()]).tolist(), strict=True))
            lengths = np.array([len(parts[part]) for part in used])
            starts = np.array([ends[part] for part in used]) - lengths
            at = starts[form] + self.dice.below(lengths[form], "title part", number, len(sides))
            sides.append(choose([text for texts in parts.values() for text in texts], at))
        middles = vocab.WORD_MIDDLES[: 1 + self.titles // 2000]
        middle = choose(middles, self.dice.below(len(middles), "middle of title", number))
        start, end = self.coined("title", number)
        return join(sides[0], start, middle, end, sides[1])

    def _descriptions(self, number: Whole, version: Index) -> pl.Series:
        salt = version.astype(np.uint64)

        def draw(texts: Sequence[str], what: str) -> pl.Series:
            return choose(texts, self.dice.below(len(texts), what, number, salt))

        tails = np.where(self._is_special(number, BREAK_IN_DESCRIPTION), vocab.PLAIN_TAILS, len(vocab.TAILS))

        return join(
            draw([lead for lead, _ in vocab.LEADS], "lead"),
            draw(vocab.SUBJECTS, "subject"),
            draw([joiner for _, joiner in vocab.LEADS], "lead"),
            draw([f"{action} " for action in vocab.ACTIONS], "action"),
            *self.coined("place", number, salt),
            choose(vocab.TAILS, self.dice.below(tails, "tail", number, salt)),
        )

    def coined(self, what: str, number: Whole, salt: int | Whole = 0) -> tuple[pl.Series, pl.Series]:
        bits = self.dice.below(4096, f"coined {what}", number, salt)
        return choose(vocab.WORD_STARTS, bits // 64), choose(vocab.WORD_ENDS, bits % 64)

    def days_added(self, number: Whole) -> npt.NDArray[np.datetime64]:
        """The titles of week 1 came in the years before it, a quarter of them on the first of a month; the later ones
        in the week before the file in which they first stand."""
        year = FIRST_MONDAY.year - 1 - self.dice.pick(vocab.YEARS_SINCE_ADDED, "year added", number)
        early = (year - 1970).astype("M8[Y]").astype("M8[D]") + self.dice.below(365, "day added", number)
        early = np.where(self.dice.one_in(4, "first of month", number), early.astype("M8[M]").astype("M8[D]"), early)
        late = 7 * (self._arrival_week(number) - 1) - 1 - self.dice.below(7, "day added", number)
        return np.where(number < self.titles, early, np.datetime64(FIRST_MONDAY) + late)

    def _is_special(self, number: Whole, *which: int) -> Flag:
        return np.isin(number, self.special[list(which)] if which else self.special)

    # netflix_titles.csv

    def title_frames(self, *, broken: bool = True) -> Iterator[pl.DataFrame]:
        """The records of the file: all columns text, null for an empty field. `broken`: two of them as halves."""
        for start in range(0, len(self.live), CHUNK):
            titles = self._titles(slice(start, start + CHUNK))
            yield self._break(titles, self.live[start : start + CHUNK]) if broken else titles

    def _titles(self, here: slice) -> pl.DataFrame:
        number, length, shift = self.live[here], self.lengths[here], self.ratings[here]
        movie, ordinary = self.is_movie(number), ~self._is_special(number)
        no_date = self.dice.one_in(200, "no date", number) & ~movie & ordinary
        no_rating = self.dice.one_in(600, "no rating", number) & (shift == 0) & ordinary
        scale = list(vocab.MOVIE_RATINGS)
        rating = self._by_type("rating", number, [*vocab.MOVIE_RATINGS.values()], [*vocab.SHOW_RATINGS.values()])
        added = self.days_added(number)
        released = added.astype("M8[Y]").astype(np.int64) + 1971 - self.dice.pick(vocab.YEARS_TO_ADDED, "gap", number)
        return pl.DataFrame(
            {
                "duration_minutes": _blank(~movie, pl.Series(self.minutes(number) + length).cast(pl.String)),
                "duration_seasons": _blank(movie, pl.Series(self.seasons(number) + length).cast(pl.String)),
                "type": choose(("TV Show", "Movie"), movie.astype(np.int64)),
                "title": self.title_texts(number),
                "date_added": _blank(no_date | self._is_special(number, NO_DATE), _us_dates(added)),
                "release_year": pl.Series(released).cast(pl.String),
                "rating": _blank(
                    no_rating | self._is_special(number, NO_RATING), choose(scale, (rating + shift) % len(scale))
                ),
                "description": self._descriptions(number, self.texts[here]),
                "show_id": self.show_ids(number),
            }
        )

    def _break(self, frame: pl.DataFrame, number: Whole) -> pl.DataFrame:
        """Breaks two records as two published ones are: a line break in the title or in the description ended the
        record; the rest of that field (it has no comma) got a quote at its end and starts the next record, the other
        fields follow it, and both halves are filled up with empty fields."""
        parts, done = [], 0
        for which, column in ((BREAK_IN_TITLE, 3), (BREAK_IN_DESCRIPTION, 7)):
            for at in np.flatnonzero(self._is_special(number, which)).tolist():
                row = frame.row(at)
                text: str = row[column]
                cut = text.index(" ", len(text) // 2 if which == BREAK_IN_TITLE else len(text) - 40)
                rest = text[cut:].strip() if which == BREAK_IN_TITLE else text[cut:]
                halves = [(*row[:column], text[:cut]), (f'{rest}"', *row[column + 1 :])]
                width = frame.width
                padded = [(*half, *[None] * (width - len(half))) for half in halves]
                parts += [frame[done:at], pl.DataFrame(padded, schema=frame.schema, orient="row")]
                done = at + 1
        return pl.concat([*parts, frame[done:]])

    # The child files

    def child_frames(self, child: str) -> Iterator[pl.DataFrame]:
        """The records of `netflix_<child>.csv`: the first member of every title, then the second of every title that
        has two, and so on (as published), then the dirt."""
        counts = self._counts(child)
        for place in range(int(counts.max())):
            at = np.flatnonzero(counts > place)
            for start in range(0, len(at), CHUNK):
                here = at[start : start + CHUNK]
                members = self._members(child, here, place, counts[here])
                yield pl.DataFrame({CHILDREN[child]: members, "show_id": self.show_ids(self.live[here])})
        yield pl.DataFrame(self._dirt(child), schema=[CHILDREN[child], "show_id"], orient="row")

    def _counts(self, child: str) -> Index:
        counts = self._by_type(f"number of {child}", self.live, *vocab.CHILD_NUMBERS[child])
        if child == "cast":
            counts = np.maximum(counts, (self.casts > 0) | self._is_special(self.live))
        if child == "directors":
            counts = np.maximum(counts, self._is_special(self.live, TWICE_DIRECTED))
        if child == "countries":
            counts[self._is_special(self.live, *COUNTRY_COMMA)] = 0
        return counts

    def _members(self, child: str, here: Index, place: int, counts: Index) -> pl.Series:
        """The members that stand at this place (0, 1, …) of the titles at `here` in `live`."""
        number = self.live[here]
        if child == "category":
            movies, shows = list(vocab.MOVIE_CATEGORIES), list(vocab.SHOW_CATEGORIES)
            at = self._distinct(child, number, place, vocab.MOVIE_CATEGORIES, vocab.SHOW_CATEGORIES)
            return choose(movies + shows, np.where(self.is_movie(number), at, at + len(movies)))
        if child == "countries":
            at = self._distinct(child, number, place, vocab.COUNTRIES, vocab.COUNTRIES)
            return choose(list(vocab.COUNTRIES), at)
        if child == "directors":
            return self._names(self._people(child, number, place))
        names = self._names(self._people(child, number, place, np.where(place == counts - 1, self.casts[here], 0)))
        if place == 0:
            stars = dict(zip(self.special[STAR].tolist(), vocab.STAR_SPELLINGS, strict=True))
            at = np.flatnonzero(np.isin(number, self.special[STAR]))
            names = names.scatter(at, [stars[star] for star in number[at].tolist()])
        return names

    def _dirt(self, child: str) -> list[tuple[str, str]]:
        """Records at the end of the file: exact duplicates, a name in two spellings on one title, a comma at the end of
        a country, and orphans."""
        ids = self.show_ids(self.special).to_list()
        if child == "category":
            return [("Dramas", ORPHAN_IDS[0])]
        if child == "countries":
            commas = zip(("United States,", "Poland,"), (ids[which] for which in COUNTRY_COMMA), strict=True)
            return [*commas, ("India", ORPHAN_IDS[1])]
        which = TWICE_CAST if child == "cast" else TWICE_DIRECTED
        again = self._names(self._people(child, self.special[which : which + 1], 0))[0]
        orphans = self._names(np.arange(2, dtype=np.uint64)).to_list()
        if child == "cast":
            return [(again, ids[which]), *zip(orphans, ORPHAN_IDS[2:4], strict=True)]
        plain, capitals = vocab.STAR_SPELLINGS[0], vocab.STAR_SPELLINGS[3]
        return [(again, ids[which]), (plain, ids[TWICE_CAST]), (capitals, ids[TWICE_CAST]), (orphans[0], ORPHAN_IDS[4])]

    def _people(self, child: str, number: Whole, place: int, recast: Index | int = 0) -> Whole:
        """Numbers of the people at this place of a cast or a list of directors.

        Few people have many roles and most have one. The stock of people grows with the power 3/4 of the number of
        titles, as it does between parts of the published catalogue and the whole; an eighth of it directs, and a tenth
        of those who direct also act.
        """
        stock = (
            max(PEOPLE_FEWEST, int(PEOPLE_FACTOR * math.sqrt(self.titles * math.sqrt(self.titles)))) // CASTING_PARTS
        )
        first = 0
        if child == "directors":
            first, stock = stock - stock // 80, max(4, stock // 8)
        part = (place + self.dice.below(CASTING_PARTS, f"part of {child}", number)) % CASTING_PARTS
        skewed = self.dice.roll(child, number, place) >> np.uint64(32)
        skewed = skewed * skewed >> np.uint64(32)
        at = (skewed * np.uint64(stock) >> np.uint64(32)).astype(np.int64)
        return ((first + (at + recast) % stock) * CASTING_PARTS + part).astype(np.uint64)

    def _names(self, person: Whole) -> pl.Series:
        """A name for each person: the first 2^19 people have no initial, the next ones "A.", and so on."""
        start = self.dice.roll("names", np.zeros(1, dtype=np.uint64))
        bits = (person * np.uint64(0x5DEECE66D) + start).astype(np.int64) & (2**19 - 1)
        middle = np.where(person % np.uint64(2000) == 1999, len(vocab.INITIALS), person >> np.uint64(19))
        return join(
            choose([f"{name} " for name in vocab.FIRST_NAMES], bits >> 12),
            choose([*vocab.INITIALS, vocab.NICKNAME], middle.astype(np.int64)),
            choose(vocab.WORD_STARTS, bits >> 6 & 63),
            choose(vocab.WORD_ENDS, bits & 63),
        )

    def _distinct(self, what: str, number: Whole, place: int, movies: dict[str, int], shows: dict[str, int]) -> Index:
        """A draw without putting back: whoever meets an earlier draw moves on to the next free value."""
        size = np.where(self.is_movie(number), len(movies), len(shows))
        drawn: list[Index] = []
        for turn in range(place + 1):
            draw = self._by_type(what, number, list(movies.values()), list(shows.values()), turn)
            for earlier in drawn * len(drawn):
                draw = np.where(draw == earlier, (draw + 1) % size, draw)
            drawn.append(draw)
        return drawn[-1]

    def _by_type(self, what: str, number: Whole, movies: Sequence[int], shows: Sequence[int], salt: int = 0) -> Index:
        """A draw with one list of weights for movies and another one for TV shows."""
        draws = (self.dice.pick(weights, what, number, salt) for weights in (movies, shows))
        return np.where(self.is_movie(number), *draws)


def choose(texts: Sequence[str], at: Index) -> pl.Series:
    return pl.Series(texts, dtype=pl.String).gather(at)


def join(*parts: pl.Series) -> pl.Series:
    columns = {f"part{place}": part for place, part in enumerate(parts)}
    return pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()


def _blank(where: Flag, texts: pl.Series) -> pl.Series:
    """The texts, with an empty field where the flag is set."""
    return texts.zip_with(pl.Series(~where), pl.Series([None], dtype=pl.String))


def _us_dates(days: npt.NDArray[np.datetime64]) -> pl.Series:
    """Month/day/year without padding, as 9/8/2017."""
    first = days.min()
    calendar = np.arange(first, days.max() + 1).astype(object).tolist()
    texts = [f"{day.month}/{day.day}/{day.year}" for day in calendar]
    return choose(texts, (days - first).astype(np.int64))
