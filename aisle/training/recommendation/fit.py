"""A sequence model of ID embeddings and texts, trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from aisle.evaluation.sequences.protocol import Split
from aisle.sequences import Sequences
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.recommendation.loop import encode, item_vectors, learn, taken
from aisle.training.recommendation.model import IdsAndTexts, SequenceModel
from aisle.training.recommendation.settings import SequenceSettings


@dataclass(frozen=True, slots=True, eq=False)
class FittedSequence:
    """A trained model.

    Attributes:
        model: in evaluation mode.
        trained: bool [items], items that were taken; the others have no ID embedding.
        epochs: that it was trained for.
        validation: epoch to the validation's N@10; empty where there was none.
        losses: mean of each epoch.
    """

    model: SequenceModel[IdsAndTexts]
    trained: NDArray[np.bool_]
    epochs: int
    validation: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32 [items, dims]."""
        return item_vectors(self.model)

    def users(self, histories: Sequences) -> NDArray[np.float32]:
        """float32 [users, dims], see `encode`."""
        return encode(self.model, self.vectors, histories)


def fit(
    sequences: Sequences,
    texts: NDArray[np.float32] | None,
    settings: SequenceSettings,
    progress: Progress,
    validation: Split | None = None,
    stop_after: int | None = None,
) -> FittedSequence:
    """Train a sequence model.

    Args:
        sequences: that are learned from.
        texts: float32 [items, text dims], see ``aisle.encoder.whitening``; None: IDs alone.
        settings: how. With a validation, training ends where N@10 has not risen for ``patience`` epochs, and
            the best epoch's weights are kept.
        progress: is told of steps.
        validation: who is asked after every epoch, of other steps than those of ``sequences``; None: nobody.
        stop_after: epochs after which training ends, the learning rate falling as if it went on; None: all.

    Raises:
        InputError: no user took two items.
    """
    seed_all(settings.seed)
    trained = taken(sequences)
    items = IdsAndTexts(len(sequences.items), None if texts is None else torch.from_numpy(texts), settings)
    model = SequenceModel(items, settings)
    with torch.no_grad():
        items.ids.weight[torch.from_numpy(~(trained & settings.id_embeddings))] = 0
    items.ids.weight.requires_grad_(settings.id_embeddings)
    course = learn(model, sequences, settings, progress, validation, stop_after)
    return FittedSequence(model, trained, course.epochs, course.validation, course.losses)


def refit(
    fitted: FittedSequence,
    sequences: Sequences,
    texts: NDArray[np.float32] | None,
    settings: SequenceSettings,
    progress: Progress,
) -> FittedSequence:
    """Train anew on more steps, for as many epochs as were best before."""
    return fit(sequences, texts, settings, progress, stop_after=fitted.epochs)
