"""Which rungs of ranking stay."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.errors import InputError
from aisle.search.tuning.ladder import FUSION, RANKER, RERANKER, Rung, kept, rung_above


def values(mean: float, seed: int, queries: int = 200) -> dict[str, float]:
    draw = np.random.default_rng(seed)
    return {f"q{at}": float(value) for at, value in enumerate(draw.normal(mean, 0.1, queries))}


def test_a_rung_stays_only_where_it_beats_what_it_stands_on_for_certain() -> None:
    below = values(0.4, 1)
    better = rung_above(RANKER, values(0.5, 2), below, 12.0, guard_p=0.05)
    assert better.kept and better.delta == pytest.approx(0.1, abs=0.02) and better.wins > better.losses
    noise = rung_above(RANKER, values(0.4, 3), below, 12.0, guard_p=0.05)
    worse = rung_above(RERANKER, values(0.3, 4), below, 12.0, guard_p=0.05)
    assert not noise.kept and not worse.kept
    # Worse for certain is not better.
    assert worse.p_value is not None and worse.p_value < 0.05
    assert kept((Rung(FUSION, 0.4, 9.0), better, worse)) == {FUSION, RANKER}


def test_without_queries_nothing_is_decided() -> None:
    with pytest.raises(InputError, match="no judged query"):
        rung_above(RANKER, {}, {}, 1.0, guard_p=0.05)
