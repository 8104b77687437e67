"""Properties, tried with few examples in the fast lane and with many in the lane `histories`.

NETFLIX_MORE_EXAMPLES multiplies what that lane tries.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[..., None]
MORE = int(os.environ.get("NETFLIX_MORE_EXAMPLES", "1"))


def examples(few: int, many: int, *, suppress: Any = (), **strategies: SearchStrategy[Any]) -> Callable[[Test], Test]:
    """`given` for a test, which the lane `histories` finds again under the name `<test>_at_length`."""

    def decorate(test: Test) -> Test:
        def tried(count: int) -> Test:
            how = settings(max_examples=count, deadline=None, suppress_health_check=suppress)
            return how(given(**strategies)(test))

        test.__globals__[f"{test.__name__}_at_length"] = pytest.mark.histories(tried(many * MORE))
        return tried(few)

    return decorate
