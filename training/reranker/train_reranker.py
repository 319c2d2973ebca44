"""A teacher and graded lists to a reranker of few layers (Hofstätter et al. 2020, arXiv 2010.02666)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from records.extras import optional
from training.cross_encoder.fit import fit
from training.cross_encoder.lists import graded_lists
from training.cross_encoder.losses import TeacherLoss, objective
from training.cross_encoder.model import new_cross_encoder
from training.cross_encoder.saving import RUN, appearing, require_new, save
from training.dense.precision import best_device
from training.dense.progress import Progress, Silent
from training.negatives.candidates import Candidates
from training.pairs.training_set import TrainingSet
from training.reranker.layers import layer_count, spread_layers
from training.reranker.settings import RerankerSettings
from training.reranker.taught_lists import taught_lists
from training.reranker.trained import TrainedReranker

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def train_reranker(
    training_set: TrainingSet,
    candidates: Candidates,
    teacher: Path,
    settings: RerankerSettings,
    folder: Path,
    progress: Progress | None = None,
) -> TrainedReranker:
    """Keep some of a teacher's layers and train them to rank as it does, and as the grades do.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine from: what the legs of the search find, see ``training.reranker.candidates``.
        teacher: folder of a cross-encoder with one output, such as ``train_teacher`` makes.
        settings: all that decides the outcome.
        folder: must not exist yet; it appears whole at the end or not at all.
        progress: is told of steps.

    Raises:
        InputError: ``folder`` exists, no such teacher or too few layers, or data of one grade only.
        MissingExtra: the extra ``train`` is not installed.
    """
    require_new(folder)
    progress = progress or Silent()
    optional("sentence_transformers", extra="train")
    # Before the teacher scores: a wrong number must not cost minutes.
    kept = spread_layers(settings.layers, layer_count(teacher))
    drawn = [graded_lists(training_set, candidates, settings, epoch) for epoch in range(settings.epochs)]
    started = time.perf_counter()
    progress.note("the teacher scores the lists")
    epochs = taught_lists(drawn, teacher, settings, lambda done, total: progress.step(done, total, None))
    device = best_device()
    # Before the model is made: its head begins at random.
    optional("transformers", extra="train").set_seed(settings.seed)
    model = _beginner(teacher, kept, settings, device)
    progress.note(f"training {len(kept)} of the teacher's layers")
    with appearing(folder) as staged:
        loss = objective(TeacherLoss.LISTNET).build(model)
        losses = fit(model, epochs, loss, settings, staged / RUN, device, progress.step)
        save(model, staged)
        seconds = time.perf_counter() - started
        trained = TrainedReranker(folder, kept, losses, len(drawn[0]), seconds, device)
        trained.write(staged)
    return trained


def _beginner(teacher: Path, kept: tuple[int, ...], settings: RerankerSettings, device: str) -> CrossEncoder:
    """The teacher's words and some of its layers, under a fresh head."""
    # Here, since it imports torch.
    from training.student.layers import keep_layers

    model = new_cross_encoder(teacher, settings.max_tokens, device, settings.pooling)
    keep_layers(model, kept)
    dropout = optional("torch", extra="train").nn.Dropout
    for module in model.modules():
        if isinstance(module, dropout):
            module.p = settings.dropout
    return model
