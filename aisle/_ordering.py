"""Opens the models that order what a release finds: those that it names, or others."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle.encoder import Artifact, ArtifactStore, CrossEncoder
from aisle.encoder.artifact import RANKER, Manifest
from aisle.errors import ArtifactMismatch, ArtifactNotFound, InputError
from aisle.mappings import IndexMeta, default_fusion, fields
from aisle.mappings.meta import catalogue_of
from aisle.search import CascadeStage, Reranker
from aisle.search.rank.artifact import load_ranker
from aisle.search.rank.ranker import Ranker
from aisle.search.rank.reranker import SCORES
from aisle.search.systems import legs_of

NO_MODEL: Final = "none"
"""Says of a model that there is to be none."""

TOP: Final = 100
"""Candidates of a first stage unless it says otherwise."""

LATER: Final = 20
"""Those of the stages that follow."""

SPACES: Final = "spaces"
"""What a ranker's manifest calls the encoders whose scores it learned: vector field to fingerprint."""

CATALOGUE: Final = "catalogue"
"""Likewise, the catalogue whose index it asked."""

LEGS: Final = "legs"
"""Likewise, the legs that were fused there."""


@dataclass(frozen=True, slots=True)
class StageRef:
    """A stage of a reranker, by name.

    Attributes:
        ref: an artifact: a path, a name or a fingerprint.
        top: how many of the best it reads.
    """

    ref: str
    top: int


def reranker_stages(refs: str, top: int | None = None) -> tuple[StageRef, ...]:
    """The stages that a text names, see `open_reranker`.

    Raises:
        InputError: a number is none.
    """
    named = [part.strip() for part in refs.split(",") if part.strip()]
    return tuple(_stage(part, LATER if place else top or TOP) for place, part in enumerate(named))


def open_reranker(
    refs: str, store: ArtifactStore, top: int | None = None, remembered: int = SCORES
) -> Reranker:
    """A reranker of one stage or of several.

    Args:
        refs: an artifact (a path, a name or a fingerprint), or several as in ``small:100,large:20``: each
            reads so many of the best that the one before left.
        store: where artifacts are looked up.
        top: candidates of the first stage, unless it is named with a number.
        remembered: scores that are kept in memory.

    Raises:
        InputError: nothing is named, or a number is none.
        ArtifactNotFound, ArtifactCorrupt: see ``CrossEncoder.load``.
    """
    stages = reranker_stages(refs, top)
    models = [CascadeStage(CrossEncoder.load(stage.ref, store=store), stage.top) for stage in stages]
    return Reranker(models, remembered=remembered)


def _stage(part: str, top: int) -> StageRef:
    ref, colon, number = part.rpartition(":")
    if not colon:
        return StageRef(part, top)
    if not number.isdecimal():
        raise InputError(f"{part!r} names no number of candidates", fix="write it like small:100,large:20")
    return StageRef(ref, int(number))


def release_ranker(meta: IndexMeta, store: ArtifactStore) -> Ranker | None:
    """The ranker that a release names, loaded; None if it names none.

    Raises:
        ArtifactNotFound: it is not on this machine.
        ArtifactCorrupt: it is not what was built.
        ArtifactMismatch: it learned other features than the release and this Aisle have.
    """
    named = meta.ordering.ranker
    if named is None:
        return None
    try:
        ranker, artifact = load_ranker(store.resolve(named.fingerprint, RANKER), store)
    except ArtifactNotFound as error:
        raise _absent(meta, "ranker", named.name, named.fingerprint) from error
    check_ranker(meta, artifact)
    return ranker


def named_ranker(meta: IndexMeta, ref: str | Path, store: ArtifactStore) -> Ranker:
    """A ranker that someone chose for a release, loaded; one of another catalogue, or of other legs, warns.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is not what was built.
        ArtifactMismatch: it learned other features than the release and this Aisle have.
    """
    ranker, artifact = load_ranker(ref, store)
    check_ranker(meta, artifact)
    learned, there = artifact.manifest.training.get(CATALOGUE), catalogue_of(meta.release)
    if learned not in (None, there):
        warnings.warn(
            f"the ranker {ranker.name} learned on the catalogue {learned}, and {meta.release} is of {there}:"
            " on another catalogue a ranker may order worse than the fusion; see what judged queries say:"
            f" aisle tune ladder JUDGED --name {there} --ranker {ref}",
            stacklevel=3,
        )
    legs, asked = artifact.manifest.training.get(LEGS), fused_legs(meta)
    if legs is not None and set(legs) != set(asked):
        warnings.warn(
            f"the ranker {ranker.name} learned over a fusion of {', '.join(legs)}, and that of {meta.release}"
            f" asks {', '.join(asked)}: see whether it still helps: aisle tune ladder JUDGED --name {there}"
            f" --ranker {ref}",
            stacklevel=3,
        )
    return ranker


def fused_legs(meta: IndexMeta) -> tuple[str, ...]:
    """The legs that searches of a release ask."""
    return (meta.fusion or default_fusion(legs_of(meta))).legs


def check_ranker(meta: IndexMeta, artifact: Artifact) -> None:
    """Refuse a ranker whose features mean something else in a release: it learned other legs' scores.

    Args:
        meta: of the release.
        artifact: the ranker; one that does not say what it learned from passes.

    Raises:
        ArtifactMismatch: naming both.
    """
    learned: Mapping[str, str] | None = artifact.manifest.training.get(SPACES)
    there = searched_spaces(meta)
    if learned is not None and dict(learned) != there:
        raise ArtifactMismatch(
            f"the ranker {artifact.manifest.name} learned scores of {_encoders(learned)}, and {meta.release}"
            f" has {_encoders(there)}",
            fix=f"train one for it: aisle train ranker --index {meta.release} --data JUDGED",
        )


def searched_spaces(meta: IndexMeta) -> dict[str, str]:
    """Vector field to fingerprint of the encoder, of the fields that searches ask."""
    return {name: space.fingerprint for name, space in meta.spaces.items() if name in fields.SEARCHED_VECTORS}


def release_encoders(meta: IndexMeta, store: ArtifactStore) -> list[Manifest]:
    """What the encoders of a release say of themselves, of those that are on this machine."""
    return manifests_of({space.fingerprint for space in meta.spaces.values()}, store)


def manifests_of(fingerprints: Collection[str], store: ArtifactStore) -> list[Manifest]:
    """The manifests of some artifacts, of those that are in the store."""
    return [manifest for _, manifest in store.list() if manifest.fingerprint in fingerprints]


def release_reranker(meta: IndexMeta, store: ArtifactStore) -> Reranker | None:
    """The reranker that a release names, loaded; None if it names none.

    Raises:
        ArtifactNotFound: a stage of it is not on this machine.
        ArtifactCorrupt: see ``CrossEncoder.load``.
    """
    stages = []
    for stage in meta.ordering.reranker:
        try:
            path = store.resolve(stage.fingerprint, CrossEncoder.kind)
        except ArtifactNotFound as error:
            raise _absent(meta, "rerank", stage.name, stage.fingerprint) from error
        stages.append(CascadeStage(CrossEncoder.load(path), stage.top))
    return Reranker(stages) if stages else None


def _absent(meta: IndexMeta, option: str, name: str, fingerprint: str) -> ArtifactNotFound:
    return ArtifactNotFound(
        f"{meta.release} is served with {name} ({fingerprint[:12]}), which is not on this machine",
        fix=f"fetch it: aisle artifacts pull NAME; or search without it: --{option} {NO_MODEL}",
    )


def _encoders(spaces: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {fingerprint[:12]}" for name, fingerprint in spaces.items()) or "words alone"
