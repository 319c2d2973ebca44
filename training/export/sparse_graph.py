"""The graph of a sparse encoder: BERT, the head, and the maximum over each text's own positions inside."""

from __future__ import annotations

import numpy as np

from training.export.bert_graph import embed, encoder_layer, position_ids
from training.export.checkpoint import Checkpoint
from training.export.graph_writer import MICROSOFT, GraphWriter
from training.export.precision import Precision
from training.export.sparse_head import SparseHead


def sparse_graph(model: Checkpoint, head: SparseHead, precision: Precision) -> bytes:
    """Serialised ONNX: int64 ``input_ids`` [b, s], ``lengths`` [b] -> float32 ``vectors`` [b, v], 0 and up.

    Args:
        model: the encoder's weights.
        head: the head's.
        precision: how they are stored and multiplied.

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
    x = precision.linear(graph, x, head.transform, head.transform_bias, "head.transform")
    if head.gelu:
        x = graph.node("Gelu", [x], domain=MICROSOFT)
    if head.skip is not None:
        table = model.tensor("embeddings.word_embeddings.weight")
        words = precision.lookup(graph, "input_ids", table, "words")
        nothing = np.zeros(head.skip.shape[1], dtype=np.float32)
        x = graph.node("Add", [x, precision.linear(graph, words, head.skip, nothing, "head.skip")])
    norm = [graph.constant("head.gain", head.gain), graph.constant("head.shift", head.shift)]
    x = graph.node("LayerNormalization", [x, *norm], axis=-1, epsilon=model.epsilon)
    x = _first_for_padding(graph, x, positions)
    logits = precision.linear(graph, x, head.decoder.T, head.bias, "head.decoder")
    peaks = graph.node("ReduceMax", [logits, graph.constant("axis_1", np.array([1]))], keepdims=0)
    one = graph.constant("one_float", np.float32(1))
    weights = graph.node("Log", [graph.node("Add", [graph.node("Relu", [peaks]), one])])
    return graph.model(weights, len(head.bias))


def _first_for_padding(graph: GraphWriter, x: str, positions: str) -> str:
    """A text's first position wherever it has ended: no maximum changes, and no logits need a mask."""
    axes = graph.constant("axis_1", np.array([1])), graph.constant("axis_2", np.array([2]))
    inside = graph.node("Less", [positions, graph.node("Unsqueeze", ["lengths", axes[0]])])
    inside = graph.node("Unsqueeze", [inside, axes[1]])
    first = graph.node("Gather", [x, graph.constant("first", np.array([0]))], axis=1)
    return graph.node("Where", [inside, x, first])
