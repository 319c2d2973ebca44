"""A cross-encoder's weights to a reranker in the store, with figures on what INT8 cost and won."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.artifact import load_artifact
from encoder.cross_encoder import CrossEncoder
from encoder.dense import MODEL, TOKENIZER
from encoder.golden_pairs import GOLDEN_ITEMS, GOLDEN_QUERY, GoldenPairs
from encoder.manifest import CARD, GOLDEN, Manifest
from encoder.pair_tokens import PairTokenizer
from encoder.store import ArtifactStore
from training.export.calibration import spans_of
from training.export.card import model_card
from training.export.checkpoint import read_backbone
from training.export.cross_encoder_fidelity import measure
from training.export.cross_encoder_graph import cross_encoder_graph
from training.export.cross_encoder_head import read_head
from training.export.cross_encoder_manifest import describe_reranker
from training.export.export import Progress, write_manifest
from training.export.options import ExportOptions
from training.export.precision import Fp32, Int8, Precision
from training.export.static_precision import StaticInt8
from training.export.weights import Source, find_weights

Graph = Callable[[Precision], bytes]


@dataclass(frozen=True, slots=True)
class RerankerReport:
    """Where the artifact is, what it is, and what was measured (nothing unless asked for)."""

    path: Path
    manifest: Manifest
    metrics: Mapping[str, float]


def export_reranker(
    options: ExportOptions,
    store: ArtifactStore | None = None,
    progress: Progress = lambda _: None,
    calibration: Sequence[tuple[str, str]] = (),
) -> RerankerReport:
    """Build, measure and store a reranker; on any failure, or Ctrl-C, the store is as it was.

    Args:
        options: ``model`` is a cross-encoder with one output; what concerns vectors alone (prefixes, widths,
            dims, calibration, data) is not looked at.
        store: default the store under ``AISLE_HOME``.
        progress: is told of each step.
        calibration: pairs of query and item text like those it will read: with them (200 or more) the scales
            of activations are fixed at export (``StaticInt8``), without them each token has its own.

    Raises:
        InputError: no such weights, or an architecture or a head that cannot be exported.
        MissingExtra: the extra ``export`` is not installed.
    """
    store = store or ArtifactStore.default()
    progress("finding weights")
    source = find_weights(options.model, options.revision)
    backbone = read_backbone(source.folder)
    build = partial(cross_encoder_graph, backbone, read_head(source.folder, backbone))
    int8 = StaticInt8.name if calibration else Int8.name
    manifest = describe_reranker(options, source, options.precision.name if options.precision else int8)
    with store.staging() as staged:
        tokenize = PairTokenizer(source.folder / TOKENIZER, manifest.max_length)
        feeds = [tokenize(query, [text]).feed([0]) for query, text in calibration]
        precision = options.precision or _int8(options.weight_bits, build, feeds, staged)
        progress(f"building the {precision.name} graph of {source.model}")
        served = _build(staged, manifest, source, build, precision)
        if options.measure:
            with store.staging() as folder:
                progress("building the fp32 graph to compare with")
                reference = _build(folder, manifest, source, build, Fp32())
                metrics = measure(served, reference, source.folder, progress)
            manifest = manifest.model_copy(update={"metrics": metrics})
        # Twice: the card tells the fingerprint, which it is no part of, and the manifest the card's hash.
        card = model_card(write_manifest(staged, manifest))
        (staged / CARD).write_text(card, encoding="utf-8")
        manifest = write_manifest(staged, manifest)
        return RerankerReport(store.add(staged), manifest, manifest.metrics)


def _int8(
    bits: int, build: Graph, feeds: Sequence[Mapping[str, NDArray[np.int64]]], scratch: Path
) -> Precision:
    return StaticInt8(spans_of(build, feeds, scratch), bits) if feeds else Int8(bits)


def _build(
    folder: Path,
    manifest: Manifest,
    source: Source,
    graph: Graph,
    precision: Precision,
) -> CrossEncoder:
    """Write model, tokenizer, golden pairs and manifest; the model that opened them."""
    (folder / MODEL).write_bytes(graph(precision))
    (folder / TOKENIZER).write_bytes((source.folder / TOKENIZER).read_bytes())
    write_manifest(folder, manifest.model_copy(update={"precision": precision.name}))
    model = CrossEncoder(load_artifact(folder))
    pairs = model.tokenize(GOLDEN_QUERY, GOLDEN_ITEMS)
    GoldenPairs(GOLDEN_QUERY, GOLDEN_ITEMS, pairs, model.score_pairs(pairs)).write(folder / GOLDEN)
    write_manifest(folder, model.manifest)
    return model
