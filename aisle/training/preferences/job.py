"""Preferences from sequences: pairs, fitting, a bound that held-out users choose, and the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import (
    GOLDEN,
    MODEL,
    PREFERENCES,
    Artifact,
    ArtifactStore,
    Manifest,
    check_name,
    write_manifest,
)
from aisle.encoder.cpu import best_of, instruction_sets
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError
from aisle.evaluation.sequences.protocol import ColdItems, EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import values_of
from aisle.recommendation.channels import Blend
from aisle.recommendation.choose import sampled
from aisle.recommendation.counts import count_items
from aisle.recommendation.pool import feature_names
from aisle.recommendation.preferences import (
    SETTINGS,
    DeltasSelfTest,
    Preferences,
    PreferenceSettings,
    bounded,
    read_channels,
)
from aisle.recommendation.recommender import LONGEST, Recommender
from aisle.recommendation.router_artifact import TrainedRouter
from aisle.recommendation.sequence import SequenceChannel
from aisle.recommendation.settings import Learned
from aisle.sequences import Sequences
from aisle.training.common.progress import Progress
from aisle.training.preferences.fit import CHOSEN_BY, DeltaModel, PreferenceTraining, best_bound, fit, value
from aisle.training.preferences.pairs import Preferred, joined, preferred
from aisle.training.recommendation.fit import fit as fit_sequence
from aisle.training.recommendation.job import served_channel
from aisle.training.recommendation.settings import SequenceSettings

POOL: Final = 200
MOST_USERS: Final = 30_000
"""Drawn of those with something to predict: more make little difference and take longer."""

FEWEST: Final = 100
"""Users whose item was in their pool, under whom preferences would be luck."""

_HELD_OUT: Final = 0.2
_SURE: Final = 2.0
"""Standard errors by which held-out users must be better off."""

_NEW: Final = 0.05
"""Share of the items that are made new."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedPreferences:
    """A model and what held-out users say of it.

    Attributes:
        model: that reads deltas off features.
        bound: that was best for them; 0 if none was surely better than the recommender alone.
        users: who were learned from, and who were held out.
        metrics: of the held-out users, without (``base``) and with preferences, and the accuracy on pairs
            of their pools.
    """

    model: DeltaModel
    bound: float
    users: tuple[int, int]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrainedPreferences:
    """What became of a training.

    Attributes:
        artifact: where it is.
        settings: bound, pool and channels.
        users: who were learned from, and who were held out.
        metrics: see `LearnedPreferences`.
    """

    artifact: Artifact
    settings: PreferenceSettings
    users: tuple[int, int]
    metrics: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "path": str(self.artifact.path),
            "fingerprint": self.artifact.fingerprint,
            **self.settings.to_json(),
            "learned_from": self.users[0],
            "held_out": self.users[1],
            "metrics": dict(self.metrics),
        }


def last_taken(sequences: Sequences, seed: int) -> Split:
    """What every user took last, and what came before; at most 30,000 users.

    Some items are taken out of what came before, so that they are new when they are taken: from them it is
    learned what a new item is worth. Without, none would ever have been taken, and all would be put last.

    Raises:
        EvaluationError: nobody took three items.
    """
    protocol = EvaluationProtocol(refit=True, cold=ColdItems(_NEW, seed))
    return sampled(split(sequences, protocol, Phase.TEST), MOST_USERS, seed)


def make_pairs(
    blend: Blend,
    takers: NDArray[np.int64],
    data: Split,
    progress: Progress,
    *,
    pool: int = POOL,
    seed: int = 0,
) -> Preferred:
    """Pools with what was taken of them.

    Args:
        blend: learned from ``data.train``.
        takers: int64 [items], of the same.
        data: see `last_taken`.
        progress: is told of users.
        pool: best items of every user.
        seed: of the draw of other items.
    """
    channels, parts, done = read_channels(blend), [], 0
    for part in preferred(blend, takers, data, pool, channels, seed):
        parts.append(part)
        done += part.asked
        progress.step(done, len(data.targets), None)
    return joined(parts, len(feature_names(channels)))


def learn(data: Preferred, training: PreferenceTraining, progress: Progress) -> LearnedPreferences:
    """Fit on four fifths of the users; the others choose the bound.

    Raises:
        InputError: too few users.
    """
    if len(data) < FEWEST:
        raise InputError(
            f"only {len(data)} of {data.asked} users took an item that the recommender had among its best",
            fix=f"give orders of more users ({FEWEST} such are needed), or a larger pool",
        )
    held_out = np.zeros(len(data), dtype=np.bool_)
    count = round(_HELD_OUT * len(data))
    held_out[np.random.default_rng(training.seed).permutation(len(data))[:count]] = True
    asked = round(data.asked * count / len(data))
    learned, asked_of = data.where(~held_out, data.asked - asked), data.where(held_out, asked)
    model = fit(learned, training, progress)
    deltas = model.deltas(asked_of.rows)
    bound = best_bound(asked_of, deltas)
    if not surely_better(asked_of, asked_of.base + bounded(deltas, bound)):
        bound = 0.0
    scores = asked_of.base + bounded(deltas, bound)
    metrics = {
        f"{metric}{suffix}": value(asked_of, values, metric)
        for metric in ("R@10", "N@10")
        for suffix, values in ((" base", asked_of.base), ("", scores))
    }
    metrics["pair accuracy"] = asked_of.pair_accuracy(deltas)
    return LearnedPreferences(model, bound, (len(learned), count), metrics)


def surely_better(data: Preferred, scores: NDArray[np.float32]) -> bool:
    """Whether users are better off by more than what luck gives to few of them: two standard errors."""
    before, after = (values_of(data.ranks(values), CHOSEN_BY) for values in (data.base, scores))
    gains = after - before
    return bool(gains.mean() > _SURE * gains.std(ddof=1) / np.sqrt(len(gains)))


def save_preferences(
    learned: LearnedPreferences,
    settings: PreferenceSettings,
    name: str,
    store: ArtifactStore,
    *,
    recommender: Artifact,
    example: NDArray[np.float32],
    training: PreferenceTraining,
) -> Artifact:
    """Write preferences into the store, whole or not at all.

    Args:
        learned: to be kept.
        settings: how they are used.
        name: of the artifact.
        store: where it goes.
        recommender: whose pools were learned from.
        example: float32 [n, columns], features for the self-test.
        training: how they were learned.

    Raises:
        InputError: a name that no artifact can have.
        MissingExtra: onnx is not installed.
    """
    check_name(name)
    with store.staging() as folder:
        learned.model.graph().write(folder / MODEL)
        (folder / SETTINGS).write_bytes(orjson.dumps(settings.to_json(), option=orjson.OPT_INDENT_2))
        DeltasSelfTest(example, learned.model.deltas(example)).write(folder / GOLDEN)
        manifest = Manifest(
            kind=PREFERENCES,
            name=name,
            base_model=recommender.manifest.name,
            revision=recommender.fingerprint,
            dims=len(feature_names(settings.channels)),
            max_length=LONGEST,
            text_version=TEXT_VERSION,
            data_hash=recommender.manifest.data_hash,
            metrics=learned.metrics,
            training={**asdict(training), "negatives": type(training.negatives).__name__},
        )
        write_manifest(folder, manifest)
        path = store.add(folder)
    return Preferences.load(path, store).artifact


def train_preferences(
    recommender: Recommender,
    artifact: Artifact,
    sequences: Sequences,
    name: str,
    store: ArtifactStore,
    training: PreferenceTraining,
    progress: Progress,
    *,
    pool: int = POOL,
) -> TrainedPreferences:
    """Learn from what users took last, of pools that were made without it.

    Args:
        recommender: whose settings make the pools; its counts are made, and its router is trained, again
            without the last items, which would else stand too high in their pools.
        artifact: the recommender's.
        sequences: of the recommender's items.
        name: of the new artifact.
        store: where it goes.
        training: how.
        progress: is told of phases and steps.
        pool: best items that are ranked again.

    Raises:
        InputError: too few users, or preferences that make the ranking of held-out users no better.
        EvaluationError: nobody took three items.
    """
    data = last_taken(sequences, training.seed)
    known = recommender.learned
    counts = count_items(data.train, known.counts.options)
    blend = recommender.settings.channel(Learned(counts, known.texts, known.whitening))
    if recommender.router is not None:
        progress.phase("training the router's sequences without what users took last")
        blend = blend.with_part(
            _sequence(recommender.router, known, data, progress), recommender.router.weight
        )
    progress.phase("making pools of what users took last")
    pairs = make_pairs(blend, counts.takers, data, progress, pool=pool, seed=training.seed)
    progress.phase("learning preferences")
    learned = learn(pairs, training, progress)
    if not learned.bound:
        raise InputError(
            f"preferences would not surely make the ranking better: nDCG@10 of {learned.users[1]} held-out "
            f"users is {learned.metrics['N@10 base']:.4f} without them, and no bound is two standard errors "
            "above it",
            fix="give more orders; the recommender is best used as it is",
        )
    settings = PreferenceSettings(learned.bound, pool, read_channels(blend))
    kept = save_preferences(
        learned, settings, name, store, recommender=artifact, example=pairs.rows[:8], training=training
    )
    return TrainedPreferences(kept, settings, learned.users, learned.metrics)


def _sequence(router: TrainedRouter, known: Learned, data: Split, progress: Progress) -> SequenceChannel:
    """The sequence channel as a router would have it that had not seen the last items."""
    held = router.artifact.manifest.training
    settings = SequenceSettings(epochs=int(held["epochs"]), seed=int(held["seed"]))
    items = known.counts.items
    best = int(held["best_epoch"])
    fitted = fit_sequence(data.train, known.texts, settings, progress, stop_after=best)
    return served_channel(fitted, items, known.texts, best_of(instruction_sets()))
