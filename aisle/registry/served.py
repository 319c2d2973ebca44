"""What a release is served with now, read from the cluster and the artifacts of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from aisle.cluster import Cluster
from aisle.encoder import Artifact, ArtifactStore, CrossEncoder, DenseEncoder, SparseEncoder
from aisle.encoder.artifact import (
    ITEM_CODES,
    ITEM_TO_ITEM,
    PREFERENCES,
    RANKER,
    RECOMMENDER,
    ROUTER,
    load_artifact,
)
from aisle.errors import ArtifactNotFound, InputError
from aisle.indexer.releases.inventory import no_releases, read_inventory
from aisle.indexer.releases.names import check_name
from aisle.mappings import IndexMeta, fields
from aisle.mappings.analysis import rules_of
from aisle.mappings.suggestions import suggest_index
from aisle.mappings.synonyms import Synonyms
from aisle.registry.manifest import BoundArtifact, BoundIndex, BoundLineage, BoundText, ReleaseManifest
from aisle.search.rules.store import RuleStore

RERANKER: Final = "reranker"


@dataclass(frozen=True, slots=True)
class ServedWith:
    """An artifact and what it does for a release.

    Attributes:
        role: see ``BoundArtifact``.
        artifact: verified.
    """

    role: str
    artifact: Artifact

    def bound(self) -> BoundArtifact:
        """As a manifest names it."""
        manifest = self.artifact.manifest
        return BoundArtifact(
            role=self.role, kind=manifest.kind, name=manifest.name, fingerprint=self.artifact.fingerprint
        )


@dataclass(frozen=True, slots=True)
class ServedRelease:
    """A release and all that it binds.

    Attributes:
        manifest: what it binds.
        artifacts: each of them, verified.
        texts: fingerprint to content.
    """

    manifest: ReleaseManifest
    artifacts: tuple[Artifact, ...]
    texts: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Need:
    role: str
    kind: str
    fingerprint: str


def release_of(cluster: Cluster, name: str, release: str | None = None) -> str:
    """The live release of a catalogue, or the one that is named, if it is finished.

    Raises:
        IndexNotFound: the catalogue has none.
        InputError: there is no such release, or it was never finished.
    """
    now = read_inventory(cluster, check_name(name))
    if release is None:
        if not now.live:
            raise no_releases(name)
        return now.live[0]
    finished = [one for one in now.releases if one not in now.unfinished]
    if release not in finished:
        raise InputError(
            f"{name} has no finished release {release}",
            fix=f"choose from {', '.join(finished)}" if finished else "index the catalogue first",
        )
    return release


def read_served(
    cluster: Cluster,
    name: str,
    release: str,
    store: ArtifactStore,
    beside: Sequence[ServedWith] = (),
) -> ServedRelease:
    """What a release is served with: of the live one now, of another one when it was live last.

    Args:
        cluster: connection.
        name: of the catalogue.
        release: one of its releases.
        store: where artifacts are looked up.
        beside: artifacts that the index does not name: preferences that go by its recommender's name, and a
            reranker that is used in place of its own.

    Raises:
        ForeignIndex: another Aisle made it.
        ArtifactNotFound: an artifact that it was made with is not on this machine.
        ArtifactCorrupt: the files of one are not what was built.
        InputError: the catalogue's rules cannot be read.
        ClusterError: the cluster does not answer.
    """
    index = cluster.indices.get(index=release)[release]
    meta = IndexMeta.from_mapping(release, index["mappings"])
    settings = index["settings"]["index"]
    reranked = any(one.role.startswith(RERANKER) for one in beside)
    found = [
        *(_find(meta.release, need, store) for need in _needs(meta, reranked=reranked)),
        *beside,
    ]
    texts: dict[str, bytes] = {}
    rules = _rules(cluster, name, meta.release, texts)
    synonyms = Synonyms(tuple(rules_of(settings)))
    bound_synonyms = None
    if synonyms.rules:
        texts[synonyms.fingerprint] = "\n".join(synonyms.rules).encode()
        bound_synonyms = BoundText(lines=len(synonyms.rules), fingerprint=synonyms.fingerprint)
    manifest = ReleaseManifest(
        catalogue=name,
        release=meta.release,
        cluster=cluster.info()["cluster_uuid"],
        index=BoundIndex(
            uuid=settings["uuid"],
            schema_version=meta.schema_version,
            engine=meta.engine,
            kept_as=meta.vectors.kept_as,
            mapping=_digest(index["mappings"], settings.get("analysis", {})),
        ),
        artifacts=tuple(one.bound() for one in found),
        fusion=meta.fusion.to_json() if meta.fusion else None,
        boosts=meta.boosts.to_json() if meta.boosts else None,
        rules=rules,
        synonyms=bound_synonyms,
        suggestions=_suggestions(cluster, meta),
        lineage=BoundLineage(**asdict(meta.lineage)) if meta.lineage else BoundLineage(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        documents=cluster.count(index=release)["count"],
    )
    return ServedRelease(manifest, tuple(one.artifact for one in found), texts)


def fingerprints_of(meta: IndexMeta) -> tuple[str, ...]:
    """Fingerprints of the artifacts that an index names, each once."""
    return tuple(dict.fromkeys(need.fingerprint for need in _needs(meta, reranked=False)))


def _needs(meta: IndexMeta, *, reranked: bool) -> Iterator[_Need]:
    """The artifacts that an index names; without its reranker, if another one reranks."""
    if space := meta.spaces.get(fields.DENSE):
        yield _Need("encoder", DenseEncoder.kind, space.fingerprint)
    if space := meta.spaces.get(fields.SPARSE):
        yield _Need("sparse encoder", SparseEncoder.kind, space.fingerprint)
    if recommends := meta.item_spaces.recommends:
        yield _Need("recommender", RECOMMENDER, recommends.recommender)
        if recommends.encoder:
            yield _Need("encoder of the recommender", DenseEncoder.kind, recommends.encoder)
        if recommends.codes:
            yield _Need("codes", ITEM_CODES, recommends.codes)
        if recommends.router:
            yield _Need("router", ROUTER, recommends.router)
    if relates := meta.item_spaces.relates:
        yield _Need("item-to-item model", ITEM_TO_ITEM, relates.model)
        if relates.encoder:
            yield _Need("encoder of the item-to-item model", DenseEncoder.kind, relates.encoder)
    if ranker := meta.ordering.ranker:
        yield _Need("ranker", RANKER, ranker.fingerprint)
    for number, stage in enumerate(() if reranked else meta.ordering.reranker, 1):
        yield _Need(f"{RERANKER} {number}", CrossEncoder.kind, stage.fingerprint)
    if preferences := meta.ordering.preferences:
        yield _Need("preferences", PREFERENCES, preferences.fingerprint)


def _find(release: str, need: _Need, store: ArtifactStore) -> ServedWith:
    try:
        return ServedWith(need.role, load_artifact(store.resolve(need.fingerprint, need.kind)))
    except ArtifactNotFound as error:
        raise ArtifactNotFound(
            f"the {need.role} of {release} ({need.fingerprint[:12]}) is not on this machine",
            fix="push from the machine that indexed it, or fetch it here first: aisle artifacts pull",
        ) from error


def _rules(cluster: Cluster, name: str, release: str, texts: dict[str, bytes]) -> BoundText | None:
    """The rules that a release is served with; their content joins ``texts``."""
    store = RuleStore(cluster, name)
    history = store.history()
    is_live = release in read_inventory(cluster, name).live
    version = history.live if is_live else history.of_release(release)
    if version is None or not version.rules:
        return None
    rules = store.rules(version)
    texts[rules.fingerprint] = orjson.dumps(rules.to_json(), option=orjson.OPT_SORT_KEYS)
    return BoundText(lines=len(rules.rules), fingerprint=rules.fingerprint)


def _suggestions(cluster: Cluster, meta: IndexMeta) -> str:
    if not meta.features.suggest:
        return ""
    index = suggest_index(meta.release)
    uuid: str = cluster.indices.get(index=index)[index]["settings"]["index"]["uuid"]
    return uuid


def _digest(mapping: Mapping[str, Any], analysis: Mapping[str, Any]) -> str:
    content = [{name: part for name, part in mapping.items() if name != "_meta"}, analysis]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
