"""What ``aisle train router`` does: sequences to an artifact that reads histories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import MODEL, Artifact, ArtifactStore, check_name
from aisle.encoder.code_artifact import ItemCodes
from aisle.encoder.cpu import InstructionSet, best_of, instruction_sets
from aisle.encoder.export.graph import Graph
from aisle.encoder.export.precision import Int8
from aisle.errors import EvaluationError, InputError
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.counts import count_items
from aisle.recommendation.history_encoder import HistoryEncoder, ItemEmbeddings
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router import Router
from aisle.recommendation.router_artifact import RouterContent, TrainedRouter, save_router
from aisle.recommendation.sequence import SEQUENCE, SequenceChannel
from aisle.recommendation.systems import SequenceSystem
from aisle.recommendation.train import FEWEST, METRICS
from aisle.sequences import Sequences
from aisle.training.common.progress import Progress
from aisle.training.recommendation.export import history_graph
from aisle.training.recommendation.fit import FittedSequence, fit, refit
from aisle.training.recommendation.heads import fit_router
from aisle.training.recommendation.settings import SequenceSettings


@dataclass(frozen=True, slots=True, eq=False)
class RouterReport:
    """How a training went.

    Attributes:
        trained: the router, opened.
        epochs: that were best on the validation.
        chosen_on: users of the validation.
        without, alone, beside: metric to mean on these users: of the recommender without a sequence model, of
            the sequence model alone, and of both.
        prefixes: how often the prefix of the item that came next is among the likeliest 50, by its length;
            empty without codes.
    """

    trained: TrainedRouter
    epochs: int
    chosen_on: int
    without: Mapping[str, float]
    alone: Mapping[str, float]
    beside: Mapping[str, float]
    prefixes: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        artifact = self.trained.artifact
        known = {name: getattr(self, name) for name in self.__slots__ if name != "trained"}
        return {
            "path": str(artifact.path),
            "fingerprint": artifact.fingerprint,
            "weight": self.trained.weight,
            "recommender": self.trained.recommender,
            "codes": self.trained.codes,
            **known,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterJob:
    """Train a sequence model for a recommender.

    Attributes:
        name: of the artifact.
        settings: of the model.
        depth: codes of the longest prefixes that are learned.

    Raises:
        InputError: a name that no artifact can have.
    """

    name: str
    settings: SequenceSettings = field(default_factory=SequenceSettings)
    depth: int = 2

    def __post_init__(self) -> None:
        check_name(self.name)

    def run(
        self,
        sequences: Sequences,
        recommender: Recommender,
        artifact: Artifact,
        store: ArtifactStore,
        progress: Progress,
        codes: tuple[ItemCodes, Artifact] | None = None,
    ) -> RouterReport:
        """Train before users' last items, choose epochs and weight on these, train anew on everything, save.

        Args:
            sequences: of users; of items that the recommender does not know nothing is learned.
            recommender: that the sequence model will stand beside.
            artifact: of the recommender.
            store: where the router goes.
            progress: is told of stages, phases and steps.
            codes: of the items, over whose prefixes the router learns to lead; None: a sequence model alone.

        Raises:
            InputError: too few users took three items, or none of their items has codes.
            MissingExtra: the extra ``train`` is not installed.
        """
        known = sequences.onto(recommender.items)
        data = _validation(known, self.settings.seed)
        placed = _placed(codes[0], recommender.items) if codes else None
        texts = recommender.learned.texts
        progress.stage("sequences, without users' last items", 1, 2)
        fitted = fit(data.train, texts, self.settings, progress, data)
        progress.phase("choosing the weight of the sequence channel")
        made_for = best_of(instruction_sets())
        options = recommender.learned.counts.options
        learned = replace(recommender.learned, counts=count_items(data.train, options))
        channel = served_channel(fitted, recommender.items, texts, made_for)
        weight = choose(SequenceSystem(recommender.settings, channel), learned, data).setting
        base = recommender.settings.channel(learned)
        without, alone, beside = (
            dict(rank_targets(each, data, "").means(METRICS))
            for each in (base, channel, base.with_part(channel, weight))
        )
        reached = {}
        if placed is not None:
            progress.phase("learning prefixes, without users' last items")
            router = fit_router(fitted, data.train, placed, self.depth, self.settings, progress)
            reached = prefix_recall(router, channel.users(data.histories), placed[data.targets])
        progress.stage("sequences, all of them", 2, 2)
        whole = refit(fitted, known, texts, self.settings, progress)
        led = None
        if placed is not None:
            progress.phase("learning prefixes")
            led = fit_router(whole, known, placed, self.depth, self.settings, progress)
        progress.phase("exporting")
        trained = save_router(
            RouterContent(
                model=int8_graph(whole, made_for),
                embeddings=item_embeddings(whole, recommender.items),
                max_steps=whole.model.max_steps,
                router=led,
                weight=weight,
                recommender=artifact,
                codes=codes[1] if codes else None,
            ),
            self.name,
            store,
            instruction_set=made_for.value,
            data_hash=known.digest(),
            metrics={**{f"{name}, with sequences": value for name, value in beside.items()}, **reached},
            training={**self.settings.as_dict(), "best_epoch": fitted.epochs, "chosen_on": len(data.targets)},
        )
        return RouterReport(trained, fitted.epochs, len(data.targets), without, alone, beside, reached)


def prefix_recall(
    router: Router, users: NDArray[np.float32], targets: NDArray[np.int32], size: int = 50
) -> dict[str, float]:
    """Share of users whose target's prefix is among the likeliest, by the length of the prefix.

    Args:
        router: over prefixes.
        users: float32 [users, dims].
        targets: int32 [users, levels], codes of what each took next; -1 without, which is a miss.
        size: prefixes that are looked at.
    """
    found = {}
    for length in range(1, router.depth + 1):
        likeliest, _ = router.best_prefixes(users, length, size)
        hits = (likeliest == targets[:, None, :length]).all(axis=-1).any(axis=-1)
        found[f"prefixes of {length} among {size}"] = float(hits.mean())
    return found


def served_channel(
    fitted: FittedSequence,
    items: tuple[str, ...],
    texts: NDArray[np.float32] | None,
    made_for: InstructionSet,
) -> SequenceChannel:
    """The channel of a trained model as it is served: in INT8, by ONNX Runtime."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / MODEL
        int8_graph(fitted, made_for).write(path)
        encoder = HistoryEncoder(path, item_embeddings(fitted, items), fitted.model.max_steps)
    return SequenceChannel(SEQUENCE, encoder, encoder.item_vectors(items, texts))


def int8_graph(fitted: FittedSequence, made_for: InstructionSet) -> Graph:
    """The history encoder in INT8."""
    return history_graph(fitted.model, Int8(7 if made_for.saturates else 8))


def item_embeddings(fitted: FittedSequence, items: tuple[str, ...]) -> ItemEmbeddings:
    """What makes vectors of items, of those that were trained on and of others.

    Those of others, which are texts alone, are as long on average as those that were trained on: else they
    would stand behind them whatever the history says. What the map of texts has more than it was trained to,
    the ID embeddings have less.
    """
    rows = np.flatnonzero(fitted.trained)
    embeddings = fitted.model.items.ids.weight.detach().numpy()[rows]
    text_map = fitted.model.items.whole_text_map()
    if text_map is not None:
        texts = fitted.vectors[rows] - embeddings
        longer = _times_longer(fitted.vectors[rows], texts)
        embeddings, text_map = embeddings - (longer - 1) * texts, longer * text_map
    return ItemEmbeddings(tuple(items[row] for row in rows.tolist()), embeddings, text_map)


def _times_longer(vectors: NDArray[np.float32], texts: NDArray[np.float32]) -> np.float32:
    """How many times as long as their text parts vectors are on average, of items with a text; 1 or more."""
    lengths = np.linalg.norm(texts, axis=1)
    there = lengths > 0
    if not there.any():
        return np.float32(1)
    return np.float32(max(1.0, np.linalg.norm(vectors[there], axis=1).mean() / lengths[there].mean()))


def _placed(codes: ItemCodes, items: tuple[str, ...]) -> NDArray[np.int32]:
    """Codes of items by position, int32 [items, levels]; -1 where an item has none."""
    by_item = codes.by_item()
    none = (-1,) * codes.codes.shape[1]
    placed = np.array([by_item.get(item, none) for item in items], dtype=np.int32)
    if not (placed[:, 0] >= 0).any():
        raise InputError(
            "none of the recommender's items has codes",
            fix="train the codes on the same catalogue: aisle train codes",
        )
    return placed


def _validation(sequences: Sequences, seed: int) -> Split:
    fix = "recommend by counts until there are more: aisle train recommender"
    try:
        data = sampled(split(sequences, EvaluationProtocol(refit=True), Phase.TEST), MOST_USERS, seed)
    except EvaluationError as error:
        raise InputError("no user took three items: there are no sequences to learn", fix=fix) from error
    if len(data.targets) < FEWEST:
        raise InputError(
            f"{len(data.targets)} users took three items, and {FEWEST} are needed to learn sequences", fix=fix
        )
    return data
