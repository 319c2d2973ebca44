"""Targets among the candidates of each channel, and of all channels for as many candidates in all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.evaluation.sequences.protocol import Seen, Split
from aisle.evaluation.sequences.ranks import Scorer

UNION: Final = "union"
"""Under this name stand all channels together."""

_CELLS: Final = 4_000_000
"""Scores of a channel that are held at a time."""

_STRATA: Final = ((0, 0, "never taken"), (1, 5, "1 to 5"), (6, 20, "6 to 20"), (21, None, "21 or more"))
"""Least and most takers of a target, and their name."""


@dataclass(frozen=True, slots=True, eq=False)
class CoveredTargets:
    """Where the target of every user stands among the candidates of each channel.

    Attributes:
        ranks: channel to int64 [users], from 1; one past the number of items for a target that a channel does
            not propose. Under `UNION` stands what the best of all proposals hold by the score that is served,
            where each channel is asked for as many as are held.
        takers: int64 [users], how many users took the target in what was learned from.
        items: of the catalogue.
    """

    ranks: Mapping[str, NDArray[np.int64]]
    takers: NDArray[np.int64]
    items: int

    def share(self, channel: str, budget: int) -> float:
        """Share of the users whose target is among the first candidates of a channel."""
        return _share(self.ranks[channel] <= budget)

    def by_budget(self, budgets: Sequence[int]) -> Mapping[str, Mapping[int, float]]:
        """Channel to budget to share."""
        return {name: {each: self.share(name, each) for each in budgets} for name in self.ranks}

    def by_takers(self, budget: int) -> Mapping[str, Stratum]:
        """Targets told apart by how many took them; strata without a target are left out."""
        found = {}
        for least, most, name in _STRATA:
            among = (self.takers >= least) & (self.takers <= (math.inf if most is None else most))
            if among.any():
                shares = {channel: _share(ranks[among] <= budget) for channel, ranks in self.ranks.items()}
                found[name] = Stratum(int(among.sum()), shares)
        return found


@dataclass(frozen=True, slots=True)
class Stratum:
    """Some of the users.

    Attributes:
        users: how many.
        shares: channel to the share of them whose target it has.
    """

    users: int
    shares: Mapping[str, float]


def covered_targets(
    channels: Sequence[Scorer], score: Scorer, data: Split, beside: Sequence[Scorer] = ()
) -> CoveredTargets:
    """Ask channels for candidates, and look for each user's target among them.

    A channel proposes the items that it scores above 0, the best first and of one score that of the lower
    position, as they are served.

    Args:
        channels: each under a name of its own; learned from ``data.train`` alone.
        score: by which the best of all proposals are taken; its name does not count.
        data: who is asked.
        beside: channels that are no part of the union.

    Raises:
        EvaluationError: no channel, or two of one name.
    """
    names = [channel.name for channel in (*channels, *beside)]
    if not channels or len(set(names)) != len(names) or UNION in names:
        raise EvaluationError(f"the channels {names} cannot be told apart", fix="give each a name, once")
    items = len(data.histories.items)
    ranks: dict[str, list[NDArray[np.int64]]] = {name: [] for name in (*names, UNION)}
    step = max(1, _CELLS // max(1, items))
    for begin in range(0, len(data.histories), step):
        histories = data.histories.of_users(np.arange(begin, min(begin + step, len(data.histories))))
        targets = data.targets[begin : begin + len(histories)]
        rows = np.arange(len(histories))
        first = np.full((len(histories), items), items, dtype=np.int64)
        for number, channel in enumerate((*channels, *beside)):
            scores = np.array(channel.scores(histories), dtype=np.float32)
            if data.protocol.seen is Seen.EXCLUDED:
                scores[histories.owners, histories.steps] = 0
            places = _places(scores)
            ranks[channel.name].append(np.minimum(places[rows, targets], items) + 1)
            if number < len(channels):
                np.minimum(first, places, out=first)
        served = np.where(first < items, score.scores(histories), -np.inf)
        own = first[rows, targets]
        place = np.argsort(np.argsort(-served, axis=1, kind="stable"), axis=1)[rows, targets]
        ranks[UNION].append(np.where(own < items, np.maximum(own, place), items) + 1)
    _, taken = np.unique(np.stack([data.train.owners, data.train.steps.astype(np.int64)]), axis=1)
    takers = np.bincount(taken, minlength=items)[data.targets]
    return CoveredTargets({name: np.concatenate(held) for name, held in ranks.items()}, takers, items)


def _places(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Place of every item among those with a score above 0, from 0; of the others the number of items."""
    rows, items = scores.shape
    order = np.argsort(-scores, axis=1, kind="stable")
    places = np.empty((rows, items), dtype=np.int64)
    np.put_along_axis(places, order, np.broadcast_to(np.arange(items), (rows, items)), axis=1)
    places[scores <= 0] = items
    return places


def _share(found: NDArray[np.bool_]) -> float:
    return float(found.mean()) if len(found) else math.nan
