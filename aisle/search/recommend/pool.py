"""The pool of a recommendation: the union of what channels found, scored, cut to a budget. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from aisle.search.fusion import Fused, LegResult
from aisle.search.recommend.channels import best_first


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
        found: channel to what it found, best first.
    """

    order: list[Fused]
    found: Mapping[str, LegResult]

    def found_by(self, ids: Sequence[str]) -> dict[str, dict[str, ChannelRank]]:
        """Candidate to the channels that found it, each with its place there."""
        places: dict[str, dict[str, ChannelRank]] = {id_: {} for id_ in ids}
        for channel, result in self.found.items():
            for rank, (id_, score) in enumerate(zip(result.ids, result.scores, strict=True), 1):
                if id_ in places:
                    places[id_][channel] = ChannelRank(rank, score)
        return places


def union(found: Mapping[str, LegResult]) -> list[str]:
    """Every item that any channel found, each once."""
    return list(dict.fromkeys(chain.from_iterable(result.ids for result in found.values())))


def pooled(found: Mapping[str, LegResult], parts: Mapping[str, Sequence[float]], budget: int) -> Pool:
    """The best of the union of the channels by the base score, whichever channel found them.

    Args:
        found: channel to what it found, best first; to be sure of the best each is asked for the budget.
        parts: candidate to the parts of its base score, see ``profile.PARTS``; of every item of the union.
        budget: candidates that are kept.
    """
    best = best_first({id_: sum(parts[id_]) for id_ in union(found)}, budget)
    order = [Fused(id_, score, tuple(parts[id_])) for id_, score in zip(best.ids, best.scores, strict=True)]
    return Pool(order, found)
