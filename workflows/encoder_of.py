"""The encoder that a release was built with, looked up on this machine."""

from __future__ import annotations

from pathlib import Path

from encoder import ArtifactStore, DenseEncoder
from mappings import VectorSpace
from records import ArtifactMismatch, ArtifactNotFound


def encoder_of(
    release: str, space: VectorSpace, store: ArtifactStore, ref: str | Path | None = None
) -> DenseEncoder:
    """The artifact with the fingerprint of ``space``, loaded.

    Args:
        release: for messages.
        space: of its vectors, from ``_meta``.
        store: where artifacts are looked up.
        ref: a reference to use instead; it is still held to that fingerprint.

    Raises:
        ArtifactNotFound: it is not on this machine.
        ArtifactMismatch: ``ref`` names another encoder.
        ArtifactCorrupt: see ``DenseEncoder.load``.
    """
    built = f"index {release} was built with encoder {space.name} ({space.fingerprint[:12]})"
    try:
        path = store.resolve(space.fingerprint if ref is None else ref)
    except ArtifactNotFound as error:
        if ref is not None:
            raise
        raise ArtifactNotFound(
            f"{built}, which is not on this machine",
            fix="copy its artifact folder here and pass --encoder PATH, or index the catalogue again",
        ) from error
    model = DenseEncoder.load(path)
    if model.fingerprint != space.fingerprint:
        raise ArtifactMismatch(
            f"{built}, not with {model.fingerprint[:12]}",
            fix="leave --encoder out to use the index's own, or index the catalogue again",
        )
    return model
