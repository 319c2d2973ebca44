"""A teacher and graded lists to a reranker of few layers (Hofstätter et al. 2020, arXiv 2010.02666)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson

from aisle._extras import optional
from aisle.encoder.export.checkpoint import json_object
from aisle.encoder.export.cross_encoder import Pooling
from aisle.errors import InputError
from aisle.training.common.base_model import keep_layers
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.settings import TrainingPrecision, best_device, as_plain_json, require_valid
from aisle.training.cross_encoder.fit import TeacherLoss, fit, objective
from aisle.training.cross_encoder.lists import GradedList, LabelledList, graded_lists
from aisle.training.cross_encoder.model import RUN, folder_in_one_step, new_cross_encoder, require_new, save
from aisle.training.cross_encoder.teacher import teacher_scores
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


@dataclass(frozen=True, slots=True)
class RerankerSettings:
    """A reranker's training. The lists are drawn as a teacher's are, see ``TeacherSettings``.

    Attributes:
        layers: how many of the teacher's the reranker keeps, evenly spread.
        pooling: what makes the score; [CLS] spares most of the last layer.
        share: of the teacher in what is learned, between 0 (grades alone) and 1 (the teacher alone).
        temperature: of the teacher's scores.
        epochs, learning_rate, weight_decay, warmup, batch: of AdamW, as a teacher's.
        dropout: of hidden states and attention.
        list_size, mined, skip, depth: of the lists, as a teacher's.
        max_tokens: longest query and item together, in tokens.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    layers: int = 3
    pooling: Pooling = Pooling.CLS
    share: float = 0.7
    temperature: float = 1.0
    epochs: int = 4
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    dropout: float = 0.0
    list_size: int = 16
    mined: int = 8
    skip: int = 0
    depth: int = 50
    batch: int = 12
    max_tokens: int = 96
    precision: TrainingPrecision = TrainingPrecision.AUTO
    seed: int = 13

    def __post_init__(self) -> None:
        rules = (
            ("layers", self.layers >= 1, "1 or more"),
            ("share", 0 <= self.share <= 1, "0 to 1"),
            ("temperature", self.temperature > 0, "more than 0"),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("list_size", self.list_size >= 2, "2 or more"),
            ("mined", 0 <= self.mined < self.list_size, "0 to less than list_size"),
            ("batch", self.batch >= 1, "1 or more"),
            ("max_tokens", self.max_tokens >= 5, "5 or more"),
        )
        require_valid(self, rules, "trained")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        return held


_LEAST = 1e-9


def listwise_targets(
    teacher: Sequence[float], grades: Sequence[int], share: float, temperature: float
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
    teacher: Path,
    settings: RerankerSettings,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[list[LabelledList]]:
    """Each epoch's lists with the labels to learn; only pairs that were drawn are scored, each once.

    Raises:
        InputError: ``teacher`` holds no cross-encoder.
    """
    drawn: dict[str, dict[str, None]] = {}
    for lists in epochs:
        for entry in lists:
            drawn.setdefault(entry.query, {}).update(dict.fromkeys(entry.items))
    # Texts name themselves: two items that read the same have one score.
    texts = {text: text for items in drawn.values() for text in items}
    asked = {query: tuple(items) for query, items in drawn.items()}
    queries = {query: query for query in drawn}
    scores = teacher_scores(teacher, queries, texts, asked, settings.precision, progress)
    return [[_labelled(entry, scores[entry.query], settings) for entry in lists] for lists in epochs]


def _labelled(entry: GradedList, scores: dict[str, float], settings: RerankerSettings) -> LabelledList:
    opinion = [scores[text] for text in entry.items]
    labels = listwise_targets(opinion, entry.grades, settings.share, settings.temperature)
    return LabelledList(entry.query, entry.items, labels)


RECORD = "training.json"


@dataclass(frozen=True, slots=True)
class TrainedReranker:
    """A reranker on disk.

    Attributes:
        folder: as sentence-transformers' CrossEncoder saves it; ``aisle.encoder.export`` takes it.
        kept: numbers of the teacher's layers that it began with.
        losses: mean loss of every tenth of the run, in order.
        lists: queries that were learned from, in an epoch.
        seconds: of training, the teacher's scoring included; device: where.
    """

    folder: Path
    kept: tuple[int, ...]
    losses: tuple[float, ...]
    lists: int
    seconds: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, without a folder of this machine."""
        held = asdict(self)
        del held["folder"]
        return {**held, "kept": list(self.kept), "losses": list(self.losses)}

    def write(self, staged: Path) -> None:
        """Into the model's folder, before it takes its name."""
        (staged / RECORD).write_bytes(orjson.dumps(self.as_dict()))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What ``write`` wrote. Raises InputError when the folder holds no trained reranker."""
        try:
            held = orjson.loads((folder / RECORD).read_bytes())
            kept, losses = tuple(held.pop("kept")), tuple(held.pop("losses"))
            return cls(folder=folder, kept=kept, losses=losses, **held)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{folder} holds no trained reranker", fix="remove it and train again"
            ) from error


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
        candidates: to mine from: what the legs find, see ``aisle.training.cross_encoder.candidates``.
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
    with folder_in_one_step(folder) as staged:
        loss = objective(TeacherLoss.LISTNET).build(model)
        losses = fit(model, epochs, loss, settings, staged / RUN, device, progress.step)
        save(model, staged)
        seconds = time.perf_counter() - started
        trained = TrainedReranker(folder, kept, losses, len(drawn[0]), seconds, device)
        trained.write(staged)
    return trained


def _beginner(teacher: Path, kept: tuple[int, ...], settings: RerankerSettings, device: str) -> CrossEncoder:
    """The teacher's words and some of its layers, under a fresh head."""
    model = new_cross_encoder(teacher, settings.max_tokens, device, settings.pooling)
    keep_layers(model, kept)
    dropout = optional("torch", extra="train").nn.Dropout
    for module in model.modules():
        if isinstance(module, dropout):
            module.p = settings.dropout
    return model
