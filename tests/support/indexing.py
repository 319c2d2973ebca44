"""What the tests of indexing share: items, vectors and options that make runs short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.indexer.options import IndexOptions
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import VectorSpace, fields
from aisle.types import Item

DIMS = 8
SPACE = VectorSpace("ab" * 32, "test", DIMS)
QUICK = RetryPolicy(deadline_s=8, first_wait_s=0.02, longest_wait_s=0.2, request_timeout_s=2)
SMALL = PipelineOptions(batch_items=32, max_body_docs=25, writers=2)


def items(number: int, title: str = "shoe") -> Iterator[Item]:
    """``number`` items with every field filled."""
    for n in range(number):
        yield Item(
            id=f"id-{n}",
            title=f"{title} {n}",
            text="a running shoe",
            brand=f"brand{n % 3}",
            categories=(("shoes",),),
            price=n / 4,
            attributes={"Colour": (("red", "blue")[n % 2],)},
        )


def vectors(batch: Sequence[Item]) -> dict[str, NDArray[np.float32]]:
    """A unit vector for each item that depends on its id alone."""
    rows = [np.random.default_rng(list(item.id.encode())).normal(size=DIMS) for item in batch]
    matrix = np.array(rows, dtype=np.float32)
    return {fields.DENSE: matrix / np.linalg.norm(matrix, axis=1, keepdims=True)}


ENCODER = ItemEncoder({fields.DENSE: SPACE}, vectors)


def options(name: str, **changes: object) -> IndexOptions:
    """Short waits and small bodies, so that 300 items make a dozen requests."""
    return IndexOptions(name, **{"pipeline": SMALL, "retry": QUICK, **changes})  # type: ignore[arg-type]


def releases(client: Cluster, name: str) -> dict[str, set[str]]:
    """Every release of ``name`` and its aliases."""
    found = client.indices.get_alias(index=f"{name}-v*,-*-suggest")
    return {index: set(body["aliases"]) for index, body in found.items()}


def count(client: Cluster, name: str) -> int:
    """Documents that a search of the alias sees."""
    client.indices.refresh(index=name)
    return int(client.count(index=name)["count"])
