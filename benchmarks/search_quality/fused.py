"""Leg runs → fused lists, by one fusion for all queries or by another one for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from aisle.evaluation import JudgedSet
from aisle.mappings import BM25, FusionSpec, default_fusion
from aisle.search import Fused, LegResult, fuse
from aisle.search.fusion import for_query, reweighted
from aisle.search.identifiers import on_top
from aisle.search.tuning.grid import Scorer
from aisle.search.tuning.guard import folds_of, rest_of
from aisle.search.tuning.matrix import Floats, Ints, metric_of, pool_of
from aisle.search.tuning.per_query import PoolFeatures, learn
from aisle.search.tuning.runs import LegRuns
from aisle.search.tuning.tune import Tuned, TuneOptions, tune
from benchmarks.harness.command_line import say
from benchmarks.quality.table import fusion_name
from benchmarks.search_quality.shop import WINDOW, Asked

FusedLists = Mapping[str, list[Fused]]
"""Query id to candidates, best first."""


def fused_by(asked: Asked, specs: Mapping[str, FusionSpec]) -> dict[str, list[Fused]]:
    """Each query's candidates as ``SearchClient.rank`` would order them.

    Args:
        asked: what the legs found.
        specs: query id to the fusion for it.
    """
    return {query: _fused(asked, query, spec) for query, spec in specs.items()}


def fused_alike(asked: Asked, spec: FusionSpec) -> dict[str, list[Fused]]:
    """The same fusion for all queries."""
    return fused_by(asked, dict.fromkeys(asked.searched, spec))


def legs_only(runs: LegRuns, legs: tuple[str, ...]) -> LegRuns:
    """As if the index had these legs alone."""
    return replace(runs, runs={leg: runs.runs[leg] for leg in legs}, default=default_fusion(legs))


def held_out_specs(tuned: Tuned, queries: Sequence[str]) -> dict[str, FusionSpec]:
    """For each query the fusion that was chosen without it.

    Args:
        tuned: by nested cross-validation.
        queries: those that have a relevant item, in the order of the judgments.
    """
    folds = folds_of(len(queries), tuned.options.folds, tuned.options.seed)
    return {
        queries[place]: winner.spec
        for fold, winner in zip(folds, tuned.winners, strict=True)
        for place in fold
    }


def held_out_per_query(tuned: Tuned, runs: LegRuns, judged: JudgedSet) -> dict[str, FusionSpec]:
    """The same, with weights per query that were learnt without the query too."""
    options = tuned.options
    pool = pool_of(runs, judged.qrels, options.relevant)
    scorer = Scorer(pool, metric_of(options.metric), options.relevant)
    number = len(pool.queries)
    specs: dict[str, FusionSpec] = {}
    for fold, winner in zip(folds_of(number, options.folds, options.seed), tuned.winners, strict=True):
        spec = winner.spec
        if len(spec.legs) > 1:
            features = PoolFeatures(runs, judged, pool.queries).of(spec.legs)
            model = learn(scorer, spec, features, rest_of(number, fold), options.guard)
            spec = replace(spec, query_weights=model)
        specs |= {pool.queries[place]: spec for place in fold}
    return specs


def chosen_without(values: Floats, folds: list[Ints]) -> Ints:
    """For each query the setting that is best on all other folds, of equally good ones the first.

    Args:
        values: [settings, queries].
        folds: of the queries.

    Returns:
        int64 [queries].
    """
    totals = values.sum(axis=1)
    chosen = np.zeros(values.shape[1], dtype=np.int64)
    for fold in folds:
        chosen[fold] = int(np.argmax(totals - values[:, fold].sum(axis=1)))
    return chosen


def _fused(asked: Asked, query: str, spec: FusionSpec) -> list[Fused]:
    scores = {leg: asked.runs.runs[leg].rankings.get(query, {}) for leg in spec.legs}
    results = {leg: LegResult(list(found), list(found.values())) for leg, found in scores.items()}
    used = reweighted(for_query(spec, asked.searched[query], results), results)
    fused = fuse(used, results)
    # Only a search that asks for words looks for ids and part numbers.
    named = asked.pinned.get(query) if BM25 in spec.legs else None
    return on_top(fused, named, len(spec.legs)) if named else fused


TYPED: Final = f"{BM25}, typos not corrected"
TUNED: Final = ", tuned"
PER_QUERY: Final = ", tuned, weights per query"


@dataclass(frozen=True, slots=True)
class Rung:
    """One system and what it found.

    Attributes:
        name: in tables.
        lists: query id to item ids, best first.
        before: rungs of which the best is the one that this one should beat; none for the first.
        fusion: how it fuses, in words.
    """

    name: str
    lists: Mapping[str, Sequence[str]]
    before: tuple[str, ...] = ()
    fusion: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Attributes:
    rungs: in order.
    tuned: of all legs.
    fused: what the tuned fusion of all legs finds, each query fused as chosen without it.
    """

    rungs: tuple[Rung, ...]
    tuned: Tuned
    fused: FusedLists


def name_of(legs: Sequence[str]) -> str:
    """``bm25+dense``."""
    return "+".join(legs)


def default_systems(legs: tuple[str, ...]) -> dict[str, FusionSpec]:
    """Each leg, each pair and all of them, by name, with the fusion that nobody tuned."""
    numbers = range(1, len(legs) + 1)
    sets = [some for number in numbers for some in combinations(legs, number)]
    return {name_of(some): default_fusion(some) for some in sets}


def climb(asked: Asked, judged: JudgedSet, options: TuneOptions) -> Ladder:
    """All rungs that need no reranker.

    Args:
        asked: what two legs or more found.
        judged: queries with a relevant item.
        options: metric and folds of the tuning.

    Raises:
        InputError: too few queries for the folds.
    """
    rungs = [Rung(TYPED, asked.typed)]
    queries = tuple(judged.qrels)
    tunings: dict[str, Tuned] = {}
    for system, spec in default_systems(asked.runs.legs).items():
        legs = spec.legs
        rungs.append(Rung(system, ids_of(fused_alike(asked, spec)), _before(legs), fusion_name(spec)))
        if len(legs) > 1:
            say(f"tuning {system}")
            tuned = tunings[system] = tune(legs_only(asked.runs, legs), judged, options)
            lists = ids_of(fused_by(asked, held_out_specs(tuned, queries)))
            rungs.append(Rung(f"{system}{TUNED}", lists, (system,), worded(tuned.spec)))
    say("weights per query")
    everything = name_of(asked.runs.legs)
    tuned = tunings[everything]
    varying = ids_of(fused_by(asked, held_out_per_query(tuned, asked.runs, judged)))
    rungs.append(Rung(f"{everything}{PER_QUERY}", varying, (f"{everything}{TUNED}",), worded(tuned.spec)))
    return Ladder(tuple(rungs), tuned, fused_by(asked, held_out_specs(tuned, queries)))


def ids_of(fused: FusedLists) -> dict[str, list[str]]:
    """The lists without scores, as far as any metric looks."""
    return {query: [each.id for each in found[:WINDOW]] for query, found in fused.items()}


def worded(spec: FusionSpec) -> str:
    """The fusion with its legs, since the guard may have left some out."""
    return f"{name_of(spec.legs)} by {fusion_name(spec)}" if len(spec.legs) > 1 else f"{spec.legs[0]} alone"


def _before(legs: tuple[str, ...]) -> tuple[str, ...]:
    if legs == (BM25,):
        return (TYPED,)
    if len(legs) == 1:
        return ()
    smaller = combinations(legs, len(legs) - 1)
    return tuple(name_of(some) if len(some) == 1 else f"{name_of(some)}{TUNED}" for some in smaller)
