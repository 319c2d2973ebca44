"""Everything that turns text into numbers online, on ONNX Runtime. Imports no training stack."""

from pathlib import Path
from typing import Any

from aisle.encoder.artifact import Artifact, ArtifactStore, Manifest, load_artifact, read_manifest
from aisle.encoder.base import OnnxModel
from aisle.encoder.cross_encoder import CrossEncoder
from aisle.encoder.dense import DenseEncoder
from aisle.encoder.sparse import Pruning, SparseEncoder, SparseRows
from aisle.encoder.text import item_text, query_text
from aisle.errors import ArtifactCorrupt

__all__ = [
    "Artifact",
    "ArtifactStore",
    "CrossEncoder",
    "DenseEncoder",
    "Manifest",
    "OnnxModel",
    "Pruning",
    "SparseEncoder",
    "SparseRows",
    "item_text",
    "load_artifact",
    "load_model",
    "query_text",
]


def load_model(ref: str | Path, store: ArtifactStore) -> OnnxModel[Any]:
    """Open an artifact of any kind: its hashes are checked, its self-test is replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: names what differs, or the kind that this Aisle does not know.
    """
    path = store.resolve(ref)
    kind = read_manifest(path).kind
    for model in (DenseEncoder, SparseEncoder, CrossEncoder):
        if model.kind == kind:
            return model.load(path)
    raise ArtifactCorrupt(
        f"{path} is a {kind} model, which this Aisle does not know", fix="use the Aisle that made it"
    )
