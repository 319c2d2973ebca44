"""Asks an index every judged query, once per system, and scores the answers."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.cluster import translated_errors
from aisle.cluster.retries import RetryPolicy
from aisle.errors import EvaluationError
from aisle.evaluation import EvaluationReport, JudgedSet, Run, Scores, answerable, evaluate, report
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.indexer.lease.state import StateIndex
from aisle.indexer.pipeline import Vectors
from aisle.mappings import DENSE, FusionSpec, VectorSpace, fields
from aisle.search import DenseLeg, Question, RerankOptions, SearchClient
from aisle.search.request import candidates_body, leg_results
from aisle.types import Item

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


Floats = NDArray[np.float32]
# What is left over of a name that nobody uses again is no reason to wait.
_TIDY = RetryPolicy(deadline_s=5, request_timeout_s=5)


def index_neighbours(
    client: OpenSearch, queries: Floats, items: Floats, ids: Sequence[str], depth: int
) -> list[list[str]]:
    """What the dense leg finds for each query in an index of these vectors, made as `aisle index` makes it.

    Args:
        client: of a cluster with room for the vectors.
        queries: float32 [queries, dims], unit rows.
        items: float32 [items, dims], unit rows.
        ids: one per item.
        depth: results per query.

    Returns:
        Ids, best first, equal scores in order of id.

    Raises:
        ClusterError, IndexingError: see ``index_catalogue``; the index is deleted then too.
    """
    depth = min(depth, len(ids))
    # A vector's position is its document's id: whatever the catalogue's own ids are, OpenSearch takes it.
    shelf = (Item(id=str(position), title=str(position)) for position in range(len(ids)))
    space = VectorSpace("0" * 64, "given vectors", items.shape[1])

    def look_up(batch: Sequence[Item]) -> Vectors:
        return {fields.DENSE: items[[int(item.id) for item in batch]]}

    name = f"aisle-neighbours-{uuid.uuid4().hex[:12]}"
    options = IndexOptions(name, max_refused_share=0.0, fusions=())
    encoder = ItemEncoder({fields.DENSE: space}, look_up)
    try:
        release = index_catalogue(client, shelf, encoder, options).release
        try:
            return [_ask(client, release, query, ids, depth) for query in queries]
        finally:
            with translated_errors():
                client.indices.delete(index=release)
    finally:
        with translated_errors():
            StateIndex(client, name).forget(_TIDY)


def _ask(client: OpenSearch, release: str, query: Floats, ids: Sequence[str], depth: int) -> list[str]:
    body = candidates_body([DenseLeg()], Question("-", {fields.DENSE: query}, (), depth))
    with translated_errors():
        hits = client.search(index=release, body=body)["hits"]["hits"]
    found = leg_results(hits, [DENSE], depth)[DENSE]
    scored = sorted(
        (-score, ids[int(position)]) for position, score in zip(found.ids, found.scores, strict=True)
    )
    return [id_ for _, id_ in scored]
