"""Synonyms in the queries of a real index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.mappings import BM25, fields
from aisle.mappings.languages import ENGLISH
from aisle.search import MatchType, SearchClient
from aisle.types import Item
from tests.support.hardware_catalogue import stocked

INDEX = "test-synonyms"
RULES = ("sofa, couch", "tv => television", "air conditioner, ac", "hook loop, velcro", "settee, divan")
ITEMS = tuple(
    Item(id_, title)
    for id_, title in {
        "sofa": "Three seat sofa",
        "television": "Television 43 in",
        "tv-stand": "TV stand",
        "cooler": "Portable air conditioner",
        "ac": "Window AC unit",
        "filter": "Air filter",
        "shampoo": "Hair conditioner",
        "velcro": "Velcro tape",
        "hook": "Hook and loop tape",
        "conch": "Conch shell",
        "couches": "Cover for couches",
    }.items()
)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    yield stocked(client, INDEX, items=ITEMS, synonyms=RULES)
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def bare(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=f"{INDEX}-bare", ignore_unavailable=True)
    yield stocked(client, f"{INDEX}-bare", items=ITEMS)
    client.indices.delete(index=f"{INDEX}-bare")


def found(shop: SearchClient, query: str) -> set[str]:
    return set(shop.rank(query, legs=[BM25]).results[BM25].ids)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("couch", {"sofa", "couches"}),
        ("sofas", {"sofa", "couches"}),
        ("Sofa's", {"sofa", "couches"}),
        # One word for several, either way, and never half of them.
        ("ac", {"ac", "cooler"}),
        ("air conditioner", {"ac", "cooler"}),
        ("air conditioners", {"ac", "cooler"}),
        ("velcro", {"velcro", "hook"}),
        ("hook and loop", {"velcro", "hook"}),
    ],
)
def test_a_query_finds_what_its_words_stand_for(shop: SearchClient, query: str, expected: set[str]) -> None:
    words = found(shop, query)
    assert expected <= words
    # Parts of words know no synonyms: "air" alone still finds an air filter there.
    assert words <= expected | ({"filter", "shampoo"} if "air" in query else set())
    ranked = [fused.id for fused in shop.rank(query, legs=[BM25]).fused]
    assert set(ranked[: len(expected)]) == expected


def test_an_arrow_means_one_way(shop: SearchClient) -> None:
    assert "television" in found(shop, "tv")
    assert found(shop, "television") == {"television"}


def test_without_rules_a_query_is_its_words(bare: SearchClient) -> None:
    assert found(bare, "velcro") == {"velcro"}
    assert found(bare, "ac") == {"ac"}


def test_words_of_the_rules_are_no_typos(shop: SearchClient, bare: SearchClient) -> None:
    """No item has "settee" or "divan"."""
    assert shop.search("divan").path is MatchType.LEGS
    assert shop.search("couch").path is MatchType.LEGS
    assert shop.search("televison", legs=[BM25]).hits[0].item.id == "television"
    assert bare.search("conh shell", legs=[BM25]).path is MatchType.CORRECTED


def test_the_documents_terms_are_the_same_with_and_without(
    client: Cluster, shop: SearchClient, bare: SearchClient
) -> None:
    terms = []
    for index in (INDEX, f"{INDEX}-bare"):
        answer = client.termvectors(index=index, id="hook", fields="title,title.parts,spelling")
        terms.append({field: sorted(v["terms"]) for field, v in answer["term_vectors"].items()})
    assert terms[0] == terms[1]
    assert terms[0]["title"] == ["hook", "loop", "tape"]


def test_the_stop_words_are_those_of_the_analyzer(client: Cluster, shop: SearchClient) -> None:
    text = " ".join([*sorted(ENGLISH.stop_words), "hook", "who", "from", "you"])
    answer = client.indices.analyze(index=INDEX, body={"analyzer": fields.ANALYZED, "text": text})
    assert [token["token"] for token in answer["tokens"]] == ["hook", "who", "from", "you"]


def test_every_stop_word_may_stand_in_a_rule(client: Cluster, name: str, tmp_path: object) -> None:
    from aisle.mappings.synonyms import parse_synonyms

    lines = [(n, f"nut {word} bolt, fastener{n}") for n, word in enumerate(sorted(ENGLISH.stop_words), 1)]
    shop = stocked(client, name, items=ITEMS[:1], synonyms=parse_synonyms(lines, "rules").rules)
    assert found(shop, "fastener1") == set()
