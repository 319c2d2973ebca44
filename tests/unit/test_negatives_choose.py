"""Every rule of the choice, one by one."""

from __future__ import annotations

import pytest

from aisle.errors import InputError
from aisle.training.data.negatives import (
    NegativeOptions,
    choose_negatives,
    distribute_negatives,
    mix_candidates,
)
from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

ITEMS = {f"i{n}": f"item number {n}" for n in range(40)}
ALL = {"q": tuple(ITEMS)}
MINED = NegativeOptions(per_query=40, depth=40, fill=False)


def data(grades: dict[str, int], items: dict[str, str] | None = None, query: str = "a query") -> TrainingSet:
    pairs = [Pair("q", query, item, grade, PairSource.JUDGMENTS) for item, grade in grades.items()]
    return training_set(pairs, items or ITEMS)


def test_positives_and_partly_relevant_items_are_never_chosen() -> None:
    chosen = choose_negatives(data({"i0": 3, "i1": 2, "i2": 1}), ALL, MINED)["q"]
    assert sorted(chosen) == sorted(set(ITEMS) - {"i0", "i1", "i2"})


def test_random_items_obey_the_same_rules() -> None:
    items = {name: ITEMS[name] for name in ("i0", "i1", "i2", "i3")}
    chosen = choose_negatives(data({"i0": 3, "i1": 2, "i2": 1}, items), {}, NegativeOptions(per_query=4))["q"]
    assert chosen == ("i3",)


def test_a_judged_irrelevant_item_comes_first_whatever_its_score() -> None:
    grades = {"i0": 3, "i7": 0}
    for seed in range(5):
        options = NegativeOptions(per_query=3, seed=seed)
        assert choose_negatives(data(grades), ALL, options, {"q": {"i0": 0.5, "i7": 0.9}})["q"][0] == "i7"


def test_an_item_that_reads_like_a_positive_or_the_query_is_never_chosen() -> None:
    items = {**ITEMS, "twin": "Item  NUMBER 0", "echo": "A Query"}
    chosen = choose_negatives(data({"i0": 3}, items), {"q": ("twin", "echo", "i5")}, MINED)["q"]
    assert chosen == ("i5",)


def test_the_same_query_under_another_id_lends_its_judgments() -> None:
    pairs = [
        Pair("q", "a query", "i0", 3, PairSource.REVIEWS),
        Pair("r", "A query", "i1", 3, PairSource.REVIEWS),
    ]
    chosen = choose_negatives(training_set(pairs, ITEMS), {**ALL, "r": tuple(ITEMS)}, MINED)
    assert {"i0", "i1"}.isdisjoint(chosen["q"])
    assert {"i0", "i1"}.isdisjoint(chosen["r"])


def test_candidates_that_score_near_the_positives_are_dropped() -> None:
    scores = {"q": {"i0": 0.8, "i1": 0.6, "i5": 0.64, "i6": 0.62, "i7": 0.1}}
    options = NegativeOptions(per_query=40, depth=40, fill=False, max_share=0.9)
    chosen = choose_negatives(data({"i0": 3, "i1": 3}), {"q": ("i5", "i6", "i7", "i8")}, options, scores)["q"]
    # .9 of the positives' mean of .7 is .63; i8 has no score and stays.
    assert sorted(chosen) == ["i6", "i7", "i8"]


def test_a_dropped_candidate_does_not_come_back_as_a_random_item() -> None:
    items = {name: ITEMS[name] for name in ("i0", "i1", "i2")}
    scores = {"q": {"i0": 0.5, "i1": 0.9, "i2": 0.1}}
    assert choose_negatives(data({"i0": 3}, items), {"q": ("i1",)}, None, scores)["q"] == ("i2",)


def test_without_a_score_of_a_positive_nothing_is_dropped() -> None:
    chosen = choose_negatives(data({"i0": 3}), {"q": ("i5",)}, MINED, {"q": {"i5": 0.99}})["q"]
    assert chosen == ("i5",)


def test_skip_and_depth_bound_the_ranks() -> None:
    options = NegativeOptions(per_query=40, skip=5, depth=9, fill=False)
    assert sorted(choose_negatives(data({"i0": 3}), ALL, options)["q"]) == ["i5", "i6", "i7", "i8"]


def test_short_lists_are_filled_or_not() -> None:
    few = {"q": ("i1", "i2")}
    assert len(choose_negatives(data({"i0": 3}), few, NegativeOptions(per_query=8))["q"]) == 8
    assert len(choose_negatives(data({"i0": 3}), few, NegativeOptions(per_query=8, fill=False))["q"]) == 2


def test_candidates_of_another_catalogue_are_passed_over() -> None:
    assert choose_negatives(data({"i0": 3}), {"q": ("gone", "i4")}, MINED)["q"] == ("i4",)


def test_another_seed_makes_another_choice() -> None:
    first, second = (
        choose_negatives(data({"i0": 3}), ALL, NegativeOptions(per_query=5, depth=40, seed=seed))["q"]
        for seed in (1, 2)
    )
    assert first != second


def test_nothing_to_choose_from_is_an_error() -> None:
    with pytest.raises(InputError, match="no query has an item that could be a negative") as caught:
        choose_negatives(data({"i0": 3}, {"i0": "item"}), {"q": ("i0",)})
    assert "whole catalogue" in caught.value.fix


def test_pairs_of_a_query_get_different_negatives() -> None:
    dealt = distribute_negatives(data({"i0": 3, "i1": 3, "i2": 2}), {"q": ("a", "b", "c", "d", "e")}, 2)
    assert dealt == (("a", "b"), ("c", "d"), ("e", "a"))


def test_a_short_list_is_dealt_once() -> None:
    assert distribute_negatives(data({"i0": 3}), {"q": ("a",)}, 3) == (("a",),)
    assert distribute_negatives(data({"i0": 3}), {}, 3) == ((),)


def test_mixing_keeps_ranks_and_share() -> None:
    lexical, dense = {"q": ("a", "b", "c", "d")}, {"q": ("w", "b", "y", "z"), "r": ("v",)}
    assert mix_candidates(lexical, dense) == {"q": ("a", "w", "b", "c", "y", "d", "z"), "r": ("v",)}
    assert mix_candidates(lexical, dense, 0.75)["q"][:4] == ("a", "b", "c", "w")
    assert mix_candidates(lexical, dense, 1)["q"] == lexical["q"]
    assert mix_candidates(lexical, dense, 0)["q"] == dense["q"]


@pytest.mark.parametrize(
    "options", [{"per_query": 0}, {"skip": 50}, {"skip": -1}, {"max_share": 0.0}, {"lexical_share": 1.2}]
)
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(options)) if "skip" not in options else "ranks"):
        NegativeOptions(**options)  # type: ignore[arg-type]


def test_an_impossible_share_or_deal_is_refused() -> None:
    with pytest.raises(InputError, match="share"):
        mix_candidates({}, {}, 1.5)
    with pytest.raises(InputError, match="per_pair"):
        distribute_negatives(data({"i0": 3}), {}, 0)
