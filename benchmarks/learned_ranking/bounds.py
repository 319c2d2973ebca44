"""Is a model safer that may move a candidate only so far? Bounded blends beside today's mixture.

A model's scores are added to the fusion's in one of three ways: not at all ("alone": its order), as a mixture
(1 - w) x base + w x score, or as base + bound x tanh(delta). All are in standard deviations of a query's
candidates. Weights and bounds are chosen on queries of train that no model learned from. One model is the
ranker; one is learned by preferences as recommendations are, with the fusion as its reference: pairs of a
judged item and others of the same candidates that are worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.preferences import bounded
from aisle.search.rank.features import FEATURES
from aisle.training.common.progress import Silent
from aisle.training.preferences.fit import BOUNDS, PreferenceTraining, fit
from aisle.training.preferences.pairs import OTHERS, Preferred
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import asked
from benchmarks.learned_ranking.measure import FUSION, TAUGHT, TREES, Floats, Row, measured, row, trained
from benchmarks.learned_ranking.setup import AWAY, HOME, Setup

PART: Final = "bounds"
WEIGHTS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
FEW: Final = (30, 100)
_DEPTH: Final = 20
_SEED: Final = 7
_RELEVANT: Final = 2
_PAIRS: Final = 3


@dataclass(frozen=True, slots=True)
class Blend:
    """How a model's scores meet the fusion's.

    Attributes:
        bound: farthest that a candidate moves; None: none.
        weight: of the model in a mixture; without a bound, 1 is the model alone.
    """

    bound: float | None = None
    weight: float = 1.0

    def of(self, base: Floats, scores: Floats) -> Floats:
        """What orders the candidates, float64 [n]; both are standardised."""
        if self.bound is None:
            return (1 - self.weight) * base + self.weight * scores
        return base + bounded(scores.astype(np.float32), self.bound)


ALONE: Final = Blend()
WAYS: Final[Mapping[str, tuple[Blend, ...]]] = {
    "alone": (ALONE,),
    "mixture": tuple(Blend(weight=weight) for weight in WEIGHTS),
    "bounded": tuple(Blend(bound=bound) for bound in BOUNDS),
}


def standardised(table: RankingTable, scores: Floats) -> Floats:
    """Scores in standard deviations of a query's candidates, from their mean."""
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    means = np.bincount(owners, scores) / table.sizes
    spread = np.sqrt(np.bincount(owners, (scores - means[owners]) ** 2) / table.sizes)
    return np.asarray((scores - means[owners]) / np.maximum(spread, 1e-9)[owners])


def fused_scores(table: RankingTable) -> Floats:
    """The fusion's scores as shares of the best, standardised; it never changes the fusion's order."""
    column = [feature.name for feature in FEATURES].index("fusion: share of the best")
    return standardised(table, np.nan_to_num(table.rows[:, column]))


def preferred(table: RankingTable, base: Floats, fill: NDArray[np.float32], seed: int) -> Preferred:
    """Judged items that are relevant, each with the candidates of its query that are worse.

    Args:
        table: to learn from.
        base: the reference's scores.
        fill: float32 [F], what stands for a feature that does not apply.
        seed: of the draw of judged items, three a query.
    """
    draw = np.random.default_rng(seed)
    rows, bases, targets, offsets = [], [], [], [0]
    features = filled(table, fill)
    grades = np.nan_to_num(table.grades)
    for first, last in zip(table.bounds[:-1].tolist(), table.bounds[1:].tolist(), strict=True):
        own = grades[first:last]
        good = np.flatnonzero(own >= _RELEVANT)
        for taken in draw.permutation(good)[:_PAIRS]:
            pool = first + np.flatnonzero((own < own[taken]) | (np.arange(len(own)) == taken))
            if len(pool) > 1:
                targets.append(offsets[-1] + int(np.flatnonzero(pool == first + taken)[0]))
                offsets.append(offsets[-1] + len(pool))
                rows.append(features[pool])
                bases.append(base[pool])
    number = len(targets)
    nobody = np.zeros((number, OTHERS, features.shape[1]), np.float32)
    return Preferred(
        np.arange(number),
        np.concatenate(rows),
        np.array(offsets),
        np.array(targets),
        np.concatenate(bases).astype(np.float32),
        nobody,
        number,
    )


def filled(table: RankingTable, fill: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features without gaps."""
    rows = table.rows.astype(np.float32)
    return np.where(np.isnan(rows), fill, rows)


def measure(setup: Setup) -> Figures:
    """Each model in each way, on dev and on a catalogue that it has not seen."""
    home = asked(HOME, {"dev": None, "train": setup.queries}, setup.kept, setup.limit)
    whole = home["train"].table
    drawn = np.random.default_rng(_SEED).permutation(len(whole.queries))
    taught, held = np.split(drawn[: 2 * TAUGHT], [min(TAUGHT, len(drawn) // 2)])
    train, choose = whole.of_queries(np.sort(taught)), whole.of_queries(np.sort(held))
    tested = {HOME: home["dev"].table}
    if setup.away:
        tested[AWAY] = asked(AWAY, {"dev": None}, setup.kept, setup.limit)["dev"].table
    tables = {"choose": choose, **tested}
    scores = {
        "ranker": _by_trees(train, tables),
        "preferences": _by_preferences(train, tables, limited=True),
        "preferences, learned without a bound": _by_preferences(train, tables, limited=False),
    }
    for few in FEW:
        scores[f"ranker of {few} queries"] = _by_trees(
            train.of_queries(np.arange(min(few, len(train.queries)))), tables
        )
    bases = {name: fused_scores(table) for name, table in tables.items()}
    before = {name: measured(table, bases[name]) for name, table in tested.items()}
    rows = [row(PART, FUSION, found, None, dataset=name) for name, found in before.items()]
    for model, by in scores.items():
        for way, blends in WAYS.items():
            means = [choose.ndcg(blend.of(bases["choose"], by["choose"]), _DEPTH).mean() for blend in blends]
            best = blends[int(np.argmax(means))]
            for name, table in tested.items():
                found = measured(table, best.of(bases[name], by[name]))
                told = {"bound": best.bound} if best.bound else {"weight": best.weight}
                rows.append(row(PART, f"{model}, {way}", found, before[name], dataset=name, **told))
                say(f"{name}: {model}, {way} {told}: nDCG@20 {rows[-1]['nDCG@20']:.4f}")
    return Figures(rows, trials("learned-ranking", PART), _goals(rows))


def _by_trees(train: RankingTable, tables: Mapping[str, RankingTable]) -> dict[str, Floats]:
    model, _ = trained(train, TREES)
    return {name: standardised(table, model.scores(table.rows)) for name, table in tables.items()}


def _by_preferences(
    train: RankingTable, tables: Mapping[str, RankingTable], *, limited: bool
) -> dict[str, Floats]:
    """Deltas, as the model gives them: a tanh is what they were learned for."""
    known = ~np.isnan(train.rows)
    fill = (np.nan_to_num(train.rows).sum(axis=0) / np.maximum(known.sum(axis=0), 1)).astype(np.float32)
    data = preferred(train, fused_scores(train), fill, _SEED)
    model = fit(data, PreferenceTraining(bounded=limited, seed=_SEED), Silent())
    return {name: model.deltas(filled(table, fill)).astype(np.float64) for name, table in tables.items()}


def _goals(rows: list[Row]) -> list[Goal]:
    deltas = [each["delta"] for each in rows if each["system"].endswith("bounded")]
    return [Goal("worst of what is bounded, nDCG@20 to the fusion", min(deltas), 0.0, HIGHER)]
