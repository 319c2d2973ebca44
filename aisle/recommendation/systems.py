"""The systems that a recommender is measured against, each with the settings it may choose from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import Final, Generic, TypeVar

from aisle.recommendation.channel import Channel
from aisle.recommendation.channels import Blend, ItemToItem, cosine, followers
from aisle.recommendation.ease import MAX_ITEMS, ease
from aisle.recommendation.settings import (
    CountSettings,
    Learned,
    RecommenderSettings,
    TextSettings,
    popularity,
)

Setting = TypeVar("Setting")


class System(ABC, Generic[Setting]):
    """A way to recommend whose settings the validation chooses.

    Attributes:
        name: in tables.
    """

    name: str

    def fits(self, learned: Learned) -> bool:
        """Whether there is what it needs."""
        return bool(learned.counts.items)

    @abstractmethod
    def settings(self) -> tuple[Setting, ...]:
        """What the validation chooses from; at least one."""

    @abstractmethod
    def channel(self, learned: Learned, setting: Setting) -> Channel:
        """Make the channel."""


class PopularitySystem(System[None]):
    """The same for everybody."""

    name = "popularity"

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def channel(self, learned: Learned, _: None) -> Channel:
        return popularity(learned.counts)


class LastItemSystem(System[None]):
    """What users took after the last item, by directed counts."""

    name = "counts, last item"

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def channel(self, learned: Learned, _: None) -> Channel:
        return ItemToItem(self.name, followers(learned.counts, 0.0), 0.0)


@dataclass(frozen=True, slots=True)
class KnnSetting:
    """Of item kNN and of EASE: what is added below, and how fast a history fades."""

    added: float
    decay: float


class ItemKnnSystem(System[KnnSetting]):
    """Cosine of who took what, over the history."""

    name = "item kNN"

    def settings(self) -> tuple[KnnSetting, ...]:
        return tuple(KnnSetting(added, decay) for added, decay in product((0.0, 5.0, 20.0), (0.4, 0.6, 0.8)))

    def channel(self, learned: Learned, setting: KnnSetting) -> Channel:
        return ItemToItem(
            self.name, cosine(learned.counts.together, learned.counts.takers, setting.added), setting.decay
        )


class EaseSystem(System[KnnSetting]):
    """A ridge regression of all items on all others."""

    name = "EASE"

    def fits(self, learned: Learned) -> bool:
        return 0 < len(learned.counts.items) <= MAX_ITEMS

    def settings(self) -> tuple[KnnSetting, ...]:
        return (KnnSetting(150.0, 0.8),)

    def channel(self, learned: Learned, setting: KnnSetting) -> Channel:
        return ItemToItem(
            self.name, ease(learned.counts.together, learned.counts.takers, setting.added), setting.decay
        )


class TextSystem(System[TextSettings]):
    """Items whose texts are like those of the history."""

    name = "text cosine"

    def fits(self, learned: Learned) -> bool:
        return learned.texts is not None

    def settings(self) -> tuple[TextSettings, ...]:
        return tuple(TextSettings(decay, last) for decay, last in product((0.6, 0.8), (0.0, 0.5, 1.0)))

    def channel(self, learned: Learned, setting: TextSettings) -> Channel:
        return setting.channel(learned)


class CountsSystem(System[CountSettings]):
    """Directed counts in a window beside cosine, over the history."""

    name = "counts"

    def settings(self) -> tuple[CountSettings, ...]:
        return tuple(
            CountSettings(cosine=beside, decay=decay)
            for beside, decay in product((0.0, 0.3, 1.0), (0.4, 0.6, 0.8))
        )

    def channel(self, learned: Learned, setting: CountSettings) -> Channel:
        return setting.channel(learned)


TEXT_WEIGHTS: Final = (0.1, 0.2, 0.3, 0.5, 0.8, 1.2)


class CountsAndTextSystem(System[RecommenderSettings]):
    """The recommender that needs no training: counts as they were chosen by themselves, and texts beside."""

    name = "counts + text"

    def __init__(self, counts: CountSettings | None = None) -> None:
        self._counts = counts or CountSettings()

    def fits(self, learned: Learned) -> bool:
        return learned.texts is not None

    def settings(self) -> tuple[RecommenderSettings, ...]:
        return tuple(
            RecommenderSettings(self._counts, TextSettings(0.6, last), weight)
            for last, weight in product((0.5, 1.0), TEXT_WEIGHTS)
        )

    def channel(self, learned: Learned, setting: RecommenderSettings) -> Blend:
        return setting.channel(learned)


SEQUENCE_WEIGHTS: Final = (0.0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2)


class SequenceSystem(System[float]):
    """A recommender as it was chosen, and a sequence model beside it, by its weight; 0 leaves it out."""

    name = "counts + text + sequence"

    def __init__(self, base: RecommenderSettings, sequence: Channel) -> None:
        self._base, self._sequence = base, sequence

    def settings(self) -> tuple[float, ...]:
        return SEQUENCE_WEIGHTS

    def channel(self, learned: Learned, setting: float) -> Blend:
        return self._base.channel(learned).with_part(self._sequence, setting)
