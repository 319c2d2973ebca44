"""A model's weights to an artifact in the store, with figures on what INT8 cost and won if that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aisle.encoder.artifact import (
    CARD,
    GOLDEN,
    MODEL,
    TOKENIZER,
    ArtifactStore,
    Manifest,
    load_artifact,
    write_manifest,
)
from aisle.encoder.base import OnnxModel
from aisle.encoder.export.card import model_card
from aisle.encoder.export.options import ExportOptions, Model, ModelWeights
from aisle.encoder.export.precision import Fp32, Int8, WeightPrecision
from aisle.encoder.export.static_int8 import StaticInt8, calibrate
from aisle.encoder.export.weights import WeightSource, find_weights
from aisle.mappings.vector_types import VectorChoice

Progress = Callable[[str], None]

_Compared_contra = TypeVar("_Compared_contra", bound=OnnxModel[Any], contravariant=True)


class Fidelity(Protocol[_Compared_contra]):
    """Compares what is served with fp32 of the same weights (``aisle.evaluation.encoders.fidelity``)."""

    def figures(
        self, served: _Compared_contra, reference: _Compared_contra, weights: Path, progress: Progress
    ) -> Mapping[str, float]:
        """Name to figure, for the manifest.

        Args:
            served: the model that the artifact holds.
            reference: of the same weights, in fp32.
            weights: the folder they come from.
            progress: is told of each step.
        """


@dataclass(frozen=True, slots=True)
class ExportReport:
    """An artifact that was made.

    Attributes:
        path: where it is.
        manifest: what it is.
        figures: what was measured, empty if nothing was.
        choices: what its width was chosen from to keep within a budget, the best first; empty without one.
    """

    path: Path
    manifest: Manifest
    figures: Mapping[str, float]
    choices: tuple[VectorChoice, ...] = ()


def export(
    options: ExportOptions[Model],
    store: ArtifactStore | None = None,
    progress: Progress = lambda _: None,
    *,
    fidelity: Fidelity[Model] | None = None,
) -> ExportReport:
    """Build, measure and store an artifact; on any failure, or Ctrl-C, the store is as it was.

    Args:
        options: what to export and how; their class says what kind of model it is.
        store: default the store under ``AISLE_HOME``.
        progress: is told of each step.
        fidelity: compares the graph with one in fp32 (a minute); None: the artifact carries no metrics.

    Raises:
        InputError: no such weights, or an architecture or a head that cannot be exported.
        MissingExtra: the extra ``export`` is not installed.
    """
    store = store or ArtifactStore.default()
    progress("finding weights")
    source = find_weights(options.model, options.revision)
    progress(f"reading {source.model}")
    weights = options.read(source)
    manifest = weights.manifest()
    figures: Mapping[str, float] = {}
    with store.staging() as staged:
        precision = _precision(options, weights, manifest.max_length, staged)
        made_for = "" if precision.name == Fp32.name else options.chosen_cpu()
        manifest = manifest.model_copy(update={"precision": precision.name, "instruction_set": made_for})
        progress(f"building the {precision.name} graph of {source.model}")
        served = _build(staged, manifest, source, weights, precision)
        if fidelity is not None:
            with store.staging() as folder:
                progress("building the fp32 graph to compare with")
                reference = _build(folder, manifest, source, weights, Fp32())
                figures = fidelity.figures(served, reference, source.folder, progress)
            rounded = {name: round(value, 5) for name, value in figures.items()}
            manifest = manifest.model_copy(update={"metrics": rounded})
        # Twice: the card tells the fingerprint, which it is no part of, and the manifest the card's hash.
        manifest = write_manifest(staged, manifest)
        (staged / CARD).write_text(model_card(manifest), encoding="utf-8")
        manifest = write_manifest(staged, manifest)
        return ExportReport(store.add(staged), manifest, figures)


def _precision(
    options: ExportOptions[Model], weights: ModelWeights[Model], max_length: int, scratch: Path
) -> WeightPrecision:
    """The one asked for; else INT8 for the CPU, static if there is something to calibrate the graph with."""
    if options.precision is not None:
        return options.precision
    inputs = weights.calibration(max_length)
    if not inputs:
        return Int8(options.weight_bits)
    return StaticInt8(calibrate(weights, inputs, scratch), options.weight_bits)


def _build(
    folder: Path,
    manifest: Manifest,
    source: WeightSource,
    weights: ModelWeights[Model],
    precision: WeightPrecision,
) -> Model:
    """Write all files but the card; the model that opened them."""
    weights.graph(precision).write(folder / MODEL)
    (folder / TOKENIZER).write_bytes((source.folder / TOKENIZER).read_bytes())
    weights.write_tables(folder)
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    model = weights.open(load_artifact(folder))
    model.record().write(folder / GOLDEN)
    write_manifest(folder, model.manifest)
    return model
