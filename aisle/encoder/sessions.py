"""ONNX Runtime sessions, set to this machine."""

from __future__ import annotations

import os
from pathlib import Path

from aisle.errors import ArtifactCorrupt

# ONNX Runtime reports to its makers from the moment it is imported, unless it finds this. It is the one thing
# that must happen at import, and this is the only place that imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort


def cores() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(model: Path) -> ort.InferenceSession:
    """A CPU session in which each call runs on its caller's thread; any number of threads may call.

    Raises:
        ArtifactCorrupt: the file is no model that this onnxruntime runs.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The graph is built of fused operators already; the extended level would merge Add and LayerNormalization
    # into SkipLayerNormalization, which takes almost five times as long on a CPU as the two.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    # onnxruntime's own exceptions share no base class but Exception.
    except Exception as error:
        raise ArtifactCorrupt(
            f"onnxruntime {ort.__version__} cannot load {model}: {error}", fix="export the model again"
        ) from error
