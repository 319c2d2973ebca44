"""Golden queries: does a loaded release find the items that were put into it? Asked before it goes live."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import opensearchpy

from indexer.golden_asker import GoldenAsker
from indexer.golden_queries import can_be_asked, same_words, title_query, vector_query
from indexer.item_encoder import ItemEncoder
from indexer.retries import RetryPolicy
from mappings import fields
from records import IndexingFailed, Item

# A graph is searched approximately and a title may be the words of ten others: one in twenty may be missed.
USUAL_SHARE: Final = 0.95
_EXAMPLES: Final = 3
_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Checked:
    """Attributes:
    samples: items that were asked for.
    absent: of these, not in the release at all; OpenSearch may have refused them.
    by_title, by_vector: of the others, asked for by title and by vector.
    """

    samples: int
    absent: int
    by_title: int
    by_vector: int


def check_release(
    client: opensearchpy.OpenSearch,
    release: str,
    samples: Sequence[Item],
    *,
    encoder: ItemEncoder | None = None,
    refused_share: float = 0.0,
    share: float = USUAL_SHARE,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Checked:
    """Ask for each sampled item by its own title (BM25) and its own vector (k-NN), both among the first 10.

    Args:
        client: connection.
        release: loaded and refreshed.
        samples: as they were read, see `golden.Sampler`.
        encoder: the release's own; makes the vectors to ask with anew, so that vectors which belong to other
            items are noticed. None asks with the stored ones, which notices a broken graph alone.
        refused_share: share of the documents read that were refused, 0 to 1: samples may be among them.
        share: how many of the samples must be found, 0 to 1.
        policy: for each request.

    Raises:
        IndexingFailed: fewer are found, or more are absent than the refusals explain; names examples.
    """
    asker = GoldenAsker(client, release, policy)
    stored = asker.stored([item.id for item in samples])
    there = [item for item in samples if item.id in stored]
    absent = [item for item in samples if item.id not in stored]
    _require(release, "in it", absent, len(samples), refusals_explain(len(samples), refused_share))

    titled = [item for item in there if can_be_asked(item.title)]
    # A hit of the same name answers for an item only if the item itself still has that name.
    renamed = [item for item in titled if not same_words(item.title, stored[item.id].get(fields.TITLE, ""))]
    asked_for = [item for item in titled if item not in renamed]
    lost = renamed + asker.not_found(asked_for, (title_query(item.title) for item in asked_for))
    _require(release, "found by their own title", lost, len(titled), may_miss(len(titled), share))

    asked = 0
    vectors = encoder.encode(there) if encoder and there else _columns(there, stored)
    for field, rows in vectors.items():
        if field == fields.SPARSE:
            # Of weights that have no common length, an item's own need not make the largest product.
            continue
        known = [(item, row) for item, row in zip(there, rows, strict=True) if row is not None]
        asked = max(asked, len(known))
        queries = (vector_query([float(value) for value in row], field) for _, row in known)
        lost = asker.not_found([item for item, _ in known], queries)
        _require(
            release, f"found by their own vector ({field})", lost, len(known), may_miss(len(known), share)
        )
    return Checked(len(samples), len(absent), len(titled), asked)


def may_miss(asked: int, share: float) -> int:
    """How many of ``asked`` may be missed; one may be, unless there is but one."""
    return min(max(0, asked - 1), max(1, math.floor(round(asked * (1 - share), 6))))


def refusals_explain(samples: int, refused_share: float) -> int:
    """How many of a sample may be absent: the mean and three standard deviations (binomial)."""
    spread = math.sqrt(samples * refused_share * (1 - refused_share))
    return math.ceil(samples * refused_share + 3 * spread)


def _require(release: str, what: str, missed: Sequence[Item], asked: int, allowed: int) -> None:
    if len(missed) > allowed:
        examples = ", ".join(f"{item.id} ({item.title[:60]!r})" for item in missed[:_EXAMPLES])
        counted = f"{len(missed)} of {asked} sampled items are not {what}"
        raise IndexingFailed(
            f"{release} does not go live: {counted}, such as {examples}",
            fix="look at what encoder and mapping made of these items, then index again",
        )


def _columns(items: Sequence[Item], stored: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Sequence[Any]]:
    """The stored vectors, None where an item has none."""
    return {fields.DENSE: [stored[item.id].get(fields.DENSE) for item in items]}
