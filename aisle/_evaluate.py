"""Asks an index every judged query, once per system, and scores the answers."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from opensearchpy import OpenSearch

from aisle._ordering import manifests_of, open_reranker
from aisle._search import open_search
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import Manifest
from aisle.errors import JudgedItemsMissing
from aisle.evaluation import (
    EvaluationReport,
    JudgedSet,
    Run,
    Scores,
    answerable,
    read_judged_set,
    report,
    write_run,
)
from aisle.evaluation import evaluate as scores_of
from aisle.evaluation.gates.policy import GatePolicy
from aisle.evaluation.seen import seen_by_models
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search import Reranker, RerankOptions, SearchClient, read_live
from aisle.search.arrangement import with_pins
from aisle.search.rank.ranker import Ranker
from aisle.search.systems import RULED, check_systems, is_learned, is_reranked, parse_systems
from aisle.types import CountProgress, Query

# R@200 needs 200 results of each single leg.
DEPTH = 200


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How good each system is, and what is behind that.

    Attributes:
        report: metrics by system, each compared with the first system.
        scores: by system, per query.
        runs: by system, the ranking of every query.
        texts: query id to what was asked.
        milliseconds: by system, query id to how long its answer took.
    """

    report: EvaluationReport
    scores: Mapping[str, Scores]
    runs: Mapping[str, Run]
    texts: Mapping[str, str]
    milliseconds: Mapping[str, Mapping[str, float]]

    def to_markdown(self) -> str:
        """The report as tables, with the queries that differ most."""
        return self.report.to_markdown(self.texts)


def evaluate(
    name: str,
    judged: str | Path,
    *,
    split: str = "dev",
    systems: str | Sequence[str] = "bm25,dense,hybrid",
    relevant: float = 2,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    ranker: Ranker | str | Path | None = None,
    reranker: Reranker | str | None = None,
    rerank: RerankOptions | None = None,
    rules: bool = False,
    runs: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: CountProgress | None = None,
) -> Evaluated:
    """Ask an index the judged queries of a BEIR folder and score each system.

    Example:
        >>> found = aisle.evaluate("shop", "judged", systems="bm25,hybrid")
        >>> found.report.systems["hybrid"]["nDCG@10"]
        0.512

    Args:
        name: of the catalogue, or of one release.
        judged: folder with ``queries.jsonl`` and ``qrels/<split>.tsv``.
        split: which judgments.
        systems: names, or one text with commas; the first is the baseline. ``bm25``, ``dense``, ``sparse``,
            ``hybrid`` (all legs), ``hybrid:min_max+arithmetic_mean`` (a standard fusion), ``tuned`` (the
            release's own); with ``+ranker`` a learned ranker orders its candidates, with ``+rerank`` at the
            end they are reranked.
        relevant: lowest grade that counts as relevant.
        encoder: reference to use instead of the index's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        ranker: for systems with ``+ranker``: an artifact of `aisle.train_ranker`.
        reranker: for systems with ``+rerank``: an artifact, or several as in ``small:100,large:20``.
        rerank: how far, how long, and how much the model counts; None: the defaults.
        rules: let the catalogue's rules act, and call each system so (``hybrid+rules``): the figures are then
            those of the rules as well.
        runs: folder for a TREC run file per system; None writes none.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: called with (system, queries done, queries in all).

    Raises:
        InputError: the folder or a system's name cannot be used.
        EvaluationError: nothing to score, or the judgments are about other items.
        SearchError, ArtifactError, ClusterError: as ``aisle.open_search`` and its searches.
    """
    names = systems if isinstance(systems, str) else ",".join(systems)
    # A name that no index could have is refused before anything is asked.
    check_systems(names)
    queries = read_judged_set(Path(judged), split)
    client, store = connected(cluster), store or ArtifactStore.default()
    if isinstance(reranker, str):
        # Nothing is remembered: every system's time is that of a query which is asked for the first time.
        reranker = open_reranker(reranker, store, remembered=0)
    shop = open_search(
        name,
        encoder=encoder,
        sparse=sparse,
        window=DEPTH,
        ranker=ranker,
        reranker=reranker,
        rules=rules,
        cluster=client,
        store=store,
    )
    meta = read_live(client, name).meta
    wanted = parse_systems(names, shop.legs, meta.fusion)
    reranked = {system: rerank or RerankOptions() for system in wanted if is_reranked(system)}
    learned = frozenset(system for system in wanted if is_learned(system))
    if learned and shop.ranker is not None:
        _warn_of_learned_queries(manifests_of((shop.ranker.fingerprint,), store), queries, relevant)
    if rules:
        learned = frozenset(f"{system}{RULED}" for system in learned)
        wanted = {f"{system}{RULED}": fusion for system, fusion in wanted.items()}
        reranked = {f"{system}{RULED}": how for system, how in reranked.items()}
    boosts = {
        system: meta.boosts for system, fusion in wanted.items() if meta.boosts and fusion is meta.fusion
    }
    found = evaluate_index(
        shop, queries, wanted, relevant, progress or (lambda *_: None), reranked, boosts, learned
    )
    if runs is not None:
        for run in found.runs.values():
            write_run(run, Path(runs) / f"{run.name.replace(':', '-')}.run")
    return found


def _warn_of_learned_queries(models: Iterable[Manifest], judged: JudgedSet, relevant: float) -> None:
    for model, seen in GatePolicy().knowing_too_many(seen_by_models(models, judged, relevant)).items():
        warnings.warn(
            f"{model} learned from {seen.seen:,} of {seen.asked:,} judged queries that it can tell of:"
            " here it looks better than it is; judge by others with --split",
            stacklevel=3,
        )


def evaluate_index(
    client: SearchClient,
    judged: JudgedSet,
    systems: Mapping[str, FusionSpec],
    relevant: float = 2,
    progress: CountProgress = lambda *_: None,
    reranked: Mapping[str, RerankOptions] = MappingProxyType({}),
    boosts: Mapping[str, SignalBoosts] = MappingProxyType({}),
    learned: frozenset[str] = frozenset(),
) -> Evaluated:
    """Run and score each system on the queries that have a relevant item.

    Args:
        client: with a window of at least ``DEPTH``.
        judged: queries and judgments.
        systems: name to fusion; the first is the baseline that the others are compared with.
        relevant: lowest grade that counts as relevant.
        progress: called with (system, queries done, queries in all).
        reranked: system to how its candidates are reranked, for those that are.
        boosts: system to business signals that count, for those that have some.
        learned: systems whose candidates the client's ranker orders.

    Raises:
        EvaluationError: nothing to score, or judgments of another catalogue.
        SearchError, ClusterError: from the client.
    """
    asked = [
        AskedSystem(name, client, fusion, boosts.get(name), name in learned, reranked.get(name))
        for name, fusion in systems.items()
    ]
    queries = _asked_queries(judged, relevant)
    found = {system.name: _Answers() for system in asked}
    for system in asked:
        for done, query in enumerate(queries, 1):
            found[system.name].add(query.id, system, query.text)
            progress(system.name, done, len(queries))
    return _scored(found, judged, relevant)


def evaluate_in_turn(systems: Sequence[AskedSystem], judged: JudgedSet, relevant: float) -> Evaluated:
    """Ask every query of one system right after the other, and score them all.

    A machine that becomes busy meanwhile slows them all, so times can be compared query by query. Whoever is
    asked later finds caches warm: they take turns in it.

    Args:
        systems: of different names; the first is the one that the others are compared with.
        judged: queries and judgments.
        relevant: lowest grade that counts as relevant.

    Raises:
        as `evaluate_index`.
    """
    found = {system.name: _Answers() for system in systems}
    for place, query in enumerate(_asked_queries(judged, relevant)):
        first = place % len(systems)
        for system in (*systems[first:], *systems[:first]):
            found[system.name].add(query.id, system, query.text)
    return _scored(found, judged, relevant)


@dataclass(frozen=True, slots=True)
class AskedSystem:
    """A system, and who is asked for it.

    Attributes:
        name: in what is reported.
        client: with a window of at least ``DEPTH``.
        fusion: of the legs.
        boosts: business signals that count; None for none.
        learned: whether the client's ranker orders the candidates.
        rerank: how they are reranked; None if they are not.
    """

    name: str
    client: SearchClient
    fusion: FusionSpec
    boosts: SignalBoosts | None = None
    learned: bool = False
    rerank: RerankOptions | None = None

    def rank(self, text: str) -> list[str]:
        """Ids of the ``DEPTH`` best for a query, best first; raises what the client raises."""
        ranking = self.client.rank(text, fusion=self.fusion, boosts=self.boosts)
        ranked = self.client.order(ranking)[0] if self.learned else None
        order = ranked.order if ranked else ranking.fused
        if self.rerank is not None:
            order = self.client.rerank(ranking, self.rerank, ranked=ranked).order
        order, _ = with_pins(ranking, order)
        return [fused.id for fused in order[:DEPTH]]


@dataclass(frozen=True, slots=True)
class _Answers:
    """Of one system: query id to its ranking, and to how long that took."""

    rankings: dict[str, list[str]] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)

    def add(self, id_: str, system: AskedSystem, text: str) -> None:
        started = time.perf_counter()
        ranking = system.rank(text)
        self.milliseconds[id_] = (time.perf_counter() - started) * 1000
        self.rankings[id_] = ranking


def _asked_queries(judged: JudgedSet, relevant: float) -> list[Query]:
    wanted = answerable(judged.qrels, relevant)
    return [query for query in judged.queries if query.id in wanted]


def _scored(found: Mapping[str, _Answers], judged: JudgedSet, relevant: float) -> Evaluated:
    runs = {name: Run(name, answers.rankings) for name, answers in found.items()}
    milliseconds = {name: answers.milliseconds for name, answers in found.items()}
    scores = {name: scores_of(run, judged.qrels, relevant=relevant) for name, run in runs.items()}
    _check_kinship(judged, runs.values())
    p50_ms = {
        name: statistics.median(taken.values()) if taken else 0.0 for name, taken in milliseconds.items()
    }
    summary = report(
        list(scores.values()), dataset=judged.name, split=judged.split, relevant=relevant, p50_ms=p50_ms
    )
    return Evaluated(summary, scores, runs, {query.id: query.text for query in judged.queries}, milliseconds)


def _check_kinship(judged: JudgedSet, runs: Iterable[Run]) -> None:
    """Zeros in every cell would hide that the judgments are about other items."""
    if not any(
        judged.qrels[query].keys() & set(found) for run in runs for query, found in run.rankings.items()
    ):
        raise JudgedItemsMissing(
            f"no system found any of the items that {judged.name} judges",
            fix="evaluate the index of the very catalogue that was judged (--name)",
        )
