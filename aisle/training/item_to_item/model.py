"""The towers as torch trains them; what is served is ``aisle.recommendation.item_to_item.towers``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from aisle.recommendation.item_to_item.towers import HeadLayers, HeadTowers, Vocabulary
from aisle.sequences import gathered

_SPREAD: Final = 0.05
"""Standard deviation of embeddings at the beginning."""


class TowersShape(Protocol):
    """What towers are built by; `ItemToItemSettings` holds it."""

    @property
    def width(self) -> int:
        """Of the backbone."""

    @property
    def hidden(self) -> int:
        """Width of the hidden layer of each head."""

    @property
    def dims(self) -> int:
        """Width of the vectors of each head."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemContent:
    """What the towers read of the items that they are trained on.

    Attributes:
        vocabulary: of the sparse part.
        features: float32 [items, features], see `Vocabulary.features`.
        has_id: bool [items], whether the first feature of an item is its ID.
        texts: float32 [items, text dims], whitened; no columns where there are none.
    """

    vocabulary: Vocabulary
    features: sparse.csr_array
    has_id: NDArray[np.bool_]
    texts: NDArray[np.float32]

    @property
    def has_content(self) -> NDArray[np.bool_]:
        """bool [items], whether anything is left of an item without its ID."""
        others: NDArray[np.bool_] = np.diff(self.features.indptr) > self.has_id
        return others | self.texts.any(axis=1)


class Head(nn.Module):
    """See `HeadLayers`."""

    def __init__(self, width: int, hidden: int, dims: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, dims, bias=False)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, dims, bias=False)

    def forward(self, backbone: Tensor) -> Tensor:
        """float32 [n, width] to [n, dims]."""
        found: Tensor = self.linear(backbone) + self.outer(functional.silu(self.inner(backbone)))
        return found

    def layers(self) -> HeadLayers:
        """As they are served."""
        return HeadLayers(
            linear=_array(self.linear.weight).T.copy(),
            inner=_array(self.inner.weight).T.copy(),
            inner_bias=_array(self.inner.bias),
            outer=_array(self.outer.weight).T.copy(),
        )


@dataclass(frozen=True, slots=True)
class HeadOutputs:
    """float32 [n, dims] each; ``relevance`` is of unit length."""

    engagement: Tensor
    relevance: Tensor


class Towers(nn.Module):
    """A backbone and two heads."""

    def __init__(self, content: ItemContent, shape: TowersShape) -> None:
        """Begin at random.

        Args:
            content: of the items.
            shape: of the layers.
        """
        super().__init__()
        self.content = content
        self.embeddings = nn.EmbeddingBag(max(1, len(content.vocabulary)), shape.width, mode="sum")
        nn.init.normal_(self.embeddings.weight, std=_SPREAD)
        self.texts = torch.from_numpy(content.texts)
        self.text_map = nn.Parameter(torch.randn(content.texts.shape[1], shape.width) * _SPREAD)
        self.engagement = Head(shape.width, shape.hidden, shape.dims)
        self.relevance = Head(shape.width, shape.hidden, shape.dims)

    def backbone(self, rows: NDArray[np.int64], without_id: NDArray[np.bool_] | None = None) -> Tensor:
        """What both heads read of items.

        Args:
            rows: int64 [n], places of items.
            without_id: bool [n], items that are taken as new; None: none is.

        Returns:
            float32 [n, width].
        """
        held = self.content.features
        offsets, places = gathered(held.indptr.astype(np.int64), rows)
        weights = np.ones(len(places), dtype=np.float32)
        if without_id is not None:
            dropped = without_id & self.content.has_id[rows]
            weights[offsets[:-1][dropped]] = 0
        found: Tensor = self.embeddings(
            torch.from_numpy(held.indices[places].astype(np.int64)),
            torch.from_numpy(offsets[:-1]),
            per_sample_weights=torch.from_numpy(weights),
        )
        if self.texts.shape[1]:
            found = found + self.texts[torch.from_numpy(rows)] @ self.text_map
        return found

    def forward(self, rows: NDArray[np.int64], without_id: NDArray[np.bool_] | None = None) -> HeadOutputs:
        """Both heads of some items, see `backbone`."""
        backbone = self.backbone(rows, without_id)
        return HeadOutputs(self.engagement(backbone), functional.normalize(self.relevance(backbone), dim=1))

    def served(self) -> HeadTowers:
        """As they are served."""
        vocabulary = self.content.vocabulary
        return HeadTowers(
            vocabulary,
            _array(self.embeddings.weight)[: len(vocabulary)],
            _array(self.text_map),
            self.engagement.layers(),
            self.relevance.layers(),
        )


def _array(tensor: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = tensor.detach().numpy().copy()
    return found
