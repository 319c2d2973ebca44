"""Item-to-item on baskets: the cut, figures held to plain Python, systems without training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.baskets import Baskets, baskets_from
from aisle.errors import EvaluationError
from aisle.evaluation.item_to_item.lists import BestOf, ItemFacts, best_places, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol, split_baskets
from aisle.evaluation.item_to_item.table import BasketTable
from aisle.evaluation.sequences.protocol import ColdItems, Phase
from aisle.recommendation.item_to_item.scorers import (
    MatrixScorer,
    QuotaLister,
    VectorScorer,
    WeightedSum,
    jaccard,
    lift,
)
from aisle.recommendation.item_to_item.systems import BasketsLearned, measure_simple_systems

ITEMS = tuple(map(str, range(30)))


def orders(count: int = 200, seed: int = 0) -> Baskets:
    """Baskets of one of three groups of items each, at times in no order."""
    draw = np.random.default_rng(seed)
    baskets = [
        (draw.choice(10, draw.integers(2, 7), replace=False) + 10 * draw.integers(3)) for _ in range(count)
    ]
    return baskets_from(ITEMS, [basket.tolist() for basket in baskets], draw.permutation(count).tolist())


@dataclass(frozen=True)
class Fixed:
    """The same list for each trigger, whatever is asked."""

    name: str
    listed: dict[int, list[int]]

    def lists(self, triggers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        found = np.full((len(triggers), size), -1, dtype=np.int32)
        for row, trigger in enumerate(triggers.tolist()):
            own = self.listed.get(trigger, [])[:size]
            found[row, : len(own)] = own
        return found


def test_the_latest_baskets_are_asked_and_settings_are_chosen_before_them() -> None:
    baskets = orders()
    assert baskets.times is not None
    validation = split_baskets(baskets, BasketProtocol(), Phase.VALIDATION)
    test = split_baskets(baskets, BasketProtocol(), Phase.TEST)
    assert (len(validation.train), len(validation.asked)) == (140, 20)
    assert (len(test.train), len(test.asked)) == (160, 40)
    for data in (validation, test):
        assert data.train.times is not None
        assert data.asked.times is not None
        assert data.train.times.max() < data.asked.times.min()
    assert {*validation.train.ids, *validation.asked.ids} == {*test.train.ids}


def test_sizes_and_items_without_history() -> None:
    times = list(range(10))
    rows = [[0, 1]] * 8 + [[0, 1, 2], [0, 3]]
    baskets = baskets_from(ITEMS[:5], rows, times)
    known = split_baskets(baskets, BasketProtocol(), Phase.TEST)
    assert known.asked.ids == ("8",), "a basket of one known item asks nothing"
    assert known.asked.members.tolist() == [0, 1]
    assert known.new.tolist() == [False, False, True, True, True]
    everything = split_baskets(baskets, BasketProtocol(new_items=True, largest=2), Phase.TEST)
    assert everything.asked.ids == ("9",)


def test_hidden_items_are_in_nothing_that_is_learned_from() -> None:
    hidden = ColdItems(0.2, seed=3)
    baskets = orders()
    data = split_baskets(baskets, BasketProtocol(new_items=True, hidden=hidden), Phase.TEST)
    out = hidden.draw(baskets.members, len(ITEMS))
    assert np.count_nonzero(out) == 6
    assert not out[data.train.members].any()
    assert data.train.lengths.min() >= 2
    assert out[data.asked.members].any()
    assert np.array_equal(data.new, out)


def test_protocols_that_ask_nothing_are_refused() -> None:
    for wrong in ({"test": 0.0}, {"test": 0.5, "validation": 0.5}, {"smallest": 1}, {"largest": 1}):
        with pytest.raises(EvaluationError):
            BasketProtocol(**wrong)
    with pytest.raises(EvaluationError, match="items are hidden, and new ones left out"):
        BasketProtocol(hidden=ColdItems(0.1))
    with pytest.raises(EvaluationError, match="no times"):
        split_baskets(baskets_from(ITEMS, [[0, 1]]), BasketProtocol(), Phase.TEST)
    with pytest.raises(EvaluationError, match="too few baskets for the test"):
        split_baskets(baskets_from(ITEMS, [[0, 1]], [0.0]), BasketProtocol(), Phase.TEST)


def test_figures_are_those_of_plain_python() -> None:
    data = split_baskets(orders(), BasketProtocol(), Phase.TEST)
    draw = np.random.default_rng(1)
    listed = {item: [i for i in draw.permutation(30).tolist() if i != item][:12] for item in range(30)}
    listed[3] = []
    vectors = draw.normal(size=(30, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[5] = 0
    kinds = draw.integers(-1, 3, 30).astype(np.int32)
    found = evaluate_lists(Fixed("x", listed), data, ItemFacts(vectors, kinds))
    recall, gains, cosines, weights, same, same_weights = [], [], 0.0, 0.0, 0.0, 0.0
    for begin, end in zip(data.asked.offsets.tolist(), data.asked.offsets.tolist()[1:], strict=False):
        basket = data.asked.members[begin:end].tolist()
        of_basket: list[tuple[float, float]] = []
        for trigger in basket:
            others = [item for item in basket if item != trigger]
            ranks = [listed[trigger].index(item) for item in others if item in listed[trigger]]
            best = sum(1 / math.log2(2 + rank) for rank in range(min(10, len(others))))
            gain = sum(1 / math.log2(2 + rank) for rank in ranks if rank < 10)
            of_basket.append((sum(rank < 10 for rank in ranks) / len(others), gain / best))
            weight = 1 / len(basket) / len(data.asked)
            if listed[trigger] and trigger != 5:
                cosines += weight * float(np.mean(vectors[listed[trigger][:10]] @ vectors[trigger]))
                weights += weight
            if listed[trigger] and kinds[trigger] >= 0:
                same += weight * float(np.mean(kinds[listed[trigger]] == kinds[trigger]))
                same_weights += weight
        recall.append(np.mean([value for value, _ in of_basket]))
        gains.append(np.mean([value for _, value in of_basket]))
    assert found.metrics["R@10"] == pytest.approx(np.mean(recall))
    assert found.metrics["N@10"] == pytest.approx(np.mean(gains))
    assert found.metrics["R@50"] > found.metrics["R@10"]
    assert found.metrics["relevance@10"] == pytest.approx(cosines / weights, abs=1e-6)
    assert found.metrics["same kind@50"] == pytest.approx(same / same_weights)
    assert found.recalls["R@10"] == pytest.approx(recall)
    of_first = found.requests["R@10"][: data.asked.offsets[1]]
    assert of_first.mean() == pytest.approx(recall[0])
    shown = {item for trigger in {*data.asked.members.tolist()} for item in listed[trigger]}
    assert found.metrics["coverage@50"] == len(shown) / 30


def test_recall_of_new_items_is_told_apart() -> None:
    rows = [[0, 1]] * 8 + [[0, 1, 2], [0, 2]]
    data = split_baskets(
        baskets_from(ITEMS[:3], rows, list(range(10))), BasketProtocol(new_items=True), Phase.TEST
    )
    found = evaluate_lists(Fixed("x", {0: [2], 1: [0], 2: [0]}), data)
    assert found.metrics["R@50 new trigger"] == (1 / 2 + 1) / 2
    assert found.metrics["R@50 new target"] == 2 / 3


def test_lists_have_the_best_scores_and_never_the_trigger() -> None:
    scores = np.array([0.5, 2, 0.5, -np.inf, 2, 0.5], dtype=np.float32)
    assert best_places(scores, 3).tolist() == [1, 4, 0]
    assert best_places(scores, 9).tolist() == [1, 4, 0, 2, 5]
    matrix = np.tile(scores, (6, 1))
    lists = BestOf(MatrixScorer("x", matrix)).lists(np.array([1, 3], dtype=np.int32), 6)
    assert lists.tolist() == [[4, 0, 2, 5, -1, -1], [1, 4, 0, 2, 5, -1]]
    with pytest.raises(EvaluationError, match="x gave no score to every item"):
        BestOf(MatrixScorer("x", np.full((2, 2), np.nan, dtype=np.float32))).lists(
            np.array([0], dtype=np.int32), 1
        )


def test_simple_systems_find_what_is_bought_together() -> None:
    texts = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    table = None
    for chosen in measure_simple_systems(orders(400), BasketProtocol(), texts):
        data = split_baskets(orders(400), BasketProtocol(), Phase.TEST)
        table = (table or BasketTable.of(data, "orders")).with_figures(chosen.figures, chosen.choice.words())
    assert table is not None
    recall = {name: means["R@10"] for name, means in table.systems.items()}
    assert len(recall) == 11
    assert min(recall[name] for name in recall if name != "popularity") > 0.95 > recall["popularity"]
    assert table.notes["EASE"].startswith("added 200 (R@50 ")
    assert "text" not in table.notes
    assert "80 baskets asked, 320 learned from, 30 items" in table.to_markdown()
    assert table.to_json()["systems"]["counts"]["R@10"] == recall["counts"]
    with pytest.raises(EvaluationError, match="two systems"):
        table.with_figures(chosen.figures)


def test_scores_are_the_formulas() -> None:
    baskets = baskets_from(ITEMS[:3], [[0, 1], [0, 1], [0, 2], [1]])
    learned = BasketsLearned(baskets, None)
    assert learned.together.toarray().tolist() == [[0, 2, 1], [2, 0, 0], [1, 0, 0]]
    taken = learned.counts.taken
    assert jaccard(learned.together, taken).toarray()[0].tolist() == pytest.approx([0, 2 / 4, 1 / 3])
    assert lift(learned.together, taken, 4).toarray()[0].tolist() == pytest.approx([0, 2 * 4 / 9, 4 / 3])


def test_a_sum_and_a_quota_end_in_one_of_the_two() -> None:
    draw = np.random.default_rng(2)
    one = MatrixScorer("one", draw.random((30, 30)).astype(np.float32))
    vectors = draw.normal(size=(30, 5)).astype(np.float32)
    other = VectorScorer("other", vectors, vectors)
    triggers = np.arange(30, dtype=np.int32)
    first, second = (BestOf(scorer).lists(triggers, 10).tolist() for scorer in (one, other))
    assert BestOf(WeightedSum("sum", one, other, 0.0)).lists(triggers, 10).tolist() == first
    assert BestOf(WeightedSum("sum", one, other, 1e6)).lists(triggers, 10).tolist() == second
    for alpha, wanted in ((100.0, first), (0.0, second)):
        merged = QuotaLister("quota", BestOf(one), BestOf(other), alpha)
        assert merged.lists(triggers, 10).tolist() == wanted
