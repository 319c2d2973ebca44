"""Whatever the order and the roles of rows: each one is in an item, left out, or a dead letter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.part import Part
from aisle.catalogue.rejects import Cells, Rejects, Row
from aisle.catalogue.report import RowCounts
from aisle.catalogue.seen import SeenIds
from aisle.catalogue.variants import Reading, grouped
from aisle.types import Item

PLACES = st.sampled_from(list(Place))
NAMES = st.sampled_from(["", "a", "b", "c", "d"])
REASONS = st.sampled_from(["", "", "", "draft"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "place": PLACES,
            "group": NAMES,
            "also": NAMES,
            "id": st.sampled_from(["", "1", "2", "3", "4", "5"]),
            "title": st.sampled_from(["", "Mug"]),
            "price": st.none() | st.integers(1, 9),
            "left out": REASONS,
            "orphan": REASONS,
            "inner": st.integers(0, 3),
        }
    ),
    max_size=14,
)


@dataclass(frozen=True)
class Told(ExportKind):
    """A kind whose cells say their role themselves."""

    whole_rows: bool = False

    def role(self, cells: Cells) -> RowRole:
        return RowRole(
            cells["place"],
            "" if cells["place"] is Place.ALONE else cells["group"],
            also=(cells["also"],) if cells["also"] else (),
            left_out=cells["left out"],
            orphan=cells["orphan"],
        )

    def inner(self, cells: Cells) -> list[Cells]:
        return [{**cells, "id": f"{cells['id']}.{n}"} for n in range(cells["inner"])]


class Builder:
    """Takes id, title and price as they are."""

    def part(self, cells: Cells) -> Part:
        wrong = {name: f"{name} is missing" for name in ("id", "title") if not cells[name]}
        return Part(Item(id=cells["id"], title=cells["title"], price=cells["price"]), wrong=wrong)


class Kept(Rejects):
    """Remembers the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []

    def add(self, line: int, reason: str, row: object, identity: str = "") -> None:
        super().add(line, reason, {}, identity)
        self.lines.append(line)


def _read(rows: list[Cells], variants: Variants, whole: bool) -> tuple[list[Item], RowCounts, Kept]:
    counts, rejects = RowCounts(), Kept()
    numbered = iter([Row(n, cells) for n, cells in enumerate(rows, 1)])
    reading = Reading(Told(whole), Builder(), variants)
    return list(grouped(numbered, reading, counts, rejects, SeenIds())), counts, rejects


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, variants=st.sampled_from(Variants), whole=st.booleans())
def test_every_row_is_accounted_for(rows: list[Cells], variants: Variants, whole: bool) -> None:
    items, counts, rejects = _read(rows, variants, whole)
    assert counts.balanced
    assert counts.items == len(items)
    assert counts.rejected == rejects.count
    inner = sum(
        max(row["inner"] - 1, 0) for row in rows if row["place"] is Place.ALONE and not row["left out"]
    )
    assert counts.rows == len(rows) + (inner if variants is Variants.SEPARATE else 0)
    assert len({item.id for item in items}) == len(items)
    assert all(item.id and item.title for item in items)
    if not any(row["inner"] for row in rows):
        assert max(Counter(rejects.lines).values(), default=0) <= 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, variants=st.sampled_from(Variants), whole=st.booleans())
def test_the_order_is_the_same_every_time(rows: list[Cells], variants: Variants, whole: bool) -> None:
    assert _read(rows, variants, whole)[0] == _read(rows, variants, whole)[0]


def _row(place: Place, group: str, id_: str, title: str = "Mug", **more: object) -> Cells:
    said = {"place": place, "group": group, "also": "", "id": id_, "title": title, "price": None}
    return {**said, "left out": "", "orphan": "", "inner": 0, **more}


def test_rows_of_a_group_need_not_stand_together() -> None:
    rows = [
        _row(Place.VARIANT, "mug", "mug-l", "", price=23),
        _row(Place.ALONE, "", "hat", price=7),
        _row(Place.VARIANT, "bag", "bag-1", "Bag"),
        _row(Place.PRODUCT, "mug", "mug", "Trail mug"),
        _row(Place.VARIANT, "mug", "mug-s", "", price=19),
    ]
    items, counts, _ = _read(rows, Variants.MERGED, whole=False)
    assert [(item.id, item.title, item.price, item.price_max) for item in items] == [
        ("hat", "Mug", 7, None),
        ("mug", "Trail mug", 19, 23),
        ("bag", "Bag", None, None),
    ]
    assert (counts.rows, counts.items, counts.merged) == (5, 3, 2)
    items, counts, _ = _read(rows, Variants.SEPARATE, whole=False)
    assert [(item.id, item.title, item.group) for item in items] == [
        ("hat", "Mug", ""),
        ("mug-l", "Trail mug", "mug"),
        ("mug-s", "Trail mug", "mug"),
        ("bag-1", "Bag", ""),
    ]
    assert (counts.items, counts.merged) == (4, 1)


def test_what_leaves_the_product_out_takes_its_variants_along() -> None:
    rows = [
        _row(Place.VARIANT, "mug", "mug-l"),
        _row(Place.MORE, "mug", ""),
        _row(Place.PRODUCT, "mug", "mug", **{"left out": "draft"}),
    ]
    for variants in Variants:
        items, counts, _ = _read(rows, variants, whole=False)
        assert not items
        assert counts.left_out == {"draft": 3}


def test_a_variant_that_is_left_out_goes_alone() -> None:
    rows = [
        _row(Place.PRODUCT, "mug", "mug"),
        _row(Place.VARIANT, "mug", "s", **{"left out": "draft"}, price=1),
    ]
    for variants in Variants:
        (item,), counts, _ = _read(rows, variants, whole=False)
        assert (item.id, item.price) == ("mug", None)
        assert counts.left_out == {"draft": 1}


def test_keys_that_a_product_claims_are_its_own_at_any_depth() -> None:
    rows = [
        _row(Place.VARIANT, "c", "red-s", ""),
        _row(Place.MORE, "b", "red", "", also="c"),
        _row(Place.PRODUCT, "a", "shirt", "Shirt", also="b"),
        _row(Place.VARIANT, "d", "other", "Other", orphan="its product is not in the file"),
    ]
    items, counts, _ = _read(rows, Variants.MERGED, whole=False)
    assert [item.id for item in items] == ["shirt"]
    assert (counts.merged, counts.left_out) == (2, {"its product is not in the file": 1})


def test_a_product_without_a_title_anywhere_is_a_dead_letter_for_each_row() -> None:
    rows = [_row(Place.PRODUCT, "mug", "mug", ""), _row(Place.VARIANT, "mug", "s", "")]
    items, counts, rejects = _read(rows, Variants.MERGED, whole=False)
    assert not items
    assert counts.rejected == 2
    assert rejects.reasons == {"title is missing": 2}


def test_a_second_product_under_one_key_is_a_duplicate() -> None:
    rows = [_row(Place.PRODUCT, "mug", "mug"), _row(Place.PRODUCT, "mug", "mug", "Other mug")]
    (item,), counts, rejects = _read(rows, Variants.MERGED, whole=False)
    assert item.title == "Mug"
    assert rejects.reasons == {"duplicate id": 1}
    assert counts.balanced


def test_of_two_products_with_one_id_the_first_stays() -> None:
    rows = [
        _row(Place.VARIANT, "mug", "mug"),
        _row(Place.MORE, "mug", ""),
        _row(Place.ALONE, "", "mug", "Other"),
    ]
    (item,), _, rejects = _read(rows, Variants.MERGED, whole=False)
    assert item.title == "Other"
    assert rejects.reasons == {"duplicate id": 2}


def test_what_is_more_of_a_variant_that_is_left_out_goes_with_it() -> None:
    rows = [_row(Place.MORE, "mug", ""), _row(Place.VARIANT, "mug", "s", **{"left out": "draft"})]
    items, counts, _ = _read(rows, Variants.MERGED, whole=False)
    assert not items
    assert counts.left_out == {"draft": 2}


@pytest.mark.parametrize("variants", Variants)
def test_variants_inside_a_row(variants: Variants) -> None:
    items, counts, _ = _read([_row(Place.ALONE, "", "mug", inner=3)], variants, whole=False)
    if variants is Variants.MERGED:
        assert ([item.id for item in items], counts.rows) == (["mug"], 1)
    else:
        assert ([item.id for item in items], counts.rows) == (["mug.0", "mug.1", "mug.2"], 3)
        assert {item.group for item in items} == {"mug"}
