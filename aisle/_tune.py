"""Makes a tuned fusion what searches of the live release use by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from aisle._search import open_search
from aisle.cluster import translated_errors
from aisle.encoder import ArtifactStore
from aisle.errors import ArtifactMismatch, InputError, SearchError
from aisle.evaluation import JudgedSet
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.names import check_name
from aisle.mappings import BM25, FusionSpec, IndexMeta, VectorSpace, default_fusion, pipeline_name
from aisle.search import read_live
from aisle.search.preflight import install_pipeline
from aisle.search.tuning.fusion_file import FusionFile
from aisle.search.tuning.runs import LegRuns, ask_legs, has_leg_runs, legs_of, read_leg_runs, write_leg_runs


@dataclass(frozen=True, slots=True)
class AppliedFusion:
    """Attributes:
    release: the live one.
    pipeline: of the new default.
    before, after: the release's own fusion; None: ``mappings.default_fusion``.
    done: False after a dry run.
    """

    release: str
    pipeline: str
    before: FusionSpec | None
    after: FusionSpec
    done: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "pipeline": self.pipeline,
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json(),
            "done": self.done,
        }


def apply_fusion(
    client: OpenSearch, name: str, tuned: FusionFile, *, dry_run: bool = False, wait_s: float = 0.0
) -> AppliedFusion:
    """Install the pipeline and write the fusion into ``_meta.aisle`` of the live release.

    Args:
        client: connection.
        name: of the catalogue.
        tuned: from `read_fusion`.
        dry_run: check all, change nothing.
        wait_s: see ``aisle.indexer.lease.lease.hold``.

    Raises:
        InputError: the release lacks a leg, or somebody else is changing the catalogue.
        ArtifactMismatch: a leg's vectors come from another encoder than it was tuned with.
        SearchError: what was written does not read back.
        IndexNotFound, ForeignIndex: see ``search.read_live``.
    """
    if dry_run:
        return _applied(_checked(client, name, tuned), tuned.spec, done=False)
    with hold(client, check_name(name), "aisle tune apply", wait_s=wait_s):
        meta = _checked(client, name, tuned)
        install_pipeline(client, tuned.spec)
        _write(client, meta.release, tuned.spec)
        return _applied(meta, tuned.spec, done=True)


def _applied(meta: IndexMeta, spec: FusionSpec, *, done: bool) -> AppliedFusion:
    return AppliedFusion(meta.release, pipeline_name(spec), meta.fusion, spec, done)


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
    return meta


def _named(space: VectorSpace | None) -> str:
    return f"{space.name} ({space.fingerprint[:12]}, {space.dims})" if space else "none"


def _write(client: OpenSearch, release: str, spec: FusionSpec) -> None:
    """A mapping's ``_meta`` is replaced as a whole, so all that stands there is written again."""
    with translated_errors():
        before = _meta(client, release)
        aisle = before["aisle"]
        pipelines = list(dict.fromkeys((*aisle["pipelines"], pipeline_name(spec))))
        wanted = {**before, "aisle": {**aisle, "fusion": spec.to_json(), "pipelines": pipelines}}
        client.indices.put_mapping(index=release, body={"_meta": wanted})
        if _meta(client, release) != wanted:
            raise SearchError(
                f"the fusion was written to {release} and does not read back",
                fix="see `aisle status`, then apply it again",
            )


def _meta(client: OpenSearch, release: str) -> dict[str, Any]:
    found: dict[str, Any] = client.indices.get(index=release)[release]["mappings"]["_meta"]
    return found


@dataclass(frozen=True, slots=True)
class RunSource:
    """Attributes:
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
    connect: Callable[[], OpenSearch],
    store: ArtifactStore,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> LegRuns:
    """Read or ask.

    Args:
        source: see there.
        judged: queries and judgments.
        connect: opens the connection, only if it is needed.
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
    client = connect()
    meta = read_live(client, source.name).meta
    # An item that a query names by its id is on top whatever the fusion.
    search = open_search(
        client, source.name, store, source.encoder, source.window, source.sparse, exact=False
    )
    runs = ask_legs(search, meta, judged, source.window, progress)
    write_leg_runs(runs, source.folder)
    return runs


@dataclass(frozen=True, slots=True)
class Shown:
    """Attributes:
    release: the live one.
    spec: what it uses.
    tuned: whether it was tuned, or this is the default of any catalogue.
    """

    release: str
    spec: FusionSpec
    tuned: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "tuned": self.tuned,
            "pipeline": pipeline_name(self.spec),
            "spec": self.spec.to_json(),
        }


def show_fusion(client: OpenSearch, name: str) -> Shown:
    """Read it from the index.

    Raises:
        IndexNotFound, ForeignIndex: see ``search.read_live``.
    """
    meta = read_live(client, name).meta
    return Shown(meta.release, meta.fusion or default_fusion(legs_of(meta)), meta.fusion is not None)
