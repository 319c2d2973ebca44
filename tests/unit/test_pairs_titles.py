"""Pseudo-queries made of titles."""

from collections import Counter

import pytest

from aisle.errors import InputError
from aisle.training.data.titles import LENGTHS, title_pairs
from aisle.training.data.training_set import PairSource

WORDS = [f"w{number:02d}" for number in range(12)]
ITEMS = {f"i{number}": " ".join(WORDS) for number in range(4000)}


def test_queries_are_bare_lower_case_words() -> None:
    pairs = title_pairs({"a": 'Behr (Premium) 1-gal. #SC-141, "Tugboat"! - \u00c9clat'}, 60, 7)
    words = {word for pair in pairs for word in pair.query.split()}
    assert {"behr", "premium", "1-gal", "sc-141", "tugboat", "\u00e9clat"} <= words
    assert {pair.item_id for pair in pairs} == {"a"}
    assert {pair.source for pair in pairs} == {PairSource.TITLES}
    assert len({pair.query for pair in pairs}) == len(pairs)
    assert len({pair.query_id for pair in pairs}) == len(pairs)


def test_shares_of_lengths_typos_and_order() -> None:
    queries = [pair.query.split() for pair in title_pairs(ITEMS, 1, 0)]
    lengths = Counter(map(len, queries))
    for length in set(LENGTHS):
        assert lengths[length] / 4000 == pytest.approx(LENGTHS.count(length) / 8, abs=0.03)
    # Three-letter words take no typo, so that only a shuffle breaks the order.
    unordered = [query for query in queries if len(query) > 4]
    assert sum(query != sorted(query) for query in unordered) / len(unordered) == pytest.approx(0.3, abs=0.05)
    places = [[WORDS.index(word) for word in sorted(query)] for query in queries if len(query) == 4]
    runs = sum(at[-1] - at[0] == 3 for at in places) / len(places)
    assert runs == pytest.approx(0.4, abs=0.06)


def test_share_of_typos() -> None:
    titles = {f"i{number}": "abcdefgh ijklmnop qrstuvwx" for number in range(3000)}
    known = {"abcdefgh", "ijklmnop", "qrstuvwx"}
    broken = [pair.query for pair in title_pairs(titles, 1, 0) if not known >= set(pair.query.split())]
    assert len(broken) / 3000 == pytest.approx(0.15, abs=0.03)
    wrong = [word for query in broken for word in query.split() if word not in known]
    assert len(wrong) == len(broken)
    assert {len(word) for word in wrong} == {7, 8}
    assert {word[0] for word in wrong} == {"a", "i", "q"}


def test_seed_and_item_decide() -> None:
    few = {name: ITEMS[name] for name in list(ITEMS)[:40]}
    first = [pair.query for pair in title_pairs(few, 1, 0)]
    assert len(set(first)) > 20
    assert first != [pair.query for pair in title_pairs(few, 1, 1)]


def test_items_without_words_and_bad_counts() -> None:
    assert title_pairs({"a": "-- !!", "b": ""}, 3, 0) == ()
    assert [pair.query for pair in title_pairs({"a": "Mug"}, 20, 0)] == ["mug"]
    with pytest.raises(InputError, match="per_item = 0"):
        title_pairs(ITEMS, 0, 0)
