"""ONNX Runtime sessions, set to this machine."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime as ort

from records import ArtifactCorrupt


def cores() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(model: Path, threads: int) -> ort.InferenceSession:
    """A CPU session that spreads each operator over ``threads``.

    Raises:
        ArtifactCorrupt: the file is no model that this onnxruntime runs.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The graph is built of fused operators already; the extended level would merge Add and LayerNormalization into
    # SkipLayerNormalization, which is five times slower on CPUs than the two.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    # Spinning threads would steal the core of an OpenSearch node on the same machine between two queries.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    # onnxruntime's own exceptions share no base class but Exception.
    except Exception as error:  # noqa: BLE001
        raise ArtifactCorrupt(
            f"onnxruntime {ort.__version__} cannot load {model}: {error}", fix="export the model again"
        ) from error
