"""What INT8 costs and wins against fp32: cosine, nDCG, size and the latency of one query."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from encoder.dense import MODEL, DenseEncoder
from training.export.judged import Judged, read_judged
from training.export.samples import sample_texts
from training.judge.timing import query_p50_ms

_QUERIES = ("led outdoor flood light", "wireless mouse", "18v cordless drill with battery", "toilet seat")
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Fidelity:
    """INT8 against fp32.

    Attributes:
        cosine_mean, cosine_min: over 1,000 texts.
        size_ratio: bytes of the served model over those of the fp32 graph.
        p50_ms: median latency of one short query, tokenization included; p50_fp32_ms: of the same graph in
            fp32 on onnxruntime; p50_torch_ms: of fp32 sentence-transformers, None without torch.
        ndcg, ndcg_fp32: nDCG@10 on the judged set by exact search, None without one.
    """

    cosine_mean: float
    cosine_min: float
    size_ratio: float
    p50_ms: float
    p50_fp32_ms: float
    p50_torch_ms: float | None
    ndcg: float | None
    ndcg_fp32: float | None

    def metrics(self) -> dict[str, float]:
        """Those figures that were measured, rounded, for the manifest."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: round(value, 5) for name, value in named.items() if value is not None}


def measure(
    served: DenseEncoder,
    reference: DenseEncoder,
    source: Path,
    data: Path | None,
    progress: Callable[[str], None],
) -> Fidelity:
    """Compare two encoders of the same weights; ``source`` is the folder that torch loads them from."""
    judged = read_judged(data) if data else None
    progress("comparing vectors with fp32")
    texts = judged.sample(1000) if judged else sample_texts(1000)
    cosines = (served.encode_items(texts) * reference.encode_items(texts)).sum(axis=1)
    ndcg, ndcg_fp32 = (_ndcg(encoder, judged, progress) for encoder in (served, reference))
    progress("timing queries")
    p50 = query_p50_ms(
        {
            "served": lambda text: served.encode_queries([text]),
            "fp32": lambda text: reference.encode_queries([text]),
            **_torch_query(source),
        },
        _QUERIES,
        _ROUNDS,
    )
    sizes = [(encoder.artifact.path / MODEL).stat().st_size for encoder in (served, reference)]
    return Fidelity(
        cosine_mean=float(cosines.mean()),
        cosine_min=float(cosines.min()),
        size_ratio=sizes[0] / sizes[1],
        p50_ms=p50["served"],
        p50_fp32_ms=p50["fp32"],
        p50_torch_ms=p50.get("torch"),
        ndcg=ndcg,
        ndcg_fp32=ndcg_fp32,
    )


def _ndcg(encoder: DenseEncoder, judged: Judged | None, progress: Callable[[str], None]) -> float | None:
    if judged is None:
        return None
    progress(f"nDCG@10 of {encoder.manifest.precision} over {len(judged.texts):,} items")
    return judged.ndcg(encoder)


def _torch_query(source: Path) -> dict[str, Callable[[str], object]]:
    if not all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers")):
        return {}
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source), device="cpu")
    return {"torch": lambda text: model.encode(text, normalize_embeddings=True, show_progress_bar=False)}
