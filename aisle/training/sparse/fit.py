"""The training loop: AdamW, and a FLOPS penalty that grows.

sentence-transformers' SparseEncoderTrainer would do it too, but its pooling keeps the logits of every
position for the backward pass, several times over (``model.max_pooled`` does not).
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aisle.errors import InputError
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.sparse.model import Splade
from aisle.training.sparse.phases import TrainingPhase
from aisle.training.sparse.settings import SparseSettings

EPOCH = "epoch.pt"
"""Name of the file that holds the state after the last whole epoch."""


def write_epoch(folder: Path, state: dict[str, Any]) -> None:
    """Replace what is there, in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / f"{EPOCH}.tmp"
    torch.save(state, staged)
    staged.replace(folder / EPOCH)


def read_epoch(folder: Path) -> dict[str, Any] | None:
    """What was written, tensors on the CPU; None if nothing was.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / EPOCH
    if not path.is_file():
        return None
    try:
        # Tensors and plain values alone: nothing in the file is run.
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            f"{path} cannot be read: {str(error)[:200]}", fix="remove it: its stage is then trained anew"
        ) from error
    return state


def ranking(queries: Tensor, items: Tensor, scale: float) -> Tensor:
    """Mean cross-entropy of each query's own item among all items of the batch (InfoNCE, dot products).

    Args:
        queries: float32 [b, v].
        items: float32 [n, v]; row i < b answers query i, and none of the others does.
        scale: of the scores.
    """
    scores = scale * queries @ items.T
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(queries), device=scores.device))


def flops(weights: Tensor) -> Tensor:
    """Sum over tokens of the squared mean weight: how many products a search costs, smoothed (Paria et al.
    2020, arXiv 2004.05665, equation 4). float32 [n, v] to one value."""
    return weights.mean(dim=0).square().sum()


def warmed(weight: float, done: float, share: float) -> float:
    """``weight``, once ``share`` of a run is ``done``; until then it rises with the square (2107.05720)."""
    return weight if done >= share else weight * (done / share) ** 2


LOGS = 20
"""Times that the loss is reported in a run, at least."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """How a run went.

    Attributes:
        losses: (step, mean ranking loss since the last entry).
        active_items: tokens of an item with a weight, mean of the run's last part.
        active_queries: the same of a query.
        steps: of the optimizer.
    """

    losses: tuple[tuple[int, float], ...]
    active_items: float
    active_queries: float
    steps: int


@dataclass(frozen=True, slots=True)
class _Step:
    loss: float
    active_items: float
    active_queries: float


def fit(
    model: Splade,
    epochs: Sequence[TrainingPhase],
    settings: SparseSettings,
    checkpoints: Path,
    progress: Progress,
) -> FitResult:
    """Train ``model`` in place, on its device, epoch after epoch.

    Args:
        model: as it begins.
        epochs: the examples of each.
        settings: how.
        checkpoints: folder of the state after the last whole epoch; one that is there is continued from.
        progress: receives every step.

    Raises:
        InputError: the state there is damaged.
    """
    seed_all(settings.seed)
    steps = sum(phase.steps(settings) for phase in epochs)
    optimizer, schedule = _optimizer(model, settings, steps)
    every = max(1, steps // LOGS)
    losses: list[tuple[int, float]] = []
    part: list[_Step] = []
    last = part
    model.train()
    done = first = 0
    if (before := read_epoch(checkpoints)) is not None:
        model.load_state_dict(before["model"])
        optimizer.load_state_dict(before["optimizer"])
        schedule.load_state_dict(before["schedule"])
        losses = [(int(step), float(loss)) for step, loss in before["losses"]]
        done, first = before["done"], before["epochs"]
    for number, phase in list(enumerate(epochs))[first:]:
        for rows in phase.batches(settings, number):
            part.append(_step(model, phase, rows, settings, done / steps))
            nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            done += 1
            if done % every == 0 or done == steps:
                losses.append((done, sum(one.loss for one in part) / len(part)))
                last, part = part, []
            progress.step(done, steps, losses[-1][1] if losses else None)
        if number + 1 < len(epochs):
            state: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
            kept = {name: part.state_dict() for name, part in state.items()}
            write_epoch(checkpoints, {**kept, "losses": losses, "done": done, "epochs": number + 1})
    model.eval()
    return FitResult(
        losses=tuple(losses),
        active_items=sum(one.active_items for one in last) / len(last),
        active_queries=sum(one.active_queries for one in last) / len(last),
        steps=done,
    )


def _step(
    model: Splade, phase: TrainingPhase, rows: list[int], settings: SparseSettings, done: float
) -> _Step:
    """Gradients of one batch; ``done`` is the share of the run."""
    asked = model.queries([phase.queries.ids[phase.examples.query[row]] for row in rows])
    candidates = [phase.examples.candidates[row] for row in rows]
    # Positives first; an item that is two rows' negative counts for one.
    positives = [own[0] for own in candidates]
    numbers = dict.fromkeys((*positives, *(item for own in candidates for item in own[1:])))
    found = model([phase.items.ids[number] for number in numbers])
    loss = ranking(asked, found, settings.scale)
    penalty = warmed(settings.flops, done, settings.flops_warmup) * flops(found)
    if model.log_query is None:
        penalty = penalty + warmed(settings.query_flops, done, settings.flops_warmup) * flops(asked)
    (loss + penalty).backward()  # type: ignore[no-untyped-call]
    return _Step(loss.item(), _active(found), _active(asked))


def _active(weights: torch.Tensor) -> float:
    return float((weights > 0).sum(dim=1).float().mean())


def _optimizer(
    model: Splade, settings: SparseSettings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    backbone = list(model.bert.parameters())
    known = {id(parameter) for parameter in backbone}
    head = [parameter for parameter in model.parameters() if id(parameter) not in known]
    matrices, vectors = ([p for p in head if (p.dim() > 1) is matrix] for matrix in (True, False))
    groups = [
        {"params": backbone, "lr": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": matrices, "lr": settings.matrix_rate, "weight_decay": 0.0},
        {"params": vectors, "lr": settings.vector_rate, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    rise = max(1, round(settings.warmup * steps))

    def share(step: int) -> float:
        return min((step + 1) / rise, (steps - step) / max(1, steps - rise + 1), 1.0)

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)
