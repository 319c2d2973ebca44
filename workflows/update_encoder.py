"""The encoder of whatever release is live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from encoder import ArtifactStore, DenseEncoder, item_text
from indexer import ItemEncoder, dense_item_encoder, without_vectors
from mappings import IndexMeta, VectorSpace, fields
from records import ArtifactMismatch, ArtifactNotFound


class ReleaseEncoder:
    """Finds the artifact by the fingerprint in the release's ``_meta``, and loads it once.

    Args:
        store: where it is looked up.
        ref: a reference to use instead; it is still held to that fingerprint.
    """

    def __init__(self, store: ArtifactStore, ref: str | Path | None = None) -> None:
        self._store = store
        self._ref = ref
        self._spaces: Mapping[str, VectorSpace] | None = None
        self._encoder = without_vectors()

    def __call__(self, meta: IndexMeta) -> ItemEncoder:
        """The encoder of this release.

        Raises:
            ArtifactNotFound: it is not on this machine.
            ArtifactCorrupt: see ``DenseEncoder.load``.
            ArtifactMismatch: another one was named, or the release has vectors of another kind.
        """
        if meta.spaces != self._spaces:
            self._encoder = self._made(meta)
            self._spaces = meta.spaces
        return self._encoder

    def _made(self, meta: IndexMeta) -> ItemEncoder:
        others = sorted(meta.spaces.keys() - {fields.DENSE})
        if others:
            raise ArtifactMismatch(
                f"{meta.release} has vectors in {', '.join(others)}, which this Aisle cannot make anew",
                fix="index the catalogue again, or update it with the Aisle that made it",
            )
        space = meta.spaces.get(fields.DENSE)
        if space is None and self._ref is not None:
            raise ArtifactMismatch(f"{meta.release} has no vectors", fix="leave --encoder out")
        return self._dense(meta.release, space) if space else without_vectors()

    def _dense(self, release: str, space: VectorSpace) -> ItemEncoder:
        try:
            path = self._store.resolve(space.fingerprint if self._ref is None else self._ref)
        except ArtifactNotFound as error:
            if self._ref is not None:
                raise
            raise ArtifactNotFound(
                f"{release} was built with encoder {space.name} ({space.fingerprint[:12]}), which is not on"
                " this machine",
                fix="copy its artifact folder here and pass --encoder PATH",
            ) from error
        model = DenseEncoder.load(path)
        if model.fingerprint != space.fingerprint:
            raise ArtifactMismatch(
                f"{release} was built with encoder {space.name} ({space.fingerprint[:12]}), not with"
                f" {model.fingerprint[:12]}",
                fix="leave --encoder out to use the index's own, or index the catalogue again",
            )
        return dense_item_encoder(model, item_text, name=model.manifest.name, dims=space.dims)
