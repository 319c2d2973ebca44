"""How many primary shards."""

from __future__ import annotations

from typing import Final

from indexer.planner.quantity import GIB

TARGET_BYTES: Final = 20 * GIB
"""The middle of 10 to 30 GiB, the range for searches."""
MAX_DOCS: Final = 2**31 - 1 - 128
"""Lucene's limit for one shard."""


def fewest_shards(primary: int, docs: int) -> int:
    """As few shards as keep each near the target size and below Lucene's limit."""
    return max(1, -(-primary // TARGET_BYTES), -(-docs // MAX_DOCS))


def balanced_shards(fewest: int, copies: int, nodes: int) -> int:
    """The next number of shards whose copies spread evenly over the nodes.

    Never twice the fewest or more: a search asks every shard, and small ones cost more than an uneven spread.
    """
    for shards in range(fewest, 2 * fewest):
        if shards * copies % nodes == 0:
            return shards
    return fewest
