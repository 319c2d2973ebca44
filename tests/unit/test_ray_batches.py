"""Items on their way to workers on other machines: positions stay what they are, nothing is lost."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.indexer.ledger.store import Positions, ranges_of
from aisle.indexer.ray.buffer import Batch, Numbered, contiguous
from aisle.indexer.ray.session import RayOptions
from aisle.types import Item


def item(number: int) -> Item:
    return Item(id=f"id-{number}", title=f"shoe {number}")


@settings(deadline=None, max_examples=50)
@given(
    number=st.integers(0, 60),
    settled=st.sets(st.integers(0, 70)),
    size=st.integers(1, 9),
)
def test_batches_hold_what_is_not_settled_at_its_position(number: int, settled: set[int], size: int) -> None:
    done = Positions(tuple(ranges_of(sorted(settled))))
    numbered = Numbered(map(item, range(number)), done)
    batches = list(contiguous(numbered, size))
    found = [(batch.first + row, each.id) for batch in batches for row, each in enumerate(batch.items)]
    assert found == [(n, f"id-{n}") for n in range(number) if n not in settled]
    assert numbered.read == number
    assert all(1 <= len(batch.items) <= size for batch in batches)
    assert all(batch.last == batch.first + len(batch.items) - 1 for batch in batches)
    # No more batches than gaps and sizes ask for.
    open_ranges = list(ranges_of(n for n in range(number) if n not in settled))
    assert len(batches) == sum(-(-(last - first + 1) // size) for first, last in open_ranges)


def test_reading_is_lazy() -> None:
    numbered = Numbered(map(item, range(100)), Positions())
    batches = contiguous(numbered, 10)
    next(batches)
    assert numbered.read == 11


def test_a_batch_travels_with_every_field_and_any_text() -> None:
    odd = Item(
        id="é\ud800",
        title="t\x00",
        text="x" * 1000,
        brand="b",
        categories=(("c",),),
        price=1.25,
        images=("i",),
        attributes=MappingProxyType({"Colour": ("red",)}),
    )
    batch = Batch(7, (item(1), odd))
    assert Batch.unpacked(batch.packed()) == batch


@pytest.mark.parametrize("change", [{"workers": 0}, {"cpus": 0}, {"batch_items": 0}])
def test_numbers_that_mean_nothing(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="cannot be"):
        RayOptions(**change)  # type: ignore[arg-type]
