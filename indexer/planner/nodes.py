"""How many data nodes, and how the memory of each is divided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from indexer.planner.quantity import GIB

LARGEST_HEAP: Final = 31 * GIB
"""Below 32 GiB the JVM uses compressed pointers; a slightly larger heap holds less."""
VECTOR_SHARE: Final = 2
"""Half of what the heap leaves may hold vector graphs (faiss: the circuit breaker's default)."""


class Bound(StrEnum):
    """What decides the number of nodes."""

    MEMORY = "memory for vectors"
    DISK = "disk"
    COPIES = "copies that must lie on different nodes"


@dataclass(frozen=True, slots=True)
class Nodes:
    """Attributes:
    count: data nodes.
    heap: -Xms and -Xmx of each, bytes.
    vectors: room for vector graphs on each, bytes.
    bound: what decided the count.
    """

    count: int
    heap: int
    vectors: int
    bound: Bound


def heap_bytes(node_memory: int) -> int:
    """Half of the memory, at most 31 GiB."""
    return min(node_memory // 2, LARGEST_HEAP)


def vector_room(node_memory: int) -> int:
    """What one node can hold of vector graphs without evicting any."""
    return (node_memory - heap_bytes(node_memory)) // VECTOR_SHARE


def nodes_needed(
    *, vector_memory: int, disk: int, copies: int, node_memory: int, node_disk: int | None
) -> Nodes:
    """The fewest data nodes that hold all copies in memory and all releases on disk.

    Args:
        vector_memory: of all copies, bytes.
        disk: to provide in the whole cluster, bytes.
        copies: of each shard; no node holds two of one shard.
        node_memory: of one node, bytes.
        node_disk: of one node, bytes; None: disk decides nothing.
    """
    room = vector_room(node_memory)
    needs = {
        Bound.COPIES: copies,
        Bound.MEMORY: -(-vector_memory // room),
        Bound.DISK: -(-disk // node_disk) if node_disk else 0,
    }
    bound = max(needs, key=lambda reason: needs[reason])
    return Nodes(needs[bound], heap_bytes(node_memory), room, bound)
