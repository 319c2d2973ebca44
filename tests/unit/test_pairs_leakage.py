"""Leaks between training and held-out queries."""

import pytest

from aisle.errors import InputError
from aisle.evaluation import JudgedSet
from aisle.training.data.leakage import LEAKED, Leak, LeakKind, check_leakage, without_leaks
from aisle.training.data.training_set import Pair, PairSource, training_set
from aisle.types import Query

ITEMS = {"a": "mug", "b": "lamp"}
HELD_OUT = JudgedSet(
    "shop",
    "dev",
    (
        Query("q1", "tea cup"),
        Query("q2", "Broil-Mate  grill"),
        Query("U:a:1", "my lovely mug"),
        Query("q4", "!"),
    ),
    {"q1": {"a": 3}, "q2": {"b": 3}, "U:a:1": {"a": 3}, "q4": {"a": 3}},
)


def pair(query: str, text: str, item: str = "a", source: PairSource = PairSource.JUDGMENTS) -> Pair:
    return Pair(query, text, item, 3, source)


CLEAN = [pair("t1", "floor lamp", "b"), pair("t2", "?"), pair("V:a:1", "nice", source=PairSource.REVIEWS)]
LEAKS = [
    pair("q1", "another text"),
    pair("q1", "another text", "b"),
    pair("t3", "broil mate GRILL"),
    pair("U:a:99", "masked or edited", source=PairSource.REVIEWS),
]


def test_each_kind_is_found_once() -> None:
    report = check_leakage(training_set(CLEAN + LEAKS, ITEMS), HELD_OUT)
    assert report.examples == (
        Leak(LeakKind.QUERY_ID, "q1", "q1", "another text"),
        Leak(LeakKind.QUERY_TEXT, "t3", "q2", "broil mate GRILL"),
        Leak(LeakKind.USER_ITEM, "U:a:99", "U:a:1", "masked or edited"),
    )
    assert (report.total, report.queries, report.held_out) == (3, 6, "shop dev")
    assert set(report.counts.values()) == {1}


def test_only_reviews_can_share_user_and_item() -> None:
    data = training_set([pair("U:a:99", "not a review")], ITEMS)
    assert check_leakage(data, HELD_OUT).total == 0


def test_leaks_are_dropped_with_their_grades() -> None:
    data, report = without_leaks(training_set(CLEAN + LEAKS, ITEMS), HELD_OUT)
    assert data.pairs == tuple(CLEAN)
    assert set(data.grades) == {"t1", "t2", "V:a:1"}
    assert data.dropped == {LEAKED: 4}
    assert report.total == 3
    assert without_leaks(data, HELD_OUT)[0] is data
    with pytest.raises(InputError, match="no positive pairs"):
        without_leaks(training_set(LEAKS, ITEMS), HELD_OUT)
