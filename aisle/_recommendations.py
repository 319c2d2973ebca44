"""Opens a client that recommends from an index, with the very artifacts that the index was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from opensearchpy import OpenSearch

from aisle._item_fields import find_release_artifact
from aisle.cluster.client import connected
from aisle.encoder import Artifact, ArtifactStore
from aisle.encoder.artifact import PREFERENCES, RECOMMENDER, ROUTER
from aisle.errors import AisleError, ClusterUnavailable, ForeignIndex, IndexNotFound
from aisle.mappings import IndexMeta
from aisle.recommendation.artifact import read_recommender
from aisle.recommendation.known_items import find_recommender
from aisle.recommendation.preferences import Preferences, preferences_of, read_channels
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router_artifact import load_router
from aisle.search import read_live
from aisle.search.recommend.client import RecommendationArtifacts, RecommendationClient
from aisle.search.rules.live import RulesReader

Client = TypeVar("Client")


def open_recommendations(
    name: str,
    *,
    rules: bool = True,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> RecommendationClient:
    """A client that recommends from an index: of what is there now, under filters, new items among it.

    Open it once and keep it: loading the artifacts takes about a second.

    Example:
        >>> shop = aisle.open_recommendations("shop")
        >>> page = shop.recommend(["drill-18v"], filters=aisle.Filters(price_max=50, in_stock=True), size=2)
        >>> [(item.title, item.because) for item in page.items]
        [('Drill bits, 19 pieces', 'drill-18v'), ('Case for a drill', 'drill-18v')]

    Args:
        name: of the catalogue (its live release), or of one release; it was made with
            ``aisle.index(..., recommender=NAME)``.
        rules: let the catalogue's rules act; they are read again every few seconds.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        IndexNotFound: there is no such index.
        ForeignIndex: Aisle did not make it, or it was made without a recommender.
        ArtifactNotFound: an artifact that it was made with is not on this machine.
        ArtifactCorrupt: an artifact's files are not what was built.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    meta = read_live(client, name).meta
    artifacts = release_artifacts(meta, store or ArtifactStore.default())
    return RecommendationClient(client, name, artifacts, rules=RulesReader(client) if rules else None)


def release_artifacts(meta: IndexMeta, store: ArtifactStore) -> RecommendationArtifacts:
    """The artifacts that a release recommends by, loaded.

    Raises:
        ForeignIndex: it was made without a recommender.
        ArtifactNotFound: one is not on this machine.
        ArtifactCorrupt: the files of one are not what was built.
    """
    recommender, artifact = release_recommender(meta, store)
    if named := meta.ordering.preferences:
        path = find_release_artifact(meta, PREFERENCES, named.name, named.fingerprint, store)
        preferences: Preferences | None = Preferences.load(path, store)
    else:
        preferences = preferences_of(artifact, read_channels(recommender.channel), store)
    if preferences is not None:
        recommender = recommender.with_preferences(preferences)
    return RecommendationArtifacts(meta.recommending(), recommender)


def release_recommender(meta: IndexMeta, store: ArtifactStore) -> tuple[Recommender, Artifact]:
    """The recommender of a release with its router, without preferences, and its artifact.

    Raises:
        ForeignIndex, ArtifactNotFound, ArtifactCorrupt: as `release_artifacts`.
    """
    space = meta.recommending()
    artifact = find_recommender(
        find_release_artifact(meta, RECOMMENDER, space.name, space.recommender, store), store
    )
    recommender = read_recommender(artifact)
    if space.router:
        router = find_release_artifact(meta, ROUTER, space.name, space.router, store)
        recommender = recommender.with_router(load_router(router, store))
    return recommender, artifact


@dataclass(frozen=True, slots=True)
class FoundClient(Generic[Client]):
    """A client of an index that can answer under a name, if there is one.

    Attributes:
        client: of the index; None: there is none.
        missing: why there is none; None where there is one.
    """

    client: Client | None
    missing: AisleError | None = None


def find_recommending_index(name: str, *, rules: bool = True) -> FoundClient[RecommendationClient]:
    """The index of a name, if a cluster answers, has one, and it was made with a recommender.

    Args:
        name: of a catalogue or of one release.
        rules: see `open_recommendations`.

    Raises:
        ArtifactNotFound, ArtifactCorrupt, ClusterError: as `open_recommendations`; a cluster that refuses is
            no missing one.
    """
    try:
        return FoundClient(open_recommendations(name, rules=rules))
    except (ClusterUnavailable, IndexNotFound, ForeignIndex) as error:
        return FoundClient(None, error)
