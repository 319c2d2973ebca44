"""What a ranker is told of candidates, and what it makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.mappings import BM25, DENSE, fields
from aisle.search.fusion import Fused
from aisle.search.rank import titles
from aisle.search.rank.evidence import Candidate, Evidence
from aisle.search.rank.features import FEATURES, features
from aisle.search.rank.linear import Linear
from aisle.search.rank.ranker import Ranker
from aisle.search.rank.titles import TitleReader, alike, read_title
from aisle.types import Addition

NAMES = [feature.name for feature in FEATURES]


def candidate(
    place: int, title: str, *, bm25: float = 1.0, cosine: float | None = 0.5, **more: object
) -> Candidate:
    scores = {BM25: bm25} | ({} if cosine is None else {DENSE: cosine})
    known: dict[str, object] = {
        "id": f"item-{place}",
        "fused": 1.0 - place / 10,
        "place": place,
        "scores": {leg: score for leg, score in scores.items() if score},
        "ranks": {BM25: place + 1} if bm25 else {},
        "fields": {fields.TITLE: bm25} if bm25 else {},
        "words": (bm25, bm25),
        "title": title,
    }
    return Candidate(**known | more)  # type: ignore[arg-type]


def evidence(*candidates: Candidate, text: str = "angle bracket", **more: object) -> Evidence:
    known: dict[str, object] = {
        "text": text,
        "words": tuple(text.lower().split()),
        "measures": (),
        "legs": (BM25, DENSE),
        "candidates": candidates,
    }
    return Evidence(**known | more)  # type: ignore[arg-type]


def table(found: Evidence) -> dict[str, list[float]]:
    return {name: column.tolist() for name, column in zip(NAMES, features(found).T, strict=True)}


def test_names_are_told_apart_and_have_signs() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {feature.sign for feature in FEATURES} == {-1, 0, 1}


def test_titles_are_read_up_to_the_word_that_says_what_they_are() -> None:
    nouns = {
        "Delta Vero 1-Handle Shower Only Faucet Trim Kit in Chrome (Valve Not Included)": "kit",
        "Simpson Strong-Tie 12-Gauge Angle": "angle",
        "Kabelkanal für Büro, weiß": "kabelkanal",
        "Étagère - bois": "etagere",
        "18": "18",
    }
    for text, noun in nouns.items():
        title = read_title(text)
        assert title.words[title.noun] == noun
    assert read_title("...").words == ()
    assert len(read_title("word " * 500).words) == 64


def test_words_are_one_but_for_their_endings() -> None:
    for one, other in (("box", "boxes"), ("battery", "batteries"), ("panel", "paneling"), ("door", "door")):
        assert alike(one, other)
        assert alike(other, one)
    for one, other in (("hand", "handle"), ("stain", "stainless"), ("wash", "wall"), ("up", "ups")):
        assert not alike(one, other)
    known = TitleReader().known()
    lamp = known.read("Batteries, LED lamp")
    assert known.places(["led", "battery"], lamp.numbers).tolist() == [1, 0, -1]
    boxes = known.read("box boxes")
    # The same word counts more than one that is alike, and of several the first.
    assert known.places(["boxes", "box", "box"], boxes.numbers).tolist() == [1, 0]


def test_what_was_read_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = evidence(candidate(0, "angle bracket"), candidate(1, "brackets, Acme", brand="Acme"))
    other = evidence(candidate(0, "Acme hose 10 mm"), candidate(1, "angles"), text="acme angles")
    reader = TitleReader()
    expected = features(one), features(other)
    for _ in range(3):
        found = features(one, reader), features(other, reader)
        assert all(np.array_equal(*pair, equal_nan=True) for pair in zip(found, expected, strict=True))
    # Within bounds: what is full is forgotten whole, so that numbers of words are never mixed.
    known = reader.known()
    monkeypatch.setattr(titles, "MAX_TITLES", 2)
    assert reader.known() is not known
    assert np.array_equal(features(one, reader), expected[0], equal_nan=True)


def test_a_leg_that_was_not_asked_is_missing_and_one_that_found_nothing_says_so() -> None:
    asked = evidence(candidate(0, "angle"), candidate(1, "bracket", bm25=0.0, cosine=None))
    found = table(asked)
    assert np.isnan(found["sparse: rank"]).all()
    assert found["bm25: share of the best"] == [1.0, 0.0]
    assert found["bm25: found"] == [1.0, 0.0]
    assert found["dense: cosine"][0] == 0.5
    assert np.isnan(found["dense: cosine"][1])
    words_alone = table(replace(asked, legs=(BM25,)))
    assert np.isnan(words_alone["dense: cosine"]).all()
    assert np.isnan(words_alone["dense: found"]).all()


def test_the_scale_of_a_catalogue_does_not_matter() -> None:
    near = evidence(candidate(0, "angle bracket", bm25=3.0), candidate(1, "bracket", bm25=1.0))
    far = evidence(candidate(0, "angle bracket", bm25=30.0), candidate(1, "bracket", bm25=10.0))
    assert np.allclose(features(near), features(far), equal_nan=True)


def test_what_a_title_says_of_a_query() -> None:
    first = candidate(0, "Acme Angle Bracket, 10 mm", words=(4.0, 2.0))
    second = candidate(1, "Bracket with angle", words=(2.0, 1.0))
    third = candidate(2, "Acme hose", words=(0.0, 0.0))
    found = table(evidence(first, second, third))
    assert found["words: share in the title"] == [1.0, 1.0, 0.0]
    assert found["words: noun of the query is the title's"] == [1.0, 1.0, 0.0]
    assert found["words: neighbours that stay neighbours"] == [1.0, 0.0, 0.0]
    assert found["words: longest run"] == [1.0, 0.5, 0.0]
    assert found["words: first place"] == pytest.approx([1 / 5, 0.0, 1.0])
    assert found["first word: asked for"] == [-1.0, 1.0, -1.0]
    # What an item itself says does not count among the best.
    assert found["noun: share among the best"][2] == 0.0
    assert found["noun: share among the best"][0] > 0.0


def test_numbers_measures_brands_and_prices() -> None:
    right = candidate(0, "hose 10 mm", measures=("10mm", "mm"), brand="Acme", price=1.0)
    wrong = candidate(1, "hose 12 mm", measures=("12mm", "mm"), brand="Corvo", price=100.0)
    silent = candidate(2, "hose")
    asked = evidence(
        right, wrong, silent, text="acme hose 10", words=("acme", "hose", "10"), measures=(("10mm", "mm"),)
    )
    asked = replace(
        asked, candidates=tuple(replace(each, words=(0.0, 1.0, 0.0)) for each in asked.candidates)
    )
    found = table(asked)
    assert found["numbers: share in the title"] == [1.0, 0.0, 0.0]
    assert found["numbers: others in the title"] == [0.0, 1.0, 0.0]
    assert found["measures: share"] == [1.0, 0.0, 0.0]
    assert found["measures: contradicted"] == [0.0, 1.0, 0.0]
    assert found["brand: asked for"][:2] == [1.0, -1.0]
    assert np.isnan(found["brand: asked for"][2])
    assert np.isnan(found["price: against the others"][2])
    assert found["price: against the others"][0] < found["price: against the others"][1]


def test_categories_of_the_best_are_the_likely_ones() -> None:
    lamps = [candidate(at, "lamp", category=("Home", "Lamps")) for at in range(3)]
    other = candidate(3, "lamp", category=("Garden",))
    found = table(evidence(*lamps, other))["category: share among the best"]
    assert min(found[:3]) > 0.5 > found[3] == 0.0


def test_odd_queries_and_candidates_are_numbers_all_the_same() -> None:
    bare = candidate(0, "...", bm25=0.0, cosine=None, words=())
    for text in ("?", "日本", "é" * 300, "a " * 40):
        found = features(evidence(bare, replace(bare, id="other"), text=text, words=()))
        assert np.isfinite(found[~np.isnan(found)]).all()
    assert features(evidence()).shape == (0, len(FEATURES))


def ranker_of(name: str, weight: float = 1.0) -> Ranker:
    weights = np.zeros(len(FEATURES))
    weights[NAMES.index(name)] = weight
    model = Linear(weights, np.zeros(len(FEATURES)), np.ones(len(FEATURES)))
    return Ranker("shop", "ab" * 32, model)


def test_pinned_items_stay_and_what_is_not_known_goes_below() -> None:
    candidates = [candidate(at, "angle", cosine=at / 10) for at in (1, 2, 3)]
    fused = [Fused(f"item-{at}", 1.0 - at / 10, (1.0 - at / 10, 0.0)) for at in range(5)]
    ranked = ranker_of("dense: cosine").rank(evidence(*candidates), fused, pinned=1)
    assert [each.id for each in ranked.order] == ["item-0", "item-3", "item-2", "item-1", "item-4"]
    signals = ranked.signals([each.id for each in ranked.order])
    assert signals.keys() == {"item-1", "item-2", "item-3"}
    assert (signals["item-3"].rank, signals["item-3"].rank_before) == (2, 4)
    for signal in signals.values():
        assert signal.base + sum(signal.contributions.values()) == pytest.approx(signal.score)
    assert signals["item-3"].contributions == {"dense: cosine": pytest.approx(0.3)}
    assert (signals["item-3"].value, signals["item-1"].value) == (1.0, 0.5)


def test_what_rules_made_of_a_score_they_make_of_the_rankers() -> None:
    candidates = [candidate(at, "angle", cosine=at / 10) for at in range(3)]
    fused = [Fused(f"item-{at}", 0.5, (0.5, 0.0)) for at in range(3)]
    fused[2] = Fused("item-2", 0.05, (0.5, 0.0), (Addition("rules", -0.45),))
    ranked = ranker_of("dense: cosine").rank(evidence(*candidates), fused)
    # The one that a rule buries was the ranker's first, and is the last.
    assert [each.id for each in ranked.order] == ["item-1", "item-0", "item-2"]
    fused[2] = Fused("item-2", 0.05, (0.05, 0.0))
    fused[0] = Fused("item-0", 1.5, (0.5, 0.0), (Addition("rules", 1.0),))
    ranked = ranker_of("dense: cosine").rank(evidence(*candidates), fused)
    # The one that is lifted was the ranker's last: three times a tenth of the best.
    assert [each.id for each in ranked.order] == ["item-2", "item-1", "item-0"]
    fused[0] = Fused("item-0", 5.5, (0.5, 0.0), (Addition("rules", 5.0),))
    ranked = ranker_of("dense: cosine").rank(evidence(*candidates), fused)
    assert [each.id for each in ranked.order] == ["item-0", "item-2", "item-1"]
    assert ranked.value("item-0") == pytest.approx(1.1)


def test_equal_scores_keep_the_order_of_the_fusion() -> None:
    fused = [Fused(f"item-{at}", 0.5, (0.5, 0.0)) for at in range(5)]
    ranked = ranker_of("dense: cosine", 0.0).rank(evidence(*(candidate(at, "x") for at in range(5))), fused)
    assert ranked.order == fused
