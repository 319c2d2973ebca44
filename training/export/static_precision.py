"""INT8 with activation scales that are fixed at export: nothing is measured while texts are encoded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.export.calibration import Span
from training.export.graph_writer import MICROSOFT, GraphWriter
from training.export.precision import Floats, Int8, quantize_columns

_SHARE = 0.7
"""How much of a channel's range its weights take over; measured, docs/encoders.md."""


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
        bias: Floats,
        name: str,
        *,
        after_gelu: bool = False,  # noqa: ARG002
    ) -> str:
        """Quantized product with its bias."""
        return self._scaled(graph, x, weight, name, graph.constant(f"{name}.bias", bias))

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
