"""The encoder that a release was built with, looked up on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from encoder import ArtifactStore, DenseEncoder, SparseEncoder, dense, sparse
from mappings import VectorSpace
from records import ArtifactMismatch, ArtifactNotFound


class _Encoder(Protocol):
    @property
    def fingerprint(self) -> str: ...


_E = TypeVar("_E", bound=_Encoder)


@dataclass(frozen=True, slots=True)
class _Side(Generic[_E]):
    """A kind of encoder: how it is loaded, what messages call it, and the option that names another."""

    kind: str
    load: Callable[[Path], _E]
    what: str
    option: str


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
    return _opened(_Side(dense.KIND, DenseEncoder.load, "encoder", "--encoder"), release, space, store, ref)


def sparse_encoder_of(
    release: str, space: VectorSpace, store: ArtifactStore, ref: str | Path | None = None
) -> SparseEncoder:
    """The same for the sparse artifact; ``space`` is that of the sparse field."""
    return _opened(
        _Side(sparse.KIND, SparseEncoder.load, "sparse encoder", "--sparse"), release, space, store, ref
    )


def _opened(
    side: _Side[_E], release: str, space: VectorSpace, store: ArtifactStore, ref: str | Path | None
) -> _E:
    built = f"index {release} was built with {side.what} {space.name} ({space.fingerprint[:12]})"
    try:
        path = store.resolve(space.fingerprint if ref is None else ref, side.kind)
    except ArtifactNotFound as error:
        if ref is not None:
            raise
        raise ArtifactNotFound(
            f"{built}, which is not on this machine",
            fix=f"copy its artifact folder here and pass {side.option} PATH, or index the catalogue again",
        ) from error
    model = side.load(path)
    if model.fingerprint != space.fingerprint:
        raise ArtifactMismatch(
            f"{built}, not with {model.fingerprint[:12]}",
            fix=f"leave {side.option} out to use the index's own, or index the catalogue again",
        )
    return model
