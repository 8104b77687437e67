"""Work that goes on while the results of earlier work are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def prefetch(pool: ThreadPoolExecutor, items: Iterable[T], work: Callable[[T], U], count: int) -> Iterator[Future[U]]:
    """The work on each item, in order, with that on the next ``count`` items given to the pool already."""
    waiting: deque[Future[U]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > count:
            yield waiting.popleft()
    yield from waiting


def prefetch_one(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made while the last one is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item
