"""Everything that turns text into numbers online, on ONNX Runtime. Imports no training stack."""

from encoder.artifact import Artifact, load_artifact
from encoder.cross_encoder import CrossEncoder
from encoder.dense import DenseEncoder
from encoder.manifest import Manifest
from encoder.sparse import SparseEncoder
from encoder.sparse_options import Pruning
from encoder.sparse_rows import SparseRows
from encoder.store import ArtifactStore
from encoder.text import TEXT_VERSION, item_text, query_text

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
