"""What to export and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisle.encoder.artifact import Prefixes
from aisle.encoder.cpu import InstructionSet, best_of, instruction_sets
from aisle.encoder.export.precision import WeightPrecision


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export and how.

    Attributes:
        model: folder, hub id or name, see ``find_weights``; revision: on the hub.
        base_model: what the weights derive from, default the model itself.
        name: the artifact's name, default the model's own.
        max_length: most tokens of a text, at most what the model allows.
        prefixes: put before queries and items, default what the model family expects.
        widths: Matryoshka widths the model was trained for, full width first.
        dims: width of the artifact's vectors: the graph cuts to the first so many, then normalises.
        training: settings of the training run, shown by `aisle encoder show`.
        data_hash: sha256 of the training data, empty for a base model.
        data: a BEIR folder with judgments on which the nDCG change is measured.
        cpu: instruction set that the INT8 graph is made for, default the best of this machine.
        precision: default INT8 for that CPU; ``Fp32()`` is the reference.
        calibration: texts like those the model will read: with them (200 or more) the activations of an INT8
            graph have scales fixed at export (``StaticInt8``), without them a scale per token.
        measure: compare with fp32 (a minute); without it the artifact carries no metrics.
    """

    model: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    base_model: str = ""
    name: str | None = None
    max_length: int | None = None
    prefixes: Prefixes | None = None
    widths: tuple[int, ...] = ()
    dims: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""
    data: Path | None = None
    cpu: InstructionSet | None = None
    precision: WeightPrecision | None = None
    calibration: tuple[str, ...] = ()
    measure: bool = True

    def chosen_cpu(self) -> InstructionSet:
        """The set asked for, else the best of this machine."""
        return self.cpu or best_of(instruction_sets())

    @property
    def weight_bits(self) -> int:
        """As many as sums on that CPU can hold."""
        return 7 if self.chosen_cpu().saturates else 8
