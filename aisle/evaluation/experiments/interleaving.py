"""Two rankings in one list, and which of them its clicks speak for. Pure.

Team-draft interleaving (Radlinski, Kurup and Joachims 2008, "How does clickthrough data reflect retrieval
quality?"): as captains choose teams, the two rankings take turns in pairs, a coin says who begins each pair,
and each picks its best item that is not in the list yet. An item that both would have picked counts for the
one that picked it.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Team(IntEnum):
    """Which ranking picked an item."""

    CONTROL = 0
    ARM = 1


@dataclass(frozen=True, slots=True)
class Drafted:
    """An item of the list.

    Attributes:
        id: of it.
        team: that picked it.
    """

    id: str
    team: Team


def team_draft(control: Sequence[str], arm: Sequence[str], seed: str, size: int) -> tuple[Drafted, ...]:
    """Draft one list of two rankings.

    Args:
        control: ids, best first, no two alike.
        arm: likewise.
        seed: the same one gives the same list, of which a shorter one is the beginning.
        size: most items.
    """
    # A text, and not its hash, which differs from process to process.
    coin = random.Random(seed)
    rankings = {Team.CONTROL: control, Team.ARM: arm}
    at = {Team.CONTROL: 0, Team.ARM: 0}
    picked: dict[str, Team] = {}
    while len(picked) < size:
        before = len(picked)
        first = Team(coin.random() < 0.5)
        for team in (first, Team(1 - first)):
            ranking = rankings[team]
            while at[team] < len(ranking) and ranking[at[team]] in picked:
                at[team] += 1
            if at[team] < len(ranking) and len(picked) < size:
                picked[ranking[at[team]]] = team
        if len(picked) == before:
            break
    return tuple(Drafted(id_, team) for id_, team in picked.items())


def preference(drafted: Sequence[Drafted], clicked: Collection[str]) -> int:
    """Which ranking the clicks on one list speak for: 1 the arm, -1 the control, 0 neither."""
    teams = [one.team for one in drafted if one.id in clicked]
    difference = 2 * sum(teams) - len(teams)
    return (difference > 0) - (difference < 0)
