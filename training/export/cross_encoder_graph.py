"""The graph of a cross-encoder: a BERT over query and item together, and a score.

As ``bert_graph``, but tokens belong to one of two segments, and where the score is made of [CLS] alone the
last layer computes that token only: it attends to all, and everything after its attention is for one token.
"""

from __future__ import annotations

import numpy as np

from training.cross_encoder.pooling import Pooling
from training.export.bert_graph import (
    add_and_norm,
    encoder_layer,
    feed_forward,
    first_token,
    mean_pooled,
    position_ids,
)
from training.export.checkpoint import Checkpoint
from training.export.cross_encoder_head import ScoreHead
from training.export.graph_writer import MICROSOFT, GraphWriter
from training.export.precision import Precision


def cross_encoder_graph(model: Checkpoint, head: ScoreHead, precision: Precision) -> bytes:
    """Serialised ONNX: int64 ``input_ids`` [b, s], ``firsts`` [b], ``lengths`` [b] -> float32 ``scores`` [b].

    ``firsts`` counts the tokens of the query's segment, [CLS] and [SEP] among them; ``lengths`` a pair's.

    Args:
        model: the weights.
        head: what makes the score.
        precision: how weights are stored and multiplied.

    Raises:
        InputError: the checkpoint lacks a tensor.
        MissingExtra: onnx is not installed.
    """
    graph = GraphWriter()
    positions = position_ids(graph)
    lengths = graph.cast("lengths", np.int32)
    x = _embed(graph, model, precision, positions)
    whole = model.layers - (head.pooling is Pooling.CLS)
    for layer in range(whole):
        x = encoder_layer(graph, model, precision, x, lengths, f"encoder.layer.{layer}")
    if head.pooling is Pooling.CLS:
        x = _last_layer(graph, model, precision, x, lengths, f"encoder.layer.{whole}")
        pooled = first_token(graph, x)
    else:
        pooled = mean_pooled(graph, x, positions)
    return graph.model(_score(graph, head, pooled), None, name="scores", per_text=("firsts", "lengths"))


def _embed(graph: GraphWriter, model: Checkpoint, precision: Precision, positions: str) -> str:
    words = precision.lookup(graph, "input_ids", model.tensor("embeddings.word_embeddings.weight"), "words")
    places = model.tensor("embeddings.position_embeddings.weight")
    segments = model.tensor("embeddings.token_type_embeddings.weight")
    # A place has one vector with the segment: the table holds all places of the one, then of the other.
    table = np.concatenate([places + segments[0], places + segments[1]])
    axis = graph.constant("axis", np.array([1], dtype=np.int64))
    after = graph.node("GreaterOrEqual", [positions, graph.node("Unsqueeze", ["firsts", axis])])
    shift = graph.node("Mul", [graph.cast(after, np.int64), graph.constant("places", np.int64(len(places)))])
    rows = graph.node("Add", [shift, positions])
    place = precision.lookup(graph, rows, table, "segment_places")
    return add_and_norm(graph, model, words, place, "embeddings.LayerNorm")


def _last_layer(
    graph: GraphWriter, model: Checkpoint, precision: Precision, x: str, lengths: str, name: str
) -> str:
    """The layer's output for [CLS], [b, 1, h]."""
    bounds = {"start": 0, "end": 1, "axis_1": 1}
    first = graph.node(
        "Slice", [x, *(graph.constant(k, np.array([v], dtype=np.int64)) for k, v in bounds.items())]
    )
    attention = f"{name}.attention"
    keys, values = (model.linear(f"{attention}.self.{part}") for part in ("key", "value"))
    weight, bias = (np.concatenate(both, axis=-1) for both in zip(keys, values, strict=True))
    both = precision.linear(graph, x, weight, bias, f"{attention}.key_value")
    key, value = graph.nodes("Split", [both], 2, axis=-1, num_outputs=2)
    query = precision.linear(graph, first, *model.linear(f"{attention}.self.query"), f"{attention}.query")
    context = graph.node(
        "MultiHeadAttention", [query, key, value, "", lengths], domain=MICROSOFT, num_heads=model.heads
    )
    context = precision.linear(graph, context, *model.linear(f"{attention}.output.dense"), f"{name}.context")
    y = add_and_norm(graph, model, first, context, f"{attention}.output.LayerNorm")
    return feed_forward(graph, model, precision, y, name)


def _score(graph: GraphWriter, head: ScoreHead, pooled: str) -> str:
    """[b, h] -> [b], in float32: it is one row of weights."""
    if head.hidden is not None:
        weight, bias = head.hidden
        inner = graph.node("MatMul", [pooled, graph.constant("pooler.weight", weight)])
        pooled = graph.node("Tanh", [graph.node("Add", [inner, graph.constant("pooler.bias", bias)])])
    product = graph.node("MatMul", [pooled, graph.constant("score.weight", head.weight)])
    score = graph.node("Add", [product, graph.constant("score.bias", head.bias)])
    return graph.node("Squeeze", [score, graph.constant("axis", np.array([1], dtype=np.int64))])
