"""What a history says of its user: the vector that items' are multiplied with, and the scores of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.channels import text_weights
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.settings import COUNTS, POPULARITY, TEXT, popularity
from aisle.search.recommend.history import History
from aisle.sequences import Sequences, one_sequence

SEQUENCE: Final = "sequence"


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A user for one request.

    Attributes:
        history: that it was made of.
        vector: float32 [dims]: one inner product with an item's vector is the weighted sum of their scores.
        text_weights: float32 [steps], the share of each step's text in ``vector``, weight of texts included.
        text_dims: how many of the vector's last values are the text part.
        counted: the steps that the recommender knows.
        counts: float32 [items of the recommender], scores of counts.
    """

    history: History
    vector: NDArray[np.float32]
    text_weights: NDArray[np.float32]
    text_dims: int
    counted: Sequences
    counts: NDArray[np.float32]

    @property
    def says_something(self) -> bool:
        """Whether the vector tells items apart."""
        return bool(self.vector.any())

    def of_themselves(self) -> dict[str, float]:
        """Item of the history to what its own text adds to its inner product.

        A text does not speak for itself, see ``recommendation.channels.TextCosine``.
        """
        texts = self.history.vectors[:, self.vector.size - self.text_dims :]
        own = self.text_weights * np.einsum("nd,nd->n", texts, texts)
        found: dict[str, float] = {}
        for step, value in zip(self.history.steps, own.tolist(), strict=True):
            found[step] = found.get(step, 0.0) + value
        return found


class BaseScorer:
    """Makes profiles of histories, and scores of candidates: those of the recommender, over an index.

    The score of an item is the inner product of its vector with the profile's, and what counts and popularity
    add. Of the latter two an item that the recommender does not know has nothing.

    Args:
        recommender: by which the index was made.
        dims: of item vectors.
        text_dims: how many of their last values are the text part.
    """

    def __init__(self, recommender: Recommender, dims: int, text_dims: int) -> None:
        self.recommender = recommender
        self._dims, self._text_dims = dims, text_dims
        self._counts, self._counts_weight = next(
            (part, weight) for part, weight in recommender.channel.parts if part.name == COUNTS
        )
        self.popularity = popularity(recommender.learned.counts).popularity
        self._popularity_weight = recommender.settings.popularity_weight

    def profile(self, history: History) -> Profile:
        """What a history says."""
        recommender = self.recommender
        settings = recommender.settings.text
        weights = text_weights(len(history.steps), settings.decay, settings.last)
        weights *= np.float32(recommender.settings.text_weight)
        vector = np.zeros(self._dims, dtype=np.float32)
        of_text = slice(self._dims - self._text_dims, None)
        vector[of_text] = weights @ history.vectors[:, of_text]
        places = (recommender.places[step] for step in history.steps if step in recommender.places)
        counted = one_sequence(recommender.items, places)
        scores = np.float32(self._counts_weight) * self._counts.scores(counted)[0]
        return Profile(history, vector, weights, self._text_dims, counted, scores)

    def parts(
        self, profile: Profile, ids: Sequence[str], products: Mapping[str, float]
    ) -> list[tuple[float, float, float]]:
        """What makes the score of each candidate: see `PARTS`.

        Args:
            profile: of the user.
            ids: of the candidates.
            products: item to its inner product with the profile's vector; 0 for one that is absent.
        """
        own = profile.of_themselves()
        places = self.recommender.places
        found = []
        for id_ in ids:
            product = products.get(id_, 0.0) - own.get(id_, 0.0)
            place = places.get(id_)
            counts = float(profile.counts[place]) if place is not None else 0.0
            popular = self._popularity_weight * float(self.popularity[place]) if place is not None else 0.0
            found.append((product, counts, popular))
        return found

    def shares(self, profile: Profile, ids: Sequence[str], texts: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each step of the history adds to the scores of some items, by counts and by texts.

        Args:
            profile: of the user.
            ids: of the items.
            texts: float32 [ids, text dims], the text parts of their vectors; zeros for an item without one.

        Returns:
            float32 [steps, ids].
        """
        places, steps = self.recommender.places, profile.history.steps
        of_steps = profile.history.vectors[:, self._dims - self._text_dims :]
        cosines = of_steps @ texts.T
        for column, id_ in enumerate(ids):
            cosines[[row for row, step in enumerate(steps) if step == id_], column] = 0
        found = profile.text_weights[:, None] * cosines
        rows = [row for row, step in enumerate(steps) if step in places]
        columns = [column for column, id_ in enumerate(ids) if id_ in places]
        if rows and columns:
            asked = np.array([places[ids[column]] for column in columns], dtype=np.intp)
            shares = np.float32(self._counts_weight) * self._counts.shares(profile.counted.steps, asked)
            found[np.ix_(rows, columns)] += shares
        return np.asarray(found, dtype=np.float32)


PARTS: Final = ("vectors", COUNTS, POPULARITY)
"""Of the base score: inner products of vectors, which are those of sequences and of texts together."""

__all__ = ["COUNTS", "PARTS", "POPULARITY", "SEQUENCE", "TEXT", "BaseScorer", "Profile"]
