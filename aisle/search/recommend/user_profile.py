"""What a history says of its user: the vector that items' are multiplied with, and the scores of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.recommendation.channels import text_weights
from aisle.recommendation.pool import Candidates
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.sequence import SEQUENCE, SequenceChannel
from aisle.recommendation.settings import COUNTS, POPULARITY, TEXT, popularity
from aisle.search.fusion import Fused
from aisle.search.recommend.history import History
from aisle.sequences import Sequences, one_sequence


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A user for one request.

    Attributes:
        history: that it was made of.
        vector: float32 [dims]: one inner product with an item's vector is the weighted sum of their scores.
        text_weights: float32 [steps], the share of each step's text in ``vector``, weight of texts included.
        text_dims: how many of the vector's last values are the text part; the first are the sequence part.
        encoded: float32 [dims of the sequence part], what the history encoder made of the history; zeros
            for an empty one.
        lost: float32 [steps, dims of the sequence part], what ``vector`` would lose of it without each step.
        counted: the steps that the recommender knows.
        counts: float32 [items of the recommender], scores of counts.
    """

    history: History
    vector: NDArray[np.float32]
    text_weights: NDArray[np.float32]
    text_dims: int
    encoded: NDArray[np.float32]
    lost: NDArray[np.float32]
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
        texts = self.history.vectors[:, len(self.encoded) :]
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
        recommender: by which the index was made, with its router if the index has one.
        text_dims: width of the text part of item vectors.
    """

    def __init__(self, recommender: Recommender, text_dims: int) -> None:
        self.recommender = recommender
        self._text_dims = text_dims
        self._counts, self._counts_weight = next(
            (part, weight) for part, weight in recommender.channel.parts if part.name == COUNTS
        )
        self._sequence = _sequence_of(recommender)
        self._sequence_weight = recommender.router.weight if recommender.router else 0.0
        self.popularity = popularity(recommender.learned.counts).popularity
        self._popularity_weight = recommender.settings.popularity_weight

    @property
    def dims(self) -> int:
        """Width of item vectors."""
        return self._text_dims + (self._sequence.encoder.dims if self._sequence else 0)

    def profile(self, history: History) -> Profile:
        """What a history says."""
        recommender = self.recommender
        history = replace(history, vectors=self._filled(history))
        of_text = self.dims - self._text_dims
        settings = recommender.settings.text
        weights = text_weights(len(history.steps), settings.decay, settings.last)
        weights *= np.float32(recommender.settings.text_weight)
        vector = np.zeros(self.dims, dtype=np.float32)
        vector[of_text:] = weights @ history.vectors[:, of_text:]
        encoded = np.zeros(of_text, dtype=np.float32)
        lost = np.zeros((len(history.steps), of_text), dtype=np.float32)
        if self._sequence is not None:
            weight = np.float32(self._sequence_weight)
            encoded, lost = self._sequence.without_each(history.vectors[:, :of_text])
            vector[:of_text], lost = weight * encoded, weight * lost
        places = (recommender.places[step] for step in history.steps if step in recommender.places)
        counted = one_sequence(recommender.items, places)
        scores = np.float32(self._counts_weight) * self._counts.scores(counted)[0]
        return Profile(history, vector, weights, self._text_dims, encoded, lost, counted, scores)

    def _filled(self, history: History) -> NDArray[np.float32]:
        """The history's vectors; those of items that have left the catalogue are the recommender's."""
        own, _ = self.known_vectors(history.steps)
        gone = np.array([step not in history.titles for step in history.steps], dtype=np.bool_)
        return np.where(gone[:, None], own, history.vectors)

    def titles(self, history: History) -> dict[str, str]:
        """Titles of the history's items as the index has them, else as the recommender knew them."""
        places, known = self.recommender.places, self.recommender.titles
        found = {step: known[places[step]] for step in history.steps if step in places} | {**history.titles}
        return {step: title for step, title in found.items() if title}

    @property
    def depth(self) -> int:
        """Codes in the longest prefixes that users can be routed to; 0 without a router of prefixes."""
        router = self.recommender.router
        return router.router.depth if router is not None and router.router is not None else 0

    def prefixes(self, profile: Profile, level: int, size: int) -> tuple[str, ...]:
        """Where a user is likely to go next, as an index has it.

        Args:
            profile: of the user.
            level: codes in each prefix, 1 to `depth`.
            size: most that are returned.

        Returns:
            Prefixes of semantic IDs, likeliest first; none without a history that the router can read.
        """
        routed = self.recommender.router
        if routed is None or routed.router is None or not profile.encoded.any():
            return ()
        codes, logs = routed.router.best_prefixes(profile.encoded[None], level, size)
        found = zip(codes[0].tolist(), logs[0].tolist(), strict=True)
        return tuple(fields.sid_prefix(prefix) for prefix, log in found if np.isfinite(log))

    def parts(
        self, profile: Profile, ids: Sequence[str], products: Mapping[str, float]
    ) -> list[tuple[float, float, float]]:
        """What makes the score of each candidate: see `PARTS`.

        Args:
            profile: of the user.
            ids: of the candidates.
            products: item to its inner product with the profile's vector; 0 for one that is absent.
        """
        places = self.recommender.places
        of_others = dict(products)
        for id_, own in profile.of_themselves().items():
            of_others[id_] = of_others.get(id_, 0.0) - own
        by_vectors = [of_others.get(id_, 0.0) for id_ in ids]
        at = np.array([places.get(id_, -1) for id_ in ids], dtype=np.intp)
        counts = np.where(at >= 0, profile.counts[at], 0)
        popular = self._popularity_weight * np.where(at >= 0, self.popularity[at], 0).astype(np.float64)
        return list(zip(by_vectors, counts.tolist(), popular.tolist(), strict=True))

    def shares(
        self, profile: Profile, ids: Sequence[str], vectors: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        """What each step of the history adds to the scores of some items, by channel of the recommender.

        Args:
            profile: of the user.
            ids: of the items.
            vectors: float32 [ids, dims], of the items; zeros for an item without one.

        Returns:
            Channel to float32 [steps, ids]; of sequences what the history says less without the step.
        """
        places, steps = self.recommender.places, profile.history.steps
        of_text = len(profile.encoded)
        counts = np.zeros((len(steps), len(ids)), dtype=np.float32)
        rows = [row for row, step in enumerate(steps) if step in places]
        columns = [column for column, id_ in enumerate(ids) if id_ in places]
        if rows and columns:
            asked = np.array([places[ids[column]] for column in columns], dtype=np.intp)
            counted = self._counts.shares(profile.counted.steps, asked)
            counts[np.ix_(rows, columns)] = np.float32(self._counts_weight) * counted
        found = {COUNTS: counts, POPULARITY: np.zeros_like(counts)}
        if self._text_dims:
            cosines = profile.history.vectors[:, of_text:] @ vectors[:, of_text:].T
            for column, id_ in enumerate(ids):
                cosines[[row for row, step in enumerate(steps) if step == id_], column] = 0
            found[TEXT] = profile.text_weights[:, None] * cosines
        if self._sequence is not None:
            found[SEQUENCE] = profile.lost @ vectors[:, :of_text].T
        return found

    def known_vectors(self, ids: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
        """The recommender's own vectors of items, float32 [ids, dims]; and the ids that it does not know."""
        vectors = np.zeros((len(ids), self.dims), dtype=np.float32)
        places = self.recommender.places
        rows = [row for row, id_ in enumerate(ids) if id_ in places]
        chosen = [places[ids[row]] for row in rows]
        of_text = self.dims - self._text_dims
        if self._sequence is not None:
            vectors[rows, :of_text] = self._sequence.vectors[chosen]
        if self._text_dims and self.recommender.learned.texts is not None:
            vectors[rows, of_text:] = self.recommender.learned.texts[chosen]
        return vectors, [id_ for id_ in ids if id_ not in places]

    def vectors_of(self, profile: Profile, fused: Sequence[Fused]) -> tuple[NDArray[np.float32], list[str]]:
        """The recommender's own vectors of candidates, and of which of them the index has others.

        The index scored each by its own vector, so the product tells: an item that is new, or whose text is
        another now, has another one. What an index adds to vectors to tell them apart, and the rounding of
        an INT8 encoder, stay below `APART`.

        Args:
            profile: of the user.
            fused: with the parts of their base scores.

        Returns:
            float32 [fused, dims], and ids of those whose vectors are to be read from the index.
        """
        ids = [each.id for each in fused]
        vectors, new = self.known_vectors(ids)
        own = profile.of_themselves()
        scored = np.array([each.contributions[0] + own.get(each.id, 0.0) for each in fused])
        apart = np.abs(vectors @ profile.vector - scored) > APART * np.linalg.norm(profile.vector)
        unknown = set(new) if profile.says_something else set()
        return vectors, [id_ for id_, far in zip(ids, apart.tolist(), strict=True) if far or id_ in unknown]

    def candidates(
        self, profile: Profile, fused: Sequence[Fused], vectors: NDArray[np.float32]
    ) -> Candidates:
        """Candidates as a model of preferences reads them.

        Args:
            profile: of the user.
            fused: with the parts of their base scores.
            vectors: float32 [fused, dims], of their items.
        """
        ids = [each.id for each in fused]
        _, counts, popular = np.array([each.contributions for each in fused], dtype=np.float32).T
        added = {COUNTS: counts, POPULARITY: popular}
        of_text = len(profile.encoded)
        if self._sequence is not None:
            added[SEQUENCE] = vectors[:, :of_text] @ profile.vector[:of_text]
        if self._text_dims:
            own = profile.of_themselves()
            alone = np.array([own.get(id_, 0.0) for id_ in ids], dtype=np.float32)
            added[TEXT] = vectors[:, of_text:] @ profile.vector[of_text:] - alone
        steps = profile.history.steps
        zeros = np.zeros(len(ids), dtype=np.float32)
        shares = self.shares(profile, ids, vectors)
        takers, places = self.recommender.learned.counts.takers, self.recommender.places

        def taken(id_: str) -> float:
            return float(takers[places[id_]]) if id_ in places else 0.0

        return Candidates(
            added,
            {name: shares[name][-1] if steps else zeros for name in added},
            np.array([taken(id_) for id_ in ids], dtype=np.float32),
            taken(steps[-1]) if steps else 0.0,
            len(steps),
        )


def _sequence_of(recommender: Recommender) -> SequenceChannel | None:
    """The channel of its router, also where the router weighs nothing and only leads to prefixes."""
    for part, _ in recommender.channel.parts:
        if isinstance(part, SequenceChannel):
            return part
    if recommender.router is None:
        return None
    encoder = recommender.router.encoder
    vectors = encoder.item_vectors(recommender.items, recommender.learned.texts)
    return SequenceChannel(SEQUENCE, encoder, vectors)


APART: Final = 0.001
"""Products with the two vectors of one text differ by less, as a share of the user vector's length; at most
0.00017 was seen, of 3,000 items of Amazon Beauty."""

PARTS: Final = ("vectors", COUNTS, POPULARITY)
"""Of the base score: inner products of vectors, which are those of sequences and of texts together."""
