"""What makes fields of a release's items: from which artifacts, of a new release and of one that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle.encoder import Artifact, ArtifactStore, DenseEncoder, item_text
from aisle.encoder.artifact import ITEM_CODES, ITEM_TO_ITEM, RECOMMENDER, ROUTER, load_artifact
from aisle.encoder.code_artifact import ItemCodes, load_codes
from aisle.errors import ArtifactMismatch, ArtifactNotFound, InputError
from aisle.indexer.vectors import ItemEncoder, ItemFields, dense_item_encoder, item_fields_encoder, reads
from aisle.mappings import IndexMeta, ItemSpace, ItemToItemSpace, RecommendationSpace
from aisle.recommendation.item_fields import CodedItems, RecommendationFields
from aisle.recommendation.item_to_item.artifact import find_two_heads, read_two_heads
from aisle.recommendation.item_to_item.item_fields import HeadFields
from aisle.recommendation.known_items import find_recommender, known_items
from aisle.recommendation.router_artifact import (
    TrainedRouter,
    load_router,
    read_item_embeddings,
    router_of,
)

NONE: Final = "none"
"""What leaves out an artifact that would be taken by its name."""


@dataclass(frozen=True, slots=True)
class RecommenderRefs:
    """The artifacts that a new release is to recommend by, each by path, name or fingerprint.

    Attributes:
        recommender: of counts and texts.
        codes: of semantic IDs; None: the router's, else those of the recommender's name, if there are any;
            ``NONE``: none.
        router: that was trained for this recommender; None: the one of its name, if there is one; ``NONE``:
            none.
    """

    recommender: str | Path
    codes: str | Path | None = None
    router: str | Path | None = None


@dataclass(frozen=True, slots=True)
class ItemFieldRefs:
    """The artifacts that are to make fields of a new release's items.

    Attributes:
        recommender: what they are recommended by; None: they cannot be.
        item_to_item: what they are related to one another by; None: they cannot be.
    """

    recommender: RecommenderRefs | None = None
    item_to_item: str | Path | None = None


def item_field_refs(
    recommender: str | Path | None,
    codes: str | Path | None,
    router: str | Path | None,
    item_to_item: str | Path | None,
) -> ItemFieldRefs:
    """As `aisle.index` takes them.

    Raises:
        InputError: codes or a router without a recommender.
    """
    if recommender is not None:
        return ItemFieldRefs(RecommenderRefs(recommender, codes, router), item_to_item)
    if codes is not None or router is not None:
        raise InputError(
            "codes and routers recommend nothing without a recommender", fix="name one with --recommender"
        )
    return ItemFieldRefs(None, item_to_item)


def new_item_fields(asked: ItemFieldRefs, store: ArtifactStore) -> tuple[ItemFields, ...]:
    """Those of a new release.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: an artifact that is asked for is not there, or not what was built.
        ArtifactMismatch: see `recommendation_fields`.
    """
    made: list[ItemFields] = []
    if asked.recommender is not None:
        made.append(recommendation_fields(asked.recommender, store))
    if asked.item_to_item is not None:
        made.append(head_fields(find_two_heads(asked.item_to_item, store)))
    return tuple(made)


def release_item_fields(meta: IndexMeta, store: ArtifactStore) -> tuple[ItemFields, ...]:
    """Those of a release that there is, of the very artifacts that it was made with.

    Raises:
        ArtifactNotFound: one of them is not on this machine; names it.
        ArtifactCorrupt: one is not what was built.
    """
    made: list[ItemFields] = []
    if recommends := meta.item_spaces.recommends:
        made.append(_release_recommendation_fields(meta, recommends, store))
    if relates := meta.item_spaces.relates:
        folder = find_release_artifact(meta, ITEM_TO_ITEM, relates.name, relates.model, store)
        made.append(head_fields(find_two_heads(folder, store)))
    return tuple(made)


def head_fields(artifact: Artifact) -> HeadFields:
    """What items are related to one another by, of an item-to-item model.

    Raises:
        ArtifactCorrupt: its files are not what was built.
    """
    model = read_two_heads(artifact)
    space = ItemToItemSpace(artifact.fingerprint, artifact.manifest.name, model.dims, model.encoder)
    return HeadFields(space, model.towers, model.whitening)


def recommendation_fields(asked: RecommenderRefs, store: ArtifactStore) -> RecommendationFields:
    """What items of a new release are recommended by.

    A note says so if a router is left out, as it is of an earlier recommender.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: an artifact that is asked for is not there, or not what was built.
        ArtifactMismatch: the artifacts were not made for each other.
    """
    recommender = find_recommender(asked.recommender, store)
    router = _router_asked(asked.router, recommender, store)
    codes = _codes_asked(asked.codes, recommender, router, store)
    return _recommendation_fields(recommender, codes, router.artifact if router else None)


def _router_asked(
    ref: str | Path | None, recommender: Artifact, store: ArtifactStore
) -> TrainedRouter | None:
    if ref is None:
        return router_of(recommender, store)
    if ref == NONE:
        return None
    router = load_router(ref, store)
    if router.recommender != recommender.fingerprint:
        raise ArtifactMismatch(
            f"router {router.artifact.manifest.name} was trained for another recommender than"
            f" {recommender.manifest.name} ({recommender.fingerprint[:12]})",
            fix="train it again: aisle train router, or leave it out: --router none",
        )
    return router


def _codes_asked(
    ref: str | Path | None, recommender: Artifact, router: TrainedRouter | None, store: ArtifactStore
) -> OpenCodes | None:
    if ref == NONE:
        return None
    if ref is None and router is not None and router.codes:
        ref = router.codes
    if ref is None:
        held = ((path, manifest) for path, manifest in store.list() if manifest.kind == ITEM_CODES)
        name = recommender.manifest.name
        ref = next((path for path, manifest in held if manifest.name == name), None)
    if ref is None:
        return None
    codes = OpenCodes(*load_codes(ref, store))
    if router is not None and router.codes not in ("", codes.artifact.fingerprint):
        raise ArtifactMismatch(
            f"router {router.artifact.manifest.name} was trained with other codes than"
            f" {codes.artifact.manifest.name} ({codes.artifact.fingerprint[:12]})",
            fix="leave --codes out, or train the router with them: aisle train router",
        )
    return codes


@dataclass(frozen=True, slots=True, eq=False)
class OpenCodes:
    """Codes and the artifact that they are of."""

    codes: ItemCodes
    artifact: Artifact


def _release_recommendation_fields(
    meta: IndexMeta, space: RecommendationSpace, store: ArtifactStore
) -> RecommendationFields:
    recommender = find_release_artifact(meta, RECOMMENDER, space.name, space.recommender, store)
    codes = router = None
    if space.codes:
        path = find_release_artifact(meta, ITEM_CODES, f"of {space.name}", space.codes, store)
        codes = OpenCodes(*load_codes(path, store))
    if space.router:
        path = find_release_artifact(meta, ROUTER, f"of {space.name}", space.router, store)
        router = load_artifact(path)
    return _recommendation_fields(load_artifact(recommender), codes, router)


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


def _recommendation_fields(
    recommender: Artifact, codes: OpenCodes | None, router: Artifact | None
) -> RecommendationFields:
    manifest, known = recommender.manifest, known_items(recommender)
    sequences = read_item_embeddings(router) if router else None
    encoder, coded = manifest.revision, None
    if codes is not None:
        theirs = codes.artifact.manifest
        if encoder and theirs.revision not in ("", encoder):
            raise ArtifactMismatch(
                f"codes {theirs.name} read texts with encoder {theirs.base_model}, recommender"
                f" {manifest.name} with {manifest.base_model}: an index takes one for both",
                fix="train both with one --encoder, or leave the codes out: --codes none",
            )
        encoder = encoder or theirs.revision
        coded = CodedItems.of(codes.codes, encoder)
    text_dims = known.whitening.dims if known.whitening else 0
    space = RecommendationSpace(
        recommender=recommender.fingerprint,
        name=manifest.name,
        encoder=encoder,
        codes=codes.artifact.fingerprint if codes else "",
        router=router.fingerprint if router else "",
        dims=text_dims + (sequences.dims if sequences else 0),
        text_dims=text_dims,
        levels=coded.levels if coded else 0,
    )
    return RecommendationFields(space, known, coded, sequences)


def text_encoders(
    model: DenseEncoder | None, dims: int, makers: Sequence[ItemFields], store: ArtifactStore
) -> list[ItemEncoder]:
    """Dense vectors and fields of items; every encoder reads the texts once for all that it serves.

    Args:
        model: of the dense vectors; None: there are none.
        dims: that they are cut to.
        makers: of the fields of items.
        store: where encoders of their own are looked up.

    Raises:
        ArtifactNotFound: such an encoder is not on this machine.
        ArtifactCorrupt: see ``DenseEncoder.load``.
    """
    made, others = [], list(makers)
    if model is not None:
        also = [maker for maker in makers if reads(maker, model.fingerprint)]
        others = [maker for maker in makers if maker not in also]
        made.append(dense_item_encoder(model, item_text, name=model.manifest.name, dims=dims, also=also))
    for own in dict.fromkeys(maker.space.encoder for maker in others):
        alike = [maker for maker in others if maker.space.encoder == own]
        made.append(item_fields_encoder(alike, _own_encoder(alike[0].space, store), item_text))
    return made


def _own_encoder(space: ItemSpace, store: ArtifactStore) -> DenseEncoder | None:
    if not space.encoder:
        return None
    try:
        return DenseEncoder.load(space.encoder, store=store)
    except ArtifactNotFound as error:
        raise ArtifactNotFound(
            f"{space.title} reads texts with an encoder ({space.encoder[:12]}) that is not on this machine",
            fix=f"copy its folder into the artifacts of AISLE_HOME here, or train again: {space.trained_by}"
            " --encoder",
        ) from error
