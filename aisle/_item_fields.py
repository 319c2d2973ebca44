"""What a release recommends by: from which artifacts, of a new release and of one that there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aisle.encoder import Artifact, ArtifactStore, DenseEncoder, item_text
from aisle.encoder.artifact import ITEM_CODES, RECOMMENDER, load_artifact
from aisle.encoder.code_artifact import load_codes
from aisle.errors import ArtifactMismatch, ArtifactNotFound, InputError
from aisle.indexer.vectors import ItemEncoder, dense_item_encoder, recommended_item_encoder
from aisle.mappings import IndexMeta, RecommendationSpace
from aisle.recommendation.item_fields import CodedItems, ItemFields
from aisle.recommendation.known_items import find_recommender, known_items

NONE: Final = "none"
"""What leaves out an artifact that would be taken by its name."""


@dataclass(frozen=True, slots=True)
class RecommenderRefs:
    """The artifacts that a new release is to recommend by, each by path, name or fingerprint.

    Attributes:
        recommender: of counts and texts.
        codes: of semantic IDs; None: those of the recommender's name, if there are any; ``NONE``: none.
    """

    recommender: str | Path
    codes: str | Path | None = None


def recommender_refs(recommender: str | Path | None, codes: str | Path | None) -> RecommenderRefs | None:
    """As `aisle.index` takes them; None if the release shall not recommend.

    Raises:
        InputError: codes without a recommender.
    """
    if recommender is not None:
        return RecommenderRefs(recommender, codes)
    if codes is not None:
        raise InputError(
            "codes without a recommender are asked by nobody", fix="name a recommender with --recommender"
        )
    return None


def item_fields(asked: RecommenderRefs, store: ArtifactStore) -> ItemFields:
    """Those of a new release.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: an artifact that is asked for is not there, or not what was built.
        ArtifactMismatch: recommender and codes read texts with different encoders.
    """
    recommender = find_recommender(asked.recommender, store)
    return _item_fields(recommender, _codes_asked(asked.codes, recommender.manifest.name, store), store)


def _codes_asked(ref: str | Path | None, name: str, store: ArtifactStore) -> str | Path | None:
    if ref is None:
        held = ((path, manifest) for path, manifest in store.list() if manifest.kind == ITEM_CODES)
        return next((path for path, manifest in held if manifest.name == name), None)
    return None if ref == NONE else ref


def release_item_fields(meta: IndexMeta, store: ArtifactStore) -> ItemFields | None:
    """Those of a release that there is, of the very artifacts that it was made with; None if it has none.

    Raises:
        ArtifactNotFound: one of them is not on this machine; names it.
        ArtifactCorrupt: one is not what was built.
    """
    space = meta.recommends
    if space is None:
        return None
    recommender = find_release_artifact(meta, RECOMMENDER, space.name, space.recommender, store)
    codes = None
    if space.codes:
        codes = find_release_artifact(meta, ITEM_CODES, f"of {space.name}", space.codes, store)
    return _item_fields(load_artifact(recommender), codes, store)


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


def _item_fields(recommender: Artifact, codes_ref: str | Path | None, store: ArtifactStore) -> ItemFields:
    known = known_items(recommender)
    width = known.whitening.dims if known.whitening else 0
    space = RecommendationSpace(
        recommender=recommender.fingerprint,
        name=recommender.manifest.name,
        encoder=recommender.manifest.revision,
        dims=width,
        text_dims=width,
    )
    if codes_ref is None:
        return ItemFields(space, known)
    codes, artifact = load_codes(codes_ref, store)
    if space.encoder and artifact.manifest.revision not in ("", space.encoder):
        raise ArtifactMismatch(
            f"codes {artifact.manifest.name} read texts with encoder {artifact.manifest.base_model},"
            f" recommender {space.name} with {recommender.manifest.base_model}: an index takes one for both",
            fix="train both with one --encoder, or leave the codes out: --codes none",
        )
    space = replace(
        space,
        encoder=space.encoder or artifact.manifest.revision,
        codes=artifact.fingerprint,
        levels=len(codes.quantizer.sizes),
    )
    return ItemFields(space, known, CodedItems.of(codes, space.encoder))


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
    if not space.encoder:
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
