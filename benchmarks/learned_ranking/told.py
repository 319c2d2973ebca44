"""What an index says of all that its legs find, kept whole.

Other fusions, features of another version and features that the index does not say are made of it in minutes,
without a node.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson

from aisle._files import whole_file
from aisle.evaluation import JudgedSet
from aisle.evaluation.runs import ScoredRun
from aisle.mappings import FusionSpec, default_fusion
from aisle.search.fusion import LegResult, fuse
from aisle.search.rank.evidence import Candidate, Evidence
from aisle.search.tuning.runs import LegRuns, data_hash
from aisle.training.ranking.table import ranking_table
from benchmarks.learned_ranking.added import Candidates

_LEVEL = 3


def write_told(told: Iterable[tuple[str, Evidence]], path: Path) -> None:
    """Query ids and what is known of their candidates, a line each; an interrupted write leaves no file.

    Raises:
        InputError: the folder cannot be written.
    """
    with whole_file(path) as raw, gzip.open(raw, "wb", _LEVEL) as file:
        for query, evidence in told:
            file.write(orjson.dumps([query, evidence]) + b"\n")


def read_told(path: Path) -> Iterator[tuple[str, Evidence]]:
    """Read them back."""
    with gzip.open(path, "rb") as file:
        for line in file:
            query, held = orjson.loads(line)
            candidates = tuple(
                Candidate(
                    **{**each, **{name: tuple(each[name]) for name in ("words", "category", "measures")}}
                )
                for each in held["candidates"]
            )
            told = {**held, "candidates": candidates, "measures": tuple(map(tuple, held["measures"]))}
            told |= {name: tuple(held[name]) for name in ("words", "legs", "known_signals")}
            yield query, Evidence(**told)


def leg_result(evidence: Evidence, leg: str) -> LegResult:
    """What one leg found, in its order."""
    found = sorted(
        (each.ranks[leg], each.scores.get(leg, 0.0), each.id)
        for each in evidence.candidates
        if leg in each.ranks
    )
    # Scores of the graph and exact ones differ in the last digits: none may rise.
    scores = np.minimum.accumulate([score for _, score, _ in found]) if found else ()
    return LegResult([id_ for *_, id_ in found], [float(score) for score in scores])


def fused_by(evidence: Evidence, spec: FusionSpec, depth: int) -> Evidence:
    """The same query with the best candidates of another fusion, which may ask fewer legs.

    Args:
        evidence: of all that the legs found.
        spec: of legs that were asked.
        depth: how many.
    """
    legs = tuple(leg for leg in evidence.legs if leg in spec.legs)
    results = {leg: leg_result(evidence, leg) for leg in legs}
    known = {each.id: each for each in evidence.candidates}
    candidates = tuple(
        replace(
            known[each.id],
            fused=each.score,
            place=place,
            scores={leg: score for leg, score in known[each.id].scores.items() if leg in legs},
            ranks={leg: rank for leg, rank in known[each.id].ranks.items() if leg in legs},
        )
        for place, each in enumerate(fuse(spec, results)[:depth])
    )
    return replace(evidence, legs=legs, candidates=candidates)


def leg_runs(path: Path, judged: JudgedSet, window: int) -> LegRuns:
    """What each leg found, for tuning.

    Args:
        path: of `write_told`.
        judged: the queries and judgments that it was asked for.
        window: candidates of each leg.
    """
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for query, evidence in read_told(path):
        for leg in evidence.legs:
            found = leg_result(evidence, leg)
            runs.setdefault(leg, {})[query] = dict(zip(found.ids, found.scores, strict=True))
    return LegRuns(
        runs={leg: ScoredRun(leg, rankings) for leg, rankings in runs.items()},
        release=path.parent.name,
        window=window,
        dataset=judged.name,
        split=judged.split,
        data_hash=data_hash(judged),
        spaces={},
        default=default_fusion(tuple(runs)),
    )


def candidates_by(
    path: Path, judged: JudgedSet, spec: FusionSpec, depth: int, places: Mapping[str, int]
) -> Candidates:
    """Features of the candidates of a fusion.

    Args:
        path: of `write_told`.
        judged: the queries and judgments that it was asked for.
        spec: of legs that were asked.
        depth: candidates of a query.
        places: item to its place in the catalogue.
    """
    items: list[int] = []

    def found() -> Iterator[tuple[str, Evidence]]:
        for query, evidence in read_told(path):
            told = fused_by(evidence, spec, depth)
            items.extend(places[each.id] for each in told.candidates)
            yield query, told

    table = ranking_table(found(), judged.qrels)
    return Candidates(table, np.array(items))
