"""A teacher and graded lists to a reranker of few layers (Hofstätter et al. 2020, arXiv 2010.02666)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aisle._environment import optional
from aisle.encoder.export.layout import Pooling, json_object
from aisle.errors import InputError
from aisle.training.common.base_model import keep_layers
from aisle.training.common.machine import best_device, seed_all, where
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.run_folder import require_new
from aisle.training.common.settings import Rule
from aisle.training.cross_encoder.fit import TeacherLoss, objective
from aisle.training.cross_encoder.lists import (
    GradedList,
    LabelledList,
    ListwiseSettings,
    graded_lists,
)
from aisle.training.cross_encoder.model import new_cross_encoder
from aisle.training.cross_encoder.teacher import TrainedCrossEncoder, teacher_scores, trained_and_saved
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import TrainingSet

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def spread_layers(count: int, of: int) -> tuple[int, ...]:
    """``count`` layer numbers at even distances, the first and the last among them (one alone: the first).

    Raises:
        InputError: the teacher has fewer layers.
    """
    if not 1 <= count <= of:
        raise InputError(
            f"{count} layers cannot be kept of a teacher's {of}", fix=f"keep 1 to {of}, as in --layers 3"
        )
    if count == 1:
        return (0,)
    return tuple(round(place * (of - 1) / (count - 1)) for place in range(count))


def layer_count(teacher: Path) -> int:
    """How many layers a model folder's BERT has.

    Raises:
        InputError: no such folder, or its config.json does not tell.
    """
    if not (teacher / "config.json").is_file():
        raise InputError(f"{teacher} holds no cross-encoder", fix="name the folder that train_teacher made")
    count = json_object(teacher / "config.json").get("num_hidden_layers")
    if not isinstance(count, int):
        raise InputError(f"{teacher}/config.json has no num_hidden_layers", fix="use a BERT cross-encoder")
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerSettings(ListwiseSettings):
    """A reranker's training: some of a teacher's layers, taught to rank as it does.

    Attributes:
        base: folder of the teacher, a cross-encoder with one output.
        layers: how many of the teacher's the reranker keeps, evenly spread.
        pooling: what makes the score; [CLS] spares most of the last layer.
        share: of the teacher in what is learned, between 0 (grades alone) and 1 (the teacher alone).
        temperature: of the teacher's scores.
        dropout: of hidden states and attention.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    layers: int = 3
    pooling: Pooling = Pooling.CLS
    share: float = 0.7
    temperature: float = 1.0
    epochs: int = 4
    learning_rate: float = 2e-4
    dropout: float = 0.0
    list_size: int = 16
    mined: int = 8
    depth: int = 50

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *ListwiseSettings.rules(self),
            ("layers", self.layers >= 1, "1 or more"),
            ("share", 0 <= self.share <= 1, "0 to 1"),
            ("temperature", self.temperature > 0, "more than 0"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
        )


_LEAST = 1e-9


def listwise_targets(
    teacher: Sequence[float], grades: Sequence[float], share: float, temperature: float
) -> tuple[float, ...]:
    """Logs of the probabilities to come first that a listwise loss is given.

    They are ``share`` of the teacher's softmax and 1 - ``share`` of the gains 2^grade - 1; a loss that is the
    cross entropy with their softmax (ListNet) is the divergence from this mixture, but for a constant.

    Args:
        teacher: its logits of the list's items.
        grades: of the same items; at least one above 0 unless ``share`` is 1.
        share: between 0 and 1.
        temperature: of the teacher's logits.
    """
    logits = np.asarray(teacher, dtype=np.float64) / temperature
    opinion = np.exp(logits - logits.max())
    mixture = share * opinion / opinion.sum()
    if share < 1:
        gains = np.exp2(np.asarray(grades, dtype=np.float64)) - 1
        mixture = mixture + (1 - share) * gains / gains.sum()
    return tuple(np.log(np.maximum(mixture, _LEAST)).tolist())


def taught_lists(
    epochs: Sequence[Sequence[GradedList]],
    settings: RerankerSettings,
    progress: Progress | None = None,
) -> list[list[LabelledList]]:
    """Each epoch's lists with the labels to learn; only pairs that were drawn are scored, each once.

    Raises:
        InputError: the settings' base holds no cross-encoder.
    """
    drawn: dict[str, dict[str, None]] = {}
    for lists in epochs:
        for entry in lists:
            drawn.setdefault(entry.query, {}).update(dict.fromkeys(entry.items))
    # Texts name themselves: two items that read the same have one score.
    texts = {text: text for items in drawn.values() for text in items}
    asked = {query: tuple(items) for query, items in drawn.items()}
    queries = {query: query for query in drawn}
    scores = teacher_scores(Path(settings.base), queries, texts, asked, settings.precision, progress)
    return [[_labelled(entry, scores[entry.query], settings) for entry in lists] for lists in epochs]


def _labelled(entry: GradedList, scores: dict[str, float], settings: RerankerSettings) -> LabelledList:
    opinion = [scores[text] for text in entry.items]
    labels = listwise_targets(opinion, entry.grades, settings.share, settings.temperature)
    return LabelledList(entry.query, entry.items, labels)


@dataclass(frozen=True, slots=True)
class TrainedReranker(TrainedCrossEncoder):
    """A reranker on disk.

    Attributes:
        kept: numbers of the teacher's layers that it began with.
    """

    kept: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, without a folder of this machine."""
        return {
            "kept": list(self.kept),
            "losses": list(self.losses),
            "lists": self.lists,
            "seconds": self.seconds,
            "device": self.ran_on.partition(" ")[0],
            "on": self.ran_on,
        }


def train_reranker(
    training_set: TrainingSet,
    candidates: Candidates,
    settings: RerankerSettings,
    folder: Path,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> TrainedReranker:
    """Keep some of a teacher's layers and train them to rank as it does, and as the grades do.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine from: what the legs find, see ``aisle.training.cross_encoder.candidates``.
        settings: all that decides the outcome; its base is the teacher's folder.
        folder: must not exist yet; it appears whole at the end or not at all.
        checkpoints: folder to resume from, and to keep checkpoints in until the reranker is saved; None keeps
            none.
        progress: receives every step.

    Raises:
        InputError: ``folder`` exists, no such teacher or too few layers, or data of one grade only.
        MissingExtra: the extra ``train`` is not installed.
    """
    require_new(folder)
    progress = progress or Silent()
    teacher = Path(settings.base)
    # Before the teacher scores: a wrong number must not cost minutes.
    kept = spread_layers(settings.layers, layer_count(teacher))
    started = time.perf_counter()
    drawn = [graded_lists(training_set, candidates, settings, epoch) for epoch in range(settings.epochs)]
    progress.note("the teacher scores the lists")
    epochs = taught_lists(drawn, settings, progress)
    device = best_device()
    # Before the model is made: its head begins at random.
    seed_all(settings.seed)
    model = _beginner(teacher, kept, settings, device)
    progress.note(f"training {len(kept)} of the teacher's layers")
    goal = objective(TeacherLoss.LISTNET)
    done = trained_and_saved(model, epochs, goal, settings, folder, checkpoints, device, progress)
    return TrainedReranker(
        folder=folder,
        history=done.losses,
        lists=len(drawn[0]),
        steps=done.steps,
        seconds=time.perf_counter() - started,
        ran_on=where(device),
        kept=kept,
    )


def _beginner(teacher: Path, kept: tuple[int, ...], settings: RerankerSettings, device: str) -> CrossEncoder:
    """The teacher's words and some of its layers, under a fresh head."""
    model = new_cross_encoder(teacher, settings.max_tokens, device, settings.pooling)
    keep_layers(model, kept)
    dropout = optional("torch", extra="train").nn.Dropout
    for module in model.modules():
        if isinstance(module, dropout):
            module.p = settings.dropout
    return model
