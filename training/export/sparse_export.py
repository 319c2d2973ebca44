"""A sparse encoder's weights to an artifact in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoder.artifact import load_artifact
from encoder.golden import GOLDEN_TEXTS, Golden
from encoder.manifest import CARD, GOLDEN, Manifest
from encoder.sparse import KIND, MODEL, TOKENIZER, SparseEncoder
from encoder.sparse_vocabulary import QUERY_WEIGHTS, VOCABULARY, Vocabulary
from encoder.store import ArtifactStore
from records import InputError
from training.export.checkpoint import Checkpoint, read_checkpoint
from training.export.choose_precision import choose_precision
from training.export.describe import describe
from training.export.export import write_manifest
from training.export.options import ExportOptions
from training.export.precision import Fp32, Precision
from training.export.sparse_card import sparse_card
from training.export.sparse_fidelity import sparse_metrics
from training.export.sparse_graph import sparse_graph
from training.export.sparse_head import HEAD, SparseHead, masked_language_head
from training.export.sparse_vocabulary import feature_tokens
from training.export.weights import Source, find_weights


@dataclass(frozen=True, slots=True)
class SparseExport:
    """Where the artifact is, and what it is."""

    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Model:
    """What goes into the artifact, but for its manifest."""

    checkpoint: Checkpoint
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

    def graph(checkpoint: Checkpoint, precision: Precision) -> bytes:
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


def _read(source: Source) -> _Model:
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


def _build(folder: Path, manifest: Manifest, model: _Model, precision: Precision) -> SparseEncoder:
    """Write all files but the card; the encoder that opened them."""
    (folder / MODEL).write_bytes(sparse_graph(model.checkpoint, model.head, precision))
    (folder / TOKENIZER).write_bytes(model.tokenizer.read_bytes())
    model.vocabulary.write(folder / VOCABULARY)
    if model.head.query is not None:
        np.save(folder / QUERY_WEIGHTS, model.head.query, allow_pickle=False)
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    encoder = SparseEncoder(load_artifact(folder))
    tokens = tuple(tuple(row) for row in encoder.tokenize(GOLDEN_TEXTS))
    Golden(GOLDEN_TEXTS, tokens, encoder.encode_raw(GOLDEN_TEXTS)).write(folder / GOLDEN)
    write_manifest(folder, encoder.manifest)
    return encoder
