"""A model's weights to an artifact in the store, with figures on what INT8 cost and won."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisle.encoder.artifact import CARD, GOLDEN, MANIFEST, MODEL, TOKENIZER, ArtifactStore, Manifest, load_artifact, sha256_of
from aisle.encoder.dense import DenseEncoder
from aisle.encoder.export.bert import bert_graph
from aisle.encoder.export.card import model_card
from aisle.encoder.export.checkpoint import BertCheckpoint, read_checkpoint
from aisle.encoder.export.describe import choose_precision, describe
from aisle.encoder.export.fidelity import Fidelity, measure
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32, WeightPrecision
from aisle.encoder.export.weights import WeightSource, find_weights

__all__ = ["ExportOptions", "ExportReport", "Progress", "export"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Where the artifact is, what it is, and what was measured (None if nothing was)."""

    path: Path
    manifest: Manifest
    fidelity: Fidelity | None


def export(
    options: ExportOptions, store: ArtifactStore | None = None, progress: Progress = lambda _: None
) -> ExportReport:
    """Build, measure and store an artifact; on any failure, or Ctrl-C, the store is as it was.

    Raises:
        InputError: no such weights, or an architecture that cannot be exported.
        MissingExtra: the extra ``export`` is not installed.
    """
    store = store or ArtifactStore.default()
    progress("finding weights")
    source = find_weights(options.model, options.revision)
    checkpoint = read_checkpoint(source.folder)
    manifest = describe(options, source, checkpoint)
    with store.staging() as staged:
        precision = choose_precision(options, source, checkpoint, manifest.max_length, staged)
        progress(f"building the {precision.name} graph of {source.model}")
        served = _build(staged, manifest, checkpoint, source, precision)
        fidelity = None
        if options.measure:
            with store.staging() as folder:
                progress("building the fp32 graph to compare with")
                reference = _build(folder, manifest, checkpoint, source, Fp32())
                fidelity = measure(served, reference, source.folder, options.data, progress)
            manifest = manifest.model_copy(update={"metrics": fidelity.metrics()})
        # Twice: the card tells the fingerprint, which it is no part of, and the manifest the card's hash.
        card = model_card(write_manifest(staged, manifest))
        (staged / CARD).write_text(card, encoding="utf-8")
        manifest = write_manifest(staged, manifest)
        return ExportReport(store.add(staged), manifest, fidelity)


def _build(
    folder: Path, manifest: Manifest, checkpoint: BertCheckpoint, source: WeightSource, precision: WeightPrecision
) -> DenseEncoder:
    """Write model, tokenizer, golden texts and manifest; the encoder that opened them."""
    (folder / MODEL).write_bytes(bert_graph(checkpoint, precision, manifest.dims))
    (folder / TOKENIZER).write_bytes((source.folder / TOKENIZER).read_bytes())
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    encoder = DenseEncoder(load_artifact(folder))
    encoder.record().write(folder / GOLDEN)
    write_manifest(folder, encoder.manifest)
    return encoder


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``manifest.json`` with the hash of every other file that is there; the manifest as written."""
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    complete = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_bytes(complete.to_bytes())
    return complete
