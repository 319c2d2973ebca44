"""What one recommendation asks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aisle.search.recommend.items_request import ItemsOptions, ItemsRequest


class RecommendationOptions(ItemsOptions, total=False):
    """The keywords that a recommendation takes beside its history: see `RecommendationRequest`."""

    exclude_bought: bool


@dataclass(frozen=True, slots=True)
class RecommendationRequest(ItemsRequest):
    """One recommendation: the history, what may come up, and how much of it: see `ItemsRequest`.

    The budget is that of the pool, of all channels together; the usual one is 200, as many as preferences
    rank again. A larger one lets boosts and rules bring up what stands further back. For rules the context
    ``recommendations`` is always there.

    Attributes:
        history: ids of items, oldest first; may be empty. Ids that are not known are skipped and reported.
        exclude_bought: leave out what is in the history; False where things are bought again.

    Raises:
        InvalidQuery: see `ItemsRequest`.
    """

    usual_budget: ClassVar[int] = 200

    history: tuple[str, ...] = ()
    exclude_bought: bool = True

    def __post_init__(self) -> None:
        self._list_ids("history")
        ItemsRequest.__post_init__(self)
