"""Opens a client of similar items with the model that the index was made with; or asks the model itself."""

from __future__ import annotations

from collections.abc import Iterable

from opensearchpy import OpenSearch

from aisle._item_fields import find_release_artifact
from aisle._recommendations import FoundClient
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore, load_artifact
from aisle.encoder.artifact import ITEM_TO_ITEM
from aisle.errors import ClusterUnavailable, ForeignIndex, IndexNotFound
from aisle.mappings import IndexMeta
from aisle.recommendation.item_to_item.artifact import load_two_heads, read_two_heads
from aisle.recommendation.item_to_item.kinds import Intent
from aisle.recommendation.item_to_item.similar import HeadScorer, SimilarItems, similar_items
from aisle.search import read_live
from aisle.search.rules.live import RulesReader
from aisle.search.similar.client import SimilarArtifacts, SimilarItemsClient


def open_similar_items(
    name: str,
    *,
    rules: bool = True,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> SimilarItemsClient:
    """A client of similar items over an index: of what is there now, under filters, new items among it.

    Open it once and keep it: loading the model takes about a second.

    Example:
        >>> shop = aisle.open_similar_items("shop")
        >>> page = shop.similar("drill-18v", filters=aisle.Filters(price_max=50, in_stock=True), size=2)
        >>> [(hit.title, hit.head.value) for hit in page.items]
        [('Drill bits, 19 pieces', 'engagement'), ('Drill, 12 V', 'relevance')]

    Args:
        name: of the catalogue (its live release), or of one release; it was made with
            ``aisle.index(..., item_to_item=NAME)``.
        rules: let the catalogue's rules act; they are read again every few seconds.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where the model is looked up; None: the one under ``AISLE_HOME``.

    Raises:
        IndexNotFound: there is no such index.
        ForeignIndex: Aisle did not make it, or it was made without an item-to-item model.
        ArtifactNotFound: the model is not on this machine.
        ArtifactCorrupt: its files are not what was built.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    meta = read_live(client, name).meta
    artifacts = similar_artifacts(meta, store or ArtifactStore.default())
    return SimilarItemsClient(client, name, artifacts, rules=RulesReader(client) if rules else None)


def similar_artifacts(meta: IndexMeta, store: ArtifactStore) -> SimilarArtifacts:
    """The model that a release relates items by, loaded.

    Raises:
        ForeignIndex: it was made without one.
        ArtifactNotFound: it is not on this machine.
        ArtifactCorrupt: its files are not what was built.
    """
    space = meta.relating()
    path = find_release_artifact(meta, ITEM_TO_ITEM, space.name, space.model, store)
    return SimilarArtifacts(space, read_two_heads(load_artifact(path)))


def find_similar_index(name: str, *, rules: bool = True) -> FoundClient[SimilarItemsClient]:
    """The index of a name, if a cluster answers, has one, and it was made with an item-to-item model.

    Args:
        name: of a catalogue or of one release.
        rules: see `open_similar_items`.

    Raises:
        ArtifactNotFound, ArtifactCorrupt, ClusterError: as `open_similar_items`; a cluster that refuses is no
            missing one.
    """
    try:
        return FoundClient(open_similar_items(name, rules=rules))
    except (ClusterUnavailable, IndexNotFound, ForeignIndex) as error:
        return FoundClient(None, error)


def similar_of_model(
    name: str,
    id_: str,
    *,
    size: int = 10,
    alpha: float | None = None,
    intent: str | None = None,
    exclude: Iterable[str] = (),
) -> SimilarItems:
    """Similar items from a model itself, see ``similar_items``.

    Args:
        name: of the artifact, its path or its fingerprint.
        id_: of the trigger.
        size: most items.
        alpha: percent of the places that the engagement head gets.
        intent: ``complement`` or ``substitute`` alone.
        exclude: ids that do not come up.

    Raises:
        ArtifactNotFound: there is no such model; `aisle.train_item_to_item` makes one.
        ArtifactCorrupt: its files are not what was built.
        InvalidQuery: see ``similar_items``.
    """
    scorer = HeadScorer(load_two_heads(name, ArtifactStore.default()))
    wanted = Intent(intent) if intent else None
    return similar_items(scorer, id_, size=size, alpha=alpha, intent=wanted, exclude=exclude)
