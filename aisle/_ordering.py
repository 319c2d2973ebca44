"""Opens the models that order what a release finds: those that it names, or others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aisle.encoder import Artifact, ArtifactStore, CrossEncoder
from aisle.encoder.artifact import RANKER
from aisle.errors import ArtifactMismatch, ArtifactNotFound, InputError
from aisle.mappings import IndexMeta, fields
from aisle.search import CascadeStage, Reranker
from aisle.search.rank.artifact import load_ranker
from aisle.search.rank.ranker import Ranker
from aisle.search.rank.reranker import SCORES

NO_MODEL: Final = "none"
"""Says of a model that there is to be none."""

TOP: Final = 100
"""Candidates of a first stage unless it says otherwise."""

LATER: Final = 20
"""Those of the stages that follow."""

SPACES: Final = "spaces"
"""What a ranker's manifest calls the encoders whose scores it learned: vector field to fingerprint."""


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
