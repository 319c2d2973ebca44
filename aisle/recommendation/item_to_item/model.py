"""A trained item-to-item model: counts of baskets, and towers whose two heads each list neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.baskets import Baskets
from aisle.encoder.whitening import Whitening
from aisle.errors import InputError
from aisle.recommendation.item_to_item.basket_counts import BasketCounts, count_baskets, together_scores
from aisle.recommendation.item_to_item.towers import AGAIN, HeadTowers, HeadVectors, engagement_query


@dataclass(frozen=True, slots=True, eq=False)
class TwoHeads:
    """What was learned of baskets and content.

    The engagement score of a candidate is the inner product of `engagement_query` of the trigger's engagement
    vector and the candidate's, and what ``counted`` adds. The relevance score is the inner product of
    relevance vectors.

    Attributes:
        counts: of baskets, over the items that are known.
        counts_weight: of the counts beside the engagement vectors, chosen on validation; 0: they add nothing.
        titles, categories: of each known item; empty without one.
        engagement, relevance: float32 [items, dims], of known items, as ``towers`` make them.
        towers: make the vectors of new items too.
        whitening: that the towers' texts were made with; None: they read none.
        encoder: fingerprint of the encoder of the texts; empty: they read none.

    Raises:
        InputError: parts that do not fit each other.
    """

    counts: BasketCounts
    counts_weight: float
    titles: tuple[str, ...]
    categories: tuple[str, ...]
    engagement: NDArray[np.float32]
    relevance: NDArray[np.float32]
    towers: HeadTowers
    whitening: Whitening | None = None
    encoder: str = ""
    places: dict[str, int] = field(init=False, repr=False)
    counted: sparse.csr_array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        size, dims = len(self.items), self.towers.dims
        fit = all(len(held) == size for held in (self.titles, self.categories))
        fit = fit and self.engagement.shape == self.relevance.shape == (size, dims)
        width = self.whitening.dims if self.whitening else 0
        if not (fit and width == self.towers.text_dims and bool(self.encoder) == bool(width)):
            raise InputError("items, vectors and towers do not fit each other", fix=AGAIN)
        object.__setattr__(self, "places", {item: place for place, item in enumerate(self.items)})
        object.__setattr__(self, "counted", counts_scores(self.counts, self.counts_weight))

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of the known items."""
        return self.counts.items

    @property
    def dims(self) -> int:
        """Width of the vectors of each head."""
        return self.towers.dims

    def vectors(
        self,
        ids: Sequence[str],
        texts: NDArray[np.float32] | None,
        categories: Sequence[str],
        brands: Sequence[str],
    ) -> HeadVectors:
        """See `HeadTowers.vectors`."""
        return self.towers.vectors(ids, texts, categories, brands)

    def with_orders(self, baskets: Baskets) -> TwoHeads:
        """The same towers with the counts of more baskets, which are then those of a count of everything.

        Args:
            baskets: that were not counted yet, of any items; of items that are not known nothing is counted.
        """
        more = count_baskets(baskets.onto(self.items), self.counts.options)
        return replace(self, counts=self.counts + more)

    def engagement_query(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `towers.engagement_query`."""
        return engagement_query(vectors)

    def engagement_scores(self, triggers: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Of some known items, by place, to all known items: float32 [triggers, items]."""
        asked = engagement_query(self.engagement[triggers])
        found: NDArray[np.float32] = asked @ self.engagement.T + self.counted[triggers].toarray()
        return found

    def relevance_scores(self, triggers: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Of some known items, by place, to all known items: float32 [triggers, items]."""
        found: NDArray[np.float32] = self.relevance[triggers] @ self.relevance.T
        return found


def counts_scores(counts: BasketCounts, weight: float) -> sparse.csr_array:
    """What baskets add to engagement scores: float32 [items, items], ``weight`` * log(1 + count).

    The towers learn logarithms of probabilities, so counts are added as logarithms too. A new item has none.
    """
    if not weight:
        return sparse.csr_array((len(counts.items),) * 2, dtype=np.float32)
    found = together_scores(counts)
    found.data = np.float32(weight) * np.log1p(found.data)
    return found
