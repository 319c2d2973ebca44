"""The same weights in fp32, on onnxruntime and on torch: what INT8 is measured against."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from encoder import ArtifactStore, DenseEncoder
from encoder.dense import MODEL
from encoder.text import clean
from encoder.vectors import cut
from records import InputError
from training.export.export import ExportOptions, export
from training.export.precision import Fp32
from training.export.weights import find_weights

WEIGHTS = "model.safetensors"
# INT8 and fp32 of the same weights agree within .01; two different models are far below.
_SAME_COSINE = 0.95
_CHECKED_TEXTS = 32


@dataclass(frozen=True, slots=True)
class Peer:
    """Attributes:
    name: precision and runtime.
    model_bytes: of the file that holds its weights.
    query: encodes one query; bulk: encodes many item texts.
    """

    name: str
    model_bytes: int
    query: Callable[[str], object]
    bulk: Callable[[Sequence[str]], object]


def fp32_peers(encoder: DenseEncoder, weights: str, texts: Sequence[str], stack: ExitStack) -> Iterator[Peer]:
    """The fp32 ONNX graph of the weights, and torch's own model where sentence-transformers is installed.

    Args:
        encoder: the artifact that was made of these weights.
        weights: see ``find_weights``.
        texts: on some of them it is checked that they are the same weights.
        stack: closes what the peers hold on disk.

    Raises:
        InputError: no such weights, or they are another model's.
    """
    reference = _graph(encoder, weights, stack)
    sample = texts[:_CHECKED_TEXTS]
    width = min(encoder.dims, reference.dims)
    cosines = (encoder.encode_items(sample, width) * reference.encode_items(sample, width)).sum(axis=1)
    if cosines.mean() < _SAME_COSINE:
        raise InputError(
            f"{weights} are not the weights of {encoder.manifest.name}: the mean cosine of their vectors is"
            f" {cosines.mean():.2f}",
            fix="give the checkpoint that the artifact was exported from",
        )
    yield Peer(
        name="fp32 onnxruntime",
        model_bytes=(reference.artifact.path / MODEL).stat().st_size,
        query=lambda text: reference.encode_queries([text]),
        bulk=reference.encode_items,
    )
    if all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers")):
        yield _torch(encoder, find_weights(weights, None).folder)


def _graph(encoder: DenseEncoder, weights: str, stack: ExitStack) -> DenseEncoder:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-fp32-"))
    options = ExportOptions(
        model=weights,
        max_length=encoder.manifest.max_length,
        prefixes=encoder.manifest.prefixes,
        precision=Fp32(),
        measure=False,
    )
    return DenseEncoder.load(export(options, ArtifactStore(Path(folder))).path)


def _torch(encoder: DenseEncoder, folder: Path) -> Peer:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = encoder.manifest.max_length
    prefixes, width = encoder.manifest.prefixes, encoder.dims

    def encoded(texts: Sequence[str]) -> object:
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return cut(vectors, min(width, vectors.shape[1]))

    return Peer(
        name="fp32 torch",
        model_bytes=(folder / WEIGHTS).stat().st_size,
        query=lambda text: encoded([prefixes.query + clean(text)]),
        bulk=lambda texts: encoded([prefixes.item + clean(text) for text in texts]),
    )
