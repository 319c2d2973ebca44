"""A sparse encoder's weights to an artifact in the store."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle._extras import optional
from aisle.encoder.artifact import CARD, GOLDEN, MODEL, TOKENIZER, ArtifactStore, Manifest, load_artifact
from aisle.encoder.export.bert import embed, encoder_layer, position_ids
from aisle.encoder.export.card import sparse_card
from aisle.encoder.export.checkpoint import BertCheckpoint, read_checkpoint
from aisle.encoder.export.dense import write_manifest
from aisle.encoder.export.describe import choose_precision, describe
from aisle.encoder.export.fidelity import sparse_metrics
from aisle.encoder.export.graph import MICROSOFT, GraphWriter
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32, WeightPrecision
from aisle.encoder.export.weights import WeightSource, find_weights
from aisle.encoder.sparse import (
    KIND,
    QUERY_WEIGHTS,
    VOCABULARY,
    SparseEncoder,
    Vocabulary,
    is_feature,
)
from aisle.errors import InputError

Floats = NDArray[np.float32]

HEAD = "sparse.safetensors"
_GELU = "gelu"
_MLM = "cls.predictions.transform"
_FIX = "give a folder that `aisle train sparse` made, or a BERT model with a masked-language head"


@dataclass(frozen=True, slots=True)
class SparseHead:
    """Weight of token v in a text: log(1 + relu(max over the text's positions of z_v)) (Formal et al. 2021,
    arXiv 2109.10086).

    z = LayerNorm(act(x transform + transform_bias) + w skip) decoder^T + bias, where x is a position's last
    hidden state and w its own word vector.

    Attributes:
        token_ids: int64 [v], the tokenizer's ids of the tokens that weights are of, rising.
        transform: float32 [h, h], in to out; transform_bias: [h]; gelu: whether ``act`` is one, else nothing.
        skip: float32 [h, h], or None for a masked-language model's own head, which has none.
        gain, shift: of the LayerNorm, [h].
        decoder: float32 [v, h]; bias: [v].
        query: float32 [v], what each token of a query weighs; None: the model weighs queries as well.
    """

    token_ids: NDArray[np.int64]
    transform: Floats
    transform_bias: Floats
    gelu: bool
    skip: Floats | None
    gain: Floats
    shift: Floats
    decoder: Floats
    bias: Floats
    query: Floats | None

    def save(self, folder: Path) -> None:
        """Write ``sparse.safetensors`` into a model's folder."""
        numpy = optional("safetensors.numpy", extra="export")
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name != _GELU}
        tensors = {name: np.ascontiguousarray(value) for name, value in named.items() if value is not None}
        numpy.save_file(tensors, folder / HEAD, metadata={_GELU: str(int(self.gelu))})

    @staticmethod
    def load(folder: Path) -> SparseHead:
        """Read what ``save`` wrote.

        Raises:
            InputError: there is none, or it is not whole.
        """
        safetensors = optional("safetensors", extra="export")
        try:
            with safetensors.safe_open(folder / HEAD, framework="numpy") as file:
                held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                gelu = (file.metadata() or {}).get(_GELU) == "1"
            return SparseHead(gelu=gelu, skip=held.pop("skip", None), query=held.pop("query", None), **held)
        # SafetensorError derives from Exception alone.
        except Exception as error:
            raise InputError(f"{folder / HEAD} cannot be read: {error}", fix=_FIX) from error


def masked_language_head(model: BertCheckpoint, token_ids: NDArray[np.int64]) -> SparseHead | None:
    """The head that a masked-language model, or a published SPLADE model, brings along; None without one."""
    if f"{_MLM}.dense.weight" not in model.tensors:
        return None
    transform, transform_bias = model.linear(f"{_MLM}.dense")
    table = model.tensors.get("cls.predictions.decoder.weight")
    decoder = model.tensor("embeddings.word_embeddings.weight") if table is None else table
    return SparseHead(
        token_ids=token_ids,
        transform=transform,
        transform_bias=transform_bias,
        gelu=True,
        skip=None,
        gain=model.tensor(f"{_MLM}.LayerNorm.weight"),
        shift=model.tensor(f"{_MLM}.LayerNorm.bias"),
        decoder=decoder[token_ids],
        bias=model.tensor("cls.predictions.bias")[token_ids],
        query=None,
    )


def sparse_graph(model: BertCheckpoint, head: SparseHead, precision: WeightPrecision) -> bytes:
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


_UNUSED = re.compile(r"\[unused\d+\]")


def feature_tokens(tokenizer: Path, rows: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Ids, rising, and tokens: all but special and unused ones, and those with a dot.

    Args:
        tokenizer: a ``tokenizer.json``.
        rows: of the model's table of word vectors; ids from there on have no vector.

    Raises:
        InputError: not a tokenizer, or none of its tokens is left.
    """
    tokenizers = optional("tokenizers", extra="train")
    try:
        held = tokenizers.Tokenizer.from_str(tokenizer.read_text(encoding="utf-8"))
    # The Rust side raises plain Exception for a file that is no tokenizer.
    except Exception as error:
        raise InputError(
            f"{tokenizer} is no tokenizer: {error}", fix="use a complete model folder"
        ) from error
    special = {added.content for added in held.get_added_tokens_decoder().values()}
    special |= {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    kept = sorted(
        (number, token)
        for token, number in held.get_vocab().items()
        if number < rows and token not in special and not _UNUSED.fullmatch(token) and is_feature(token)
    )
    if not kept:
        raise InputError(f"{tokenizer} has no token to search by", fix="use the tokenizer of a BERT model")
    return np.array([number for number, _ in kept], dtype=np.int64), tuple(token for _, token in kept)


@dataclass(frozen=True, slots=True)
class SparseExport:
    """Where the artifact is, and what it is."""

    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Model:
    """What goes into the artifact, but for its manifest."""

    checkpoint: BertCheckpoint
    head: SparseHead
    vocabulary: Vocabulary
    tokenizer: Path


def export_sparse(
    options: ExportOptions,
    store: ArtifactStore | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> SparseExport:
    """Build, measure and store an artifact; on any failure, or Ctrl-C, the store is as it was.

    Args:
        options: ``model`` is a folder that ``train_sparse`` made, or any BERT model with a masked-language
            head, such as a published SPLADE model; ``dims``, ``widths`` and ``data`` mean nothing here.
        store: where it goes.
        progress: is told of each step.

    Raises:
        InputError: no such weights, no head, or an architecture that cannot be exported.
        MissingExtra: the extra ``export`` is not installed.
    """
    store = store or ArtifactStore.default()
    progress("finding weights")
    source = find_weights(options.model, options.revision)
    model = _read(source)
    about = {
        "kind": KIND,
        "dims": len(model.head.bias),
        "widths": (),
        "pooling": "max",
        "normalisation": "none",
    }
    manifest = describe(options, source, model.checkpoint).model_copy(update=about)

    def graph(checkpoint: BertCheckpoint, precision: WeightPrecision) -> bytes:
        return sparse_graph(checkpoint, model.head, precision)

    with store.staging() as staged:
        precision = choose_precision(options, source, model.checkpoint, manifest.max_length, staged, graph)
        progress(f"building the {precision.name} graph")
        served = _build(staged, manifest, model, precision)
        if options.measure:
            with store.staging() as folder:
                progress("comparing weights with fp32")
                reference = _build(folder, manifest, model, Fp32())
                metrics = sparse_metrics(served, reference, options.calibration)
            manifest = manifest.model_copy(update={"metrics": metrics})
        # Twice: the card tells the fingerprint, which it is no part of, and the manifest the card's hash.
        card = sparse_card(write_manifest(staged, manifest))
        (staged / CARD).write_text(card, encoding="utf-8")
        manifest = write_manifest(staged, manifest)
        return SparseExport(store.add(staged), manifest)


def _read(source: WeightSource) -> _Model:
    checkpoint = read_checkpoint(source.folder)
    tokenizer = source.folder / TOKENIZER
    ids, tokens = feature_tokens(tokenizer, len(checkpoint.tensor("embeddings.word_embeddings.weight")))
    if (source.folder / HEAD).is_file():
        head = SparseHead.load(source.folder)
    else:
        found = masked_language_head(checkpoint, ids)
        if found is None:
            raise InputError(
                f"{source.model} has no head that gives weights to tokens",
                fix="make one with `aisle train sparse`, or name a model with a masked-language head",
            )
        head = found
    if not np.array_equal(head.token_ids, ids):
        raise InputError(
            f"{source.folder}: {HEAD} belongs to another tokenizer",
            fix="give the folder as `aisle train sparse` made it",
        )
    return _Model(checkpoint, head, Vocabulary(tokens, ids), tokenizer)


def _build(folder: Path, manifest: Manifest, model: _Model, precision: WeightPrecision) -> SparseEncoder:
    """Write all files but the card; the encoder that opened them."""
    (folder / MODEL).write_bytes(sparse_graph(model.checkpoint, model.head, precision))
    (folder / TOKENIZER).write_bytes(model.tokenizer.read_bytes())
    model.vocabulary.write(folder / VOCABULARY)
    if model.head.query is not None:
        np.save(folder / QUERY_WEIGHTS, model.head.query, allow_pickle=False)
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    encoder = SparseEncoder(load_artifact(folder))
    encoder.record().write(folder / GOLDEN)
    write_manifest(folder, encoder.manifest)
    return encoder
