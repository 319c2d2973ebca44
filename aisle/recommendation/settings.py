"""Settings of the recommender that needs no training, and the channels that they make of counts and texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.whitening import Whitening
from aisle.errors import InputError
from aisle.recommendation.channel import Channel
from aisle.recommendation.channels import Blend, ItemToItem, Popularity, TextCosine, cosine, followers
from aisle.recommendation.counts import ItemCounts
from aisle.recommendation.known_items import popular

COUNTS, TEXT, POPULARITY = "counts", "text", "popularity"


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What channels are made of.

    Attributes:
        counts: of users' items.
        texts: float32 [items, dims], unit vectors of the items' texts; None if there are none.
        whitening: that made them of an encoder's vectors, and places those of new items beside them; None if
            there are none, or if they stand as the encoder made them.
    """

    counts: ItemCounts
    texts: NDArray[np.float32] | None = None
    whitening: Whitening | None = None


@dataclass(frozen=True, slots=True)
class CountSettings:
    """How counts become scores, see `followers` and `cosine`.

    Attributes:
        power: of the takers that directed counts are divided by.
        cosine: weight of the cosine beside them.
        shrink: of the cosine.
        decay: weight of an item of the history for each that came after it.

    Raises:
        InputError: a value out of range.
    """

    power: float = 0.5
    cosine: float = 0.3
    shrink: float = 0.0
    decay: float = 0.6

    def __post_init__(self) -> None:
        if not (0 <= self.decay <= 1 and self.cosine >= 0 and self.shrink >= 0 and 0 <= self.power <= 1):
            raise InputError(f"no counts can be used with {self}", fix="use a decay and a power of 0 to 1")

    def channel(self, learned: Learned) -> ItemToItem:
        """The channel of directed counts and cosine."""
        matrix = followers(learned.counts, self.power)
        if self.cosine:
            matrix = matrix + np.float32(self.cosine) * cosine(
                learned.counts.together, learned.counts.takers, self.shrink
            )
        return ItemToItem(COUNTS, matrix, self.decay)


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How texts become scores, see `TextCosine`."""

    decay: float = 0.6
    last: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.decay <= 1 and 0 <= self.last <= 1):
            raise InputError(f"no texts can be used with {self}", fix="use values of 0 to 1")

    def channel(self, learned: Learned) -> TextCosine:
        """The channel of texts.

        Raises:
            InputError: there are none.
        """
        if learned.texts is None:
            raise InputError("there are no texts to compare", fix="name an encoder and a catalogue")
        return TextCosine(TEXT, learned.texts, self.decay, self.last)


@dataclass(frozen=True, slots=True)
class RecommenderSettings:
    """Everything that is chosen on the validation.

    Attributes:
        counts, text: of the two channels.
        text_weight: of the text channel beside the counts; 0 leaves it out.
        popularity_weight: of popularity, which decides where nothing else does, as for an empty history.

    Raises:
        InputError: a weight below 0.
    """

    counts: CountSettings = CountSettings()
    text: TextSettings = TextSettings()
    text_weight: float = 0.3
    popularity_weight: float = 1e-4

    def __post_init__(self) -> None:
        if not (self.text_weight >= 0 and self.popularity_weight >= 0):
            raise InputError(f"no channels can be blended with {self}", fix="use weights of 0 or more")

    def channel(self, learned: Learned) -> Blend:
        """Counts, popularity, and texts if there are any."""
        parts: list[tuple[Channel, float]] = [(self.counts.channel(learned), 1.0)]
        if learned.texts is not None and self.text_weight:
            parts.append((self.text.channel(learned), self.text_weight))
        parts.append((popularity(learned.counts), self.popularity_weight))
        return Blend(" + ".join(channel.name for channel, _ in parts), tuple(parts))


def popularity(counts: ItemCounts) -> Popularity:
    """The channel of what many take: 1 for the item that most users took."""
    return Popularity(POPULARITY, popular(counts.takers))
