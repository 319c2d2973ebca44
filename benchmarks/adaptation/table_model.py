"""A small model whose items are rows of a table: the next item from the last few, by sampled softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from aisle.sequences import Sequences
from aisle.training.common.machine import seed_all

WINDOW: Final = 5
_NONE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableModelSettings:
    """The model's shape and training.

    Attributes:
        dims: of a row.
        epochs, batch, learning_rate: of AdamW; the rate falls linearly to 0.
        negatives: items that a batch shares, drawn evenly.
        dropout: of a user.
        weight_decay: AdamW's.
    """

    dims: int = 32
    epochs: int = 8
    batch: int = 1024
    learning_rate: float = 2e-2
    negatives: int = 128
    dropout: float = 0.3
    weight_decay: float = 0.1


class TableModel(nn.Module):
    """An item is the sum of its rows, and its text mapped, if it has one; a user is the last items, mapped.

    Args:
        placed: int64 [items, rows of each].
        rows: of the table.
        texts: float32 [items, text dims]; None: items are their rows alone.
        settings: of the model.
    """

    def __init__(
        self,
        placed: NDArray[np.int64],
        rows: int,
        texts: NDArray[np.float32] | None,
        settings: TableModelSettings,
    ) -> None:
        super().__init__()
        self.placed = torch.from_numpy(placed)
        self.texts = None if texts is None else torch.from_numpy(texts)
        self.table = nn.Embedding(rows, settings.dims)
        nn.init.normal_(self.table.weight, std=0.02)
        self.text = None if texts is None else nn.Linear(texts.shape[1], settings.dims, bias=False)
        self.ages = nn.Parameter(1 / torch.arange(1.0, WINDOW + 1))
        self.map = nn.Linear(settings.dims, settings.dims, bias=False)
        nn.init.eye_(self.map.weight)
        self.dropout = nn.Dropout(settings.dropout)

    def items(self, chosen: Tensor) -> Tensor:
        """float32 [..., dims]."""
        found: Tensor = self.table(self.placed[chosen]).sum(dim=-2)
        if self.text is not None and self.texts is not None:
            found = found + self.text(self.texts[chosen])
        return found

    def users(self, windows: Tensor) -> Tensor:
        """Users after their last items, the latest first: int64 [users, window], -1 for none."""
        weights = torch.where(windows >= 0, self.ages, 0.0)
        read = self.items(windows.clamp(min=0)) * weights[..., None]
        found: Tensor = self.map(self.dropout(read.sum(dim=1)))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class TableScorer:
    """Scores of a trained model."""

    model: TableModel
    name: str

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """float32 [users, items]."""
        ends = histories.offsets[1:]
        windows = windows_before(histories.steps.astype(np.int64), ends, histories.lengths)
        with torch.no_grad():
            items = self.model.items(torch.arange(len(histories.items)))
            found: NDArray[np.float32] = (self.model.users(torch.from_numpy(windows)) @ items.T).numpy()
        return found


def windows_before(
    steps: NDArray[np.int64], ends: NDArray[np.int64], most: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The last items before some places, the latest first, int64 [places, window]; -1 for none."""
    back = np.arange(1, WINDOW + 1)
    return np.where(back <= most[:, None], steps[np.maximum(ends[:, None] - back, 0)], _NONE)


def fit(model: TableModel, learned: Sequences, settings: TableModelSettings, seed: int) -> None:
    """Train on every step that has one before it."""
    seed_all(seed)
    draw = torch.Generator().manual_seed(seed)
    steps = learned.steps.astype(np.int64)
    before = np.arange(len(steps)) - np.repeat(learned.offsets[:-1], learned.lengths)
    places = np.flatnonzero(before > 0)
    windows = torch.from_numpy(windows_before(steps, places, before[places]))
    targets = torch.from_numpy(steps[places])
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    batches = -(-len(places) // settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: max(0.0, 1 - step / (batches * settings.epochs))
    )
    model.train()
    for _ in range(settings.epochs):
        for chosen in torch.split(torch.randperm(len(places), generator=draw), settings.batch):
            loss = _loss(model, windows[chosen], targets[chosen], settings, draw)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    model.eval()


def _loss(
    model: TableModel, windows: Tensor, targets: Tensor, settings: TableModelSettings, draw: torch.Generator
) -> Tensor:
    users = model.users(windows)
    drawn = torch.randint(len(model.placed), (settings.negatives,), generator=draw)
    own = (users * model.items(targets)).sum(dim=-1, keepdim=True)
    others = (users @ model.items(drawn).T).masked_fill(drawn == targets[:, None], -torch.inf)
    return functional.cross_entropy(
        torch.cat([own, others], dim=1), torch.zeros(len(users), dtype=torch.int64)
    )
