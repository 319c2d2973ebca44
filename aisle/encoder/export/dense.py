"""What a dense encoder supplies to an export: the graph of a BERT with pooling and normalisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import TOKENIZER, Artifact, Manifest, Prefixes
from aisle.encoder.dense import KIND, DenseEncoder
from aisle.encoder.export.bert import bert_graph
from aisle.encoder.export.checkpoint import BertCheckpoint, read_checkpoint
from aisle.encoder.export.describe import chosen_length, describe
from aisle.encoder.export.options import ExportOptions, ModelWeights
from aisle.encoder.export.precision import WeightPrecision
from aisle.encoder.export.weights import WeightSource, prefixes_of
from aisle.encoder.tokenizer import Texts, TextTokenizer
from aisle.errors import InputError

LEAST_LENGTH = 3
"""[CLS], one token and [SEP]."""


@dataclass(frozen=True, slots=True)
class DenseExport(ExportOptions[DenseEncoder]):
    """How to export a dense encoder.

    Attributes:
        prefixes: put before queries and items, default what the model family expects.
        widths: Matryoshka widths the model was trained for, full width first.
        dims: width of the artifact's vectors: the graph cuts to the first so many, then normalises.
        calibration: texts like those the model will read: with them (200 or more) the activations of an INT8
            graph have scales fixed at export (``StaticInt8``), without them a scale per token.
    """

    prefixes: Prefixes | None = None
    widths: tuple[int, ...] = ()
    dims: int | None = None
    calibration: tuple[str, ...] = ()

    def read(self, source: WeightSource) -> DenseWeights:
        """Read a BERT-family encoder.

        Raises:
            InputError: an architecture, an activation or a pooling that cannot be exported.
            MissingExtra: safetensors is not installed.
        """
        return DenseWeights(self, source, read_checkpoint(source.folder))


@dataclass(frozen=True, slots=True)
class DenseWeights(ModelWeights[DenseEncoder]):
    """A BERT encoder, how to export it, and where it comes from."""

    options: DenseExport
    source: WeightSource
    checkpoint: BertCheckpoint

    def graph(self, precision: WeightPrecision) -> bytes:
        """Token ids to unit vectors."""
        return bert_graph(self.checkpoint, precision, self._dims())

    def manifest(self) -> Manifest:
        """All but precision, metrics and file hashes."""
        return describe(
            self.options,
            self.source,
            kind=KIND,
            dims=self._dims(),
            widths=self._widths(),
            pooling=self.checkpoint.pooling,
            normalisation="l2",
            prefixes=self.options.prefixes or prefixes_of(self.source.model),
            max_length=text_length(self.options, self.checkpoint),
        )

    def calibration(self, max_length: int) -> Sequence[Mapping[str, NDArray[np.int64]]]:
        """The graph's inputs for each text."""
        return text_inputs(self.source, self.options.calibration, max_length)

    def open(self, artifact: Artifact) -> DenseEncoder:
        """The encoder."""
        return DenseEncoder(artifact)

    def _dims(self) -> int:
        full = self.checkpoint.width
        dims = full if self.options.dims is None else self.options.dims
        if not 1 <= dims <= full:
            raise InputError(f"{dims} dimensions asked of a model of {full}", fix=f"ask for 1 to {full}")
        return dims

    def _widths(self) -> tuple[int, ...]:
        """The trained widths that fit into the artifact's own, which comes first."""
        full = self.checkpoint.width
        widths = self.options.widths or (full,)
        if widths[0] != full or list(widths) != sorted(set(widths), reverse=True) or widths[-1] < 1:
            raise InputError(f"widths {widths} do not descend from {full}", fix="full width first")
        dims = self._dims()
        return (dims, *(width for width in widths if width < dims))


def text_length(options: ExportOptions[Any], checkpoint: BertCheckpoint) -> int:
    """The longest text that a model of single texts reads, in tokens.

    Raises:
        InputError: what is asked for is not possible with this model.
    """
    return chosen_length(
        options.max_length, checkpoint.max_length, least=LEAST_LENGTH, most=checkpoint.max_positions
    )


def text_inputs(
    source: WeightSource, texts: Sequence[str], max_length: int
) -> Sequence[Mapping[str, NDArray[np.int64]]]:
    """What a graph of single texts takes of each, one at a time."""
    tokens = Texts(TextTokenizer(source.folder / TOKENIZER, max_length)(texts))
    return [tokens.feed([position]) for position in range(len(texts))]
