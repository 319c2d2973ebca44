"""What one request for similar items asks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aisle._arguments import check_real, check_text
from aisle.errors import InvalidQuery
from aisle.recommendation.item_to_item.kinds import Intent
from aisle.recommendation.item_to_item.similar import listed_alpha
from aisle.search.recommend.items_request import ItemsOptions, ItemsRequest


class SimilarOptions(ItemsOptions, total=False):
    """The keywords that similar items are asked with beside the trigger's id: see `SimilarRequest`."""

    alpha: float | None
    intent: Intent | str | None
    group: bool
    diversity: float


@dataclass(frozen=True, slots=True)
class SimilarRequest(ItemsRequest):
    """One item whose similar ones are wanted, which, and how many: see `ItemsRequest`.

    The budget is that of each head: candidates that compete for the places that the head gets. The usual one
    is 100; with groups of many variants give more. For rules the context ``similar-items`` is always there.

    Attributes:
        id: of the trigger: in the index, or known to the model.
        alpha: percent of the places that the engagement head gets, 0 (what is alike) to 100 (what is bought
            together); None: 50, or what the intent says.
        intent: ``complement`` or ``substitute``: these alone, see `Intent`; None: both.
        group: one item per product, and none of the trigger's own.
        diversity: how much the first 50 are to differ from each other by relevance vectors, 0 (not at all) to
            1, see ``aisle.search.diversity``. It comes after the merge and may move items of one head past
            those of the other.

    Raises:
        InvalidQuery: see `ItemsRequest`; no id, no percentage, or an alpha beside an intent.
    """

    usual_budget: ClassVar[int] = 100

    id: str
    alpha: float | None = None
    intent: Intent | None = None
    group: bool = False
    diversity: float = 0.0

    def __post_init__(self) -> None:
        check_text(id=self.id)
        check_real(diversity=self.diversity)
        if self.intent is not None:
            try:
                object.__setattr__(self, "intent", Intent(self.intent))
            except ValueError:
                raise InvalidQuery(
                    f"nothing is similar with the intent {self.intent!r}", fix=f"use {' or '.join(Intent)}"
                ) from None
        listed_alpha(self.alpha, self.intent)
        if not 0 <= self.diversity <= 1:
            raise InvalidQuery(f"a diversity of {self.diversity} cannot be", fix="use 0 to 1, such as 0.3")
        ItemsRequest.__post_init__(self)

    @property
    def share(self) -> float:
        """Percent of the places that the engagement head gets."""
        return listed_alpha(self.alpha, self.intent)
