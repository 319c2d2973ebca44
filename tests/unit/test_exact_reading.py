"""What the exact request asks and how its answer is read."""

from __future__ import annotations

from typing import Any

from aisle.mappings import fields
from aisle.search import Fused
from aisle.search.identifiers import MAX_PINNED, Named, exact_body, on_top, read_exact


def answer(*scored: tuple[str, float]) -> dict[str, Any]:
    hits = [{"_id": id_, "_score": score, "_index": "shop-v0001"} for id_, score in scored]
    return {"took": 3, "hits": {"hits": hits}}


def test_only_the_strongest_kind_of_match_counts() -> None:
    found = read_exact(answer(("b", 2.0), ("a", 2.0), ("c", 1.0)))
    assert found == Named("", ("a", "b"), "shop-v0001", 3.0)


def test_an_id_goes_before_what_else_is_named() -> None:
    found = read_exact(answer(("z", 5.0), ("b", 4.0), ("c", 2.0)))
    assert found == Named("z", ("b",), "shop-v0001", 3.0)
    assert found.all == ("z", "b")
    # What is on many items does not take the id away.
    many = [(f"{number:02d}", 2.0) for number in range(MAX_PINNED + 1)]
    assert read_exact(answer(("z", 5.0), *many)).all == ("z",)


def test_what_is_on_many_items_names_none() -> None:
    few = [(f"{number:02d}", 2.0) for number in range(MAX_PINNED)]
    assert len(read_exact(answer(*few)).ids) == MAX_PINNED
    assert read_exact(answer(*few, ("zz", 2.0))).ids == ()
    # Of many descriptions and one title, the title is meant.
    assert read_exact(answer(("one", 2.0), *((id_, 1.0) for id_, _ in few))).ids == ("one",)


def test_nothing_found_names_nothing() -> None:
    assert read_exact(answer()) == Named(server_ms=3.0)


def test_filters_are_those_of_the_search() -> None:
    clause = {"terms": {fields.BRAND: ["Acme"]}}
    assert exact_body("LS-C300B", ["LS-C300B"], [], [clause])["query"]["bool"]["filter"] == [clause]


def test_named_items_come_first_in_the_order_of_the_fusion() -> None:
    fused = [Fused("a", 0.4, (0.4, 0.0)), Fused("b", 0.3, (0.3, 0.0)), Fused("c", 0.2, (0.2, 0.0))]
    found = on_top(fused, ["z", "c", "b", "y"], 2)
    assert [item.id for item in found] == ["b", "c", "y", "z", "a"]
    assert found[2] == Fused("y", 0.0, (0.0, 0.0))
    assert on_top(fused, [], 2) == fused
    assert [item.id for item in on_top(fused, ["c", "z", "b"], 2, first="z")] == ["z", "b", "c", "a"]
