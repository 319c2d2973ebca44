"""Decides by judged queries which models order what a search finds: none, a ranker, a reranker, or both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle._evaluate import DEPTH, evaluate_index
from aisle._ordering import NO_MODEL, check_ranker, open_reranker, release_encoders, reranker_stages
from aisle._search import open_search
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.encoder.artifact import Manifest, read_manifest
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.evaluation import evaluate as scores_of
from aisle.evaluation.gates.policy import GatePolicy
from aisle.evaluation.seen import seen_by_models
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search import RerankOptions, SearchClient, read_live
from aisle.search.rank.artifact import load_ranker
from aisle.search.systems import HYBRID, LEARNED, RERANKED, TUNED, parse_systems
from aisle.search.tuning.ladder import FUSION, RANKER, RERANKER, Rung, kept, rung_above
from aisle.search.tuning.matrix import metric_of
from aisle.search.tuning.tune import TuneOptions
from aisle.types import CountProgress

USUAL: Final = TuneOptions()


@dataclass(frozen=True, slots=True)
class TunedLadder:
    """Which rungs judged queries chose.

    Attributes:
        release: that was asked.
        fusion: ``tuned`` where the release is, else ``hybrid``.
        metric: that decided.
        queries: judged, with a relevant item.
        rungs: the fusion, then what was tried above it, in order.
        ranker, reranker: as they were named; None where none was.
        bound: rungs that the release names models for, whether or not they were tried.
    """

    release: str
    fusion: str
    metric: str
    queries: int
    rungs: tuple[Rung, ...]
    ranker: str | None
    reranker: str | None
    bound: frozenset[str] = frozenset()

    @property
    def binding(self) -> tuple[str, ...]:
        """Options of `aisle releases bind`, for searches of the release to be so; empty for nothing to do."""
        unbound = [
            (option, NO_MODEL)
            for rung, option in ((RANKER, "--ranker"), (RERANKER, "--rerank"))
            if rung in self.bound and option not in self.options
        ]
        return (*self.options, *(part for pair in unbound for part in pair))

    @property
    def options(self) -> tuple[str, ...]:
        """Of `aisle search`, `serve` and others, to search so; empty for the fusion alone."""
        chosen = kept(self.rungs)
        return (
            *(("--ranker", self.ranker) if self.ranker and RANKER in chosen else ()),
            *(("--rerank", self.reranker) if self.reranker and RERANKER in chosen else ()),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        chosen = kept(self.rungs)
        return {
            "release": self.release,
            "fusion": self.fusion,
            "metric": self.metric,
            "queries": self.queries,
            "rungs": [rung.to_json() for rung in self.rungs],
            "ranker": self.ranker if RANKER in chosen else None,
            "reranker": self.reranker if RERANKER in chosen else None,
        }


def tune_ladder(
    name: str,
    judged: str | Path,
    *,
    ranker: str | Path | None = None,
    reranker: str | None = None,
    rerank: RerankOptions | None = None,
    split: str = "dev",
    metric: str = USUAL.metric,
    relevant: float = USUAL.relevant,
    guard_p: float = USUAL.guard_p,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: CountProgress | None = None,
) -> TunedLadder:
    """Decide which models are to order what searches find, each held to what it stands on.

    The fusion is what every catalogue has. A ranker stays if it beats the fusion, and a reranker if it beats
    what is below it, ranker or fusion. Queries that one of them learned from are refused, as far as artifacts
    tell. Models that the release names take no part unless they are named here. Nothing changes.

    Example:
        >>> found = aisle.tune_ladder("shop", "judged", ranker="shop", reranker="small:50")
        >>> found.options
        ('--ranker', 'shop')

    Args:
        name: of the catalogue, or of one release.
        judged: BEIR folder with ``queries.jsonl`` and ``qrels/<split>.tsv``.
        ranker: an artifact of `aisle.train_ranker`; None: no such rung.
        reranker: an artifact, or several as in ``small:100,large:20``; likewise.
        rerank: how far, how long, and how much the reranker counts; None: the defaults.
        split: judgments, of queries that the models did not learn from.
        metric: what has to become larger: nDCG@k, R@k, RR@k, P@k or AP@k.
        relevant: lowest grade that counts as relevant.
        guard_p: a rung stays if it helps with a p-value below this.
        encoder: reference to use instead of the index's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: called with (rung, queries done, queries in all).

    Raises:
        InputError: neither a ranker nor a reranker, a value that cannot be, or a model that learned from the
            judged queries.
        EvaluationError: nothing to score, the judgments are about other items, or no such metric.
        SearchError, ArtifactError, ClusterError: as ``aisle.open_search`` and its searches.
    """
    if ranker is None and reranker is None:
        raise InputError(
            "there is no rung above the fusion to try",
            fix="name a ranker, a reranker or both: --ranker REF --rerank REF",
        )
    TuneOptions(metric, relevant, guard_p=guard_p)
    metric_of(metric)
    queries = read_judged_set(Path(judged), split)
    client, store = connected(cluster), store or ArtifactStore.default()
    loaded, its_artifact = load_ranker(ranker, store) if ranker is not None else (None, None)
    # Nothing is remembered: every time is that of a query which is asked for the first time.
    model = open_reranker(reranker, store, remembered=0) if reranker is not None else None
    meta = read_live(client, name).meta
    if its_artifact is not None:
        check_ranker(meta, its_artifact)
    models = [its_artifact.manifest] if its_artifact else []
    models += _stages(reranker, store) if reranker is not None else []
    _check_unseen(queries, relevant, [*models, *release_encoders(meta, store)])
    shop = open_search(
        name,
        encoder=encoder,
        sparse=sparse,
        window=DEPTH,
        ranker=loaded or NO_MODEL,
        reranker=model or NO_MODEL,
        rules=False,
        cluster=client,
        store=store,
    )
    fusion = TUNED if meta.fusion else HYBRID
    asking = _Asking(
        shop,
        queries,
        parse_systems(fusion, shop.legs, meta.fusion)[fusion],
        meta.boosts,
        rerank or RerankOptions(),
        metric,
        relevant,
        progress or (lambda *_: None),
    )
    below, p50_ms = asking.values(fusion)
    rungs = [Rung(FUSION, sum(below.values()) / len(below), p50_ms)]
    so_far = fusion
    for rung, ending in ((RANKER, LEARNED if loaded else ""), (RERANKER, RERANKED if model else "")):
        if not ending:
            continue
        values, p50_ms = asking.values(so_far + ending)
        found = rung_above(rung, values, below, p50_ms, guard_p=guard_p)
        rungs.append(found)
        if found.kept:
            below, so_far = values, so_far + ending
    named = str(ranker) if ranker is not None else None
    bound = [(RANKER, meta.ordering.ranker is not None), (RERANKER, bool(meta.ordering.reranker))]
    return TunedLadder(
        meta.release,
        fusion,
        metric,
        len(below),
        tuple(rungs),
        named,
        reranker,
        frozenset(rung for rung, there in bound if there),
    )


def _stages(refs: str, store: ArtifactStore) -> list[Manifest]:
    return [read_manifest(store.resolve(stage.ref, CrossEncoder.kind)) for stage in reranker_stages(refs)]


def _check_unseen(judged: JudgedSet, relevant: float, models: Iterable[Manifest]) -> None:
    """Hold the models to what a release's gate allows: a sample of hashes tells what they learned from."""
    for model, seen in GatePolicy().knowing_too_many(seen_by_models(models, judged, relevant)).items():
        raise InputError(
            f"{model} learned from {seen.seen:,} of {seen.asked:,} judged queries that it can tell of:"
            " there it looks better than it is",
            fix="judge by queries that no model learned from, as in --split test",
        )


@dataclass(frozen=True, slots=True)
class _Asking:
    """How each rung is asked: all of them the same queries of one release."""

    client: SearchClient
    judged: JudgedSet
    fusion: FusionSpec
    boosts: SignalBoosts | None
    rerank: RerankOptions
    metric: str
    relevant: float
    progress: CountProgress

    def values(self, system: str) -> tuple[Mapping[str, float], float]:
        """Query to the metric of a system, and the median milliseconds of a search."""
        found = evaluate_index(
            self.client,
            self.judged,
            {system: self.fusion},
            self.relevant,
            self.progress,
            {system: self.rerank} if system.endswith(RERANKED) else {},
            {system: self.boosts} if self.boosts and system.startswith(TUNED) else {},
            frozenset((system,)) if LEARNED in system else frozenset(),
        )
        scores = scores_of(found.runs[system], self.judged.qrels, (self.metric,), relevant=self.relevant)
        return scores.per_query[self.metric], found.report.p50_ms[system]
