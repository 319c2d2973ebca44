"""What INT8 costs and wins against fp32: cosine, nDCG, size and the latency of one query."""

from __future__ import annotations

import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.encoder.artifact import MODEL
from aisle.encoder.cross_encoder import CrossEncoder
from aisle.encoder.dense import DenseEncoder
from aisle.encoder.sparse import SparseEncoder
from aisle.evaluation.encoders.exact import Judged, read_judged
from aisle.evaluation.encoders.timing import query_p50_ms

_MAKERS = (
    "Acme",
    "Nordvik",
    "Bright",
    "Halden",
    "Orion",
    "Kestrel",
    "Lumo",
    "Trident",
    "Vela",
    "Solace",
    "Fenwick",
    "Arbor",
)
_TRAITS = (
    "wireless",
    "stainless",
    "brushed",
    "compact",
    "heavy-duty",
    "outdoor",
    "adjustable",
    "LED",
    "insulated",
    "foldable",
    "digital",
)
_THINGS = (
    "cordless drill",
    "flood light",
    "toner cartridge",
    "shower faucet",
    "laptop sleeve",
    "garden hose",
    "ceiling fan",
    "office chair",
    "running shoes",
    "coffee grinder",
    "USB-C cable",
    "paint roller",
    "baby stroller",
    "bookshelf",
    "security camera",
    "water filter",
)
_TAILS = (
    "with two batteries and charger",
    "in brushed nickel",
    "(pack of 6)",
    "for indoor and outdoor use",
    "43.2 cm (17 in.)",
    "6 ft. x 9 ft.",
    "compatible with most models",
    "in black",
    "750-Watt",
    "with 5-year warranty",
)


def sample_texts(count: int, seed: int = 7) -> list[str]:
    """``count`` texts of 5 to 40 words."""
    draw = random.Random(seed)
    return [_text(draw) for _ in range(count)]


def _text(draw: random.Random) -> str:
    words = [draw.choice(_MAKERS), f"{draw.choice('ABKRX')}{draw.randrange(100, 9999)}"]
    words += [*draw.sample(_TRAITS, draw.randrange(1, 4)), draw.choice(_THINGS)]
    return " ".join(words + draw.sample(_TAILS, draw.randrange(0, 6)))


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


PAIRS = 100

_PAIR_ROUNDS = 5

Score = Callable[[str, Sequence[str]], object]


def measure_reranker(
    served: CrossEncoder, reference: CrossEncoder, source: Path, progress: Callable[[str], None]
) -> dict[str, float]:
    """Figures for the manifest; ``source`` is the folder that torch loads the same weights from.

    Returns:
        ``score_correlation``: least Pearson correlation of a query's scores with fp32's; ``size_ratio``;
        ``pairs100_ms``, ``pairs100_fp32_ms`` and, where torch is installed, ``pairs100_torch_ms``: median
        time of 100 pairs, tokenization included.
    """
    texts = sample_texts(PAIRS)
    progress("comparing scores with fp32")
    least = min(
        float(np.corrcoef(served.score(query, texts), reference.score(query, texts))[0, 1])
        for query in _QUERIES
    )
    progress("timing 100 pairs")
    contestants: dict[str, Score] = {
        "pairs100_ms": served.score,
        "pairs100_fp32_ms": reference.score,
        **_torch(source),
    }
    sizes = [(model.artifact.path / MODEL).stat().st_size for model in (served, reference)]
    figures = {"score_correlation": least, "size_ratio": sizes[0] / sizes[1]} | {
        name: _median_ms(score, texts) for name, score in contestants.items()
    }
    return {name: round(value, 5) for name, value in figures.items()}


def _median_ms(score: Score, texts: Sequence[str]) -> float:
    times = []
    for turn in range(_PAIR_ROUNDS + 1):
        started = time.perf_counter()
        score(_QUERIES[turn % len(_QUERIES)], texts)
        times.append((time.perf_counter() - started) * 1000)
    # The first one warms up.
    return statistics.median(times[1:])


def _torch(source: Path) -> dict[str, Score]:
    if not all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers")):
        return {}
    from aisle.training.common.settings import TrainingPrecision
    from aisle.training.cross_encoder.model import load_cross_encoder

    model = load_cross_encoder(source, "cpu", TrainingPrecision.FP32)
    return {
        "pairs100_torch_ms": lambda query, texts: model.predict(
            [(query, text) for text in texts], show_progress_bar=False
        )
    }


_TEXTS = 200


def sparse_metrics(
    served: SparseEncoder, reference: SparseEncoder, texts: Sequence[str] = ()
) -> dict[str, float]:
    """Cosines of all weights to fp32's, sizes, tokens with a weight and milliseconds, rounded.

    Args:
        served: in INT8.
        reference: of the same weights, in fp32.
        texts: to compare on, prefixes included; made-up ones if none are given.
    """
    compared = list(texts[:_TEXTS]) or sample_texts(_TEXTS)
    ours, theirs = served.encode_raw(compared), reference.encode_raw(compared)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines = (ours * theirs).sum(axis=1) / np.maximum(norms, np.finfo(np.float32).tiny)
    sizes = [(encoder.artifact.path / MODEL).stat().st_size for encoder in (served, reference)]
    found = {
        "cosine_mean": float(cosines.mean()),
        "cosine_min": float(cosines.min()),
        "size_ratio": sizes[0] / sizes[1],
        "active_items": float((ours > 0).sum(axis=1).mean()),
        "p50_ms": query_p50_ms({"served": served.encode_query}, _QUERIES, _ROUNDS)["served"],
    }
    return {name: round(value, 5) for name, value in found.items()}
