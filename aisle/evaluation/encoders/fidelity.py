"""What INT8 costs and wins against fp32 of the same weights: likeness, nDCG, size and time."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aisle.encoder import CrossEncoder, DenseEncoder, OnnxModel, SparseEncoder
from aisle.encoder.artifact import MODEL
from aisle.encoder.export import Progress
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.evaluation.encoders.samples import sample_texts
from aisle.evaluation.encoders.tasks import Judged
from aisle.evaluation.encoders.timing import query_p50_ms

_QUERIES = ("led outdoor flood light", "wireless mouse", "18v cordless drill with battery", "toilet seat")
_ROUNDS = 30


def size_ratio(served: OnnxModel[Any], reference: OnnxModel[Any]) -> float:
    """Bytes of the served graph over those of the other."""
    return graph_bytes(served) / graph_bytes(reference)


def graph_bytes(model: OnnxModel[Any]) -> int:
    """Bytes of a graph, which may lie in two files."""
    return sum(path.stat().st_size for path in model.artifact.path.glob(f"{MODEL}*"))


_TEXTS = 1000


@dataclass(frozen=True, slots=True)
class DenseFidelity:
    """A dense encoder against fp32.

    Figures: ``cosine_mean`` and ``cosine_min`` over 1,000 texts; ``size_ratio``; ``p50_ms``, median latency
    of one short query, tokenization included; ``p50_fp32_ms``, of the same graph in fp32 on onnxruntime;
    ``p50_torch_ms``, of fp32 sentence-transformers where that is installed; with judgments ``ndcg`` and
    ``ndcg_fp32``, nDCG@10 by exact search.

    Attributes:
        judged: what nDCG is measured on, and whose texts are compared; None: no nDCG, and made-up texts.
    """

    judged: Judged | None = None

    def figures(
        self, served: DenseEncoder, reference: DenseEncoder, weights: Path, progress: Progress
    ) -> Mapping[str, float]:
        """Name to figure.

        Args:
            served: the encoder in question.
            reference: of the same weights, in fp32.
            weights: the folder that torch loads them from.
            progress: is told of each step.
        """
        judged = self.judged
        progress("comparing vectors with fp32")
        texts = judged.sample(_TEXTS) if judged else sample_texts(_TEXTS)
        cosines = (served.encode_items(texts) * reference.encode_items(texts)).sum(axis=1)
        found = {
            "cosine_mean": float(cosines.mean()),
            "cosine_min": float(cosines.min()),
            "size_ratio": size_ratio(served, reference),
        }
        ndcg = {}
        if judged is not None:
            for name, encoder in (("ndcg", served), ("ndcg_fp32", reference)):
                ndcg[name] = _ndcg(encoder, judged, progress)
        progress("timing queries")
        peers: dict[str, Callable[[str], object]] = {
            "p50_ms": lambda text: served.encode_queries([text]),
            "p50_fp32_ms": lambda text: reference.encode_queries([text]),
        }
        if _torch_is_there():
            from sentence_transformers import SentenceTransformer

            with silenced_libraries():
                model = SentenceTransformer(str(weights), device="cpu")
            peers["p50_torch_ms"] = lambda text: model.encode(
                text, normalize_embeddings=True, show_progress_bar=False
            )
        return {**found, **query_p50_ms(peers, _QUERIES, _ROUNDS), **ndcg}


def _ndcg(encoder: DenseEncoder, judged: Judged, progress: Progress) -> float:
    progress(f"nDCG@10 of {encoder.manifest.precision} over {len(judged.texts):,} items")
    return judged.ndcg(encoder)


def _torch_is_there() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers"))


_SPARSE_TEXTS = 200


@dataclass(frozen=True, slots=True)
class SparseFidelity:
    """A sparse encoder against fp32.

    Figures: ``cosine_mean`` and ``cosine_min`` of all weights of a text; ``size_ratio``; ``active_items``,
    mean number of tokens with a weight; ``p50_ms``, median time of a query.

    Attributes:
        texts: to compare on, prefixes included, of which 200 are taken; made-up ones if none are given.
    """

    texts: Sequence[str] = ()

    def figures(
        self,
        served: SparseEncoder,
        reference: SparseEncoder,
        weights: Path,  # noqa: ARG002
        progress: Progress,
    ) -> Mapping[str, float]:
        """Name to figure.

        Args:
            served: the encoder in question.
            reference: of the same weights, in fp32.
            weights: not looked at.
            progress: is told of each step.
        """
        progress("comparing weights with fp32")
        compared = list(self.texts[:_SPARSE_TEXTS]) or sample_texts(_SPARSE_TEXTS)
        ours, theirs = served.encode_raw(compared), reference.encode_raw(compared)
        norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        cosines = (ours * theirs).sum(axis=1) / np.maximum(norms, np.finfo(np.float32).tiny)
        return {
            "cosine_mean": float(cosines.mean()),
            "cosine_min": float(cosines.min()),
            "size_ratio": size_ratio(served, reference),
            "active_items": float((ours > 0).sum(axis=1).mean()),
            **query_p50_ms({"p50_ms": served.encode_query}, _QUERIES, _ROUNDS),
        }


PAIRS = 100
_PAIR_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class RerankerFidelity:
    """A reranker against fp32.

    Figures: ``score_correlation``, least Pearson correlation of a query's scores with fp32's; ``size_ratio``;
    ``pairs100_ms``, ``pairs100_fp32_ms`` and, where torch is installed, ``pairs100_torch_ms``, median time of
    100 pairs, tokenization included.
    """

    def figures(
        self, served: CrossEncoder, reference: CrossEncoder, weights: Path, progress: Progress
    ) -> Mapping[str, float]:
        """Name to figure.

        Args:
            served: the reranker in question.
            reference: of the same weights, in fp32.
            weights: the folder that torch loads them from.
            progress: is told of each step.
        """
        texts = sample_texts(PAIRS)
        progress("comparing scores with fp32")
        least = min(
            float(np.corrcoef(served.score(query, texts), reference.score(query, texts))[0, 1])
            for query in _QUERIES
        )
        progress("timing 100 pairs")
        peers: dict[str, Callable[[str], object]] = {
            "pairs100_ms": lambda query: served.score(query, texts),
            "pairs100_fp32_ms": lambda query: reference.score(query, texts),
        }
        if _torch_is_there():
            from sentence_transformers import CrossEncoder as TorchCrossEncoder

            model = TorchCrossEncoder(str(weights), device="cpu", local_files_only=True)
            peers["pairs100_torch_ms"] = lambda query: model.predict(
                [(query, text) for text in texts], show_progress_bar=False
            )
        times = query_p50_ms(peers, _QUERIES, _PAIR_ROUNDS)
        return {"score_correlation": least, "size_ratio": size_ratio(served, reference), **times}
