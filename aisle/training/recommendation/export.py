"""The ONNX graph of a trained history encoder."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from aisle.encoder.export.graph import MICROSOFT, Graph, GraphInput, GraphWriter
from aisle.encoder.export.precision import WeightPrecision
from aisle.recommendation.history_encoder import LENGTHS, STEPS, USERS
from aisle.training.recommendation.model import ItemVectors, Layer, SequenceModel

_EPSILON: Final = 1e-5
"""Of torch's LayerNorm."""


def history_graph(model: SequenceModel[ItemVectors], precision: WeightPrecision) -> Graph:
    """The graph: float32 ``steps`` [b, s, d], int64 ``lengths`` [b] -> float32 ``users`` [b, d].

    Args:
        model: trained.
        precision: how weights are stored and multiplied.

    Raises:
        MissingExtra: onnx is not installed.
    """
    graph = GraphWriter("history")
    dims = model.places.shape[1]
    one = graph.constant("one", np.array([1], dtype=np.int64))
    zero = graph.constant("zero", np.array([0], dtype=np.int64))
    length = graph.node("Slice", [graph.node("Shape", [STEPS]), one, graph.constant("two", np.array([2]))])
    places = graph.constant("places", _array(model.places))
    x = graph.node("Add", [STEPS, graph.node("Slice", [places, zero, length])])
    x = _norm(graph, x, model.norm_in, "norm_in")
    for number, layer in enumerate(model.layers):
        assert isinstance(layer, Layer)
        x = _layer(graph, x, layer, precision, f"layer{number}")
    # The last step of each history has seen all others, and nothing of what pads them on the right.
    last = graph.node("Sub", [graph.node("Unsqueeze", [LENGTHS, one]), one])
    found = _norm(graph, graph.node("GatherND", [x, last], batch_dims=1), model.norm_out, "norm_out")
    steps = GraphInput(STEPS, np.float32, ("batch", "steps", dims))
    return graph.model(found, dims, name=USERS, per_text=(LENGTHS,), first=steps)


def _layer(graph: GraphWriter, x: str, layer: Layer, precision: WeightPrecision, name: str) -> str:
    normed = _norm(graph, x, layer.before_attention, f"{name}.before_attention")
    product = _linear(graph, normed, layer.projection, precision, f"{name}.projection")
    parts = graph.nodes("Split", [product], 3, axis=-1, num_outputs=3)
    context = graph.node(
        "MultiHeadAttention", parts, domain=MICROSOFT, num_heads=layer.heads, unidirectional=1
    )
    x = graph.node("Add", [x, _linear(graph, context, layer.context, precision, f"{name}.context")])
    normed = _norm(graph, x, layer.before_feed_forward, f"{name}.before_feed_forward")
    inner = graph.node(
        "Gelu", [_linear(graph, normed, layer.inner, precision, f"{name}.inner")], domain=MICROSOFT
    )
    outer = _linear(graph, inner, layer.outer, precision, f"{name}.outer", after_gelu=True)
    return graph.node("Add", [x, outer])


def _linear(
    graph: GraphWriter,
    x: str,
    linear: nn.Linear,
    precision: WeightPrecision,
    name: str,
    *,
    after_gelu: bool = False,
) -> str:
    weight, bias = _array(linear.weight).T, _array(linear.bias)
    return precision.linear(graph, x, weight, bias, name, after_gelu=after_gelu)


def _norm(graph: GraphWriter, x: str, norm: nn.LayerNorm, name: str) -> str:
    gain, shift = (
        graph.constant(f"{name}.{part}", _array(getattr(norm, part))) for part in ("weight", "bias")
    )
    return graph.node("LayerNormalization", [x, gain, shift], axis=-1, epsilon=_EPSILON)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = tensor.detach().numpy()
    return found
