"""Everything that turns text into numbers online, on ONNX Runtime. Imports no training stack."""

from encoder.artifact import Artifact, load_artifact
from encoder.dense import DenseEncoder
from encoder.manifest import Manifest
from encoder.store import ArtifactStore
from encoder.text import TEXT_VERSION, item_text, query_text

__all__ = [
    "TEXT_VERSION",
    "Artifact",
    "ArtifactStore",
    "DenseEncoder",
    "Manifest",
    "item_text",
    "load_artifact",
    "query_text",
]
