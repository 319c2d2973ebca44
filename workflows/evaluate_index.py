"""Asks an index every judged query, once per system, and scores the answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evaluation import EvaluationReport, JudgedSet, Run, Scores, answerable, evaluate, report
from mappings import FusionSpec
from records import EvaluationError
from search import RerankOptions, SearchClient

# R@200 needs 200 results of each single leg.
DEPTH = 200


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The report, and what is behind it by system: the scores per query and the runs."""

    report: EvaluationReport
    scores: Mapping[str, Scores]
    runs: Mapping[str, Run]


def evaluate_index(
    client: SearchClient,
    judged: JudgedSet,
    systems: Mapping[str, FusionSpec],
    relevant: int = 2,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    reranked: Mapping[str, RerankOptions] = MappingProxyType({}),
) -> Evaluated:
    """Run and score each system on the queries that have a relevant item.

    Args:
        client: with a window of at least ``DEPTH``.
        judged: queries and judgments.
        systems: name to fusion; the first is the baseline that the others are compared with.
        relevant: lowest grade that counts as relevant.
        progress: called with (system, queries done, queries in all).
        reranked: system to how its candidates are reranked, for those that are.

    Raises:
        EvaluationError: nothing to score, or judgments of another catalogue.
        SearchError, ClusterError: from the client.
    """
    wanted = answerable(judged.qrels, relevant)
    queries = [query for query in judged.queries if query.id in wanted]
    runs: dict[str, Run] = {}
    p50_ms: dict[str, float] = {}
    for name, fusion in systems.items():
        rankings: dict[str, list[str]] = {}
        milliseconds: list[float] = []
        for done, query in enumerate(queries, 1):
            started = time.perf_counter()
            ranking = client.rank(query.text, fusion=fusion)
            how = reranked.get(name)
            order = client.rerank(ranking, how).order if how else ranking.fused
            milliseconds.append((time.perf_counter() - started) * 1000)
            rankings[query.id] = [fused.id for fused in order[:DEPTH]]
            progress(name, done, len(queries))
        runs[name] = Run(name, rankings)
        p50_ms[name] = statistics.median(milliseconds) if milliseconds else 0.0
    scores = {name: evaluate(run, judged.qrels, relevant=relevant) for name, run in runs.items()}
    _check_kinship(judged, runs.values())
    summary = report(
        list(scores.values()), dataset=judged.name, split=judged.split, relevant=relevant, p50_ms=p50_ms
    )
    return Evaluated(summary, scores, runs)


def _check_kinship(judged: JudgedSet, runs: Iterable[Run]) -> None:
    """Zeros in every cell would hide that the judgments are about other items."""
    if not any(
        judged.qrels[query].keys() & set(found) for run in runs for query, found in run.rankings.items()
    ):
        raise EvaluationError(
            f"no system found any of the items that {judged.name} judges",
            fix="evaluate the index of the very catalogue that was judged (--name)",
        )
