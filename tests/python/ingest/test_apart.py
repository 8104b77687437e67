"""Which records two versions do not share, against sets: whatever was put in or taken out, or stands twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.storage import hashes

numbers = st.integers(0, 40).map(lambda number: number * 0x9E3779B97F4A7C15 % 2**64)
edits = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.lists(numbers, max_size=9)), max_size=5)


@given(
    old=st.lists(numbers, max_size=60, unique=True) | st.lists(numbers, max_size=60),
    edits=edits,
    cuts=st.lists(st.integers(0, 60), max_size=3).map(sorted),
    step=st.sampled_from([1, 2, 3, 5]),
)
def test_what_two_versions_do_not_share(
    old: list[int], edits: list[tuple[int, int, list[int]]], cuts: list[int], step: int
) -> None:
    new = list(old)
    for place, taken_out, put_in in edits:
        new[place : place + taken_out] = put_in
    parts = ([np.array(part, dtype=np.uint64) for part in np.split(np.array(of, object), cuts)] for of in (old, new))
    every = hashes._STEP
    try:
        hashes._STEP = step
        lost, fresh = hashes.apart(*parts)
    finally:
        hashes._STEP = every
    assert lost.tolist() == sorted(set(old) - set(new))
    assert fresh.tolist() == sorted(set(new) - set(old))
