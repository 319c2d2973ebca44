"""The sample, the questions and what counts as found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.releases.smoke_queries import (
    TOP,
    ItemSampler,
    has_words,
    is_found,
    may_miss,
    refusals_explain,
    title_query,
    vector_query,
)
from aisle.types import Item


def item(number: int) -> Item:
    return Item(str(number), f"title {number}")


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 100), st.integers())
def test_a_sample_is_a_part_of_what_passed_and_depends_on_the_seed_alone(
    size: int, passing: int, seed: int
) -> None:
    samplers = [ItemSampler(size, seed) for _ in range(2)]
    for sampler in samplers:
        assert list(sampler.watch(map(item, range(passing)))) == [item(n) for n in range(passing)]
    kept = samplers[0].samples
    assert kept == samplers[1].samples
    assert len({one.id for one in kept}) == len(kept) == min(size, passing)
    assert all(one in [item(n) for n in range(passing)] for one in kept)


def test_every_item_has_the_same_chance() -> None:
    counts: Counter[str] = Counter()
    for seed in range(3000):
        sampler = ItemSampler(5, seed)
        for number in range(20):
            sampler.offer(item(number))
        counts.update(kept.id for kept in sampler.samples)
    # 750 expected of each, standard deviation 24.
    assert len(counts) == 20 and all(650 < count < 850 for count in counts.values())


def test_items_may_be_offered_from_several_threads() -> None:
    sampler = ItemSampler(10, 1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sampler.offer(item(n)), range(2000)))
    assert len({kept.id for kept in sampler.samples}) == 10


def hit(identity: str, title: str = "") -> Mapping[str, Any]:
    return {"_id": identity, "_source": {"title": title} if title else {}}


def test_found_is_the_item_or_one_of_the_same_name() -> None:
    assert is_found("7", "Red shoe", [hit("1", "blue"), hit("7")])
    assert is_found("7", "Red shoe, red", [hit("1", "shoe red RED")])
    assert not is_found("7", "Red shoe", [hit("1", "red shoe red"), hit("2", "red"), hit("3")])
    assert not is_found("7", "?!", [hit("1", "!!")])
    assert not is_found("7", "Red shoe", [])


def test_a_title_without_a_word_is_not_asked() -> None:
    assert not any(map(has_words, ("", "   ", "?!*")))
    assert has_words("The") and has_words("\u092e\u0947\u091c")


def test_a_title_is_asked_as_it_is_and_never_as_syntax() -> None:
    asked = title_query('red* OR title:"x" 3.25 mm ' + "word " * 500)
    text = asked["query"]["match"]["title"]["query"]
    assert text.startswith('red* OR title:"x" 3.25 mm word') and len(text) == 300
    assert len(title_query("a " * 500)["query"]["match"]["title"]["query"].split()) == 100
    assert asked["size"] == TOP == vector_query([0.5])["query"]["knn"]["dense"]["k"]


@pytest.mark.parametrize(("asked", "share", "missed"), [(200, 0.95, 10), (0, 0.95, 0), (1, 0.95, 0)])
def test_one_in_twenty_may_be_missed(asked: int, share: float, missed: int) -> None:
    assert may_miss(asked, share) == missed


def test_of_a_few_one_may_be_missed_and_of_many_none_if_all_shall_be_found() -> None:
    assert [may_miss(asked, 0.95) for asked in (2, 10, 39, 40)] == [1, 1, 1, 2]
    assert may_miss(10, 0.9) == 1 and may_miss(100, 0.93) == 7


def test_refusals_explain_as_many_absent_samples_as_chance_brings() -> None:
    assert refusals_explain(200, 0) == 0
    assert refusals_explain(200, 0.01) == 7
    assert refusals_explain(200, 1) == 200
