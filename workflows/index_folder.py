"""A catalogue on disk into a live release, with the encoder that is named."""

from __future__ import annotations

from pathlib import Path

from encoder import ArtifactStore, DenseEncoder, Manifest, item_text
from indexer import ItemEncoder, dense_item_encoder, without_vectors

# The widest vectors an index gets unless asked: the size the design was made for.
USUAL_DIMS = 64


def item_encoder(store: ArtifactStore, ref: str | Path | None, dims: int | None = None) -> ItemEncoder:
    """The encoder of a new release.

    Args:
        store: where names are looked up.
        ref: artifact; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: see ``DenseEncoder.load``.
        InputError: the model has no such width.
    """
    if ref is None:
        return without_vectors()
    model = DenseEncoder.load(ref, store=store)
    width = dims or usual_dims(model.manifest)
    return dense_item_encoder(model, item_text, name=model.manifest.name, dims=width)


def usual_dims(manifest: Manifest) -> int:
    """64 if the model was trained to be cut there, else its full width: a naive cut costs recall."""
    return USUAL_DIMS if USUAL_DIMS in manifest.widths else manifest.dims
