"""The sequence model: a causal Transformer over items that are an ID embedding and a projected text.

SASRec (Kang and McAuley 2018, arXiv 1808.09781) with layers that normalise first. An item's vector is what
the Transformer reads and what it is compared with.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

_SPREAD = 0.02
"""Standard deviation of embeddings at the beginning."""


class ModelShape(Protocol):
    """What a model is built by; `SequenceSettings` holds it."""

    @property
    def dims(self) -> int:
        """Width of items and users."""

    @property
    def layers(self) -> int:
        """Of the Transformer."""

    @property
    def heads(self) -> int:
        """Of attention."""

    @property
    def max_steps(self) -> int:
        """The latest steps that are read."""

    @property
    def text_columns(self) -> int:
        """Of a text's values, how many are read: those that vary most."""

    @property
    def id_dropout(self) -> float:
        """Share of the items that a batch knows by texts alone."""

    @property
    def dropout(self) -> float:
        """Of inputs and layers."""

    @property
    def seed(self) -> int:
        """Of what is dropped."""


class ByteDropout(nn.Module):
    """Dropout whose mask is drawn a byte a value; torch's own takes a fifth of a step on a CPU (measured)."""

    def __init__(self, rate: float, draw: np.random.Generator) -> None:
        """Args: rate: share that is dropped, in steps of 1/256; draw: of the masks."""
        super().__init__()
        self.dropped, self._draw = round(256 * rate), draw

    def forward(self, x: Tensor) -> Tensor:
        """Zeros for what is dropped, the rest scaled up."""
        if not self.training or not self.dropped:
            return x
        kept = np.frombuffer(self._draw.bytes(x.numel()), dtype=np.uint8) >= self.dropped
        scaled = kept.astype(np.float32) * np.float32(256 / (256 - self.dropped))
        return x * torch.from_numpy(scaled).view(x.shape)


class Layer(nn.Module):
    """Causal self-attention and a feed-forward part, each normalised before and added after."""

    def __init__(self, dims: int, heads: int, dropout: ByteDropout) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(dims)
        self.projection = nn.Linear(dims, 3 * dims)
        self.context = nn.Linear(dims, dims)
        self.before_feed_forward = nn.LayerNorm(dims)
        self.inner = nn.Linear(dims, 4 * dims)
        self.outer = nn.Linear(4 * dims, dims)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """float32 [b, s, d] to the same."""
        shape = *x.shape[:2], 3, self.heads, -1
        query, key, value = self.projection(self.before_attention(x)).reshape(shape).permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.dropout(self.context(context.transpose(1, 2).reshape(x.shape)))
        inner = self.dropout(functional.gelu(self.inner(self.before_feed_forward(x))))
        found: Tensor = x + self.dropout(self.outer(inner))
        return found


class ItemVectors(nn.Module):
    """What items are, by position: int64 [...] to float32 [..., dims]."""

    count: int
    """Items that there are."""

    def before_batch(self, draw: torch.Generator) -> None:
        """Draw what is left out in the next batch of a training; nothing, unless a model says otherwise."""


class IdsAndTexts(ItemVectors):
    """Items that are an ID embedding and a text, mapped."""

    def __init__(self, items: int, texts: Tensor | None, shape: ModelShape) -> None:
        """Begin at random.

        Args:
            items: how many there are.
            texts: float32 [items, text dims], rows of unit length or of zeros; None: IDs alone.
            shape: of the model.
        """
        super().__init__()
        self.count = items
        self.ids = nn.Embedding(items, shape.dims)
        nn.init.normal_(self.ids.weight, std=_SPREAD)
        self._id_dropout = shape.id_dropout
        self.texts = self.text_map = None
        if texts is not None:
            self._text_dims = texts.shape[1]
            spread = texts.var(dim=0, correction=0)
            self._columns = spread.topk(min(shape.text_columns, len(spread))).indices.sort().values
            self.texts = texts[:, self._columns].contiguous()
            self.text_map = nn.Linear(len(self._columns), shape.dims, bias=False)
            nn.init.normal_(self.text_map.weight, std=_SPREAD)
        self._without_id: Tensor | None = None

    def before_batch(self, draw: torch.Generator) -> None:
        """A share of the items is known by texts alone, if there are texts."""
        if self._id_dropout:
            dropped = torch.rand(self.count, generator=draw) < self._id_dropout
            self._without_id = None if self.text_map is None else dropped

    def forward(self, rows: Tensor) -> Tensor:
        """Vectors of items."""
        found: Tensor = self.ids(rows)
        if self.training and self._without_id is not None:
            found = found.masked_fill(self._without_id[rows][..., None], 0.0)
        if self.text_map is not None and self.texts is not None:
            found = found + self.text_map(self.texts[rows])
        return found

    def whole_text_map(self) -> NDArray[np.float32] | None:
        """float32 [text dims, dims], zeros for values that are not read; None: texts are not."""
        if self.text_map is None:
            return None
        whole = np.zeros((self._text_dims, self.ids.embedding_dim), dtype=np.float32)
        whole[self._columns.numpy()] = self.text_map.weight.detach().numpy().T
        return whole


Items_co = TypeVar("Items_co", bound=ItemVectors, covariant=True)


class SequenceModel(nn.Module, Generic[Items_co]):
    """Items, and what reads histories of them."""

    def __init__(self, items: Items_co, shape: ModelShape) -> None:
        """Begin at random, but for the items.

        Args:
            items: their vectors.
            shape: of the Transformer.
        """
        super().__init__()
        self.max_steps = shape.max_steps
        self.items: Items_co = items
        self.places = nn.Parameter(torch.randn(shape.max_steps, shape.dims) * _SPREAD)
        self.norm_in, self.norm_out = nn.LayerNorm(shape.dims), nn.LayerNorm(shape.dims)
        self.dropout = ByteDropout(shape.dropout, np.random.default_rng(shape.seed))
        self.layers = nn.ModuleList(Layer(shape.dims, shape.heads, self.dropout) for _ in range(shape.layers))
        self.through_histories = True
        """Whether items learn by how they are read too, or alone by what they are compared with."""

    def forward(self, steps: Tensor) -> Tensor:
        """What is known of a user after each step.

        Args:
            steps: float32 [b, s, dims], vectors of items, padded on the right.

        Returns:
            float32 [b, s, dims].
        """
        steps = steps if self.through_histories else steps.detach()
        x = self.dropout(self.norm_in(steps + self.places[: steps.shape[1]]))
        for layer in self.layers:
            x = layer(x)
        found: Tensor = self.norm_out(x)
        return found
