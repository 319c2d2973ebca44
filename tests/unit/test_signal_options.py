"""`--boost` and `--half-life` as they are typed."""

from __future__ import annotations

import pytest

from aisle.cli.options import signal_boosts
from aisle.errors import InputError, InvalidQuery
from aisle.search import SignalBoosts


def test_weights_are_read_and_names_may_hold_anything() -> None:
    assert signal_boosts([], None) is None
    found = signal_boosts(["popularity=0.3", "Max. Speed=a=-1"], None)
    assert found == SignalBoosts({"popularity": 0.3, "Max. Speed=a": -1})
    assert signal_boosts(["recency=.2"], 5) == SignalBoosts({"recency": 0.2}, 5)


@pytest.mark.parametrize("pair", ["popularity", "popularity=", "=1", "popularity=0,3", "popularity=x"])
def test_what_is_no_weight_is_named(pair: str) -> None:
    with pytest.raises(InputError, match="is not SIGNAL=WEIGHT"):
        signal_boosts([pair], None)


def test_what_would_do_nothing_is_refused() -> None:
    for pairs in ([], ["popularity=1"]):
        with pytest.raises(InputError, match="that of the signal recency"):
            signal_boosts(pairs, 5)
    with pytest.raises(InputError, match="names 'price' twice"):
        signal_boosts(["price=1", "price=-1"], None)
    for weight in ("nan", "inf", "-1.01", "11"):
        with pytest.raises(InvalidQuery, match="cannot be used"):
            signal_boosts([f"price={weight}"], None)
    for half_life in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidQuery, match="half-life"):
            signal_boosts(["recency=1"], half_life)
