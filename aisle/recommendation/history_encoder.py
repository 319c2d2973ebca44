"""Reads a history of items' vectors into one vector of the user, with ONNX Runtime; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.cpu import open_session
from aisle.errors import InputError

STEPS: Final = "steps"
LENGTHS: Final = "lengths"
USERS: Final = "users"

_AT_ONCE: Final = 8_192
"""Steps, padding included, that run together: a batch's largest tensor has 8 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemEmbeddings:
    """Vectors of items: an ID embedding, if the item was trained on, and its text, projected.

    Attributes:
        items: ids of those with an embedding.
        embeddings: float32 [items, dims].
        text_map: float32 [text dims, dims]; None: texts are not read.

    Raises:
        InputError: arrays that do not fit each other.
    """

    items: tuple[str, ...]
    embeddings: NDArray[np.float32]
    text_map: NDArray[np.float32] | None
    _places: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fit = self.embeddings.ndim == 2 and len(self.items) == len(self.embeddings)
        if not fit or (self.text_map is not None and self.text_map.shape[1:] != self.embeddings.shape[1:]):
            raise InputError(
                "items, their embeddings and the map of texts do not fit each other",
                fix="train the router again",
            )
        object.__setattr__(self, "_places", {item: place for place, item in enumerate(self.items)})

    @property
    def dims(self) -> int:
        """Width of the vectors."""
        return int(self.embeddings.shape[1])

    @property
    def text_dims(self) -> int:
        """Width of the texts that are read; 0: none are."""
        return 0 if self.text_map is None else len(self.text_map)

    def vectors(self, ids: Sequence[str], texts: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Vectors of items, of new ones too.

        Args:
            ids: of the items; one that was not trained on is its text alone.
            texts: float32 [ids, text dims], whitened, rows of zeros for none; None: nobody has one.

        Returns:
            float32 [ids, dims]; zeros for a new item without a text.

        Raises:
            InputError: texts of another number or width.
        """
        vectors = np.zeros((len(ids), self.dims), dtype=np.float32)
        rows = [row for row, item in enumerate(ids) if item in self._places]
        vectors[rows] = self.embeddings[[self._places[ids[row]] for row in rows]]
        if texts is None or self.text_map is None:
            return vectors
        if texts.shape != (len(ids), len(self.text_map)):
            raise InputError(
                f"texts of {texts.shape} are not {len(self.text_map)} values for each of {len(ids):,} items",
                fix="train the router again for this recommender",
            )
        return vectors + texts @ self.text_map


class HistoryEncoder:
    """Histories of items become users; the inner product of a user and an item is the item's score.

    Safe to share between threads.
    """

    def __init__(self, model: Path, embeddings: ItemEmbeddings, max_steps: int) -> None:
        """Open the graph.

        Args:
            model: ONNX, float32 ``steps`` [b, s, dims] and int64 ``lengths`` [b] to float32 [b, dims].
            embeddings: of the items that histories are made of.
            max_steps: the latest steps of a history that count.

        Raises:
            ArtifactCorrupt: the graph cannot be opened.
        """
        self.max_steps = max_steps
        self.embeddings = embeddings
        self._session = open_session(model)

    @property
    def dims(self) -> int:
        """Width of items and users."""
        return self.embeddings.dims

    def item_vectors(
        self, ids: Sequence[str], texts: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """See `ItemEmbeddings.vectors`."""
        return self.embeddings.vectors(ids, texts)

    def encode(self, histories: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Vectors of users.

        Args:
            histories: of each float32 [steps, dims], vectors of the items taken, oldest first; the latest
                ``max_steps`` count.

        Returns:
            float32 [histories, dims]; zeros for an empty one.

        Raises:
            InputError: vectors of another width.
        """
        users = np.zeros((len(histories), self.dims), dtype=np.float32)
        latest = [history[-self.max_steps :] for history in histories]
        lengths = np.array([len(history) for history in latest], dtype=np.int64)
        if any(history.ndim != 2 or history.shape[1] != self.dims for history in latest if len(history)):
            raise InputError(
                f"histories are made of vectors of {self.dims} values", fix="take those of item_vectors"
            )
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        while len(order):
            # From the longest down, so that the first decides the width of its batch.
            size = max(1, _AT_ONCE // int(lengths[order[-1]]))
            batch, order = order[-size:], order[:-size]
            steps = np.zeros((len(batch), int(lengths[batch].max()), self.dims), dtype=np.float32)
            for row, number in enumerate(batch.tolist()):
                steps[row, : lengths[number]] = latest[number]
            users[batch] = self._session.run(None, {STEPS: steps, LENGTHS: lengths[batch]})[0]
        return users
