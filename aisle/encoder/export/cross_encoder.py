"""A cross-encoder's weights to a reranker in the store, with figures on what INT8 cost and won."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import CARD, GOLDEN, MODEL, TOKENIZER, ArtifactStore, Manifest, load_artifact, sha256_of
from aisle.encoder.cross_encoder import KIND, CrossEncoder
from aisle.encoder.export.bert import (
    add_and_norm,
    encoder_layer,
    feed_forward,
    first_token,
    mean_pooled,
    position_ids,
)
from aisle.encoder.export.card import model_card
from aisle.encoder.export.checkpoint import BertCheckpoint, json_object, read_backbone, tensors_of
from aisle.encoder.export.dense import Progress, write_manifest
from aisle.encoder.export.describe import MAX_LENGTH, git_commit
from aisle.encoder.export.fidelity import measure_reranker
from aisle.encoder.export.graph import MICROSOFT, GraphWriter
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32, Int8, WeightPrecision
from aisle.encoder.export.static_int8 import StaticInt8, spans_of
from aisle.encoder.export.weights import WeightSource, find_weights
from aisle.encoder.text import TEXT_VERSION
from aisle.encoder.tokenizer import SPECIAL, PairTokenizer
from aisle.errors import InputError


class Pooling(Enum):
    """The mean of all, or [CLS] alone, for which the last layer computes one token instead of all."""

    MEAN = "mean"
    CLS = "cls"


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
    """The head of sentence-transformers' modules (ours), or of transformers' BertForSequenceClassification.

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


def cross_encoder_graph(model: BertCheckpoint, head: ScoreHead, precision: WeightPrecision) -> bytes:
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


def describe_reranker(options: ExportOptions, source: WeightSource, precision: str) -> Manifest:
    """All that is known before the graph is built: everything but metrics and file hashes.

    Raises:
        InputError: a length that this model cannot have, or a model that is no cross-encoder.
    """
    backbone = read_backbone(source.folder)
    return Manifest(
        kind=KIND,
        name=options.name or source.model.rpartition("/")[2],
        base_model=options.base_model or source.model,
        revision=source.revision or sha256_of(source.folder / "model.safetensors"),
        dims=1,
        pooling=read_head(source.folder, backbone).pooling.value,
        max_length=_max_length(options.max_length, source.folder, backbone.max_positions),
        text_version=TEXT_VERSION,
        precision=precision,
        instruction_set="" if precision == Fp32.name else options.chosen_cpu(),
        data_hash=options.data_hash,
        git_commit=git_commit(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        training=options.training,
        files={},
    )


def _max_length(asked: int | None, folder: Path, most: int) -> int:
    """What is asked for, else what the model was trained with, else what all of ours read at most."""
    path = folder / "tokenizer_config.json"
    trained = json_object(path).get("model_max_length") if path.is_file() else None
    longest = asked if asked is not None else min(int(trained or MAX_LENGTH), MAX_LENGTH, most)
    if not SPECIAL + 2 <= longest <= most:
        raise InputError(
            f"max_length {longest} is not possible with this model", fix=f"choose {SPECIAL + 2} to {most}"
        )
    return longest


Graph = Callable[[WeightPrecision], bytes]


@dataclass(frozen=True, slots=True)
class RerankerReport:
    """Where the artifact is, what it is, and what was measured (nothing unless asked for)."""

    path: Path
    manifest: Manifest
    metrics: Mapping[str, float]


def export_reranker(
    options: ExportOptions,
    store: ArtifactStore | None = None,
    progress: Progress = lambda _: None,
    calibration: Sequence[tuple[str, str]] = (),
) -> RerankerReport:
    """Build, measure and store a reranker; on any failure, or Ctrl-C, the store is as it was.

    Args:
        options: ``model`` is a cross-encoder with one output; what concerns vectors alone (prefixes, widths,
            dims, calibration, data) is not looked at.
        store: default the store under ``AISLE_HOME``.
        progress: is told of each step.
        calibration: pairs of query and item text like those it will read: with them (200 or more) the scales
            of activations are fixed at export (``StaticInt8``), without them each token has its own.

    Raises:
        InputError: no such weights, or an architecture or a head that cannot be exported.
        MissingExtra: the extra ``export`` is not installed.
    """
    store = store or ArtifactStore.default()
    progress("finding weights")
    source = find_weights(options.model, options.revision)
    backbone = read_backbone(source.folder)
    build = partial(cross_encoder_graph, backbone, read_head(source.folder, backbone))
    int8 = StaticInt8.name if calibration else Int8.name
    manifest = describe_reranker(options, source, options.precision.name if options.precision else int8)
    with store.staging() as staged:
        tokenize = PairTokenizer(source.folder / TOKENIZER, manifest.max_length)
        feeds = [tokenize(query, [text]).feed([0]) for query, text in calibration]
        precision = options.precision or _int8(options.weight_bits, build, feeds, staged)
        progress(f"building the {precision.name} graph of {source.model}")
        served = _build(staged, manifest, source, build, precision)
        if options.measure:
            with store.staging() as folder:
                progress("building the fp32 graph to compare with")
                reference = _build(folder, manifest, source, build, Fp32())
                metrics = measure_reranker(served, reference, source.folder, progress)
            manifest = manifest.model_copy(update={"metrics": metrics})
        # Twice: the card tells the fingerprint, which it is no part of, and the manifest the card's hash.
        card = model_card(write_manifest(staged, manifest))
        (staged / CARD).write_text(card, encoding="utf-8")
        manifest = write_manifest(staged, manifest)
        return RerankerReport(store.add(staged), manifest, manifest.metrics)


def _int8(
    bits: int, build: Graph, feeds: Sequence[Mapping[str, NDArray[np.int64]]], scratch: Path
) -> WeightPrecision:
    return StaticInt8(spans_of(build, feeds, scratch), bits) if feeds else Int8(bits)


def _build(
    folder: Path,
    manifest: Manifest,
    source: WeightSource,
    graph: Graph,
    precision: WeightPrecision,
) -> CrossEncoder:
    """Write model, tokenizer, golden pairs and manifest; the model that opened them."""
    (folder / MODEL).write_bytes(graph(precision))
    (folder / TOKENIZER).write_bytes((source.folder / TOKENIZER).read_bytes())
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    model = CrossEncoder(load_artifact(folder))
    model.record().write(folder / GOLDEN)
    write_manifest(folder, model.manifest)
    return model
