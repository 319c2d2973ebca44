"""The range of every activation that an INT8 graph quantizes, over texts like those it will read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.sessions import open_session
from records.extras import optional
from training.export.bert_graph import bert_graph
from training.export.checkpoint import Checkpoint
from training.export.graph_writer import GraphWriter
from training.export.precision import Floats, Fp32, Precision


@dataclass(frozen=True, slots=True)
class Span:
    """Least and largest value of each channel, float32 [in]; 0 lies within."""

    low: Floats
    high: Floats

    def over(self, rows: Floats) -> Span:
        """Widened to hold float32 [n, in]."""
        return Span(np.minimum(self.low, rows.min(axis=0)), np.maximum(self.high, rows.max(axis=0)))


class _Watched(Fp32):
    """Notes which tensor goes into which linear layer."""

    def __init__(self) -> None:
        self.inputs: dict[str, str] = {}

    def linear(
        self, graph: GraphWriter, x: str, weight: Floats, bias: Floats, name: str, *, after_gelu: bool = False
    ) -> str:
        self.inputs[name] = x
        return super().linear(graph, x, weight, bias, name, after_gelu=after_gelu)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        self.inputs[name] = x
        return super().attention(graph, x, lengths, weight, bias, heads, name)


def calibrate(
    model: Checkpoint,
    tokens: Sequence[Sequence[int]],
    scratch: Path,
    build: Callable[[Checkpoint, Precision], bytes] = bert_graph,
) -> Mapping[str, Span]:
    """Span of each linear layer's input, by the layer's name.

    Args:
        model: the weights.
        tokens: token ids of at least one text; each is run alone, without padding.
        scratch: a folder for the fp32 graph.
        build: the graph of these weights in a precision.
    """
    feeds = ({"input_ids": np.array([row]), "lengths": np.array([len(row)])} for row in tokens)
    return spans_of(partial(build, model), feeds, scratch)


def spans_of(
    build: Callable[[Precision], bytes], feeds: Iterable[Mapping[str, NDArray[np.int64]]], scratch: Path
) -> Mapping[str, Span]:
    """Span of each linear layer's input, by the layer's name.

    Args:
        build: the graph in a precision.
        feeds: the graph's inputs, at least once, without padding.
        scratch: a folder for the fp32 graph.
    """
    watched = _Watched()
    onnx = optional("onnx", extra="export")
    graph = onnx.load_model_from_string(build(watched))
    tensors = tuple(dict.fromkeys(watched.inputs.values()))
    del graph.graph.output[:]
    graph.graph.output.extend(
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None) for tensor in tensors
    )
    path = scratch / "calibration.onnx"
    path.write_bytes(graph.SerializeToString())
    session = open_session(path)
    path.unlink()
    spans: dict[str, Span] = {}
    for feed in feeds:
        found = session.run(list(tensors), feed)
        for tensor, values in zip(tensors, found, strict=True):
            rows = values.reshape(-1, values.shape[-1])
            nothing = np.zeros(rows.shape[1], dtype=np.float32)
            spans[tensor] = spans.get(tensor, Span(nothing, nothing)).over(rows)
    return {name: spans[tensor] for name, tensor in watched.inputs.items()}
