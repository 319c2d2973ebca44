"""The encoders of whatever release is live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from encoder import ArtifactStore, item_text
from indexer import ItemEncoder, dense_item_encoder, sparse_item_encoder, together, without_vectors
from mappings import IndexMeta, VectorSpace, fields
from records import ArtifactMismatch
from workflows.encoder_of import encoder_of, sparse_encoder_of


class ReleaseEncoder:
    """Finds the artifacts by the fingerprints in the release's ``_meta``, and loads them once.

    Args:
        store: where they are looked up.
        ref: a reference to the dense one to use instead; it is still held to that fingerprint.
        sparse: the same for the sparse one.
    """

    def __init__(
        self, store: ArtifactStore, ref: str | Path | None = None, sparse: str | Path | None = None
    ) -> None:
        self._store = store
        self._ref = ref
        self._sparse = sparse
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
        others = sorted(meta.spaces.keys() - {fields.DENSE, fields.SPARSE})
        if others:
            raise ArtifactMismatch(
                f"{meta.release} has vectors in {', '.join(others)}, which this Aisle cannot make anew",
                fix="index the catalogue again, or update it with the Aisle that made it",
            )
        space = meta.spaces.get(fields.DENSE)
        if space is None and self._ref is not None:
            raise ArtifactMismatch(f"{meta.release} has no vectors", fix="leave --encoder out")
        made = [self._dense(meta.release, space)] if space else []
        if space := meta.spaces.get(fields.SPARSE):
            made.append(self._tokens(meta.release, space))
        return together(*made) if made else without_vectors()

    def _tokens(self, release: str, space: VectorSpace) -> ItemEncoder:
        model = sparse_encoder_of(release, space, self._store, self._sparse)
        return sparse_item_encoder(model, item_text, name=model.manifest.name)

    def _dense(self, release: str, space: VectorSpace) -> ItemEncoder:
        model = encoder_of(release, space, self._store, self._ref)
        return dense_item_encoder(model, item_text, name=model.manifest.name, dims=space.dims)
