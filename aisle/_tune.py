"""Choose how the legs are fused from judged queries, apply it, show it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from aisle._ordering import NO_MODEL, fused_legs
from aisle._search import open_search
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.errors import ArtifactMismatch, InputError
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.names import check_name
from aisle.indexer.releases.release_meta import read_meta, rewrite_meta
from aisle.mappings import BM25, RRF, FusionSpec, IndexMeta, VectorSpace, default_fusion, pipeline_name
from aisle.mappings.signals import SignalBoosts
from aisle.search import read_live
from aisle.search.preflight import install_pipeline
from aisle.search.signals import check_boosts
from aisle.search.systems import legs_of
from aisle.search.tuning.fusion_file import FusionFile, fusion_json, read_fusion, write_fusion
from aisle.search.tuning.runs import LegRuns, ask_legs, has_leg_runs, read_leg_runs, write_leg_runs
from aisle.search.tuning.tune import TUNED, Tuned, TuneOptions
from aisle.search.tuning.tune import tune as best_fusion
from aisle.types import CountProgress

__all__ = ["RRF", "TUNED", "USUAL", "apply_fusion", "show_fusion", "tune"]

USUAL = TuneOptions()
"""How a fusion is tuned unless one says otherwise."""


@dataclass(frozen=True, slots=True)
class AppliedFusion:
    """What searches of a release used before, and what they use now.

    Attributes:
        release: the live one.
        pipeline: of the new default.
        before, after: the release's own fusion; None: ``mappings.default_fusion``.
        done: False after a dry run.
        boosts_before, boosts: business signals that count beside the fusion; None: none.
    """

    release: str
    pipeline: str
    before: FusionSpec | None
    after: FusionSpec
    done: bool
    boosts_before: SignalBoosts | None
    boosts: SignalBoosts | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "pipeline": self.pipeline,
            "boosts_before": self.boosts_before.to_json() if self.boosts_before else None,
            "boosts": self.boosts.to_json() if self.boosts else None,
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json(),
            "done": self.done,
        }


def tune(
    name: str | None,
    judged: str | Path,
    *,
    runs: str | Path = "tuning",
    out: str | Path | None = None,
    offline: bool = False,
    ask_again: bool = False,
    split: str = "dev",
    metric: str = USUAL.metric,
    relevant: float = USUAL.relevant,
    folds: int = USUAL.folds,
    seed: int = USUAL.seed,
    guard_p: float = USUAL.guard_p,
    per_query: bool = False,
    window: int = 200,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: CountProgress | None = None,
) -> TunedFusion:
    """Choose legs, weights and technique of the fusion by nested cross-validation over judged queries.

    The index is asked once, all legs together; the runs are saved, and tuning again needs no node. A leg that
    does not help is left out, and a business signal counts only if it helps. Nothing changes in the index:
    `aisle.apply_fusion` does that.

    Example:
        >>> found = aisle.tune("shop", "judged")
        >>> if found.tuned.helps:
        ...     aisle.apply_fusion("shop", found.file)

    Args:
        name: of the catalogue, or of one release; None: only saved runs.
        judged: BEIR folder with ``queries.jsonl`` and ``qrels/<split>.tsv``.
        runs: folder of the legs' runs: read if there are some, else written.
        out: file for the winner; None: ``fusion.json`` in ``runs``.
        offline: use only saved runs, never a node.
        ask_again: ask the index even if runs are saved.
        split: judgments to tune on. Measure the result on others: a fusion looks too good on the queries that
            it was chosen by.
        metric: what to make large: nDCG@k, R@k, RR@k, P@k or AP@k.
        relevant: lowest grade that counts as relevant.
        folds: of the cross-validation, 2 to 50.
        seed: of the folds.
        guard_p: a leg stays if it helps with a p-value below this.
        per_query: also try weights that depend on the query.
        window: candidates per leg, when the index is asked.
        encoder: reference to use instead of the index's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: called with (what is done, how much of it, of how much).

    Raises:
        InputError: options that contradict each other, no saved runs and no index to ask, or too few queries.
        EvaluationError: the saved runs are of other data, or the metric cannot be tuned for.
        SearchError, ArtifactError, ClusterError: as ``aisle.open_search`` and its searches.
    """
    options = TuneOptions(metric, relevant, folds, seed, guard_p, per_query)
    source = RunSource(Path(runs), name, window, encoder, sparse, ask_again, offline)
    queries = read_judged_set(Path(judged), split)
    show = progress or (lambda *_: None)
    found = get_runs(source, queries, cluster, store or ArtifactStore.default(), show)
    tuned = best_fusion(found, queries, options, show)
    file = Path(runs) / "fusion.json" if out is None else Path(out)
    write_fusion(fusion_json(tuned, found), file)
    return TunedFusion(tuned, found, file)


@dataclass(frozen=True, slots=True)
class TunedFusion:
    """The fusion that judged queries chose, and the file that it was written to.

    Attributes:
        tuned: the fusion, the honest figures, and why each leg is in or out.
        runs: what each leg answered.
        file: holds the fusion, for `aisle.apply_fusion`.
    """

    tuned: Tuned
    runs: LegRuns
    file: Path

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: what the file holds."""
        return fusion_json(self.tuned, self.runs)


def apply_fusion(
    name: str,
    fusion: str | Path | FusionFile,
    *,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
) -> AppliedFusion:
    """Make a tuned fusion what searches of the live release use, and install its pipeline.

    Later releases with the same legs and encoders inherit it.

    Example:
        >>> aisle.apply_fusion("shop", "tuning/fusion.json").release
        'shop-v0002'

    Args:
        name: of the catalogue.
        fusion: the file of `aisle.tune`, or what was read from it.
        dry_run: check all, change nothing.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the file cannot be used, the release lacks a leg, or another run changes the catalogue.
        ArtifactMismatch: a leg's vectors come from another encoder than it was tuned with.
        SearchError: what was written does not read back.
        IndexNotFound, ForeignIndex: nothing of Aisle is live under that name.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    tuned = fusion if isinstance(fusion, FusionFile) else read_fusion(Path(fusion))
    if dry_run:
        return _applied(_checked(client, name, tuned), tuned, done=False)
    with hold(client, check_name(name), "aisle tune apply", wait_s=wait_s):
        meta = _checked(client, name, tuned)
        install_pipeline(client, tuned.spec)
        _write(client, meta.release, tuned)
        return _applied(meta, tuned, done=True)


def _warn_of_a_rankers_legs(meta: IndexMeta, spec: FusionSpec) -> None:
    """A ranker that is bound learned over the legs that are asked now."""
    before = fused_legs(meta)
    if meta.ordering.ranker is not None and set(before) != set(spec.legs):
        warnings.warn(
            f"{meta.release} is served with the ranker {meta.ordering.ranker.name}, and this fusion asks"
            f" {', '.join(spec.legs)} in place of {', '.join(before)}: see whether the ranker still helps:"
            f" aisle tune ladder JUDGED --name {meta.release} --ranker {meta.ordering.ranker.name}",
            stacklevel=4,
        )


def _applied(meta: IndexMeta, tuned: FusionFile, *, done: bool) -> AppliedFusion:
    spec = tuned.spec
    pipeline, before = pipeline_name(spec), meta.fusion
    return AppliedFusion(meta.release, pipeline, before, spec, done, meta.boosts, tuned.boosts)


def _checked(client: OpenSearch, name: str, tuned: FusionFile) -> IndexMeta:
    meta = read_live(client, name).meta
    for leg in tuned.spec.legs:
        if leg not in legs_of(meta):
            raise InputError(
                f"{meta.release} has no {leg} leg, which the fusion asks (it has {', '.join(legs_of(meta))})",
                fix="index the catalogue with an encoder for it, or tune again on the release that is live",
            )
        if leg != BM25 and meta.spaces[leg] != tuned.spaces.get(leg):
            raise ArtifactMismatch(
                f"the {leg} leg of {meta.release} has encoder {_named(meta.spaces[leg])},"
                f" the fusion was tuned with {_named(tuned.spaces.get(leg))}",
                fix=f"tune again: aisle tune run DATA --runs FOLDER --name {name} --ask-again",
            )
    if tuned.boosts:
        check_boosts(tuned.boosts, meta)
    _warn_of_a_rankers_legs(meta, tuned.spec)
    return meta


def _named(space: VectorSpace | None) -> str:
    return f"{space.name} ({space.fingerprint[:12]}, {space.dims})" if space else "none"


def _write(client: OpenSearch, release: str, tuned: FusionFile) -> None:
    pipelines = read_meta(client, release)["aisle"]["pipelines"]
    changed = {
        "fusion": tuned.spec.to_json(),
        "boosts": tuned.boosts.to_json() if tuned.boosts else None,
        "pipelines": list(dict.fromkeys((*pipelines, pipeline_name(tuned.spec)))),
    }
    rewrite_meta(client, release, changed)


@dataclass(frozen=True, slots=True)
class RunSource:
    """Where the legs' answers to the judged queries come from.

    Attributes:
        folder: where the runs are, or go.
        name: alias of the index to ask; None asks none.
        window: candidates per leg.
        encoder, sparse: references to use instead of the index's own.
        again: ask even if runs are saved.
        offline: never ask.

    Raises:
        InputError: settings that contradict each other.
    """

    folder: Path
    name: str | None = None
    window: int = 200
    encoder: str | Path | None = None
    sparse: str | Path | None = None
    again: bool = False
    offline: bool = False

    def __post_init__(self) -> None:
        if self.again and (self.offline or self.name is None):
            raise InputError("asking again needs an index to ask", fix="add --name NAME, without --offline")


def get_runs(
    source: RunSource,
    judged: JudgedSet,
    cluster: OpenSearch | None,
    store: ArtifactStore,
    progress: CountProgress,
) -> LegRuns:
    """The saved runs, or those of an index that is asked now.

    Args:
        source: where they are, or whom to ask.
        judged: queries and judgments.
        cluster: connection; None: one is opened, only if it is needed.
        store: where the index's encoders are looked up.
        progress: see `ask_legs`.

    Raises:
        InputError: no saved runs and nothing to ask, or runs that cannot be read.
        Others: see `ask_legs` and ``open_search``.
    """
    if source.offline or (has_leg_runs(source.folder) and not source.again):
        return read_leg_runs(source.folder)
    if source.name is None:
        raise InputError(
            f"{source.folder} holds no saved runs",
            fix="name the index to ask: aisle tune run DATA --name NAME",
        )
    client = connected(cluster)
    meta = read_live(client, source.name).meta
    # An item that a query names by its id is on top whatever the fusion.
    search = open_search(
        source.name,
        encoder=source.encoder,
        sparse=source.sparse,
        window=source.window,
        exact=False,
        ranker=NO_MODEL,
        reranker=NO_MODEL,
        rules=False,
        cluster=client,
        store=store,
    )
    runs = ask_legs(search, meta, judged, source.window, progress)
    write_leg_runs(runs, source.folder)
    return runs


@dataclass(frozen=True, slots=True)
class Shown:
    """The fusion that a release uses.

    Attributes:
        release: the live one.
        spec: what it uses.
        tuned: whether it was tuned, or this is the default of any catalogue.
        boosts: business signals that count beside it; None: none.
    """

    release: str
    spec: FusionSpec
    tuned: bool
    boosts: SignalBoosts | None

    @property
    def pipeline(self) -> str:
        """Name of its search pipeline."""
        return pipeline_name(self.spec)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "tuned": self.tuned,
            "pipeline": self.pipeline,
            "spec": self.spec.to_json(),
            "boosts": self.boosts.to_json() if self.boosts else None,
        }


def show_fusion(name: str, *, cluster: OpenSearch | None = None) -> Shown:
    """The fusion that searches of the live release use when they name none.

    Args:
        name: of the catalogue, or of one release.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        IndexNotFound, ForeignIndex: nothing of Aisle is live under that name.
        ClusterError: the cluster does not answer.
    """
    meta = read_live(connected(cluster), name).meta
    return Shown(
        meta.release, meta.fusion or default_fusion(legs_of(meta)), meta.fusion is not None, meta.boosts
    )
