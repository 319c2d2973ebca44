"""What a release recommends by: from which artifacts, of a new release and of one that there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aisle.encoder import Artifact, ArtifactStore, DenseEncoder, item_text
from aisle.encoder.artifact import RECOMMENDER, load_artifact
from aisle.errors import ArtifactNotFound
from aisle.indexer.vectors import ItemEncoder, dense_item_encoder, recommended_item_encoder
from aisle.mappings import IndexMeta, RecommendationSpace
from aisle.recommendation.item_fields import ItemFields
from aisle.recommendation.known_items import find_recommender, known_items


@dataclass(frozen=True, slots=True)
class RecommenderRefs:
    """The artifacts that a new release is to recommend by.

    Attributes:
        recommender: artifact, by path, name or fingerprint.
    """

    recommender: str | Path


def item_fields(asked: RecommenderRefs, store: ArtifactStore) -> ItemFields:
    """Those of a new release.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: an artifact that is asked for is not there, or not what was built.
    """
    return _item_fields(find_recommender(asked.recommender, store))


def release_item_fields(meta: IndexMeta, store: ArtifactStore) -> ItemFields | None:
    """Those of a release that there is, of the very artifacts that it was made with; None if it has none.

    Raises:
        ArtifactNotFound: one of them is not on this machine; names it.
        ArtifactCorrupt: one is not what was built.
    """
    space = meta.recommends
    if space is None:
        return None
    return _item_fields(
        load_artifact(find_release_artifact(meta, RECOMMENDER, space.name, space.recommender, store))
    )


def find_release_artifact(
    meta: IndexMeta, kind: str, name: str, fingerprint: str, store: ArtifactStore
) -> Path:
    """The folder of an artifact that a release was made with.

    Args:
        meta: of the release.
        kind: of the artifact, as the store calls it.
        name: of the artifact, for people.
        fingerprint: of the artifact, from ``meta``.
        store: where it is looked up.

    Raises:
        ArtifactNotFound: it is not on this machine.
    """
    try:
        return store.resolve(fingerprint, kind)
    except ArtifactNotFound as error:
        raise ArtifactNotFound(
            f"index {meta.release} was built with {kind} {name} ({fingerprint[:12]}), which is not on this"
            " machine",
            fix="copy its folder into the artifacts of AISLE_HOME here, or index the catalogue again",
        ) from error


def _item_fields(recommender: Artifact) -> ItemFields:
    known = known_items(recommender)
    width = known.whitening.dims if known.whitening else 0
    space = RecommendationSpace(
        recommender=recommender.fingerprint,
        name=recommender.manifest.name,
        encoder=recommender.manifest.revision,
        dims=width,
        text_dims=width,
    )
    return ItemFields(space, known)


def text_encoders(
    model: DenseEncoder | None, dims: int, recommended: ItemFields | None, store: ArtifactStore
) -> list[ItemEncoder]:
    """Dense vectors and what items are recommended by; texts are read once where one encoder serves both.

    Args:
        model: of the dense vectors; None: there are none.
        dims: that they are cut to.
        recommended: makes the fields of recommendations; None: there are none.
        store: where the recommender's own encoder is looked up.

    Raises:
        ArtifactNotFound: that encoder is not on this machine.
        ArtifactCorrupt: see ``DenseEncoder.load``.
    """
    made = []
    shared = recommended is not None and model is not None and recommended.reads(model.fingerprint)
    if model is not None:
        also = recommended if shared else None
        name = model.manifest.name
        made.append(dense_item_encoder(model, item_text, name=name, dims=dims, recommended=also))
    if recommended is not None and not shared:
        made.append(recommended_item_encoder(recommended, _own_encoder(recommended.space, store), item_text))
    return made


def _own_encoder(space: RecommendationSpace, store: ArtifactStore) -> DenseEncoder | None:
    if not space.text_dims:
        return None
    try:
        return DenseEncoder.load(space.encoder, store=store)
    except ArtifactNotFound as error:
        raise ArtifactNotFound(
            f"recommender {space.name} reads texts with an encoder ({space.encoder[:12]}) that is not on this"
            " machine",
            fix="copy its folder into the artifacts of AISLE_HOME here, or train the recommender again with"
            " --encoder",
        ) from error
