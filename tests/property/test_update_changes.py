"""Changes: one write for many is the same as one for each; a replay changes nothing; documents come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aisle.catalogue.reader import item_reader
from aisle.indexer.dead_letters import cells_of, refused_item
from aisle.indexer.updates.change import Change, NoSuchItem, parse_change
from aisle.indexer.updates.input import InputLine, Place
from aisle.indexer.updates.writes import Entry, Stored, Write, action, by_id, derived_of, plan_writes
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import ItemSpaces, ItemToItemSpace, VectorSpace, fields
from aisle.mappings.document import document, item_of
from aisle.markup import plain_line
from aisle.types import BusinessSignals, Item

words = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=4)
prices = st.none() | st.floats(0, 1e6) | st.integers(0, 1000)
attributes = st.dictionaries(words, st.none() | words | st.integers(0, 9), max_size=3)
ids = st.sampled_from(["a", "b", "c"])
upserts = st.fixed_dictionaries(
    {"id": ids, "title": words},
    optional={"text": words, "brand": words, "price": prices, "attributes": attributes},
)
updates = st.fixed_dictionaries(
    {"op": st.just("update"), "id": ids, "price": prices},
    optional={
        "title": words,
        "text": words | st.none(),
        "category": words | st.none(),
        "brand": words | st.none(),
        "attributes": attributes | st.none(),
        "numbers": st.dictionaries(words, st.none() | st.integers(-5, 5), max_size=2) | st.none(),
        "stock": st.none() | st.integers(0, 9),
        "images": st.none() | words,
        "price_max": prices,
    },
)
deletes = st.fixed_dictionaries({"op": st.just("delete"), "id": ids})
streams = st.lists(st.one_of(upserts, updates, deletes), max_size=12)
names = st.text(min_size=1, max_size=4)
amounts = st.floats(0, 1e12)
catalogue_items = st.builds(
    Item,
    id=words,
    title=st.text(min_size=1, max_size=9),
    text=st.text(max_size=9),
    group=st.text(max_size=2) | words,
    brand=st.text(max_size=4),
    categories=st.lists(st.lists(names, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
    price=st.none() | amounts,
    list_price=st.none() | amounts,
    currency=st.sampled_from(["", "EUR"]),
    images=st.lists(names, max_size=2).map(tuple),
    url=st.text(max_size=4),
    identifiers=st.lists(names, max_size=2).map(tuple),
    attributes=st.dictionaries(names, st.lists(names, min_size=1, max_size=2).map(tuple), max_size=3),
    numbers=st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    signals=st.builds(
        BusinessSignals,
        popularity=st.none() | amounts,
        rating=st.none() | amounts,
        stock=st.none() | amounts,
        available=st.none() | st.booleans(),
        added=st.none() | st.dates().map(str),
    ),
    language=st.sampled_from(["", "en"]),
)
codes = st.text("abcXYZ019", min_size=1, max_size=5)
# As readers make them: plain texts, nothing twice.
lines = st.lists(words, min_size=1, max_size=3).map(" ".join).map(plain_line)
read_items = st.builds(
    Item,
    id=words,
    title=lines,
    text=st.lists(lines, max_size=2).map("\n".join),
    group=words | st.just(""),
    brand=lines | st.just(""),
    categories=st.lists(st.lists(lines, min_size=1, max_size=3).map(tuple), max_size=1).map(tuple),
    price=amounts,
    price_max=st.none() | st.floats(1e12 + 1, 1e13),
    list_price=st.none() | st.floats(1e13 + 1, 1e14),
    currency=st.sampled_from(["", "EUR"]),
    images=st.lists(codes.map("https://x/{}.jpg".format), max_size=2, unique=True).map(tuple),
    url=st.just("") | codes.map("https://x/{}".format),
    identifiers=st.lists(codes.map("TM-1-{}".format), max_size=2, unique=True).map(tuple),
    attributes=st.dictionaries(
        lines, st.lists(lines, min_size=1, max_size=2, unique=True).map(tuple), max_size=3
    ),
    numbers=st.dictionaries(lines, st.floats(-1e12, 1e12), max_size=3),
    signals=st.builds(
        BusinessSignals,
        popularity=st.none() | amounts,
        margin=st.none() | st.floats(-1e9, 1e9),
        stock=st.none() | amounts,
        available=st.none() | st.booleans(),
        added=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(str),
    ),
    language=st.sampled_from(["", "en", "pt-BR"]),
)
States = dict[str, Stored]
HEADS = ItemSpaces(relates=ItemToItemSpace("cd" * 32, "shop", 2))
SPACE = {fields.DENSE: VectorSpace("ab" * 32, "m", 2)}


def made_of(item: Item) -> dict[str, Any]:
    """What its text becomes, and what its text, brand and categories become; a head may know nothing."""
    content = repr((item.title + item.text, item.brand, item.categories))
    head = {fields.ENGAGEMENT: content} if item.brand or item.categories else {}
    return {fields.DENSE: item.title + item.text, fields.RELEVANCE: content, **head}


ENCODER = ItemEncoder({**SPACE, **HEADS.vectors}, lambda _: {}, HEADS)


def changes_of(stream: list[dict[str, Any]]) -> list[Change]:
    return [parse_change(orjson.dumps(change)) for change in stream]


def one_by_one(items: dict[str, Item], changes: list[Change]) -> tuple[dict[str, Item], list[int]]:
    """The reference: a dict, each change in turn."""
    state, unknown = dict(items), []
    for number, change in enumerate(changes, start=1):
        try:
            after = change.applied_to(state.get(change.id))
        except NoSuchItem:
            unknown.append(number)
            continue
        if after is None:
            state.pop(change.id, None)
        else:
            state[change.id] = after
    return state, unknown


def in_batches(states: States, changes: list[Change], size: int) -> tuple[States, list[int], int]:
    """What `plan_writes` makes of them, batch by batch; the number of texts that were encoded, too."""
    states, dead, encoded = dict(states), [], 0
    for start in range(0, len(changes), size):
        entries = [
            Entry(InputLine(b"", Place(start + number)), change)
            for number, change in enumerate(changes[start : start + size], start=1)
        ]
        planned = plan_writes(by_id(entries), states, lambda item: item.title + item.text, ENCODER)
        assert len({write.id for write in planned.writes}) == len(planned.writes)
        dead += [letter.line or 0 for letter in planned.dead]
        for write in planned.writes:
            if write.item is None:
                states.pop(write.id, None)
                continue
            encoded += write.derived is None
            states[write.id] = Stored(1, document(write.item, write.derived or made_of(write.item)))
    return states, sorted(dead), encoded


@settings(deadline=None)
@given(streams, st.integers(1, 12))
def test_a_batch_is_its_changes_one_by_one(stream: list[dict[str, Any]], size: int) -> None:
    changes = changes_of(stream)
    states, dead, _ = in_batches({}, changes, size)
    assert ({i: item_of(i, one.source) for i, one in states.items()}, dead) == one_by_one({}, changes)
    # A vector always is the one of the text and the content that the item has.
    for id_, one in states.items():
        item = item_of(id_, one.source)
        assert {field: one.source[field] for field in ENCODER.spaces if field in one.source} == made_of(item)


@settings(deadline=None)
@given(streams, streams, st.integers(0, 12), st.integers(1, 5))
def test_going_back_and_again_ends_in_the_same_state(
    before: list[dict[str, Any]], stream: list[dict[str, Any]], crash: int, size: int
) -> None:
    states, _, _ = in_batches({}, changes_of(before), 3)
    changes = changes_of(stream)
    straight, _, _ = in_batches(states, changes, size)
    crashed, _, _ = in_batches(states, changes[:crash], size)
    again, _, _ = in_batches(crashed, changes, size)
    assert again == straight


@settings(deadline=None)
@given(streams.filter(bool))
def test_only_new_texts_are_encoded(stream: list[dict[str, Any]]) -> None:
    changes = changes_of(stream)
    once, _, _ = in_batches({}, changes, 100)
    prices_only = changes_of([{"op": "update", "id": id_, "price": 3} for id_ in "abc"])
    again, _, encoded = in_batches(once, prices_only, 100)
    assert encoded == 0
    assert {i: one.source[fields.DENSE] for i, one in again.items()} == {
        i: one.source[fields.DENSE] for i, one in once.items()
    }


@settings(deadline=None)
@given(catalogue_items, st.none() | amounts)
def test_a_document_is_read_back_as_its_item(item: Item, more: float | None) -> None:
    if more and item.price is not None:
        item = replace(item, price_max=item.price + more)
        assume(item.price_max != item.price)
    stored = orjson.loads(orjson.dumps(document(item, {})))
    assert item_of(item.id, stored) == item
    assert derived_of(stored) == {}


@settings(deadline=None)
@given(read_items)
def test_a_dead_letter_is_read_back_as_its_item(item: Item) -> None:
    row = cells_of(refused_item(1, item, "no"))
    assert row is not None and item_reader()(row) == item


@settings(deadline=None)
@given(catalogue_items, st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4))
def test_kept_vectors_are_written_as_they_were(item: Item, numbers: list[float]) -> None:
    vector = np.array(numbers, dtype=np.float32)
    first = action(Write(item.id, item, None, ()), {fields.DENSE: vector}, 1000)
    source = orjson.loads(first.data.split(b"\n")[1])  # type: ignore[union-attr]
    again = action(Write(item.id, item, derived_of(source), ()), derived_of(source), 1000)
    stored = orjson.loads(again.data.split(b"\n")[1])  # type: ignore[union-attr]
    assert np.array_equal(np.array(stored[fields.DENSE], dtype=np.float32), vector)
    assert {**stored, fields.DENSE: 0} == {**source, fields.DENSE: 0}


@settings(deadline=None)
@given(
    st.binary(max_size=80) | st.from_regex(r'\{"id": ?("a"|7|null), ?"[a-z]{2,5}": ?.{1,9}\}').map(str.encode)
)
def test_any_line_is_a_change_or_has_a_reason(row: bytes) -> None:
    try:
        change = parse_change(row)
    except ValueError as reason:
        assert str(reason)
    else:
        assert change.id
