"""The arithmetic of the item-to-item benchmark."""

import numpy as np
import pytest

from benchmarks.item_to_item.data import kinds_of
from benchmarks.item_to_item.pareto import gains, over_seeds


def row(relevance: float, recall: float) -> dict[str, float]:
    return {"relevance@50": relevance, "R@50": recall}


def test_points_are_held_to_the_curve_at_equal_relevance() -> None:
    curve = [row(0.3, 0.1), row(0.1, 0.19), row(0.2, 0.2)]
    points = [row(0.25, 0.165), row(0.05, 0.2), row(0.4, 0.11), row(0.2, 0.18)]
    assert gains(curve, points) == pytest.approx([0.1, 0.0, 0.1, -0.1])


def test_a_kind_is_the_last_word_that_several_titles_share() -> None:
    titles = ["RED LANTERN", "White metal lanterns", "lantern", "BAG RED", "mug, blue 12", "", "a 7"]
    found = kinds_of(titles)
    assert found[0] == found[1] == found[2] >= 0
    assert np.array_equal(found[3:], [-1, -1, -1, -1])


def test_seeds_are_averaged_by_system() -> None:
    rows = [{"system": "a", "seed": seed, **row(0.2, recall)} for seed, recall in ((7, 0.1), (8, 0.3))]
    alone = {"system": "b", **row(0.5, 0.2)}
    merged, other = over_seeds([rows[0], alone, rows[1]])
    assert (merged["system"], merged["R@50"], merged["relevance@50"]) == ("a", pytest.approx(0.2), 0.2)
    assert merged["R@50 sd"] == pytest.approx(2**0.5 / 10)
    assert other == alone


def test_one_head_serves_what_it_was_trained_as() -> None:
    torch = pytest.importorskip("torch")
    from aisle.recommendation.item_to_item.towers import Vocabulary
    from aisle.training.item_to_item.model import ItemContent
    from aisle.training.item_to_item.settings import ItemToItemSettings
    from benchmarks.item_to_item.one_head import OneHead

    vocabulary, none = Vocabulary(("a", "b", "c")), ("",) * 3
    texts = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    features = vocabulary.features(("a", "b", "c"), none, none)
    content = ItemContent(vocabulary, features, np.ones(3, dtype=np.bool_), texts)
    torch.manual_seed(0)
    towers = OneHead(content, ItemToItemSettings(dims=4, width=6, hidden=5))
    made = towers(np.arange(3))
    served = towers.served().vectors(("a", "b", "c"), texts, none, none)
    assert served.engagement == pytest.approx(made.engagement.detach().numpy(), abs=1e-6)
    assert served.relevance == pytest.approx(made.relevance.detach().numpy(), abs=1e-6)
    assert not served.relevance[:, -1].any()
    made.relevance.sum().backward()
    moved = towers.engagement.linear.weight.grad
    assert moved is not None and bool(moved.any())
