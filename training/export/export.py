"""A model's weights to an artifact in the store, with figures on what INT8 cost and won."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from encoder.artifact import load_artifact, sha256_of
from encoder.dense import KIND, MODEL, TOKENIZER, DenseEncoder
from encoder.golden import GOLDEN_TEXTS, Golden
from encoder.manifest import GOLDEN, MANIFEST, Manifest, Prefixes
from encoder.store import ArtifactStore
from encoder.text import TEXT_VERSION
from records import InputError
from training.export.bert_graph import bert_graph
from training.export.checkpoint import Checkpoint, read_checkpoint
from training.export.commit import git_commit
from training.export.fidelity import Fidelity, measure
from training.export.precision import Fp32, Int8, Precision
from training.export.prefixes import prefixes_of
from training.export.weights import Source, find_weights

MAX_LENGTH = 256

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export and how.

    Attributes:
        model: folder, hub id or name, see ``find_weights``; revision: on the hub.
        name: the artifact's name, default the model's own.
        max_length: most tokens of a text, at most what the model allows.
        prefixes: put before queries and items, default what the model family expects.
        widths: Matryoshka widths the model was trained for, full width first.
        data_hash: sha256 of the training data, empty for a base model.
        data: a BEIR folder with judgments on which the nDCG change is measured.
        precision: Int8() to serve, Fp32() as the reference.
        measure: compare with fp32 (a minute); without it the artifact carries no metrics.
    """

    model: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    name: str | None = None
    max_length: int | None = None
    prefixes: Prefixes | None = None
    widths: tuple[int, ...] = ()
    data_hash: str = ""
    data: Path | None = None
    precision: Precision = Int8()  # noqa: RUF009 - stateless
    measure: bool = True


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
    manifest = _manifest(options, source, checkpoint)
    with store.staging() as staged:
        progress(f"building the {options.precision.name} graph of {source.model}")
        served = _build(staged, manifest, checkpoint, source, options.precision)
        fidelity = None
        if options.measure:
            with store.staging() as folder:
                progress("building the fp32 graph to compare with")
                reference = _build(folder, manifest, checkpoint, source, Fp32())
                fidelity = measure(served, reference, source.folder, options.data, progress)
            manifest = manifest.model_copy(update={"metrics": fidelity.metrics()})
        manifest = _write_manifest(staged, manifest)
        return ExportReport(store.add(staged), manifest, fidelity)


def _build(
    folder: Path, manifest: Manifest, checkpoint: Checkpoint, source: Source, precision: Precision
) -> DenseEncoder:
    """Write model, tokenizer, golden texts and manifest; the encoder that opened them."""
    (folder / MODEL).write_bytes(bert_graph(checkpoint, precision))
    (folder / TOKENIZER).write_bytes((source.folder / TOKENIZER).read_bytes())
    _write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    encoder = DenseEncoder(load_artifact(folder))
    tokens = tuple(tuple(row) for row in encoder.tokenize(GOLDEN_TEXTS))
    Golden(GOLDEN_TEXTS, tokens, encoder.encode_raw(GOLDEN_TEXTS)).write(folder / GOLDEN)
    _write_manifest(folder, encoder.manifest)
    return encoder


def _manifest(options: ExportOptions, source: Source, checkpoint: Checkpoint) -> Manifest:
    longest = options.max_length or min(checkpoint.max_length or MAX_LENGTH, MAX_LENGTH)
    if not 3 <= longest <= checkpoint.max_positions:
        raise InputError(
            f"max_length {longest} is not possible with this model",
            fix=f"choose 3 to {checkpoint.max_positions}",
        )
    widths = options.widths or (checkpoint.width,)
    if widths[0] != checkpoint.width or list(widths) != sorted(set(widths), reverse=True) or widths[-1] < 1:
        raise InputError(f"widths {widths} do not descend from {checkpoint.width}", fix="full width first")
    return Manifest(
        kind=KIND,
        name=options.name or source.model.rpartition("/")[2],
        base_model=source.model,
        revision=source.revision or sha256_of(source.folder / "model.safetensors"),
        dims=checkpoint.width,
        widths=widths,
        pooling=checkpoint.pooling,
        normalisation="l2",
        prefixes=options.prefixes or prefixes_of(source.model),
        max_length=longest,
        text_version=TEXT_VERSION,
        precision=options.precision.name,
        data_hash=options.data_hash,
        git_commit=git_commit(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        files={},
    )


def _write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    complete = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_bytes(complete.to_bytes())
    return complete
