"""Which code of a domain's own codebooks means what in another's: a permutation of every table's codes.

VQ-Rec (Hou et al. 2023, arXiv 2210.12316, section 2.3.2): permutations are learned as doubly stochastic
matrices, by Sinkhorn's algorithm, while nothing else learns. There each row takes its greatest column in the
end, and two codes may take the same; here the best assignment is solved, which is a permutation.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from aisle.encoder.product_codes import NO_CODE
from aisle.training.adaptation.tables import CodeTables, mean_of_rows
from aisle.training.recommendation.model import ItemVectors

_ROUNDS: Final = 3
"""Of rows and columns in turn, as in the paper's code."""


class SoftlyPermuted(ItemVectors):
    """Items of tables whose rows are mixed by doubly stochastic matrices, which alone learn."""

    def __init__(self, tables: CodeTables) -> None:
        """Begin at random.

        Args:
            tables: with the codes of the new domain; not changed.
        """
        super().__init__()
        self.count = tables.count
        self._tables = [tables]  # in a list, so that its weights are not this module's
        shape = tables.tables, tables.size, tables.size
        self.scores = nn.Parameter(torch.randn(shape))
        self._mixed: Tensor | None = None

    def before_batch(self, draw: torch.Generator) -> None:  # noqa: ARG002
        """Mix the rows once for all that is looked up of a batch."""
        self._mixed = self._rows()

    def forward(self, rows: Tensor) -> Tensor:
        """See `ItemVectors`."""
        (tables,) = self._tables
        table = self._mixed if self.training and self._mixed is not None else self._rows()
        return mean_of_rows(table, tables.get_buffer("rows")[rows], tables.length)

    def permutations(self) -> NDArray[np.int64]:
        """The nearest permutations: what each code of the new domain becomes, int64 [tables, size]."""
        with torch.no_grad():
            found = doubly_stochastic(self.scores).exp().numpy()
        return np.stack([linear_sum_assignment(-matrix)[1] for matrix in found])

    def _rows(self) -> Tensor:
        (tables,) = self._tables
        held = tables.table.detach()
        whole = held[:-1].view(tables.tables, tables.size, -1)
        mixed = torch.bmm(doubly_stochastic(self.scores).exp(), whole)
        return torch.cat([mixed.view(len(held) - 1, -1), held[-1:]])


def doubly_stochastic(scores: Tensor) -> Tensor:
    """Logarithms of matrices whose rows and columns sum to about 1, float32 [n, size, size].

    Rows come last, so that theirs are exact (Sinkhorn 1964; Mena et al. 2018, arXiv 1802.08665).
    """
    found = scores
    for _ in range(_ROUNDS):
        found = found - found.logsumexp(dim=1, keepdim=True)
        found = found - found.logsumexp(dim=2, keepdim=True)
    return found


def recoded(codes: NDArray[np.int32], permutations: NDArray[np.int64]) -> NDArray[np.int32]:
    """The codes that codes become.

    Args:
        codes: int32 [items, tables], `NO_CODE` in the rows of items without.
        permutations: int64 [tables, size].
    """
    found = permutations[np.arange(len(permutations)), codes]
    return np.where(codes == NO_CODE, NO_CODE, found).astype(np.int32)
