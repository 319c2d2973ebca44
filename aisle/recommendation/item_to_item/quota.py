"""The quota merge: the lists of two heads become one, each with its share of the places. Pure.

As MTMH merges its heads (arXiv 2506.06239): each list is ranked by its own head alone, so that scores of the
two are never compared, and the share is a number of the request.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from aisle._arguments import check_real
from aisle.errors import InvalidQuery

USUAL_ALPHA: Final = 50.0

Id = TypeVar("Id", bound=Hashable)


class Head(StrEnum):
    """Who found an item."""

    ENGAGEMENT = "engagement"
    RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class Merged(Generic[Id]):
    """One place of a merged list.

    Attributes:
        id: of the item.
        head: that the place was given to.
        rank: of the item in that head's list, from 1.
    """

    id: Id
    head: Head
    rank: int


def check_alpha(alpha: float) -> None:
    """Nothing if places can be shared out so.

    Raises:
        InvalidQuery: below 0, above 100, or no number.
    """
    check_real("50", alpha=alpha)
    if not 0 <= alpha <= 100:
        raise InvalidQuery(
            f"an alpha of {alpha:g} is no percentage",
            fix="use 0 (what is alike) to 100 (what is bought together)",
        )


def merge_by_quota(
    engagement: Sequence[Id], relevance: Sequence[Id], alpha: float, size: int
) -> list[Merged[Id]]:
    """Interleave two lists, so that of the first n places the engagement head has alpha percent, for every n.

    That many is rounded to the nearest, halves up. What both lists hold has the place of whoever comes to it
    first and counts for that head alone. Once a list is used up the other one fills what is left; an alpha of
    0 or 100 is one list alone, which nothing fills up.

    Args:
        engagement: items, best first.
        relevance: likewise.
        alpha: percent of the places that engagement gets.
        size: most places.

    Raises:
        InvalidQuery: an alpha that is no percentage.
    """
    check_alpha(alpha)
    seen: set[Id] = set()
    lists = {
        Head.ENGAGEMENT: _unseen(Head.ENGAGEMENT, engagement if alpha > 0 else (), seen),
        Head.RELEVANCE: _unseen(Head.RELEVANCE, relevance if alpha < 100 else (), seen),
    }
    merged: list[Merged[Id]] = []
    given = 0
    while len(merged) < size:
        due = ((len(merged) + 1) * alpha + 50) // 100 > given
        first, second = lists if due else reversed(lists)
        place = next(lists[first], None) or next(lists[second], None)
        if place is None:
            break
        given += place.head is Head.ENGAGEMENT
        seen.add(place.id)
        merged.append(place)
    return merged


def _unseen(head: Head, ids: Sequence[Id], seen: Collection[Id]) -> Iterator[Merged[Id]]:
    """Those of a list that are not seen by the time that they are reached."""
    return (Merged(id_, head, rank) for rank, id_ in enumerate(ids, 1) if id_ not in seen)
