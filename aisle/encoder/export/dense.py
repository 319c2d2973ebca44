"""What a dense encoder supplies to an export: its graph, with pooling and normalisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import TOKENIZER, Artifact, Manifest, Prefixes
from aisle.encoder.dense import KIND, DenseEncoder
from aisle.encoder.export.bert import bert_graph
from aisle.encoder.export.checkpoint import BertCheckpoint, obstacle, read_checkpoint
from aisle.encoder.export.describe import chosen_length, describe
from aisle.encoder.export.graph import Graph
from aisle.encoder.export.layout import EncoderShape, Pooling, declared_widths, longest_text
from aisle.encoder.export.options import ExportOptions, ModelWeights
from aisle.encoder.export.precision import WeightPrecision
from aisle.encoder.export.torch_model import check_tokens, open_encoder
from aisle.encoder.export.traced import TracedGraph, trace
from aisle.encoder.export.weights import WeightSource, check_vocabulary, prefixes_of
from aisle.encoder.self_test import GOLDEN_TEXTS
from aisle.encoder.tokenizer import Texts, TextTokenizer
from aisle.errors import InputError, MissingExtra

LEAST_LENGTH = 3
"""[CLS], one token and [SEP]."""


@dataclass(frozen=True, slots=True)
class DenseExport(ExportOptions[DenseEncoder]):
    """How to export a dense encoder.

    Attributes:
        query_prefix, item_prefix: put before queries and items; None: what the model's folder declares, else
            what its family expects.
        pooling: in place of the one that the model's folder names.
        widths: Matryoshka widths the model was trained for, full width first; empty: those that the folder
            declares.
        dims: width of the artifact's vectors: the graph cuts to the first so many, then normalises.
        calibration: texts like those the model will read: with them (200 or more) the activations of an INT8
            graph have scales fixed at export (``StaticInt8``), without them a scale per token.
    """

    query_prefix: str | None = None
    item_prefix: str | None = None
    pooling: Pooling | None = None
    widths: tuple[int, ...] = ()
    dims: int | None = None
    calibration: tuple[str, ...] = ()

    def read(self, source: WeightSource) -> DenseWeights:
        """Read an encoder: one of the BERT family without torch, any other with it.

        Raises:
            InputError: an architecture, a module or a pooling that cannot be exported.
            MissingExtra: safetensors is not installed.
        """
        reason = obstacle(source.folder, self.pooling)
        if reason is None:
            return _built(self, source)
        try:
            return _traced(self, source)
        except MissingExtra as missing:
            raise InputError(
                f"{reason.message} without torch, and {missing.message}", fix=missing.fix
            ) from missing


@dataclass(frozen=True, slots=True)
class DenseWeights(ModelWeights[DenseEncoder]):
    """A dense encoder, how to export it, and where it comes from."""

    options: DenseExport
    source: WeightSource
    shape: EncoderShape

    def manifest(self) -> Manifest:
        """All but precision, metrics and file hashes."""
        options = self.options
        known = prefixes_of(self.source)
        return describe(
            options,
            self.source,
            kind=KIND,
            dims=self.dims(),
            widths=self._widths(),
            pooling=self.shape.pooling,
            normalisation="l2",
            prefixes=Prefixes(
                query=known.query if options.query_prefix is None else options.query_prefix,
                item=known.item if options.item_prefix is None else options.item_prefix,
            ),
            max_length=text_length(options, self.shape),
        )

    def calibration(self, max_length: int) -> Sequence[Mapping[str, NDArray[np.int64]]]:
        """The graph's inputs for each text."""
        return text_inputs(self.source, self.options.calibration, max_length)

    def open(self, artifact: Artifact) -> DenseEncoder:
        """The encoder."""
        return DenseEncoder(artifact)

    def dims(self) -> int:
        """Width of the artifact's vectors.

        Raises:
            InputError: more are asked for than the model has, or none.
        """
        full = self.shape.width
        dims = full if self.options.dims is None else self.options.dims
        if not 1 <= dims <= full:
            raise InputError(f"{dims} dimensions asked of a model of {full}", fix=f"ask for 1 to {full}")
        return dims

    def _widths(self) -> tuple[int, ...]:
        """The trained widths that fit into the artifact's own, which comes first."""
        full = self.shape.width
        declared = (full, *(width for width in declared_widths(self.source.folder) if width < full))
        widths = self.options.widths or declared
        if widths[0] != full or list(widths) != sorted(set(widths), reverse=True) or widths[-1] < 1:
            raise InputError(f"widths {widths} do not descend from {full}", fix="full width first")
        dims = self.dims()
        return (dims, *(width for width in widths if width < dims))


@dataclass(frozen=True, slots=True)
class BertWeights(DenseWeights):
    """An encoder of the BERT family, whose graph is built without torch."""

    checkpoint: BertCheckpoint

    def graph(self, precision: WeightPrecision) -> Graph:
        """Token ids to unit vectors."""
        return bert_graph(self.checkpoint, precision, self.dims())


@dataclass(frozen=True, slots=True)
class TracedWeights(DenseWeights):
    """An encoder of any family, whose graph torch traced."""

    traced: TracedGraph

    def graph(self, precision: WeightPrecision) -> Graph:
        """Token ids to unit vectors."""
        return self.traced.graph(precision, self.dims())


def _built(options: DenseExport, source: WeightSource) -> BertWeights:
    checkpoint = read_checkpoint(source.folder, options.pooling)
    return BertWeights(options, source, checkpoint.shape, checkpoint)


def _traced(options: DenseExport, source: WeightSource) -> TracedWeights:
    """Load, trace and check an encoder."""
    folder = source.folder
    model = open_encoder(folder, options.pooling)
    check_vocabulary(folder, model.vocabulary)
    said = longest_text(folder)
    longest = chosen_length(options.max_length, said, least=LEAST_LENGTH, most=model.max_positions)
    for length in (_CUT, longest):
        check_tokens(folder, GOLDEN_TEXTS, length)
    traced = trace(model, Texts(TextTokenizer(folder / TOKENIZER, longest)(GOLDEN_TEXTS)))
    shape = EncoderShape(traced.width, model.pooling, said, model.max_positions)
    return TracedWeights(options, source, shape, traced)


_CUT = 12
"""A length at which most of the golden texts are cut."""


def text_length(options: ExportOptions[Any], shape: EncoderShape) -> int:
    """The longest text that a model of single texts reads, in tokens.

    Raises:
        InputError: what is asked for is not possible with this model.
    """
    return chosen_length(options.max_length, shape.max_length, least=LEAST_LENGTH, most=shape.max_positions)


def text_inputs(
    source: WeightSource, texts: Sequence[str], max_length: int
) -> Sequence[Mapping[str, NDArray[np.int64]]]:
    """What a graph of single texts takes of each, one at a time."""
    tokens = Texts(TextTokenizer(source.folder / TOKENIZER, max_length)(texts))
    return [tokens.feed([position]) for position in range(len(texts))]
