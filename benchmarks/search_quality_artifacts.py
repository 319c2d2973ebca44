"""The models of the search quality benchmark: those that this machine's store has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aisle.encoder import ArtifactStore, cross_encoder, dense, sparse
from aisle.encoder.artifact import read_manifest
from aisle.errors import ArtifactNotFound


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Attributes:
    encoder: folder of the dense artifact.
    sparse, reranker, teacher: folders, None where the store has none: their rungs are left out.
    missing: what is left out, in words.
    """

    encoder: Path
    sparse: Path | None
    reranker: Path | None
    teacher: Path | None
    missing: tuple[str, ...]


def find_artifacts(
    store: ArtifactStore, encoder: str, sparse_ref: str, reranker: str, teacher: str
) -> Artifacts:
    """Look them up by name, path or fingerprint.

    Raises:
        ArtifactNotFound: there is no such dense artifact, without which there is no hybrid.
    """
    wanted: Mapping[str, tuple[str, str]] = {
        "sparse leg": (sparse_ref, sparse.KIND),
        "reranker": (reranker, cross_encoder.KIND),
        "teacher": (teacher, cross_encoder.KIND),
    }
    found = {what: _folder(store, ref, kind) for what, (ref, kind) in wanted.items()}
    missing = tuple(f"{what} (no artifact {wanted[what][0]})" for what, path in found.items() if path is None)
    return Artifacts(
        store.resolve(encoder, dense.KIND),
        found["sparse leg"],
        found["reranker"],
        found["teacher"],
        missing,
    )


def _folder(store: ArtifactStore, ref: str, kind: str) -> Path | None:
    try:
        path = store.resolve(ref, kind)
    except ArtifactNotFound:
        return None
    # Without one of that kind, the store offers another of that name.
    return path if read_manifest(path).kind == kind else None
