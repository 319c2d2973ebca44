"""Every kind of artifact, and what opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aisle.encoder import cross_encoder, dense, sparse
from aisle.encoder.artifact import Artifact, ArtifactStore, read_manifest
from aisle.errors import ArtifactCorrupt


class Model(Protocol):
    """What all of them have."""

    @property
    def artifact(self) -> Artifact:
        """Its folder and manifest."""


_LOADERS: dict[str, Callable[[Path], Model]] = {
    dense.KIND: dense.DenseEncoder.load,
    sparse.KIND: sparse.SparseEncoder.load,
    cross_encoder.KIND: cross_encoder.CrossEncoder.load,
}


def load_model(ref: str | Path, store: ArtifactStore) -> Model:
    """Open an artifact of any kind: its hashes are checked, its golden texts replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: names what differs, or the kind that this Aisle does not know.
    """
    path = store.resolve(ref)
    kind = read_manifest(path).kind
    if kind not in _LOADERS:
        raise ArtifactCorrupt(
            f"{path} is a {kind} model, which this Aisle does not know", fix="use the Aisle that made it"
        )
    return _LOADERS[kind](path)
