"""Makes the models that order what a release finds part of it: they come and go with the release."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from opensearchpy import OpenSearch

from aisle._ordering import NO_MODEL, named_ranker, reranker_stages
from aisle._recommendations import release_recommender
from aisle._runs import champions_follow
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.errors import InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.log import write_log
from aisle.indexer.releases.names import check_name
from aisle.indexer.releases.release_meta import rewrite_meta
from aisle.mappings import IndexMeta
from aisle.mappings.meta import catalogue_of
from aisle.mappings.ordering import AS_FUSED, NamedModel, NamedStage, Ordering
from aisle.recommendation.preferences import Preferences
from aisle.search import read_live


@dataclass(frozen=True, slots=True)
class BoundModels:
    """What orders what a release finds, before and after.

    Attributes:
        release: index.
        before, after: its models.
        done: False after a dry run, or if nothing had to be changed.
    """

    release: str
    before: Ordering
    after: Ordering
    done: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def bind_models(
    name: str,
    *,
    ranker: str | None = None,
    reranker: str | None = None,
    preferences: str | None = None,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> BoundModels:
    """Make models part of a release: whoever searches it uses them, and they come and go with it.

    Bind them to a staged release, and `promote` brings them, `rollback` what was bound before. A release that
    is live orders by them at once where it is opened anew; a service does so within seconds.

    Example:
        >>> aisle.bind_models("shop-v0008", ranker="shop").after.ranker.name
        'shop'

    Args:
        name: of a release, or of the catalogue: its live release.
        ranker: an artifact of `aisle.train_ranker`; "none" for none; None: what it was.
        reranker: an artifact, or several as in ``small:100,large:20``; likewise.
        preferences: an artifact of `aisle.train_preferences`; "none": those that go by the recommender's
            name.
        dry_run: check all, change nothing.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        InputError: nothing to bind, another run changes the catalogue or made another release live meanwhile,
            or preferences were learned with other channels than the release's recommender has.
        IndexNotFound, ForeignIndex: there is no such release of Aisle, or it does not recommend.
        ArtifactNotFound, ArtifactCorrupt: an artifact is not there, or not what was built.
        ArtifactMismatch: a ranker learned other features than the release and this Aisle have.
        SearchError: what was written does not read back.
        ClusterError: the cluster does not answer.
    """
    if ranker is reranker is preferences is None:
        raise InputError("nothing is to be bound", fix="name a ranker, a reranker or preferences")
    client, store = connected(cluster), store or ArtifactStore.default()
    asked = _Asked(ranker, reranker, preferences)
    meta = read_live(client, name).meta
    catalogue = check_name(catalogue_of(meta.release))
    after = asked.ordering(meta, store)
    if dry_run or after == meta.ordering:
        return BoundModels(meta.release, meta.ordering, after, done=False)
    was_live = meta.release in read_inventory(client, catalogue).live
    with hold(client, catalogue, "aisle releases bind", wait_s=wait_s):
        # As it is now: whoever held the lease may have bound other models, or made another release live.
        now = read_live(client, name).meta
        is_live = now.release in read_inventory(client, catalogue).live
        if (now.release, is_live) != (meta.release, was_live):
            raise InputError(
                f"{meta.release} is {'not ' if was_live else ''}live by now, and nothing was bound to it",
                fix=f"see `aisle releases list {catalogue}`, then name the release that you mean",
            )
        after = asked.ordering(now, store)
        if after == now.ordering:
            return BoundModels(now.release, now.ordering, after, done=False)
        rewrite_meta(client, now.release, {"ordering": after.to_json() if after != AS_FUSED else None})
        write_log(client, catalogue, "bind", now.release, "", "; ".join(after.texts) or NO_MODEL)
    if is_live:
        champions_follow(client, catalogue)
    return BoundModels(now.release, now.ordering, after, done=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be bound, each as in `bind_models`."""

    ranker: str | None
    reranker: str | None
    preferences: str | None

    def ordering(self, meta: IndexMeta, store: ArtifactStore) -> Ordering:
        """What the release would be ordered by; what nobody asked for stays."""
        after = meta.ordering
        if self.ranker is not None:
            after = replace(after, ranker=_bound_ranker(meta, self.ranker, store))
        if self.reranker is not None:
            after = replace(after, reranker=_bound_reranker(self.reranker, store))
        if self.preferences is not None:
            after = replace(after, preferences=_bound_preferences(meta, self.preferences, store))
        return after


def _bound_ranker(meta: IndexMeta, ref: str, store: ArtifactStore) -> NamedModel | None:
    if ref == NO_MODEL:
        return None
    ranker = named_ranker(meta, ref, store)
    return NamedModel(ranker.fingerprint, ranker.name)


def _bound_reranker(refs: str, store: ArtifactStore) -> tuple[NamedStage, ...]:
    if refs == NO_MODEL:
        return ()
    stages = []
    for stage in reranker_stages(refs):
        model = CrossEncoder.load(stage.ref, store=store)
        stages.append(NamedStage(model.fingerprint, model.artifact.manifest.name, stage.top))
    if not stages:
        raise InputError(f"{refs!r} names no reranker", fix="write it like small:100,large:20")
    return tuple(stages)


def _bound_preferences(meta: IndexMeta, ref: str, store: ArtifactStore) -> NamedModel | None:
    if ref == NO_MODEL:
        return None
    found = Preferences.load(ref, store)
    release_recommender(meta, store)[0].with_preferences(found)
    return NamedModel(found.fingerprint, found.artifact.manifest.name)
