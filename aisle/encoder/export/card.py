"""The model card of an artifact: its README.md (Mitchell et al. 2019, arXiv 1810.03993, in short)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aisle.encoder import cross_encoder, dense, sparse
from aisle.encoder.artifact import Manifest


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the card of one kind of model says; the manifest's fields fill ``does`` and ``load``."""

    does: str
    load: str
    meant_for: str
    figures: Mapping[str, str]


_KINDS = {
    dense.KIND: _Kind(
        "A dense encoder: product and query texts to unit vectors of {dims} values, as an",
        '```python\nfrom aisle.encoder import DenseEncoder\n\nencoder = DenseEncoder.load("{name}")\n'
        'encoder.encode_queries(["cordless drill"])\n```\n\n'
        "Or `aisle index --encoder {name}`. Loading checks hashes and replays the golden texts.",
        "finding and comparing products",
        {
            "cosine_mean": "mean cosine of its vectors to fp32's",
            "cosine_min": "least cosine to fp32's",
            "size_ratio": "size, to the fp32 graph's",
            "p50_ms": "median latency of a query, ms",
            "p50_fp32_ms": "the same, fp32 onnxruntime, ms",
            "p50_torch_ms": "the same, fp32 torch, ms",
            "ndcg": "nDCG@10 on the judged set",
            "ndcg_fp32": "the same, fp32",
        },
    ),
    sparse.KIND: _Kind(
        "A sparse encoder: product texts to weights of {dims:,} tokens, as an",
        '```python\nfrom aisle.encoder import SparseEncoder\n\nencoder = SparseEncoder.load("{name}")\n'
        'encoder.encode_query("cordless drill")\n```\n\n'
        "Or `aisle index --sparse {name}`. Loading checks hashes and replays the golden texts.",
        "finding products",
        {
            "cosine_mean": "mean cosine of its weights to fp32's",
            "cosine_min": "least cosine to fp32's",
            "size_ratio": "size, to the fp32 graph's",
            "active_items": "tokens with a weight, mean of the texts compared",
            "p50_ms": "median time of a query, ms",
        },
    ),
    cross_encoder.KIND: _Kind(
        "A reranker: a query and a product text to a score that orders the query's products, as an",
        '```python\nfrom aisle.encoder import CrossEncoder\n\nmodel = CrossEncoder.load("{name}")\n'
        'model.score("cordless drill", ["18 V drill", "drill press"])\n```\n\n'
        "Or `aisle search --rerank {name}`. Loading checks hashes and replays the golden pairs.",
        "finding and comparing products",
        {
            "score_correlation": "least correlation of a query's scores with fp32's",
            "size_ratio": "size, to the fp32 graph's",
            "pairs100_ms": "median time of 100 pairs, ms",
            "pairs100_fp32_ms": "the same, fp32 onnxruntime, ms",
            "pairs100_torch_ms": "the same, fp32 torch, ms",
        },
    ),
}


def model_card(manifest: Manifest) -> str:
    """Markdown. The figures are those of the export, on the machine that made it."""
    kind = _KINDS[manifest.kind]
    named = {"dims": manifest.dims, "name": manifest.name}
    trained = f"trained on data with sha256 `{manifest.data_hash}`" if manifest.data_hash else "as published"
    parts = [
        f"# {manifest.name}",
        f"{kind.does.format(**named)}"
        f" ONNX graph ({manifest.precision}) that Aisle runs on a CPU, without torch.{_queries(manifest)}",
        "## What it is",
        table(facts(manifest, trained)),
        "## Measured at export",
        table((kind.figures.get(name, name), f"{value:g}") for name, value in manifest.metrics.items()),
        "## Training",
        table(flat(manifest.told_training)),
        "## How to load it",
        kind.load.format(**named),
        "## Licence and limits",
        f"The weights derive from `{manifest.base_model}`: its licence goes with them, and so do the terms of"
        f" the training data. Meant for {kind.meant_for}; unmeasured on anything else.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _queries(manifest: Manifest) -> str:
    """How a sparse encoder takes queries; nothing of the others."""
    if manifest.kind != sparse.KIND:
        return ""
    looked_up = sparse.QUERY_WEIGHTS in manifest.files
    how = "looked up in a table, without a model" if looked_up else "weighed by the model"
    return f" Tokens of queries are {how}."


def facts(manifest: Manifest, trained: str) -> Iterable[tuple[str, object]]:
    """What every artifact can say of itself."""
    yield "base model", f"{manifest.base_model}, {trained}"
    yield "revision, or sha256 of the weights", manifest.revision
    yield "fingerprint", manifest.fingerprint
    yield "widths it may be cut to", ", ".join(map(str, manifest.widths))
    yield "pooling, normalisation", f"{manifest.pooling}, {manifest.normalisation}"
    yield "longest text, tokens", manifest.max_length
    yield "prefix of queries / of items", f"{manifest.prefixes.query!r} / {manifest.prefixes.item!r}"
    yield "made for CPUs with", manifest.instruction_set or "any instructions"
    yield "made", f"{manifest.created}, Aisle commit {manifest.git_commit or 'unknown'}"


def flat(settings: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Settings within settings as ``outer.inner``."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def table(rows: Iterable[tuple[str, object]]) -> str:
    """Two columns without a head."""
    lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines]) if lines else "Nothing recorded."


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
