"""The encoder of whatever release is live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from encoder import ArtifactStore, item_text
from indexer import ItemEncoder, dense_item_encoder, without_vectors
from mappings import IndexMeta, VectorSpace, fields
from records import ArtifactMismatch
from workflows.encoder_of import encoder_of


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
        model = encoder_of(release, space, self._store, self._ref)
        return dense_item_encoder(model, item_text, name=model.manifest.name, dims=space.dims)
