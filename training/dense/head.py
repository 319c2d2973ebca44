"""A linear head on frozen vectors: principal axes, then a softmax over the whole catalogue at every width.

A narrow Matryoshka prefix of a pre-trained encoder starts as an arbitrary subspace. Turned to the principal
axes of the catalogue's vectors, the prefix holds most of their variance; trained against every item at once,
which frozen vectors make cheap, it keeps more of the ranking still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import log_softmax, normalize, softmax

from training.dense.head_settings import HeadSettings

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """What each query should find: for every known answer its query, its item and its share, as positions."""

    query: NDArray[np.int64]
    item: NDArray[np.int64]
    share: Floats

    def of(self, queries: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows within ``queries`` (sorted), items and shares of their answers."""
        first, last = np.searchsorted(self.query, queries), np.searchsorted(self.query, queries, side="right")
        picked = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
        rows = np.repeat(np.arange(len(queries)), last - first)
        parts = (rows, self.item[picked], self.share[picked])
        row, item, share = map(torch.from_numpy, parts)
        return row, item, share


def principal_axes(vectors: Floats) -> Floats:
    """Orthonormal [d, d], columns by falling variance: a turn that leaves every inner product as it was."""
    _, axes = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)


def fit_head(
    queries: Floats,
    items: Floats,
    targets: Targets,
    start: Floats,
    widths: Sequence[int],
    settings: HeadSettings,
    seed: int,
    bf16: bool = False,
    progress: Callable[[int, int, float | None], None] = lambda *_: None,
) -> tuple[Floats, tuple[tuple[int, float], ...]]:
    """Train ``start`` [d, d]; vectors times it, cut and made unit again, rank the whole catalogue.

    Args:
        queries: float32 [q, d], unit rows, frozen.
        items: float32 [n, d], likewise: the whole catalogue.
        targets: sorted by query.
        start: where to begin, see ``principal_axes``.
        widths: Matryoshka widths to train, of equal weight.
        settings: how.
        seed: of the order of the queries.
        bf16: multiply in bfloat16, where the CPU has it.
        progress: (step, steps, loss).

    Returns:
        The trained matrix, and (step, loss) of every tenth step.
    """
    draw = np.random.default_rng(seed)
    q, d = torch.from_numpy(queries), torch.from_numpy(items)
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    adam = torch.optim.Adam([weight], lr=settings.learning_rate)
    losses: list[tuple[int, float]] = []
    for step in range(settings.steps):
        for group in adam.param_groups:
            group["lr"] = settings.learning_rate * (1 - step / settings.steps)
        chosen = np.sort(draw.choice(len(queries), min(settings.batch, len(queries)), replace=False))
        row, item, share = targets.of(chosen)
        batch = q[torch.from_numpy(chosen)]
        soft = softmax(_products(batch, d, bf16) * settings.scale, dim=-1) if settings.soft else None
        total = 0.0
        for width in widths:
            cut = weight[:, :width]
            scores = (
                _products(normalize(batch @ cut, dim=-1), normalize(d @ cut, dim=-1), bf16) * settings.scale
            )
            logs = log_softmax(scores, dim=-1)
            loss = -(logs[row, item] * share).sum() / len(chosen)
            if soft is not None:
                loss = loss - settings.soft * (soft * logs).sum(dim=1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        adam.step()
        adam.zero_grad()
        if step % 10 == 0:
            losses.append((step, total))
        progress(step + 1, settings.steps, total)
    return weight.detach().numpy(), tuple(losses)


def _products(queries: torch.Tensor, items: torch.Tensor, bf16: bool) -> torch.Tensor:
    """Inner products [q, n], float32."""
    with torch.autocast(queries.device.type, dtype=torch.bfloat16, enabled=bf16):
        products = queries @ items.T
    return products.float()
