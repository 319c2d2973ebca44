"""A judged set as the last word on a release: no worse than a floor, nor than what is live."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opensearchpy import OpenSearch

from aisle._evaluate import DEPTH, AskedSystem, Evaluated, evaluate_in_turn
from aisle._rules import rules_to_ask_with
from aisle._search import open_search
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.errors import ArtifactMismatch, ArtifactNotFound, IndexingFailed, InputError
from aisle.evaluation import DEFAULT_METRICS, JudgedSet, read_judged_set
from aisle.indexer.releases.inventory import read_inventory
from aisle.mappings import default_fusion
from aisle.search import RerankOptions, SearchClient, read_live
from aisle.search.rules.live import FixedRules, LiveRules
from aisle.search.rules.matching import RuleBook

USUAL_METRIC: Final = "nDCG@10"
# About what two builds of one graph differ by on a few hundred queries.
USUAL_DROP: Final = 0.01


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What a release must score on a judged set before it goes live.

    Attributes:
        folder: BEIR folder with judgments of this catalogue.
        metric: one of ``evaluation.DEFAULT_METRICS``.
        floor: least value, 0 to 1; None: any.
        drop: how much less than the live release's, 0 to 1; None: any. With neither, ``USUAL_DROP``.
        split: which judgments.
        relevant: lowest grade that counts as relevant.

    Raises:
        InputError: no such metric, or a number beyond 0 to 1.
    """

    folder: Path
    metric: str = USUAL_METRIC
    floor: float | None = None
    drop: float | None = None
    split: str = "dev"
    relevant: float = 2

    def __post_init__(self) -> None:
        if self.metric not in DEFAULT_METRICS:
            raise InputError(
                f"a gate knows no metric {self.metric!r}", fix=f"choose one of {', '.join(DEFAULT_METRICS)}"
            )
        for limit in (self.floor, self.drop):
            if limit is not None and not 0 <= limit <= 1:
                raise InputError(
                    f"a gate at {limit} lets all or nothing pass", fix="use a number from 0 to 1"
                )


def gate_options(
    folder: str | Path | None, metric: str | None, floor: float | None, drop: float | None
) -> GateOptions | None:
    """The gate that is asked for, None for none.

    Raises:
        InputError: limits without a folder, or as `GateOptions`.
    """
    if folder is not None:
        return GateOptions(Path(folder), metric or USUAL_METRIC, floor, drop)
    if (metric, floor, drop) != (None, None, None):
        raise InputError("limits of a gate need its judgments", fix="name a folder with gate")
    return None


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _References:
    encoder: str | Path | None = None
    sparse: str | Path | None = None


@dataclass(frozen=True, slots=True)
class ReleaseGate:
    """A check of ``index_catalogue``: the loaded release must do well on a judged set.

    Made by `release_gate`.

    Attributes:
        client: connection.
        name: of the catalogue; what it points to is compared with.
        options: the judged set, the metric and its limits.
        judged: the set, read.
        store: where the encoders of both releases are looked up.
        references: encoders that need not be in the store.
    """

    client: OpenSearch
    name: str
    options: GateOptions
    judged: JudgedSet
    store: ArtifactStore
    references: _References

    @property
    def drop(self) -> float | None:
        """How much worse than the live release it may be; None: it is not compared."""
        options = self.options
        return USUAL_DROP if options.drop is None and options.floor is None else options.drop

    def check(self, release: str) -> None:
        """Let the release go live, or say why not.

        Raises:
            IndexingFailed: it is not good enough.
            SearchError, ArtifactError: it cannot be asked.
        """
        # As it is to be served, and both by the same rules.
        rules, _ = rules_to_ask_with(Cluster.of(self.client), self.name, None)
        value = self._score(release, rules)
        _check_floor(release, self.judged, self.options, value)
        drop = self.drop
        if drop is None or not (live := _live(self.client, self.name)):
            return
        before = self._score(live, rules)
        metric, judged = self.options.metric, self.judged.name
        _log.info("%s: %s %.4f, live %.4f", judged, metric, value, before)
        if value < before - drop:
            raise IndexingFailed(
                f"{release} does not go live: {metric} on {judged} is {value:.4f}, more than"
                f" {drop:g} below the {before:.4f} of {live}",
                fix="compare both with `aisle eval`, or allow more with --gate-drop",
            )

    def _score(self, release: str, rules: FixedRules) -> float:
        search = _opened(self.client, release, self.store, self.references, rules)
        found = evaluate_release(search, release, self.judged, self.options.relevant, self.client)
        return found.report.systems[release][self.options.metric]


def evaluate_release(
    search: SearchClient, release: str, judged: JudgedSet, relevant: float, client: OpenSearch
) -> Evaluated:
    """Ask a release every judged query as shoppers ask it by default: by its own fusion, boosts and models.

    Args:
        search: of the release, with a window of at least ``DEPTH``.
        release: index; also the name of the system in what is returned.
        judged: queries and judgments.
        relevant: lowest grade that counts as relevant.
        client: connection.

    Raises:
        EvaluationError: nothing to score, or judgments of another catalogue.
        SearchError, ClusterError: it cannot be asked.
    """
    return evaluate_in_turn([as_served(release, search, release, client)], judged, relevant)


def as_served(name: str, search: SearchClient, release: str, client: OpenSearch) -> AskedSystem:
    """A release as shoppers ask it by default: by its own fusion, boosts and models.

    Args:
        name: of the system.
        search: of the release, with the rules that are to act.
        release: index.
        client: connection.

    Raises:
        IndexNotFound, ForeignIndex, ClusterError: it cannot be asked.
    """
    meta = read_live(client, release).meta
    return AskedSystem(
        name,
        search,
        meta.fusion or default_fusion(search.legs),
        meta.boosts or None,
        search.ranker is not None,
        RerankOptions() if search.reranks else None,
    )


def release_gate(
    client: OpenSearch,
    name: str,
    options: GateOptions,
    store: ArtifactStore,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
) -> ReleaseGate:
    """The gate of a new release.

    The judged set is read now: a folder that cannot be used should not be found out after the loading.

    Args:
        client: connection.
        name: of the catalogue; what it points to is compared with.
        options: the judged set, the metric and its limits.
        store: where the encoders of both releases are looked up by their fingerprints.
        encoder: reference to the new release's, for one that is not in the store; perhaps the live one's too.
        sparse: the same for its sparse encoder.

    Raises:
        InputError, EvaluationError: the folder cannot be used.
        ArtifactNotFound: the encoder of the live release is not on this machine.
    """
    judged = read_judged_set(options.folder, options.split)
    gate = ReleaseGate(client, name, options, judged, store, _References(encoder, sparse))
    if gate.drop is not None and (live := _live(client, name)):
        _opened(client, live, store, gate.references, FixedRules(LiveRules(0, RuleBook())))
    return gate


def _live(client: OpenSearch, name: str) -> str:
    return next(iter(read_inventory(Cluster.of(client), name).live), "")


def _check_floor(release: str, judged: JudgedSet, options: GateOptions, value: float) -> None:
    if options.floor is not None and value < options.floor:
        raise IndexingFailed(
            f"{release} does not go live: {options.metric} on {judged.name} is {value:.4f}, below the floor"
            f" of {options.floor:g}",
            fix="compare it with what is live (`aisle eval`), or lower --gate-floor",
        )


def _opened(
    client: OpenSearch, release: str, store: ArtifactStore, refs: _References, rules: FixedRules
) -> SearchClient:
    """With the release's own encoders, which are in the store, or those that are named."""
    try:
        return open_search(release, window=DEPTH, rules=rules, cluster=client, store=store)
    except ArtifactNotFound as missing:
        if refs == _References():
            raise
        try:
            return open_search(
                release,
                encoder=refs.encoder,
                sparse=refs.sparse,
                window=DEPTH,
                rules=rules,
                cluster=client,
                store=store,
            )
        except ArtifactMismatch:
            raise missing from None
