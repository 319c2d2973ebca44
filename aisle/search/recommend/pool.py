"""The pool of a recommendation: the union of what channels found, scored, cut to a budget. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.mappings import FusionSpec
from aisle.search.fusion import Fused, LegResult, fuse
from aisle.search.recommend.channels import best_first

_BASE = "base"


@dataclass(frozen=True, slots=True)
class ChannelRank:
    """Where a channel found an item.

    Attributes:
        rank: from 1.
        score: the channel's own: an inner product, a score of counts, a share of takers.
    """

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates of one request.

    Attributes:
        order: best first by the base score, ties in order of id; contributions are those of its parts.
        found_by: candidate to the channels that found it, each with its place there.
    """

    order: list[Fused]
    found_by: Mapping[str, Mapping[str, ChannelRank]]


def union(found: Mapping[str, LegResult]) -> list[str]:
    """Every item that any channel found, each once."""
    return list(dict.fromkeys(id_ for result in found.values() for id_ in result.ids))


def pooled(
    found: Mapping[str, LegResult],
    parts: Mapping[str, Sequence[float]],
    budget: int,
    size: int,
) -> Pool:
    """The union of the channels within the budget.

    The best ``size`` by the base score are in it. The rest is chosen by reciprocal ranks (Cormack et al.,
    SIGIR 2009) in the order of that score and in each channel, so that what one channel is sure of has a
    place, whatever it scores.

    Args:
        found: channel to what it found, best first.
        parts: candidate to the parts of its base score, see ``profile.PARTS``; of every item of the union.
        budget: candidates that are kept.
        size: of the page.
    """
    base = best_first({id_: sum(parts[id_]) for id_ in union(found)}, len(parts))
    kept = set(base.ids[:size])
    if len(base.ids) > budget:
        spec = FusionSpec.equal(_BASE, *found)
        for fused in fuse(spec, {_BASE: base, **found}):
            if len(kept) == budget:
                break
            kept.add(fused.id)
    else:
        kept = set(base.ids)
    order = [
        Fused(id_, score, tuple(parts[id_]))
        for id_, score in zip(base.ids, base.scores, strict=True)
        if id_ in kept
    ]
    found_by: dict[str, dict[str, ChannelRank]] = {fused.id: {} for fused in order}
    for channel, result in found.items():
        for rank, (id_, score) in enumerate(zip(result.ids, result.scores, strict=True), 1):
            if id_ in found_by:
                found_by[id_][channel] = ChannelRank(rank, score)
    return Pool(order, found_by)
