"""Makes a tuned fusion what searches of the live release use by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from cluster import translated_errors
from indexer.lease import hold
from indexer.release_names import check_name
from mappings import BM25, FusionSpec, IndexMeta, VectorSpace, pipeline_name
from records import ArtifactMismatch, InputError, SearchError
from search import read_live
from search.preflight import install_pipeline
from workflows.tuning.ask_legs import legs_of
from workflows.tuning.fusion_file import FusionFile


@dataclass(frozen=True, slots=True)
class Applied:
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
) -> Applied:
    """Install the pipeline and write the fusion into ``_meta.aisle`` of the live release.

    Args:
        client: connection.
        name: of the catalogue.
        tuned: from `read_fusion`.
        dry_run: check all, change nothing.
        wait_s: see ``indexer.lease.hold``.

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


def _applied(meta: IndexMeta, spec: FusionSpec, *, done: bool) -> Applied:
    return Applied(meta.release, pipeline_name(spec), meta.fusion, spec, done)


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
