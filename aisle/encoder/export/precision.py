"""How weights are stored and multiplied: float32, the reference, or INT8, what is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.export.graph import MICROSOFT, GraphWriter

Floats = NDArray[np.float32]


class WeightPrecision(Protocol):
    """The four places where a graph touches its weights."""

    name: str

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """Rows of a table [v, h] by id."""

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
        """x [.., in] times weight [in, out], plus bias [out] if there is one; after a GELU, x has no values
        under -0.17."""

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """Self-attention's context [b, s, h]; weight [h, 3h] is query, key and value side by side."""

    def matrix(self, graph: GraphWriter, weight: Floats, name: str) -> str:
        """A float32 matrix [in, out] that is multiplied once per text: its storage counts, not its speed."""


class Fp32:
    """Every tensor as it was trained."""

    name = "fp32"

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """A Gather."""
        return graph.node("Gather", [graph.constant(name, table), ids])

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
        """A MatMul and an Add."""
        return _plus(graph, graph.node("MatMul", [x, graph.constant(f"{name}.weight", weight)]), bias, name)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """onnxruntime's fused Attention."""
        inputs = [x, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias), lengths]
        return graph.node("Attention", inputs, domain=MICROSOFT, num_heads=heads)

    def matrix(self, graph: GraphWriter, weight: Floats, name: str) -> str:
        """A constant."""
        return graph.constant(name, weight)


class Int8:
    """Weights in signed 8 bits, a scale per output; activations in unsigned 8 bits, a scale per token.

    Unsigned activations times signed weights is the form that CPUs have instructions for (VNNI, AMX).
    onnxruntime's own dynamic operators have one scale per batch; a scale per token (LLM.int8, Dettmers et al.
    2022, arXiv 2208.07339) makes a vector independent of the texts beside it, and its error to fp32 a third.
    """

    name = "int8"

    def __init__(self, weight_bits: int = 8) -> None:
        """7 bits where the CPU adds pairs of products in 16 bits (AVX2, AVX512): 2 x 255 x 63 fits."""
        self.largest = 2 ** (weight_bits - 1) - 1

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """Gather of 8-bit rows and of their scales."""
        levels, scales = quantize_columns(table.T)
        rows = graph.node("Gather", [graph.constant(name, levels.T), ids])
        scale = graph.node("Gather", [graph.constant(f"{name}.scale", scales[:, None]), ids])
        return graph.node("Mul", [graph.cast(rows, np.float32), scale])

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
        """Quantized product, then scale per token and bias."""
        product = self._product(graph, x, weight, name, _AFTER_GELU if after_gelu else _SYMMETRIC)
        return _plus(graph, product, bias, name)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """8-bit projections; attention itself in float32, with onnxruntime's fused operator."""
        product = self._product(graph, x, weight, name, _SYMMETRIC)
        parts = graph.nodes("Split", [product], 3, axis=-1, num_outputs=3)
        inputs = [*parts, graph.constant(f"{name}.bias", bias), lengths]
        return graph.node("MultiHeadAttention", inputs, domain=MICROSOFT, num_heads=heads)

    def matrix(self, graph: GraphWriter, weight: Floats, name: str) -> str:
        """Stored in 8 bits; onnxruntime turns it back once, when the graph is loaded."""
        levels, scales = quantize_columns(weight)
        inputs = [graph.constant(name, levels), graph.constant(f"{name}.scale", scales)]
        return graph.node("DequantizeLinear", inputs, axis=1)

    def _product(self, graph: GraphWriter, x: str, weight: Floats, name: str, span: _Span) -> str:
        levels, scales = quantize_columns(weight, self.largest)
        zero = graph.constant(f"zero_{span.zero}", np.uint8(span.zero))
        unit = graph.constant("unit", np.float32(1))
        step = self._step(graph, x, span)
        inputs = [
            graph.node("QuantizeLinear", [graph.node("Div", [x, step]), unit, zero]),
            graph.constant(f"{name}.weight", levels),
            unit,
            graph.constant(f"{name}.scale", scales),
            zero,
            graph.constant(f"{name}.zero", np.zeros(scales.shape, dtype=np.int8)),
        ]
        return graph.node("Mul", [graph.node("MatMulIntegerToFloat", inputs, domain=MICROSOFT), step])

    def _step(self, graph: GraphWriter, x: str, span: _Span) -> str:
        """What one level of each token's activations is worth, [.., 1]."""
        size = graph.node("Abs", [x]) if span.signed else x
        last = graph.constant("last", np.array([-1], dtype=np.int64))
        largest = graph.node("ReduceMax", [size, last], keepdims=1)
        floor = graph.constant(f"floor_{span.zero}", np.float32(span.floor))
        levels = graph.constant(f"levels_{span.zero}", np.float32(1 / (255 - span.zero)))
        return graph.node("Mul", [graph.node("Max", [largest, floor]), levels])


@dataclass(frozen=True, slots=True)
class _Span:
    """How 256 levels cover a token: the level of 0.0, and the least maximum they are stretched to."""

    zero: int
    floor: float
    signed: bool


_SYMMETRIC = _Span(zero=128, floor=1e-6, signed=True)
# GELU never falls under -0.17: 32 levels hold that where a level is worth at least 1.2 / 223, and 223 are
# left for the values that matter.
_AFTER_GELU = _Span(zero=32, floor=1.2, signed=False)


def _plus(graph: GraphWriter, product: str, bias: Floats | None, name: str) -> str:
    return product if bias is None else graph.node("Add", [product, graph.constant(f"{name}.bias", bias)])


def quantize_columns(weight: Floats, largest: int = 127) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric levels [in, out], at most ``largest``, and scales [out]: levels x scale is the weight,
    within scale / 2."""
    scales = np.abs(weight).max(axis=0) / largest
    scales[scales == 0] = 1
    return np.rint(weight / scales).astype(np.int8), scales.astype(np.float32)
