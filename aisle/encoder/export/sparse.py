"""What a sparse encoder supplies to an export: its head, its vocabulary, and the graph of both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.artifact import TOKENIZER, Artifact, Manifest, Prefixes
from aisle.encoder.export.bert import embed, encoder_layer, position_ids
from aisle.encoder.export.checkpoint import BertCheckpoint, read_checkpoint
from aisle.encoder.export.dense import text_inputs, text_length
from aisle.encoder.export.describe import describe
from aisle.encoder.export.graph import MICROSOFT, Graph, GraphWriter
from aisle.encoder.export.options import ExportOptions, ModelWeights
from aisle.encoder.export.precision import WeightPrecision
from aisle.encoder.export.weights import WeightSource, prefixes_of
from aisle.encoder.sparse import KIND, QUERY_WEIGHTS, VOCABULARY, SparseEncoder, Vocabulary, is_feature
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


def sparse_graph(model: BertCheckpoint, head: SparseHead, precision: WeightPrecision) -> Graph:
    """The graph: int64 ``input_ids`` [b, s], ``lengths`` [b] -> float32 ``vectors`` [b, v], 0 and up.

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
class SparseExport(ExportOptions[SparseEncoder]):
    """How to export a sparse encoder: a folder that ``train_sparse`` made, or any BERT model with a
    masked-language head, such as a published SPLADE model.

    Attributes:
        prefixes: put before queries and items, default what the model family expects.
        calibration: texts like those the model will read: with them (200 or more) the activations of an INT8
            graph have scales fixed at export (``StaticInt8``), without them a scale per token.
    """

    prefixes: Prefixes | None = None
    calibration: tuple[str, ...] = ()

    def read(self, source: WeightSource) -> SparseWeights:
        """Read encoder and head.

        Raises:
            InputError: no head, one of another tokenizer, or an architecture that cannot be exported.
            MissingExtra: safetensors is not installed.
        """
        checkpoint = read_checkpoint(source.folder)
        rows = len(checkpoint.tensor("embeddings.word_embeddings.weight"))
        ids, tokens = feature_tokens(source.folder / TOKENIZER, rows)
        if (source.folder / HEAD).is_file():
            head: SparseHead | None = SparseHead.load(source.folder)
        else:
            head = masked_language_head(checkpoint, ids)
        if head is None:
            raise InputError(
                f"{source.model} has no head that gives weights to tokens",
                fix="make one with `aisle train sparse`, or name a model with a masked-language head",
            )
        if not np.array_equal(head.token_ids, ids):
            raise InputError(
                f"{source.folder}: {HEAD} belongs to another tokenizer",
                fix="give the folder as `aisle train sparse` made it",
            )
        return SparseWeights(self, source, checkpoint, head, Vocabulary(tokens, ids))


@dataclass(frozen=True, slots=True)
class SparseWeights(ModelWeights[SparseEncoder]):
    """A BERT encoder with a sparse head, its vocabulary, how to export it, and where it comes from."""

    options: SparseExport
    source: WeightSource
    checkpoint: BertCheckpoint
    head: SparseHead
    vocabulary: Vocabulary

    def graph(self, precision: WeightPrecision) -> Graph:
        """Token ids to weights of the vocabulary."""
        return sparse_graph(self.checkpoint, self.head, precision)

    def manifest(self) -> Manifest:
        """All but precision, metrics and file hashes."""
        return describe(
            self.options,
            self.source,
            kind=KIND,
            dims=len(self.head.bias),
            pooling="max",
            normalisation="none",
            prefixes=self.options.prefixes or prefixes_of(self.source),
            max_length=text_length(self.options, self.checkpoint.shape),
        )

    def calibration(self, max_length: int) -> Sequence[Mapping[str, NDArray[np.int64]]]:
        """The graph's inputs for each text."""
        return text_inputs(self.source, self.options.calibration, max_length)

    def open(self, artifact: Artifact) -> SparseEncoder:
        """The encoder."""
        return SparseEncoder(artifact)

    def write_tables(self, folder: Path) -> None:
        """Write the vocabulary, and what tokens of queries weigh if that is looked up."""
        self.vocabulary.write(folder / VOCABULARY)
        if self.head.query is not None:
            np.save(folder / QUERY_WEIGHTS, self.head.query, allow_pickle=False)
