"""Rows that are handed on keep nothing of the id that had them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from aisle.recommendation.id_table import SHARED
from aisle.training.common.embedding_rows import reset_rows

OPTIMIZERS = {
    "adamw": partial(torch.optim.AdamW, lr=0.1, amsgrad=True),
    "adagrad": partial(torch.optim.Adagrad, lr=0.1),
    "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
}


def step(table: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    (table * torch.arange(1.0, 1.0 + table.numel()).view_as(table)).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_value_and_state_are_reset_and_all_other_rows_stay(
    make: Callable[..., torch.optim.Optimizer],
) -> None:
    table = torch.nn.Parameter(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)))
    optimizer = make([table])
    step(table, optimizer)
    before = table.detach().clone()
    held = {name: value.clone() for name, value in optimizer.state[table].items() if value is not None}
    reset_rows(table, np.array([2, 5], dtype=np.int32), optimizer)
    others = [0, 1, 3, 4]
    assert torch.equal(table[others], before[others])
    assert torch.equal(table[[2, 5]], before[[SHARED, SHARED]])
    moments = {name: value for name, value in held.items() if value.shape == table.shape}
    assert moments
    for name, value in moments.items():
        now = optimizer.state[table][name]
        assert value[[2, 5]].abs().min() > 0
        assert torch.equal(now[[2, 5]], torch.zeros(2, 3))
        assert torch.equal(now[others], value[others])


def test_before_the_first_step_there_is_nothing_to_clear() -> None:
    table = torch.nn.Parameter(torch.ones(3, 2))
    reset_rows(table, np.array([1], dtype=np.int32), torch.optim.AdamW([table]))
    reset_rows(table, np.zeros(0, dtype=np.int32), torch.optim.AdamW([table]))
    assert torch.equal(table, torch.ones(3, 2))
