"""INT8 with activation scales that are fixed at export: nothing is measured while texts are encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.cpu import open_session
from aisle.encoder.export.graph import MICROSOFT, Graph, GraphWriter
from aisle.encoder.export.precision import Floats, Fp32, Int8, WeightPrecision, quantize_columns


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
        self,
        graph: GraphWriter,
        x: str,
        weight: Floats,
        bias: Floats | None,
        name: str,
        *,
        after_gelu: bool = False,
    ) -> str:
        self.inputs[name] = x
        return super().linear(graph, x, weight, bias, name, after_gelu=after_gelu)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        self.inputs[name] = x
        return super().attention(graph, x, lengths, weight, bias, heads, name)


class Buildable(Protocol):
    """Weights of which a graph can be built in any precision."""

    def graph(self, precision: WeightPrecision) -> Graph:
        """The ONNX graph."""


def calibrate(
    weights: Buildable, inputs: Iterable[Mapping[str, NDArray[np.int64]]], scratch: Path
) -> Mapping[str, Span]:
    """Span of each linear layer's input over some inputs of the graph, by the layer's name.

    Args:
        weights: the model.
        inputs: at least one; each is run as it is, so it should have no padding.
        scratch: a folder for the fp32 graph.

    Raises:
        MissingExtra: onnx is not installed.
    """
    watched = _Watched()
    onnx = optional("onnx", extra="export")
    graph = weights.graph(watched)
    tensors = tuple(dict.fromkeys(watched.inputs.values()))
    outputs = graph.proto.graph.output
    del outputs[:]
    outputs.extend(
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None) for tensor in tensors
    )
    path = scratch / "calibration.onnx"
    graph.write(path)
    session = open_session(path)
    for written in scratch.glob(f"{path.name}*"):
        written.unlink()
    spans: dict[str, Span] = {}
    for feed in inputs:
        found = session.run(list(tensors), feed)
        for tensor, values in zip(tensors, found, strict=True):
            rows = values.reshape(-1, values.shape[-1])
            nothing = np.zeros(rows.shape[1], dtype=np.float32)
            spans[tensor] = spans.get(tensor, Span(nothing, nothing)).over(rows)
    return {name: spans[tensor] for name, tensor in watched.inputs.items()}


_SHARE = 0.7
"""How much of a channel's range its weights take over; measured, docs/benchmarks/encoders.md."""


class StaticInt8(Int8):
    """Weights in 8 bits, a scale per output; activations in 8 bits, one scale for all texts.

    One scale is enough once channels have like ranges: each is divided by a factor that its weights take over
    (SmoothQuant, Xiao et al. 2022, arXiv 2211.10438, section 4). A vector depends on nothing but its text.
    """

    name = "int8-static"

    def __init__(self, spans: Mapping[str, Span], weight_bits: int = 8) -> None:
        super().__init__(weight_bits)
        self._spans = spans

    def linear(
        self,
        graph: GraphWriter,
        x: str,
        weight: Floats,
        bias: Floats | None,
        name: str,
        *,
        after_gelu: bool = False,  # noqa: ARG002
    ) -> str:
        """Quantized product with its bias."""
        added = [] if bias is None else [graph.constant(f"{name}.bias", bias)]
        return self._scaled(graph, x, weight, name, *added)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """8-bit projections; attention itself in float32, with onnxruntime's fused operator."""
        product = self._scaled(graph, x, weight, name)
        parts = graph.nodes("Split", [product], 3, axis=-1, num_outputs=3)
        inputs = [*parts, graph.constant(f"{name}.bias", bias), lengths]
        return graph.node("MultiHeadAttention", inputs, domain=MICROSOFT, num_heads=heads)

    def _scaled(self, graph: GraphWriter, x: str, weight: Floats, name: str, *bias: str) -> str:
        span = self._spans[name]
        factors = smoothing(span, weight)
        low, high = float((span.low / factors).min()), float((span.high / factors).max())
        width = (high - low) / 255
        step = graph.constant(f"{name}.step", np.float32(width))
        zero = graph.constant(f"{name}.middle", np.uint8(round(-low / width)))
        levels, scales = quantize_columns(weight * factors[:, None], self.largest)
        smooth = graph.node("Mul", [x, graph.constant(f"{name}.smooth", 1 / factors)])
        inputs = [
            graph.node("QuantizeLinear", [smooth, step, zero]),
            graph.constant(f"{name}.weight", levels),
            step,
            graph.constant(f"{name}.scale", scales),
            zero,
            graph.constant(f"{name}.zero", np.zeros(scales.shape, dtype=np.int8)),
            *bias,
        ]
        return graph.node("MatMulIntegerToFloat", inputs, domain=MICROSOFT)


def smoothing(span: Span, weight: Floats) -> Floats:
    """Factors [in], geometric mean 1: range of the channel ** share / largest weight ** (1 - share)."""
    activations = np.maximum(-span.low, span.high).clip(1e-4)
    weights = np.abs(weight).max(axis=1).clip(1e-6)
    logs = _SHARE * np.log(activations) - (1 - _SHARE) * np.log(weights)
    factors: Floats = np.exp(logs - logs.mean()).astype(np.float32)
    return factors
