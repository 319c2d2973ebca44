"""Items of code tables, and what is moved from one domain to another: the tables and what reads histories.

VQ-Rec (Hou et al. 2023, arXiv 2210.12316): an item is the mean of the rows that its codes have in as many
tables, whatever its domain. What is scored is a cosine, over a temperature of .07 as there.
"""

from __future__ import annotations

from typing import Final, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from aisle.encoder.product_codes import NO_CODE, check_codes
from aisle.training.recommendation.model import ItemVectors, ModelShape, SequenceModel

TEMPERATURE: Final = 0.07
_ITEMS: Final = "items."
_SPREAD: Final = 0.03
"""Standard deviation of a table's values at the beginning."""


class CodeTables(ItemVectors):
    """Items as means of rows, all of one length.

    A user has about the square root of its width as its length, so that products are cosines over the
    temperature.
    """

    def __init__(self, codes: NDArray[np.int32], rows: NDArray[np.float32]) -> None:
        """Begin as what codes stand for.

        Args:
            codes: int32 [items, tables], `NO_CODE` in the rows of items without.
            rows: float32 [tables, size, dims], of the tables; scaled, since only directions are compared.

        Raises:
            InputError: a code that no table has.
        """
        super().__init__()
        tables, size, dims = rows.shape
        check_codes(codes, tables, size)
        self.tables, self.size, self.count = tables, size, len(codes)
        self.length = 1 / (TEMPERATURE * dims**0.5)
        places = np.where(codes == NO_CODE, tables * size, codes + size * np.arange(tables))
        # Neither trained nor moved: they belong to the domain.
        self.register_buffer("rows", torch.from_numpy(places.astype(np.int64)), persistent=False)
        held = torch.zeros(tables * size + 1, dims)
        held[:-1] = torch.from_numpy(rows).view(-1, dims)
        self.table = nn.Parameter(held * (_SPREAD / (float(rows.std()) or 1.0)))

    def forward(self, rows: Tensor) -> Tensor:
        """See `ItemVectors`; zeros for an item without codes."""
        return self.looked_up(self._rows()[rows])

    def looked_up(self, rows: Tensor) -> Tensor:
        """Items of rows of the tables, int64 [..., tables] to float32 [..., dims]."""
        return mean_of_rows(self.table, rows, self.length)

    def partly_replaced(self, items: Tensor, share: float, draw: torch.Generator) -> Tensor:
        """Semi-synthetic items, of which a share of the codes is drawn anew: float32 [n, dims].

        Args:
            items: int64 [n].
            share: of the codes, each by itself.
            draw: of what is replaced, and by what.
        """
        rows = self._rows()[items]
        begins = self.size * torch.arange(self.tables)
        drawn = torch.randint(self.size, rows.shape, generator=draw) + begins
        replaced = torch.rand(rows.shape, generator=draw) < share
        return self.looked_up(torch.where(replaced, drawn, rows))

    def moved(self, codes: NDArray[np.int32]) -> Self:
        """The same tables for the items of another domain; what is learned there leaves these as they are.

        Args:
            codes: int32 [items, tables], of the same codebooks, or aligned to them.

        Raises:
            InputError: a code that no table has.
        """
        held = self.table.detach()[:-1].view(self.tables, self.size, -1)
        made = type(self)(codes, held.numpy())
        with torch.no_grad():
            made.table.copy_(self.table)
        return made

    def _rows(self) -> Tensor:
        return self.get_buffer("rows")


def mean_of_rows(table: Tensor, rows: Tensor, length: float) -> Tensor:
    """Means of rows of a table, scaled to a length.

    Args:
        table: float32 [rows, dims]; the last one is left out of means.
        rows: int64 [..., n].
        length: of what is returned; the mean of nothing stays zeros.
    """
    flat = rows.reshape(-1, rows.shape[-1])
    means = functional.embedding_bag(flat, table, mode="mean", padding_idx=len(table) - 1)
    return (functional.normalize(means, dim=-1) * length).view(*rows.shape[:-1], -1)


Moved = TypeVar("Moved", bound=ItemVectors)


def moved_model(model: SequenceModel[ItemVectors], items: Moved, shape: ModelShape) -> SequenceModel[Moved]:
    """What reads histories, for other items.

    Args:
        model: of one domain.
        items: of another.
        shape: of the model; dropout may be another.
    """
    made = SequenceModel(items, shape)
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if not name.startswith(_ITEMS):
                weights.copy_(model.get_parameter(name))
    return made


def freeze_reader(model: SequenceModel[ItemVectors]) -> None:
    """From now on only the items learn."""
    for name, weights in model.named_parameters():
        if not name.startswith(_ITEMS):
            weights.requires_grad_(False)
