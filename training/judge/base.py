"""The artifact in question, and the one that it was trained from."""

from __future__ import annotations

from pathlib import Path

from encoder import ArtifactStore, DenseEncoder, Manifest
from encoder.dense import KIND


def open_pair(
    ref: str | Path, base: str | Path | None, store: ArtifactStore
) -> tuple[DenseEncoder, DenseEncoder | None]:
    """Load an artifact and its base: the one named, else ``find_base``'s, None if there is none.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: see ``DenseEncoder.load``.
    """
    encoder = DenseEncoder.load(ref, store=store)
    found = base if base is not None else find_base(encoder.manifest, store)
    return encoder, DenseEncoder.load(found, store=store) if found is not None else None


def find_base(manifest: Manifest, store: ArtifactStore) -> Path | None:
    """The store's artifact of the untrained model that ``manifest``'s was trained from.

    Of several the one of the same precision, then the newest.

    Returns:
        Its folder; None if it is not in the store, or the model was not trained at all.
    """
    if not manifest.data_hash:
        return None
    wanted = _short(base_model(manifest))
    found = [
        (folder, other)
        for folder, other in store.list()
        if other.kind == KIND and not other.data_hash and wanted in (_short(other.base_model), other.name)
    ]
    found.sort(key=lambda pair: pair[1].precision != manifest.precision)
    return found[0][0] if found else None


def base_model(manifest: Manifest) -> str:
    """The model that training began with: its settings tell, else where the weights come from."""
    return str(manifest.training.get("base") or manifest.base_model)


def _short(model: str) -> str:
    """The model's own name: a hub id and a packaged model of that name are the same weights."""
    return model.rstrip("/").rpartition("/")[2]
