"""Everything that turns text into numbers online, on ONNX Runtime. Imports no training stack."""

from aisle.encoder.artifact import Artifact, ArtifactStore, Manifest, load_artifact
from aisle.encoder.cross_encoder import CrossEncoder
from aisle.encoder.dense import DenseEncoder
from aisle.encoder.sparse import Pruning, SparseEncoder, SparseRows
from aisle.encoder.text import TEXT_VERSION, item_text, query_text

__all__ = [
    "TEXT_VERSION",
    "Artifact",
    "ArtifactStore",
    "CrossEncoder",
    "DenseEncoder",
    "Manifest",
    "Pruning",
    "SparseEncoder",
    "SparseRows",
    "item_text",
    "load_artifact",
    "query_text",
]
