"""How weights are stored and multiplied: float32, the reference, or INT8, what is served."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.export.graph_writer import MICROSOFT, GraphWriter

Floats = NDArray[np.float32]


class Precision(Protocol):
    """The three places where a BERT graph touches its weights."""

    name: str

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """Rows of a table [v, h] by id."""

    def linear(self, graph: GraphWriter, x: str, weight: Floats, bias: Floats, name: str) -> str:
        """x [.., in] times weight [in, out], plus bias [out]."""

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """Self-attention's context [b, s, h]; weight [h, 3h] is query, key and value side by side."""


class Fp32:
    """Every tensor as it was trained."""

    name = "fp32"

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """A Gather."""
        return graph.node("Gather", [graph.constant(name, table), ids])

    def linear(self, graph: GraphWriter, x: str, weight: Floats, bias: Floats, name: str) -> str:
        """A MatMul and an Add."""
        product = graph.node("MatMul", [x, graph.constant(f"{name}.weight", weight)])
        return graph.node("Add", [product, graph.constant(f"{name}.bias", bias)])

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """onnxruntime's fused Attention."""
        inputs = [x, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias), lengths]
        return graph.node("Attention", inputs, domain=MICROSOFT, num_heads=heads)


class Int8:
    """Weights in signed 8 bits with a scale per output (a table: per row); activations quantized as they come.

    Unsigned activations times signed weights is the form for which CPUs have instructions (VNNI, AMX, Neon dot).
    """

    name = "int8"

    def lookup(self, graph: GraphWriter, ids: str, table: Floats, name: str) -> str:
        """Gather of 8-bit rows and of their scales."""
        levels, scales = quantize_columns(table.T)
        rows = graph.node("Gather", [graph.constant(name, levels.T), ids])
        scale = graph.node("Gather", [graph.constant(f"{name}.scale", scales[:, None]), ids])
        return graph.node("Mul", [graph.cast(rows, np.float32), scale])

    def linear(self, graph: GraphWriter, x: str, weight: Floats, bias: Floats, name: str) -> str:
        """onnxruntime's DynamicQuantizeMatMul, bias included."""
        inputs = [x, *self._weight(graph, weight, name), graph.constant(f"{name}.bias", bias)]
        return graph.node("DynamicQuantizeMatMul", inputs, domain=MICROSOFT)

    def attention(
        self, graph: GraphWriter, x: str, lengths: str, weight: Floats, bias: Floats, heads: int, name: str
    ) -> str:
        """onnxruntime's QAttention: 8-bit projections, attention itself in float32."""
        levels, scale, zero = graph.nodes("DynamicQuantizeLinear", [x], 3)
        w, w_scale, w_zero = self._weight(graph, weight, name)
        b = graph.constant(f"{name}.bias", bias)
        inputs = [levels, w, b, scale, w_scale, lengths, zero, w_zero]
        return graph.node("QAttention", inputs, domain=MICROSOFT, num_heads=heads)

    def _weight(self, graph: GraphWriter, weight: Floats, name: str) -> list[str]:
        levels, scales = quantize_columns(weight)
        return [
            graph.constant(f"{name}.weight", levels),
            graph.constant(f"{name}.scale", scales),
            graph.constant(f"{name}.zero", np.zeros(scales.shape, dtype=np.int8)),
        ]


def quantize_columns(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric 8-bit levels [in, out] and a scale per column [out]; levels x scale is the weight, within scale / 2."""
    scales = np.abs(weight).max(axis=0) / 127
    scales[scales == 0] = 1
    return np.rint(weight / scales).astype(np.int8), scales.astype(np.float32)
