"""What a watch measures in one round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from aisle.evaluation.clicks.traffic import Traffic


@dataclass(frozen=True, slots=True)
class ItemBins:
    """The bins in which items are counted, those of the baseline.

    Attributes:
        values: field to the values that are counted apart; items with none of them are one bin more.
        prices: edges between bins, rising.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prices: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """Attributes:
    release: that was live.
    documents: of it.
    metrics: metric to its mean over judged queries; empty without judgments.
    queries: judged ones.
    codes: of each level of codes, the share that some item has; empty without codes.
    traffic: what shoppers did; None: too few searches were recorded.
    items: what they are counted by to how many are in each bin.
    bins: that these are.
    """

    release: str
    documents: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    queries: int = 0
    codes: tuple[float, ...] = ()
    traffic: Traffic | None = None
    items: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    bins: ItemBins = field(default_factory=ItemBins)

    def filled(self, other: Self) -> Self:
        """These figures; what they lack is as in others. A baseline is completed so."""
        return type(self)(
            release=self.release,
            documents=self.documents or other.documents,
            metrics=self.metrics or other.metrics,
            queries=self.queries or other.queries,
            codes=self.codes or other.codes,
            traffic=self.traffic or other.traffic,
            items=self.items or other.items,
            bins=self.bins if self.items else other.bins,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)
