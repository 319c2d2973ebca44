"""The training loop of a sequence model, what ends it, and how histories are read meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aisle.errors import InputError
from aisle.evaluation.sequences.protocol import Split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.sequences import Sequences
from aisle.training.common.progress import Progress
from aisle.training.recommendation.model import ItemVectors, SequenceModel
from aisle.training.recommendation.settings import SequenceSettings
from aisle.training.recommendation.windows import Windows, windows_of

CHOSEN_BY: Final = "N@10"
_READ_AT_ONCE: Final = 16_384
"""Steps of histories that are encoded together."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a training went.

    Attributes:
        epochs: that the model was trained for.
        validation: of each epoch the validation's N@10; empty where there was none.
        losses: mean of each epoch.
    """

    epochs: int
    validation: tuple[float, ...]
    losses: tuple[float, ...]


def taken(sequences: Sequences) -> NDArray[np.bool_]:
    """Whether anybody took an item, bool [items]."""
    return np.bincount(sequences.steps, minlength=len(sequences.items)) > 0


def learn(
    model: SequenceModel[ItemVectors],
    sequences: Sequences,
    settings: SequenceSettings,
    progress: Progress,
    validation: Split | None = None,
    stop_after: int | None = None,
) -> Course:
    """Train those weights of a model that require gradients, and leave it in evaluation mode.

    Args:
        model: to be trained.
        sequences: that are learned from.
        settings: how; not of the model's shape. With a validation, training ends where N@10 has not risen for
            ``patience`` epochs, and the best epoch's weights are kept.
        progress: is told of steps.
        validation: who is asked after every epoch, of other steps than those of ``sequences``; None: nobody.
        stop_after: epochs after which training ends, the learning rate falling as if it went on; None: all.

    Raises:
        InputError: no user took two items.
    """
    windows = windows_of(sequences, settings.max_steps)
    if not windows.predicted:
        raise InputError("nobody took two items: there is nothing to predict", fix="give longer sequences")
    known = torch.from_numpy(np.flatnonzero(taken(sequences)))
    best: tuple[float, int, dict[str, Tensor]] | None = None
    values: list[float] = []
    losses: list[float] = []
    for epoch, loss in enumerate(_epochs(model, windows, known, settings, progress), 1):
        losses.append(loss)
        if validation is None:
            if epoch == stop_after:
                break
            continue
        values.append(_measured(model, validation))
        progress.note(f"epoch {epoch}: loss {loss:.3f}, validation {CHOSEN_BY} {values[-1]:.4f}")
        if best is None or values[-1] > best[0]:
            best = values[-1], epoch, {name: held.clone() for name, held in model.state_dict().items()}
        elif epoch - best[1] >= settings.patience:
            break
    if best is not None:
        model.load_state_dict(best[2])
    model.eval()
    return Course(best[1] if best else len(losses), tuple(values), tuple(losses))


def _epochs(
    model: SequenceModel[ItemVectors],
    windows: Windows,
    known: Tensor,
    settings: SequenceSettings,
    progress: Progress,
) -> Iterator[float]:
    """Train an epoch at a time; its mean loss."""
    random = np.random.default_rng(settings.seed)
    draw = torch.Generator().manual_seed(settings.seed)
    optimizer = torch.optim.AdamW(
        [part for part in model.parameters() if part.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    plan = windows.batches(settings.positions, random)
    rise, fall = len(plan), len(plan) * settings.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, max(0.0, 1 - step / fall))
    )
    done = 0
    for _ in range(settings.epochs):
        model.train()
        total = 0.0
        for batch in plan:
            loss = _loss(model, windows, batch, known, settings, draw)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
            done += 1
            progress.step(done, len(plan) * settings.epochs, float(loss.detach()))
        yield total / len(plan)
        plan = windows.batches(settings.positions, random)


def _loss(
    model: SequenceModel[ItemVectors],
    windows: Windows,
    batch: NDArray[np.int64],
    known: Tensor,
    settings: SequenceSettings,
    draw: torch.Generator,
) -> Tensor:
    model.items.before_batch(draw)
    inputs, targets = map(torch.from_numpy, windows.padded(batch))
    there = inputs >= 0
    # Whatever stands on the right of a window is never attended to from inside it.
    users = model(model.items(inputs.clamp(min=0)))[there]
    found: Tensor = settings.loss(model, users, targets[there], known, draw)
    return found


def _measured(model: SequenceModel[ItemVectors], validation: Split) -> float:
    with evaluating(model):
        scorer = TorchScorer(model, item_vectors(model))
        return rank_targets(scorer, validation, "").means((CHOSEN_BY,))[CHOSEN_BY]


@dataclass(frozen=True, slots=True, eq=False)
class TorchScorer:
    """Scores of a model while it is trained; what is served is ``aisle.recommendation.sequence``."""

    model: SequenceModel[ItemVectors]
    vectors: NDArray[np.float32]
    name: str = "sequence"

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """float32 [users, items]."""
        return encode(self.model, self.vectors, histories) @ self.vectors.T


@contextmanager
def evaluating(model: SequenceModel[ItemVectors]) -> Iterator[None]:
    """Without dropout and gradients."""
    model.eval()
    with torch.no_grad():
        yield
    model.train()


def item_vectors(model: SequenceModel[ItemVectors]) -> NDArray[np.float32]:
    """Of all items, float32 [items, dims]."""
    with torch.no_grad():
        found: NDArray[np.float32] = model.items(torch.arange(model.items.count)).numpy()
    return found


def encode(
    model: SequenceModel[ItemVectors], vectors: NDArray[np.float32], histories: Sequences
) -> NDArray[np.float32]:
    """What is known of users after their last steps; zeros without any.

    Args:
        model: in evaluation mode.
        vectors: of its items.
        histories: of users.

    Returns:
        float32 [users, dims].
    """
    users = np.zeros((len(histories), vectors.shape[1]), dtype=np.float32)
    lengths = np.minimum(histories.lengths, model.max_steps)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    begin = 0
    while begin < len(order):
        size = max(1, _READ_AT_ONCE // int(lengths[order[begin]] + 8))
        chosen = order[begin : begin + size]
        widths = lengths[chosen]
        columns = np.arange(int(widths.max()))
        there = columns < widths[:, None]
        firsts = histories.offsets[1:][chosen] - widths
        steps = histories.steps[np.where(there, firsts[:, None] + columns, 0)]
        with torch.no_grad():
            found = model(torch.from_numpy(vectors[steps])).numpy()
        users[chosen] = found[np.arange(len(chosen)), widths - 1]
        begin += size
    return users
