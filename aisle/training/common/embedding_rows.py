"""Rows of an embedding table that another id gets."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aisle.recommendation.id_table import SHARED


def reset_rows(table: Tensor, rows: NDArray[np.int32], optimizer: torch.optim.Optimizer) -> None:
    """Make rows forget the id that had them: they become the shared row, which their new id read so far.

    What the optimizer holds of them, such as Adam's moments, becomes 0; its count of steps stays.

    Args:
        table: float [rows, dims], a parameter; its first row is the shared one.
        rows: `aisle.recommendation.id_table.Observed.handed_on`.
        optimizer: that trains it.
    """
    chosen = torch.from_numpy(rows.astype(np.int64))
    with torch.no_grad():
        table[chosen] = table[SHARED].clone()
        for held in optimizer.state.get(table, {}).values():
            if isinstance(held, Tensor) and held.shape == table.shape:
                held[chosen] = 0
