"""Whether the two heads say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.encoder.whitening import unit
from aisle.recommendation.item_to_item.divergence import head_divergence, linear_cka
from tests.support.item_to_item import drawn_model


def test_alignment_is_of_what_vectors_say_and_not_of_how_they_are_turned() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(400, 6)).astype(np.float32)
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0].astype(np.float32)
    assert linear_cka(vectors, 3 * vectors @ turn + 2) == pytest.approx(1, abs=1e-5)
    assert linear_cka(vectors, random.normal(size=(400, 6)).astype(np.float32)) < 0.1
    assert linear_cka(vectors, np.ones((400, 2), dtype=np.float32)) == 0


def test_heads_that_list_the_same_have_collapsed() -> None:
    items = tuple(map(str, range(200)))
    model = drawn_model(items, [(place, place + 1) for place in range(199)], counts_weight=0)
    apart = head_divergence(model)
    assert not apart.collapsed
    assert 0 <= apart.overlap < 0.7
    # The same products, and nobody is popular.
    same = model.relevance.copy()
    same[:, -1] = 0
    same = unit(same)
    collapsed = head_divergence(replace(model, engagement=same, relevance=same))
    assert collapsed.collapsed
    assert collapsed.cka == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("size", "by_chance"), [(58, 50 / 57), (30, 1.0), (2, 1.0)])
def test_of_few_items_lists_share_most_and_heads_have_not_collapsed(size: int, by_chance: float) -> None:
    items = tuple(map(str, range(size)))
    model = drawn_model(items, [(place, place + 1) for place in range(size - 1)], counts_weight=0)
    found = head_divergence(model)
    assert found.by_chance == pytest.approx(by_chance)
    assert found.overlap > 0.8
    assert not found.collapsed
