"""Training sets: what they refuse, what they drop, merging, hashing."""

from dataclasses import replace

import pytest

from aisle.errors import InputError
from aisle.training.data.training_set import (
    EMPTY_QUERY,
    REPEATED,
    UNKNOWN_ITEM,
    Pair,
    PairSource,
    TrainingSet,
    merge,
    training_set,
)

ITEMS = {"a": "red mug", "b": "blue mug", "c": "lamp"}


def pair(query: str = "q1", item: str = "a", grade: int = 3, text: str = "mug") -> Pair:
    return Pair(query, text, item, grade, PairSource.JUDGMENTS)


SET = training_set([pair(), pair(item="b", grade=1), pair("q2", "c", 2, "light")], ITEMS)


def test_positives_are_pairs_and_lower_grades_are_known() -> None:
    assert [(p.query_id, p.item_id) for p in SET.pairs] == [("q1", "a"), ("q2", "c")]
    assert SET.grades == {"q1": {"a": 3, "b": 1}, "q2": {"c": 2}}
    assert SET.positives("q1") == {"a"}
    assert SET.positives("nobody") == frozenset()
    assert SET.queries == {"q1": "mug", "q2": "light"}


def test_what_cannot_be_used_is_dropped_and_counted() -> None:
    rows = [pair(), pair(), pair(item="gone"), pair("q3", text="")]
    data = training_set(rows, ITEMS, {"q1": {"gone": 0, "b": 0}}, dropped={"earlier": 4})
    assert [p.item_id for p in data.pairs] == ["a"]
    assert data.dropped == {"earlier": 4, REPEATED: 1, UNKNOWN_ITEM: 1, EMPTY_QUERY: 1}
    assert data.grades == {"q1": {"b": 0, "a": 3}}


@pytest.mark.parametrize("grades", [[], [0, 1]], ids=["none", "all negative"])
def test_no_positive_pair_is_refused(grades: list[int]) -> None:
    rows = [pair(item=item, grade=grade) for item, grade in zip("ab", grades, strict=False)]
    with pytest.raises(InputError, match=r"no positive pairs.*grade 2"):
        training_set(rows, ITEMS)


def test_one_class_data_is_legal_but_told() -> None:
    only = training_set([pair(), pair(item="b", grade=2)], ITEMS)
    assert only.one_class
    with pytest.raises(InputError, match=r"one-class data.*Fix: add judgments"):
        only.require_graded()
    assert not SET.one_class
    SET.require_graded()


@pytest.mark.parametrize(
    ("pairs", "grades", "relevant", "message"),
    [
        ((pair(item="x"),), {"q1": {"x": 3}}, 2, "not in the catalogue"),
        ((pair(grade=1),), {"q1": {"a": 1}}, 2, "grade 1, under 2"),
        ((pair(),), {"q1": {"a": 2}}, 2, "another grade"),
        ((pair(),), {}, 2, "another grade in grades, or none"),
        ((pair(), pair(item="b", text="cup")), {"q1": {"a": 3, "b": 3}}, 2, "two texts"),
        ((pair(), pair()), {"q1": {"a": 3}}, 2, "occurs twice"),
        ((pair(),), {"q1": {"a": 3}}, 0, "every item a positive"),
    ],
)
def test_a_set_that_contradicts_itself_is_refused(
    pairs: tuple[Pair, ...], grades: dict[str, dict[str, int]], relevant: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        TrainingSet(pairs, ITEMS, grades, relevant)


def test_a_pair_with_two_grades_is_refused() -> None:
    with pytest.raises(InputError, match="'q1' and item 'a' have two grades"):
        training_set([pair(grade=3, text="mug"), pair(grade=2, text="mugs")], ITEMS)


def test_merge_keeps_all_of_both() -> None:
    other = training_set(
        [pair(), pair("q9", "d", 3, "chair")],
        {"a": "red mug", "d": "oak chair"},
        {"q1": {"d": 0}},
        dropped={"x": 1},
    )
    both = merge(SET, other)
    assert {(p.query_id, p.item_id) for p in both.pairs} == {("q1", "a"), ("q2", "c"), ("q9", "d")}
    assert both.items == {**ITEMS, "d": "oak chair"}
    assert both.grades["q1"] == {"a": 3, "b": 1, "d": 0}
    assert both.dropped == {"x": 1}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (training_set([pair()], {"a": "another text"}), "item 'a' has two texts"),
        (training_set([pair(grade=2)], ITEMS), "two grades"),
        (training_set([pair(text="cup")], ITEMS), "query 'q1' has two texts"),
        (training_set([pair()], ITEMS, relevant=3), "grade 2 as relevant, the other 3"),
    ],
    ids=["items", "grades", "queries", "relevant"],
)
def test_merge_refuses_contradictions(other: TrainingSet, message: str) -> None:
    with pytest.raises(InputError, match=message):
        merge(SET, other)


def test_with_pairs_makes_their_grades_known() -> None:
    more = SET.with_pairs([pair(), Pair("title:b:0", "blue", "b", 3, PairSource.TITLES)])
    assert len(more.pairs) == len(SET.pairs) + 1
    assert more.positives("title:b:0") == {"b"}
    with pytest.raises(InputError, match="not in the catalogue"):
        SET.with_pairs([pair("q5", "gone")])
    with pytest.raises(InputError, match="two grades"):
        SET.with_pairs([pair(item="b", grade=3)])


def test_the_hash_covers_content_and_not_order() -> None:
    assert SET.data_hash == replace(SET, pairs=SET.pairs[::-1], items=dict(reversed(ITEMS.items()))).data_hash
    assert SET.data_hash == replace(SET, dropped={"x": 1}).data_hash
    others = [
        replace(SET, items={**ITEMS, "d": ""}),
        replace(SET, items={**ITEMS, "b": "blue  mug"}),
        replace(SET, grades={**SET.grades, "q3": {"a": 0}}),
        replace(SET, pairs=SET.pairs[:1]),
        replace(SET, pairs=(replace(SET.pairs[0], source=PairSource.REVIEWS), *SET.pairs[1:])),
        replace(SET, relevant=1),
    ]
    assert len({data.data_hash for data in [SET, *others]}) == len(others) + 1
