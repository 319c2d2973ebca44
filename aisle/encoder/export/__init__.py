"""From a checkpoint to an artifact: graph, precision, self-test and card. Needs torch for none but BERT."""

from aisle.encoder.export.cross_encoder import RerankerExport
from aisle.encoder.export.dense import DenseExport
from aisle.encoder.export.layout import Pooling
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32, Int8
from aisle.encoder.export.run import ExportReport, Fidelity, Progress, export
from aisle.encoder.export.sparse import SparseExport
from aisle.encoder.export.weights import find_weights

__all__ = [
    "DenseExport",
    "ExportOptions",
    "ExportReport",
    "Fidelity",
    "Fp32",
    "Int8",
    "Pooling",
    "Progress",
    "RerankerExport",
    "SparseExport",
    "export",
    "find_weights",
]
