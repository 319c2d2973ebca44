"""What to export and how, of whatever kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import Artifact, Manifest
from aisle.encoder.base import OnnxModel
from aisle.encoder.cpu import InstructionSet, best_of, instruction_sets
from aisle.encoder.export.graph import Graph
from aisle.encoder.export.precision import WeightPrecision
from aisle.encoder.export.weights import WeightSource

Model = TypeVar("Model", bound=OnnxModel[Any])


class ModelWeights(ABC, Generic[Model]):
    """A model's weights, read, of which a graph can be built in any precision."""

    @abstractmethod
    def graph(self, precision: WeightPrecision) -> Graph:
        """The ONNX graph.

        Raises:
            InputError: a tensor is missing.
            MissingExtra: onnx is not installed.
        """

    @abstractmethod
    def manifest(self) -> Manifest:
        """All that is known before a graph is built: everything but precision, metrics and file hashes.

        Raises:
            InputError: a length, a width or a number of dimensions that this model cannot have.
        """

    @abstractmethod
    def calibration(self, max_length: int) -> Sequence[Mapping[str, NDArray[np.int64]]]:
        """The graph's inputs for each text or pair to calibrate with, without padding."""

    @abstractmethod
    def open(self, artifact: Artifact) -> Model:
        """What serves the artifact."""

    def write_tables(self, folder: Path) -> None:
        """Write what stands beside graph and tokenizer; nothing, for most kinds."""


@dataclass(frozen=True, slots=True)
class ExportOptions(ABC, Generic[Model]):
    """What to export and how: what all kinds of model have in common.

    Attributes:
        model: folder, hub id or name, see ``find_weights``; revision: on the hub.
        base_model: what the weights derive from, default the model itself.
        name: the artifact's name, default the model's own.
        max_length: most tokens of an input, at most what the model allows.
        training: settings of the training run, shown by `aisle encoder show`.
        data_hash: sha256 of the training data, empty for a base model.
        cpu: instruction set that the INT8 graph is made for, default the best of this machine.
        precision: default INT8 for that CPU; ``Fp32()`` is the reference.
    """

    model: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    base_model: str = ""
    name: str | None = None
    max_length: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""
    cpu: InstructionSet | None = None
    precision: WeightPrecision | None = None

    @abstractmethod
    def read(self, source: WeightSource) -> ModelWeights[Model]:
        """Read the weights of this kind of model.

        Raises:
            InputError: an architecture or a head that cannot be exported.
            MissingExtra: safetensors is not installed.
        """

    def chosen_cpu(self) -> InstructionSet:
        """The set asked for, else the best of this machine."""
        return self.cpu or best_of(instruction_sets())

    @property
    def weight_bits(self) -> int:
        """As many as sums on that CPU can hold."""
        return 7 if self.chosen_cpu().saturates else 8
