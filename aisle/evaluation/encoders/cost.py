"""What an encoder costs: size, time of a query, texts a second; alone or beside its fp32 peers."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aisle.encoder import ArtifactStore
from aisle.encoder.dense import DenseEncoder, cut
from aisle.encoder.export import DenseExport, Fp32, export, find_weights
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.encoder.export.weights import weight_files
from aisle.encoder.text import clean, query_text
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import graph_bytes
from aisle.evaluation.encoders.timing import query_p50_ms, texts_per_s

# INT8 and fp32 of the same weights agree within .01; two different models are far below.
_SAME_COSINE = 0.95
_CHECKED_TEXTS = 32


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to encode that is timed beside others.

    Attributes:
        name: precision and runtime.
        model_bytes: size of the file that holds its weights.
        query: encodes one query.
        bulk: encodes many item texts.
    """

    name: str
    model_bytes: int
    query: Callable[[str], object]
    bulk: Callable[[Sequence[str]], object]


def fp32_peers(encoder: DenseEncoder, weights: str, texts: Sequence[str], stack: ExitStack) -> Iterator[Peer]:
    """The fp32 ONNX graph of the weights, and torch's own model where sentence-transformers is installed.

    Args:
        encoder: the artifact that was made from these weights.
        weights: a folder, a hub id or a name, see ``find_weights``.
        texts: some of them are used to check that the weights are those of the encoder.
        stack: removes what the peers keep on disk.

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
        model_bytes=graph_bytes(reference),
        query=lambda text: reference.encode_queries([text]),
        bulk=reference.encode_items,
    )
    if all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers")):
        yield _torch(encoder, find_weights(weights, None).folder)


def _graph(encoder: DenseEncoder, weights: str, stack: ExitStack) -> DenseEncoder:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-fp32-"))
    options = DenseExport(
        model=weights,
        max_length=encoder.manifest.max_length,
        query_prefix=encoder.manifest.prefixes.query,
        item_prefix=encoder.manifest.prefixes.item,
        precision=Fp32(),
    )
    return DenseEncoder.load(export(options, ArtifactStore(Path(folder))).path)


def _torch(encoder: DenseEncoder, folder: Path) -> Peer:
    from sentence_transformers import SentenceTransformer

    with silenced_libraries():
        model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = encoder.manifest.max_length
    prefixes, width = encoder.manifest.prefixes, encoder.dims

    def encoded(texts: Sequence[str]) -> object:
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return cut(vectors, min(width, vectors.shape[1]))

    return Peer(
        name="fp32 torch",
        model_bytes=sum(path.stat().st_size for path in weight_files(folder)),
        query=lambda text: encoded([prefixes.query + query_text(text)]),
        bulk=lambda texts: encoded([prefixes.item + clean(text) for text in texts]),
    )


_QUERIES = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way to encode costs.

    Attributes:
        name: precision and runtime.
        model_bytes: size of the file that holds its weights.
        p50_ms: median milliseconds of one query alone, warm, tokenization included.
        texts_per_s: catalogue texts a second, in bulk, with all cores.
    """

    name: str
    model_bytes: int
    p50_ms: float
    texts_per_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def measure_cost(
    encoder: DenseEncoder, queries: Sequence[str], texts: Sequence[str], weights: str | None = None
) -> tuple[Cost, ...]:
    """Time the encoder and, given ``weights``, their fp32 ONNX graph and fp32 torch model in the same rounds.

    Args:
        encoder: the artifact in question; it comes first in the result.
        queries: real queries; 40 of them, evenly spaced, are timed one by one.
        texts: catalogue texts for the bulk figure.
        weights: the checkpoint behind the artifact: a folder, a hub id, or the name of a packaged model.

    Raises:
        InputError: no such weights, or they are another model's.
        MissingExtra: without the extra ``export``; torch is left out where it is not installed.
    """
    own = Peer(
        name=f"{encoder.manifest.precision} onnxruntime",
        model_bytes=graph_bytes(encoder),
        query=lambda text: encoder.encode_queries([text]),
        bulk=encoder.encode_items,
    )
    with ExitStack() as stack:
        peers = [own, *(fp32_peers(encoder, weights, texts, stack) if weights else ())]
        sample = queries[:: max(1, len(queries) // _QUERIES)][:_QUERIES]
        p50 = query_p50_ms({peer.name: peer.query for peer in peers}, sample)
        rate = texts_per_s({peer.name: peer.bulk for peer in peers}, texts)
    return tuple(Cost(p.name, p.model_bytes, p50[p.name], rate[p.name]) for p in peers)
