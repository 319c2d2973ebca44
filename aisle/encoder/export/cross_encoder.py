"""What a cross-encoder supplies to an export: its head, and the graph of pairs to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import TOKENIZER, Artifact, Manifest
from aisle.encoder.cross_encoder import KIND, CrossEncoder
from aisle.encoder.export.bert import (
    add_and_norm,
    encoder_layer,
    feed_forward,
    first_token,
    mean_pooled,
    position_ids,
)
from aisle.encoder.export.checkpoint import BertCheckpoint, read_backbone, tensors_of
from aisle.encoder.export.describe import chosen_length, describe
from aisle.encoder.export.graph import MICROSOFT, Graph, GraphWriter
from aisle.encoder.export.layout import Pooling, json_object
from aisle.encoder.export.options import ExportOptions, ModelWeights
from aisle.encoder.export.precision import WeightPrecision
from aisle.encoder.export.weights import WeightSource
from aisle.encoder.tokenizer import SPECIAL, PairTokenizer
from aisle.errors import InputError

Floats = NDArray[np.float32]

_FIX = "use one that `aisle train reranker` made, or a BERT cross-encoder with one output"


@dataclass(frozen=True, slots=True)
class ScoreHead:
    """From the last layer's vectors [b, s, h] to scores [b].

    Attributes:
        pooling: which vectors.
        hidden: weight [h, h] and bias [h] of a layer with tanh in between (BERT's pooler), or None.
        weight, bias: [h, 1] and [1], of the score.
    """

    pooling: Pooling
    hidden: tuple[Floats, Floats] | None
    weight: Floats
    bias: Floats


def read_head(folder: Path, backbone: BertCheckpoint) -> ScoreHead:
    """Read the head: of sentence-transformers' modules (ours), or of BertForSequenceClassification.

    Raises:
        InputError: no such head, more than one output, or an activation that cannot be built.
    """
    modules = sorted(folder.glob("*_Dense/config.json"))
    if not modules:
        return _classifier(folder, backbone)
    config = json_object(modules[0])
    plain = str(config.get("activation_function", "")).endswith("Identity") and not config.get("use_residual")
    if len(modules) > 1 or not plain or config.get("out_features") != 1:
        raise InputError(f"{folder}: only one linear layer to one score can be exported", fix=_FIX)
    held = tensors_of(modules[0].with_name("model.safetensors"))
    weight, bias = _one_score(folder, held, "linear")
    return ScoreHead(Pooling(backbone.pooling), None, weight, bias)


def _classifier(folder: Path, backbone: BertCheckpoint) -> ScoreHead:
    weight, bias = _one_score(folder, backbone.tensors, "classifier")
    return ScoreHead(Pooling.CLS, backbone.linear("pooler.dense"), weight, bias)


def _one_score(folder: Path, held: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    weight = held.get(f"{name}.weight")
    if weight is None or len(weight) != 1:
        raise InputError(f"{folder} holds no cross-encoder with one score", fix=_FIX)
    return weight.T, held.get(f"{name}.bias", np.zeros(1, dtype=np.float32))


def cross_encoder_graph(model: BertCheckpoint, head: ScoreHead, precision: WeightPrecision) -> Graph:
    """The graph: int64 ``input_ids`` [b, s], ``firsts`` [b], ``lengths`` [b] -> float32 ``scores`` [b].

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


def _embed(graph: GraphWriter, model: BertCheckpoint, precision: WeightPrecision, positions: str) -> str:
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
    graph: GraphWriter, model: BertCheckpoint, precision: WeightPrecision, x: str, lengths: str, name: str
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


@dataclass(frozen=True, slots=True)
class RerankerExport(ExportOptions[CrossEncoder]):
    """How to export a reranker: a cross-encoder with one output.

    Attributes:
        calibration: pairs of query and item text like those it will read: with them (200 or more) the scales
            of activations are fixed at export (``StaticInt8``), without them each token has its own.
    """

    calibration: Sequence[tuple[str, str]] = ()

    def read(self, source: WeightSource) -> RerankerWeights:
        """Read backbone and head.

        Raises:
            InputError: an architecture or a head that cannot be exported.
            MissingExtra: safetensors is not installed.
        """
        backbone = read_backbone(source.folder)
        return RerankerWeights(self, source, backbone, read_head(source.folder, backbone))


@dataclass(frozen=True, slots=True)
class RerankerWeights(ModelWeights[CrossEncoder]):
    """A BERT with a head that makes a score, how to export it, and where it comes from."""

    options: RerankerExport
    source: WeightSource
    backbone: BertCheckpoint
    head: ScoreHead

    def graph(self, precision: WeightPrecision) -> Graph:
        """Token ids of pairs to scores."""
        return cross_encoder_graph(self.backbone, self.head, precision)

    def manifest(self) -> Manifest:
        """All but precision, metrics and file hashes."""
        tokenizer = self.source.folder / "tokenizer_config.json"
        trained = json_object(tokenizer).get("model_max_length") if tokenizer.is_file() else None
        return describe(
            self.options,
            self.source,
            kind=KIND,
            dims=1,
            pooling=self.head.pooling.value,
            max_length=chosen_length(
                self.options.max_length,
                int(trained) if trained else None,
                least=SPECIAL + 2,
                most=self.backbone.max_positions,
            ),
        )

    def calibration(self, max_length: int) -> Sequence[Mapping[str, NDArray[np.int64]]]:
        """The graph's inputs for each pair."""
        tokenize = PairTokenizer(self.source.folder / TOKENIZER, max_length)
        return [tokenize(query, [text]).feed([0]) for query, text in self.options.calibration]

    def open(self, artifact: Artifact) -> CrossEncoder:
        """The model."""
        return CrossEncoder(artifact)
