"""The graph of a BERT encoder (Devlin et al. 2019, arXiv 1810.04805) with pooling and normalisation inside.

Built of onnxruntime's fused operators from the start: nothing is left to a graph optimizer, so what is
exported is what runs. Inputs are padded on the right and carry lengths in place of a mask.
"""

from __future__ import annotations

import numpy as np

from aisle.encoder.export.checkpoint import BertCheckpoint
from aisle.encoder.export.graph import MICROSOFT, Graph, GraphWriter
from aisle.encoder.export.precision import WeightPrecision


def bert_graph(model: BertCheckpoint, precision: WeightPrecision, dims: int | None = None) -> Graph:
    """The graph: int64 ``input_ids`` [b, s], ``lengths`` [b] -> float32 ``vectors`` [b, dims], unit.

    Args:
        model: the weights.
        precision: how they are stored and multiplied.
        dims: the first so many values make the vector (Matryoshka), default all of them.

    Raises:
        InputError: the checkpoint lacks a tensor.
        MissingExtra: onnx is not installed.
    """
    graph = GraphWriter()
    positions = position_ids(graph)
    lengths = graph.cast("lengths", np.int32)
    x = embed(graph, model, precision, positions)
    for layer in range(model.layers):
        x = encoder_layer(graph, model, precision, x, lengths, f"encoder.layer.{layer}")
    pooled = mean_pooled(graph, x, positions) if model.pooling == "mean" else first_token(graph, x)
    width = dims or model.width
    if model.projection is not None:
        matrix = precision.matrix(graph, model.projection[:, :width], "projection")
        pooled = graph.node("MatMul", [pooled, matrix])
    else:
        pooled = first_columns(graph, pooled, model.width, width)
    return graph.model(graph.node("LpNormalization", [pooled], axis=-1, p=2), width)


def position_ids(graph: GraphWriter) -> str:
    """0, 1, ... s - 1, int64 [s]."""
    one = graph.constant("one", np.int64(1))
    size = graph.node("Gather", [graph.node("Shape", ["input_ids"]), one])
    return graph.node("Range", [graph.constant("zero", np.int64(0)), size, one])


def embed(graph: GraphWriter, model: BertCheckpoint, precision: WeightPrecision, positions: str) -> str:
    """Vectors of words and places, normalised, [b, s, h]."""
    words = precision.lookup(graph, "input_ids", model.tensor("embeddings.word_embeddings.weight"), "words")
    # A single text is segment 0 throughout, so that segment's vector is one with every position's.
    places = model.tensor("embeddings.position_embeddings.weight")
    places = places + model.tensor("embeddings.token_type_embeddings.weight")[0]
    place = precision.lookup(graph, positions, places, "places")
    return add_and_norm(graph, model, words, place, "embeddings.LayerNorm")


def encoder_layer(
    graph: GraphWriter, model: BertCheckpoint, precision: WeightPrecision, x: str, lengths: str, name: str
) -> str:
    """One layer: ``x`` [b, s, h] -> [b, s, h]."""
    parts = [model.linear(f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    weight = np.concatenate([w for w, _ in parts], axis=1)
    bias = np.concatenate([b for _, b in parts])
    context = precision.attention(graph, x, lengths, weight, bias, model.heads, f"{name}.attention")
    context = precision.linear(
        graph, context, *model.linear(f"{name}.attention.output.dense"), f"{name}.context"
    )
    x = add_and_norm(graph, model, x, context, f"{name}.attention.output.LayerNorm")
    return feed_forward(graph, model, precision, x, name)


def feed_forward(
    graph: GraphWriter, model: BertCheckpoint, precision: WeightPrecision, x: str, name: str
) -> str:
    """The second half of a layer."""
    inner = precision.linear(graph, x, *model.linear(f"{name}.intermediate.dense"), f"{name}.inner")
    inner = graph.node("Gelu", [inner], domain=MICROSOFT)
    outer = precision.linear(
        graph, inner, *model.linear(f"{name}.output.dense"), f"{name}.outer", after_gelu=True
    )
    return add_and_norm(graph, model, x, outer, f"{name}.output.LayerNorm")


def add_and_norm(graph: GraphWriter, model: BertCheckpoint, x: str, y: str, name: str) -> str:
    """LayerNorm of x + y."""
    # Two nodes on purpose: onnxruntime's merged SkipLayerNormalization takes almost five times as long.
    gain = graph.constant(f"{name}.weight", model.tensor(f"{name}.weight"))
    shift = graph.constant(f"{name}.bias", model.tensor(f"{name}.bias"))
    total = graph.node("Add", [x, y])
    return graph.node("LayerNormalization", [total, gain, shift], axis=-1, epsilon=model.epsilon)


def mean_pooled(graph: GraphWriter, x: str, positions: str) -> str:
    """Mean over each text's own tokens, as one product with rows of 1 / length."""
    axis = graph.constant("axis", np.array([1], dtype=np.int64))
    length = graph.node("Unsqueeze", ["lengths", axis])
    inside = graph.cast(graph.node("Less", [positions, length]), np.float32)
    share = graph.node("Div", [inside, graph.cast(length, np.float32)])
    return graph.node("Squeeze", [graph.node("MatMul", [graph.node("Unsqueeze", [share, axis]), x]), axis])


def first_token(graph: GraphWriter, x: str) -> str:
    """The vector of [CLS]."""
    return graph.node("Gather", [x, graph.constant("zero", np.int64(0))], axis=1)


def first_columns(graph: GraphWriter, pooled: str, width: int, dims: int) -> str:
    """The first ``dims`` of ``width`` columns."""
    if dims == width:
        return pooled
    bounds = {"start": 0, "end": dims, "columns": 1}
    names = [graph.constant(name, np.array([value], dtype=np.int64)) for name, value in bounds.items()]
    return graph.node("Slice", [pooled, *names])
