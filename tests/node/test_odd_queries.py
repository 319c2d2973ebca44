"""Queries that are hardly any: each is answered, or refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.errors import InvalidQuery
from aisle.mappings import BM25, DENSE, standard_fusions
from aisle.mappings.fusion import FusionSpec
from aisle.search import MatchType, SearchClient
from aisle.types import Item
from tests.support.hardware_catalogue import TOOLS, stocked

INDEX = "test-odd"
ITEMS = (
    *TOOLS,
    Item("kana", "\u96fb\u52d5\u30c9\u30ea\u30eb 18V"),
    Item("arabic", "\u0645\u062b\u0642\u0627\u0628 \u0643\u0647\u0631\u0628\u0627\u0626\u064a"),
    Item("emoji", "Hammer \U0001f528 set"),
    Item("umlaut", "Akku-Bohrmaschine f\u00fcr L\u00f6cher"),
)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    yield stocked(client, INDEX, items=ITEMS)
    client.indices.delete(index=INDEX)


@pytest.mark.parametrize("query", ["???", "...", "-", "\u2014 \u2026", '"', "{}", "\u3002", "+ = <"])
def test_punctuation_is_no_question(shop: SearchClient, query: str) -> None:
    with pytest.raises(InvalidQuery, match="only punctuation") as refused:
        shop.search(query)
    assert refused.value.fix


@pytest.mark.parametrize("query", ["the", "to be or not to be", "THE OF?"])
def test_stop_words_are_answered_by_meaning_alone(shop: SearchClient, query: str) -> None:
    page = shop.search(query, size=100)
    assert page.path is MatchType.LEGS
    assert page.reachable == len(ITEMS)
    for hit in page.hits:
        weights = {signal.leg: signal.weight for signal in hit.signals}
        assert weights == {BM25: 0, DENSE: 1}
    alone = shop.rank(query, legs=[DENSE])
    assert [hit.item.id for hit in page.hits] == [fused.id for fused in alone.fused]


@pytest.mark.parametrize("fusion", standard_fusions(), ids=lambda spec: spec.title)
def test_an_empty_leg_leaves_the_scores_of_the_other_alone(shop: SearchClient, fusion: FusionSpec) -> None:
    both = shop.rank("the", fusion=fusion)
    alone = FusionSpec((DENSE,), (1,), fusion.normalisation, fusion.combination, fusion.rank_constant)
    single = shop.rank("the", fusion=alone)
    # The one is a hybrid request, the other is not: scores that pass through both need not be equal bits.
    expected = {fused.id: pytest.approx(fused.score, rel=1e-5) for fused in single.fused}
    assert {fused.id: fused.score for fused in both.fused} == expected


def test_stop_words_match_no_words(shop: SearchClient) -> None:
    page = shop.search("the of", legs=[BM25])
    assert (page.hits, page.reachable, page.total) == ((), 0, 0)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("\u96fb\u52d5\u30c9\u30ea\u30eb", "kana"),
        ("\u0645\u062b\u0642\u0627\u0628", "arabic"),
        ("\U0001f528", "emoji"),
        ("locher", "umlaut"),
        ("B\u00f6hrmaschinen akku", "umlaut"),
        ("bohrmachine", "umlaut"),
        ("\u202edrill cordless\u202c", "drill-10001"),
    ],
)
def test_other_scripts_and_pictures_are_words(shop: SearchClient, query: str, first: str) -> None:
    assert shop.search(query, legs=[BM25]).hits[0].item.id == first
    assert shop.search(query).reachable >= 1


@pytest.mark.parametrize(
    "query",
    [
        " ".join(["drill"] * 2000),
        " ".join(f"wrd{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600)),
        "drill" * 3000,
        "\U0001d41d\U0001d42b\U0001d422\U0001d425\U0001d425\U0001d42c cordles",
        "\U0001f528" * 1000,
        "e\u0301" * 500,
        "cordles " + "\u200b" * 100 + "drill",
    ],
)
def test_long_and_strange_texts_are_answered(shop: SearchClient, query: str) -> None:
    page = shop.search(query, size=100)
    assert page.reachable == len(ITEMS)


def test_a_correction_beside_letters_outside_the_basic_plane(shop: SearchClient) -> None:
    page = shop.search("\U0001f528 cordles", legs=[BM25])
    assert page.corrected is not None and page.corrected.text == "\U0001f528 cordless"
