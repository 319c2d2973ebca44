"""Beauty with a user's last item as the trigger of the next: what two heads know without the history."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._recommend import encode_texts, find_files, read_data
from aisle.baskets import baskets_of
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import TriggerScorer
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import (
    EngagementScorer,
    RelevanceScorer,
    VectorScorer,
)
from aisle.sequences import Sequences
from aisle.training.common.progress import Silent
from aisle.training.item_to_item.batches import CountedRows
from aisle.training.item_to_item.fit import fit
from aisle.training.item_to_item.job import COUNTS_WEIGHTS, Catalogue, ItemTexts
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures

SETTINGS: Final = ItemToItemSettings(batches=CountedRows(1024), epochs=30)
METRICS: Final = ("R@10", "N@10")
TEXT_WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)


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
    """Choose the weights of counts and texts on the validation; measure the test, learned with it."""
    sequences, catalogue = _beauty()
    protocol = EvaluationProtocol(refit=True)
    validation, test = (split(sequences, protocol, phase) for phase in Phase)
    model, _ = _trained(validation, catalogue)
    tried = {
        (counts, text): _metrics(_both(model, catalogue, counts, text), validation)
        for counts in COUNTS_WEIGHTS
        for text in TEXT_WEIGHTS
    }
    counts, text = max(tried, key=lambda weights: tried[weights]["N@10"])
    say(f"counts have weight {counts:g}, texts {text:g}")
    model, seconds = _trained(test, catalogue)
    texts = catalogue.texts.vectors if catalogue.texts else np.zeros((len(model.items), 1), dtype=np.float32)
    systems = (
        EngagementScorer("engagement head", replace(model, counts_weight=counts)),
        EngagementScorer("engagement head, no counts", model),
        RelevanceScorer("relevance head", model),
        VectorScorer("text", texts, texts),
        _both(model, catalogue, counts, text),
    )
    about = {"dataset": "beauty", "counts_weight": counts, "text_weight": text, "cpu_seconds": seconds}
    rows: list[dict[str, Any]] = [
        {**about, "system": scorer.name, **_metrics(scorer, test)} for scorer in systems
    ]
    best = rows[0]
    goals = (
        Goal("Beauty, last item as trigger, engagement head, R@10", best["R@10"], 0.085, HIGHER),
        Goal("Beauty, last item as trigger, engagement head, N@10", best["N@10"], 0.052, HIGHER),
    )
    return Figures(rows, (), goals)


def _both(model: TwoHeads, catalogue: Catalogue, counts: float, text: float) -> TriggerScorer:
    texts = catalogue.texts
    if texts is None:
        raise InputError("these items have no texts", fix="name a data set with a catalogue")
    return Sum(
        "engagement head and text",
        EngagementScorer("engagement", replace(model, counts_weight=counts)),
        VectorScorer("text", texts.vectors, texts.vectors),
        text,
    )


@dataclass(frozen=True, slots=True)
class Sum:
    """Engagement scores are logarithms: a part of the text's cosine is added as it is.

    Attributes:
        name: for tables.
        first, second: that are added.
        weight: of the second.
    """

    name: str
    first: TriggerScorer
    second: TriggerScorer
    weight: float

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        found = self.first.scores(triggers)
        return found + np.float32(self.weight) * self.second.scores(triggers) if self.weight else found


def _metrics(scorer: TriggerScorer, data: Split) -> dict[str, float]:
    found = dict(rank_targets(LastItem(scorer), data, "").means(METRICS))
    say(f"{scorer.name}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()))
    return found


def _trained(data: Split, catalogue: Catalogue) -> tuple[TwoHeads, float]:
    baskets = baskets_of(data.train)
    began = time.process_time()
    fitted = fit(baskets, catalogue.content(baskets), SETTINGS, Silent())
    return catalogue.model(baskets, fitted.towers, 0.0), time.process_time() - began


def _beauty() -> tuple[Sequences, Catalogue]:
    known, read = read_data(find_files(dataset("beauty"), None), None, say)
    encoded = encode_texts(known.texts if known else (), ENCODER, ArtifactStore.default(), say)
    if known is None or encoded is None:
        raise InputError("beauty has no texts", fix="put the data set with its titles there")
    texts = ItemTexts(encoded.vectors, encoded.whitening, encoded.encoder)
    return read.sequences, Catalogue(known.titles, known.categories, known.brands, texts)
