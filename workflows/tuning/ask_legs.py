"""Asks an index the judged queries once, all legs together, and keeps what each leg found."""

from __future__ import annotations

from collections.abc import Callable

from evaluation import JudgedSet
from evaluation.scored_run import ScoredRun
from mappings import BM25, DENSE, SPARSE, FusionSpec, IndexMeta, default_fusion
from records import PipelineMissing
from search import Ranking, SearchClient
from workflows.tuning.leg_runs import LegRuns, data_hash


def legs_of(meta: IndexMeta) -> tuple[str, ...]:
    """The legs that an index can be asked: words, and each vector field by its name."""
    return (BM25, *(leg for leg in (DENSE, SPARSE) if leg in meta.spaces))


def ask_legs(
    client: SearchClient,
    meta: IndexMeta,
    judged: JudgedSet,
    window: int,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> LegRuns:
    """Ask all judged queries of one release.

    Args:
        client: with the encoders of all legs and ``window`` candidates per leg.
        meta: of the live release.
        judged: queries and judgments.
        window: for the record.
        progress: called with (what, queries done, queries in all).

    Raises:
        EvaluationError: a leg found nothing at all.
        SearchError, ClusterError: from the client.
    """
    legs = legs_of(meta)
    fusion = default_fusion(legs)
    # One release answers them all, also if another one goes live meanwhile.
    pinned = client.pinned(meta.release)
    found: dict[str, dict[str, dict[str, float]]] = {leg: {} for leg in legs}
    for done, query in enumerate(judged.queries, 1):
        ranking = _ranked(pinned, query.text, fusion)
        for leg in legs:
            result = ranking.results[leg]
            found[leg][query.id] = dict(zip(result.ids, result.scores, strict=True))
        progress("asking the legs", done, len(judged.queries))
    return LegRuns(
        runs={leg: ScoredRun(leg, rankings) for leg, rankings in found.items()},
        release=meta.release,
        window=window,
        dataset=judged.name,
        split=judged.split,
        data_hash=data_hash(judged),
        spaces=dict(meta.spaces),
        default=meta.fusion or fusion,
    )


def _ranked(client: SearchClient, text: str, fusion: FusionSpec) -> Ranking:
    try:
        return client.rank(text, fusion=fusion)
    except PipelineMissing:
        # No release was made with these legs under Aisle's own defaults yet.
        client.install(fusion)
        return client.rank(text, fusion=fusion)
