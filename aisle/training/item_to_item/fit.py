"""The training loop of the two heads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from aisle.baskets import Baskets
from aisle.errors import InputError
from aisle.recommendation.item_to_item.towers import HeadTowers
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.item_to_item.batches import Batch
from aisle.training.item_to_item.losses import partner_loss, teacher_loss
from aisle.training.item_to_item.model import HeadOutputs, ItemContent, Towers
from aisle.training.item_to_item.settings import ItemToItemSettings

_LONGEST: Final = 5.0
"""Gradients of a larger norm are scaled down to it."""

EpochLosses = tuple[float, float, float]
"""Means over the steps: of the engagement head's partners, the relevance head's, and the divergence from the
content encoder."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedHeads:
    """Trained towers.

    Attributes:
        towers: as they are served.
        losses: of each epoch.
    """

    towers: HeadTowers
    losses: tuple[EpochLosses, ...]


def fit(
    baskets: Baskets, content: ItemContent, settings: ItemToItemSettings, progress: Progress
) -> FittedHeads:
    """Train the towers.

    Args:
        baskets: that are learned from.
        content: of ``baskets.items``; its vocabulary has IDs of what these baskets hold and of nothing else.
        settings: how.
        progress: is told of steps.

    Raises:
        InputError: no basket of two items that is small enough to be learned from.
    """
    seed_all(settings.seed)
    towers = Towers(content, settings)
    losses = tuple(fit_epochs(towers, baskets, settings, progress))
    return FittedHeads(towers.served(), losses)


def fit_epochs(
    towers: Towers, baskets: Baskets, settings: ItemToItemSettings, progress: Progress
) -> Iterator[EpochLosses]:
    """Train towers epoch by epoch, so that they can be looked at in between.

    Args:
        towers: that are changed.
        baskets: that are learned from.
        settings: how.
        progress: is told of steps.

    Yields:
        Losses of the epoch that has ended.

    Raises:
        InputError: no basket of two items that is small enough to be learned from.
    """
    if not len(settings.pairs.kept(baskets)):
        raise InputError(
            f"none of {len(baskets):,} baskets has 2 to {settings.pairs.largest} items; larger ones say too"
            " little of what goes together",
            fix="give single orders: --map basket=COLUMN names what the lines of one order share, not a day"
            " or a customer",
        )
    batches = settings.batches.of(baskets, settings.pairs)
    optimizer, schedule = settings.optimizer.of(towers.parameters(), batches.steps * settings.epochs)
    random = np.random.default_rng(settings.seed)
    done = 0
    for _ in range(settings.epochs):
        parts = []
        for batch in batches.epoch(random):
            found = losses_of(towers, batch, settings, random)
            optimizer.zero_grad(set_to_none=True)
            found.total.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(towers.parameters(), _LONGEST)
            optimizer.step()
            schedule.step()
            parts.append(found.parts)
            done += 1
            progress.step(
                min(done, batches.steps * settings.epochs), batches.steps * settings.epochs, parts[-1][0]
            )
        engagement, partners, teacher = np.mean(parts, axis=0).tolist()
        yield engagement, partners, teacher


@dataclass(frozen=True, slots=True)
class HeadLosses:
    """Losses of a batch: of the engagement head, and the two of the relevance head, the second weighted."""

    engagement: Tensor
    partners: Tensor
    teacher: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return self.engagement + self.partners + self.teacher

    @property
    def parts(self) -> tuple[float, float, float]:
        """As numbers."""
        return float(self.engagement.detach()), float(self.partners.detach()), float(self.teacher.detach())


def losses_of(
    towers: Towers, batch: Batch, settings: ItemToItemSettings, random: np.random.Generator
) -> HeadLosses:
    """What each head loses on a batch. A loss reaches its own head and the backbone, not the other head."""
    dropped = (random.random(len(batch.rows)) < settings.id_dropout) & towers.content.has_content[batch.rows]
    made = towers(batch.rows, dropped)
    itself = batch.itself
    engagement = partner_loss(
        _engagement_scores(made, batch) / settings.temperature - batch.drawn,
        batch.partners,
        batch.weights,
        itself,
    )
    nothing = torch.zeros(())
    partners = teacher = nothing
    cosines = made.relevance[batch.triggers] @ made.relevance[batch.candidates].T
    if settings.relevance_partners:
        scores = cosines / settings.relevance_temperature - batch.drawn
        partners = settings.relevance_partners * partner_loss(scores, batch.partners, batch.weights, itself)
    if settings.relevance_weight and towers.texts.shape[1]:
        texts = towers.texts[torch.from_numpy(batch.rows)]
        asked, others = texts[batch.triggers], texts[batch.candidates]
        unknown = ~asked.any(dim=1)[:, None] | ~others.any(dim=1)
        teacher = settings.relevance_weight * teacher_loss(
            asked @ others.T / settings.teacher_temperature,
            cosines / settings.relevance_temperature,
            itself | unknown,
        )
    return HeadLosses(engagement, partners, teacher)


def _engagement_scores(made: HeadOutputs, batch: Batch) -> Tensor:
    """As `towers.engagement_query` has them: the last value, popularity, is a candidate's alone."""
    asked, others = made.engagement[batch.triggers], made.engagement[batch.candidates]
    return asked[:, :-1] @ others[:, :-1].T + others[:, -1]
