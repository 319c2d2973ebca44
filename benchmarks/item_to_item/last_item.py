"""Beauty with a user's last item as the trigger of the next: what two heads know without the history."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle._recommend import encode_texts, find_files, read_data
from aisle.baskets import baskets_of
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import TriggerScorer
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.channels import followers
from aisle.recommendation.counts import count_items
from aisle.recommendation.item_to_item.basket_counts import count_baskets, together_scores
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import (
    EngagementScorer,
    MatrixScorer,
    RelevanceScorer,
    VectorScorer,
    WeightedSum,
)
from aisle.sequences import Sequences
from aisle.training.common.progress import Silent
from aisle.training.item_to_item.batches import CountedRows
from aisle.training.item_to_item.fit import fit
from aisle.training.item_to_item.job import Catalogue, ItemTexts
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures

SETTINGS: Final = ItemToItemSettings(batches=CountedRows(1024), epochs=15)
METRICS: Final = ("R@10", "N@10")
ASKED: Final = 4_000
"""Users of the validation that weights are chosen on, drawn."""
COUNTS_WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
TEXT_WEIGHTS: Final = (0.0, 1.0, 2.0, 4.0)
SUM_WEIGHTS: Final = (0.0, 0.25, 0.5, 1.0)
ENGAGEMENT, WITH_TEXT = "engagement head", "engagement head and text"
USERS, FOLLOWERS = "users' items", "what follows"
"""Counts of each user's items as a basket; of what comes after an item within 8 steps, by 1 / distance."""


@dataclass(frozen=True, slots=True, eq=False)
class LastItem:
    """Scores of a history's last item, for `rank_targets`.

    Attributes:
        scorer: of triggers.
    """

    scorer: TriggerScorer

    @property
    def name(self) -> str:
        """For tables."""
        return self.scorer.name

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """float32 [users, items]."""
        return self.scorer.scores(histories.steps[histories.offsets[1:] - 1])


def measure() -> Figures:
    """Weights are chosen on the validation, whose steps the test's counts know, and the towers do not."""
    sequences, catalogue = _beauty()
    protocol = EvaluationProtocol(refit=True)
    validation, test = (split(sequences, protocol, phase) for phase in Phase)
    texts = catalogue.texts
    if texts is None:
        raise InputError("these items have no texts", fix="name a data set with a catalogue")
    text = VectorScorer("text", texts.vectors, texts.vectors)
    baskets = baskets_of(validation.train)
    began = time.process_time()
    towers = fit(baskets, catalogue.content(baskets), SETTINGS, Silent()).towers
    seconds = time.process_time() - began
    model = catalogue.model(baskets, towers, 0.0)
    asked = _drawn(validation)
    heads = {
        counted: _best(model, _counts(validation, counted), text, asked) for counted in (USERS, FOLLOWERS)
    }
    parts = {
        weight: _metrics(_simple(_counts(validation, FOLLOWERS), text, weight), asked)["N@10"]
        for weight in SUM_WEIGHTS
    }
    simple = max(parts, key=lambda weight: parts[weight])
    follow = _counts(test, FOLLOWERS)
    systems: list[tuple[TriggerScorer, str]] = [
        (text, ""),
        (MatrixScorer(f"counts, {FOLLOWERS}", follow), ""),
        (_simple(follow, text, simple), f"text {simple:g}"),
        (EngagementScorer("engagement head, no counts", model), ""),
        (RelevanceScorer("relevance head", model), ""),
    ]
    for counted, best in heads.items():
        counts = _counts(test, counted)
        name = f"{ENGAGEMENT}, counts of {counted}"
        systems.append((_heads(name, model, counts, best.alone, text, 0.0), f"counts {best.alone:g}"))
        name = f"{WITH_TEXT}, counts of {counted}"
        systems.append((_heads(name, model, counts, best.counts, text, best.text), best.words()))
    about = {"dataset": "beauty", "seed": SETTINGS.seed, "cpu_seconds": seconds}
    rows: list[dict[str, Any]] = [
        {**about, "settings": settings, "system": scorer.name, **_metrics(scorer, test)}
        for scorer, settings in systems
    ]
    by_name = {row["system"]: row for row in rows}
    goals = [
        Goal(
            f"Beauty, last item as trigger, {system}, {metric}",
            by_name[f"{system}, counts of {FOLLOWERS}"][metric],
            goal,
            HIGHER,
        )
        for system in (ENGAGEMENT, WITH_TEXT)
        for metric, goal in (("R@10", 0.085), ("N@10", 0.052))
    ]
    return Figures(rows, trials("item-to-item", "last item"), goals)


@dataclass(frozen=True, slots=True)
class Weights:
    """What the validation chose beside the engagement vectors.

    Attributes:
        alone: of the counts where there are no texts.
        counts, text: of both.
    """

    alone: float
    counts: float
    text: float

    def words(self) -> str:
        """For tables."""
        return f"counts {self.counts:g}, text {self.text:g}"


def _best(model: TwoHeads, counts: sparse.csr_array, text: VectorScorer, asked: Split) -> Weights:
    tried = {
        (by_counts, by_text): _metrics(_heads("", model, counts, by_counts, text, by_text), asked)["N@10"]
        for by_counts, by_text in product(COUNTS_WEIGHTS, TEXT_WEIGHTS)
    }
    both = max(tried, key=lambda weights: tried[weights])
    alone = max(COUNTS_WEIGHTS, key=lambda weight: tried[weight, 0.0])
    return Weights(alone, *both)


def _counts(data: Split, counted: str) -> sparse.csr_array:
    """float32 [items, items]."""
    if counted == USERS:
        return together_scores(count_baskets(baskets_of(data.train)))
    return followers(count_items(data.train), 0.0)


def _heads(
    name: str,
    model: TwoHeads,
    counts: sparse.csr_array,
    by_counts: float,
    text: VectorScorer,
    by_text: float,
) -> TriggerScorer:
    """The engagement head with logarithms of counts, and texts."""
    logs = counts.copy()
    logs.data = np.log1p(logs.data)
    parts = ((EngagementScorer("", model), 1.0), (MatrixScorer("", logs), by_counts), (text, by_text))
    return Sum(name, tuple((scorer, weight) for scorer, weight in parts if weight))


def _simple(counts: sparse.csr_array, text: VectorScorer, weight: float) -> TriggerScorer:
    return WeightedSum(f"weighted sum, {FOLLOWERS}", MatrixScorer("", counts), text, weight)


@dataclass(frozen=True, slots=True)
class Sum:
    """Engagement scores are logarithms: those of counts, and the text's cosine as it is, are added to them.

    Attributes:
        name: for tables.
        parts: scorers and their weights.
    """

    name: str
    parts: tuple[tuple[TriggerScorer, float], ...]

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        total = np.zeros((), dtype=np.float32)
        for scorer, weight in self.parts:
            total = total + np.float32(weight) * scorer.scores(triggers)
        return total


def _metrics(scorer: TriggerScorer, data: Split) -> dict[str, float]:
    found = dict(rank_targets(LastItem(scorer), data, "").means(METRICS))
    say(f"{scorer.name}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()))
    return found


def _drawn(data: Split) -> Split:
    drawn = np.random.default_rng(0).permutation(len(data.targets))[:ASKED]
    return replace(data, histories=data.histories.of_users(drawn), targets=data.targets[drawn])


def _beauty() -> tuple[Sequences, Catalogue]:
    known, read = read_data(find_files(dataset("beauty"), None), None, say)
    encoded = encode_texts(known.texts if known else (), ENCODER, ArtifactStore.default(), say)
    if known is None or encoded is None:
        raise InputError("beauty has no texts", fix="put the data set with its titles there")
    texts = ItemTexts(encoded.vectors, encoded.whitening, encoded.encoder)
    return read.sequences, Catalogue(known.titles, known.categories, known.brands, texts)
