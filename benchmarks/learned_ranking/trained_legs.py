"""A ranker on top of legs that judgments trained: from queries that the legs do not know, and from others.

Part of train's queries taught the legs; the rest chooses the fusion and teaches the ranker. That is the cheap
form of out-of-fold scores: one training of the legs in place of one a fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle._train_ranker import WINDOW
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, Run, evaluate, paired_randomisation_test
from aisle.evaluation.runs import ScoredRun
from aisle.mappings import DENSE, FusionSpec, default_fusion
from aisle.search.rank.ranker import DEPTH
from aisle.search.tuning.tune import TuneOptions, tune
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.added import Candidates, cosines, likeness, with_columns
from benchmarks.learned_ranking.asked import RELEVANT
from benchmarks.learned_ranking.asked_legs import DEV, KNOWN, UNKNOWN, splits_of, told_of
from benchmarks.learned_ranking.measure import (
    TREES,
    Floats,
    Measured,
    Row,
    measured,
    row,
    trained,
)
from benchmarks.learned_ranking.setup import HOME, Setup
from benchmarks.learned_ranking.told import candidates_by, leg_runs

PART: Final = "trained legs"
DEFAULT, TUNED, RANKED = "fusion, default", "fusion, tuned", "default + ranker"
LEARNED: Final = f"{RANKED} taught by queries that the legs had learned"
SEEDS: Final = (7, 8, 9, 10, 11)
ALL: Final = "all that three legs found + ranker"
ASKED_BY: Final = {UNKNOWN: "queries that the legs do not know", KNOWN: "queries that they had learned"}
_FOUND: Final = 200

WHOLE: Final = "cosine of whole vectors"
PLAIN: Final = "cosine of the untrained encoder's vectors"
ALIKE, PLAINLY_ALIKE = "likeness to the best", "likeness to the best by the untrained encoder"


@dataclass(frozen=True, slots=True)
class Way:
    """A ranker.

    Attributes:
        name: for tables.
        columns: features that the index is not asked for.
        seeds: trainings whose mean it is.
    """

    name: str
    columns: tuple[str, ...] = ()
    seeds: int = 1


WAYS: Final = (
    Way(RANKED),
    Way(f"{RANKED}, mean of {len(SEEDS)} seeds", seeds=len(SEEDS)),
    Way(f"{RANKED}, with both encoders' whole vectors", (WHOLE, PLAIN, ALIKE, PLAINLY_ALIKE)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The items, encoded whole by the trained encoder and by the untrained one.

    Attributes:
        places: item to its row; encoders: column to what makes its vectors; items: column to float32 [n, d].
    """

    places: dict[str, int]
    encoders: dict[str, DenseEncoder]
    items: dict[str, NDArray[np.float32]]

    @classmethod
    def read(cls, encoder: str, limit: int | None) -> Self:
        """Encoded once, and kept."""
        items = list(read_catalogue(dataset(HOME), ReadOptions(limit=limit)))
        plain, store = load_encoder(), ArtifactStore.default()
        encoders = {WHOLE: DenseEncoder.load(encoder, store=store), PLAIN: plain}
        vectors = {name: item_vectors(model, items) for name, model in encoders.items()}
        return cls({item.id: place for place, item in enumerate(items)}, encoders, vectors)

    def columns(self, found: Candidates, judged: JudgedSet) -> dict[str, Floats]:
        """What whole vectors say of candidates, float64 [N] each."""
        texts = {query.id: query.text for query in judged.queries}
        asked = [texts[query] for query in found.table.queries]
        told = {
            name: cosines(found, model.encode_queries(asked), self.items[name])
            for name, model in self.encoders.items()
        }
        alike = {ALIKE: self.items[WHOLE], PLAINLY_ALIKE: self.items[PLAIN]}
        return {**told, **{name: likeness(found, vectors) for name, vectors in alike.items()}}


def measure(setup: Setup) -> Figures:
    """The fusion as it is and tuned, and rankers on top of it, on dev.

    Raises:
        InputError: no trained legs are named.
    """
    if setup.trained is None:
        raise InputError("no trained legs are named", fix="give --encoder, --sparse and --learned")
    files, splits = told_of(setup, setup.trained), splits_of(setup, setup.trained)
    catalogue = Catalogue.read(setup.trained.encoder, setup.limit)
    runs = leg_runs(files[UNKNOWN], splits[UNKNOWN], WINDOW)
    tuned = tune(runs, splits[UNKNOWN], TuneOptions(metric="nDCG@20", relevant=RELEVANT)).spec
    say(f"tuned: {tuned}")
    default = default_fusion(runs.legs)

    def candidates(split: str, spec: FusionSpec, depth: int = DEPTH) -> Candidates:
        say(f"features of the candidates of {split}")
        return candidates_by(files[split], splits[split], spec, depth, catalogue.places)

    dev, unknown, known = (candidates(split, default) for split in (DEV, UNKNOWN, KNOWN))
    base = measured(dev.table, dev.table.fused())
    chosen = candidates(DEV, tuned).table
    best_fusion = measured(chosen, chosen.fused())
    rows = [
        row(PART, DEFAULT, base, None) | recall(dev.table, dev.table.fused()),
        row(PART, TUNED, best_fusion, base, fusion=tuned.to_json()) | recall(chosen, chosen.fused()),
    ]

    def told(name: str, table: RankingTable, scores: Floats, seconds: float) -> Measured:
        """A ranker on dev, beside both fusions."""
        now = measured(table, scores)
        p = paired_randomisation_test(now.at_20.tolist(), best_fusion.at_20.tolist())
        beside = {"tuned_delta": float(now.at_20.mean() - best_fusion.at_20.mean()), "tuned_p": p}
        line = row(PART, name, now, base, **beside, train_cpu_s=seconds)
        rows.append(line | recall(table, scores))
        return now

    for leg, run in leg_runs(files[DEV], splits[DEV], WINDOW).runs.items():
        rows.append(alone(leg, run, splits[DEV]))
    columns = {split: catalogue.columns(of, splits[split]) for split, of in ((DEV, dev), (UNKNOWN, unknown))}
    found: dict[str, Measured] = {}
    for way in WAYS:
        say(f"training {way.name}")
        taught = with_columns(unknown.table, [columns[UNKNOWN][name] for name in way.columns])
        asked = with_columns(dev.table, [columns[DEV][name] for name in way.columns])
        rankers = [trained(taught, replace(TREES, seed=seed)) for seed in SEEDS[: way.seeds]]
        scores = np.mean([model.scores(asked.rows) for model, _ in rankers], axis=0)
        found[way.name] = told(way.name, asked, scores, sum(seconds for _, seconds in rankers))
    model, seconds = trained(unknown.table, TREES)
    everything = candidates(DEV, default, len(default.legs) * WINDOW).table
    told(ALL, everything, model.scores(everything.rows), seconds)
    leaking, seconds = trained(known.table, TREES)
    told(LEARNED, dev.table, leaking.scores(dev.table.rows), seconds)
    for name, table in ((UNKNOWN, unknown.table), (KNOWN, known.table)):
        by_fusion = measured(table, table.fused())
        rows.append(row(PART, f"{DEFAULT}, on {ASKED_BY[name]}", by_fusion, None))
    return Figures(rows, [*_attempts(found), *trials("learned-ranking", PART)], _goals(rows))


def recall(table: RankingTable, scores: Floats) -> Row:
    """R@200 of the candidates in the order of their scores."""
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    order = np.lexsort((np.arange(len(scores)), -scores, owners))
    ranks = np.arange(len(order)) - table.bounds[owners]
    good = (np.nan_to_num(table.grades[order]) >= RELEVANT) & (ranks < _FOUND)
    there = np.array([sum(grade >= RELEVANT for grade in grades) for grades in table.judged])
    return {"R@200": float((np.bincount(owners, good, len(there)) / np.maximum(there, 1)).mean())}


def alone(leg: str, run: ScoredRun, judged: JudgedSet) -> Row:
    """What a leg finds by itself."""
    metrics = ("nDCG@10", "nDCG@20", f"R@{_FOUND}")
    told = Run(leg, {query: list(found) for query, found in run.rankings.items()})
    scores = evaluate(told, judged.qrels, metrics, relevant=RELEVANT)
    means = {metric: scores.mean(metric) for metric in metrics}
    return {"part": PART, "system": f"{leg} alone", "queries": scores.queries, **means}


def _attempts(found: Mapping[str, Measured]) -> list[dict[str, str]]:
    """What each way adds to the usual ranker."""
    usual = found[RANKED]
    told = []
    for name, of in found.items():
        if name != RANKED:
            p = paired_randomisation_test(of.at_20.tolist(), usual.at_20.tolist())
            figure = f"{of.at_20.mean() - usual.at_20.mean():+.4f}, p {p:.3f}; {of.pool - usual.pool:+.4f}"
            trial = f"{name} (nDCG@20 to the ranker without; judged pool nDCG@10)"
            told.append({"trial": trial, "figure": figure, "kept": "no"})
    return told


def _goals(rows: list[Row]) -> list[Goal]:
    by_name = {each["system"]: each for each in rows}
    ranked, dense = by_name[RANKED], by_name[f"{DENSE} alone"]
    return [
        Goal("three legs, tuned: nDCG@20", by_name[TUNED]["nDCG@20"], 0.50, HIGHER),
        Goal("ranker on top: nDCG@20", ranked["nDCG@20"], 0.515, HIGHER),
        Goal("ranker on top: nDCG@10", ranked["nDCG@10"], 0.46, HIGHER),
        Goal("ranker on top: judged pool nDCG@10", ranked["judged pool nDCG@10"], 0.905, HIGHER),
        Goal("R@200, three legs", by_name[ALL]["R@200"], 0.89, HIGHER),
        Goal("R@200, dense leg of 256 bytes an item, as it is searched", dense["R@200"], 0.83, HIGHER),
    ]
