"""The model card of an artifact: its README.md (Mitchell et al. 2019, arXiv 1810.03993, in short)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aisle.encoder.artifact import Manifest
from aisle.encoder.sparse import QUERY_WEIGHTS

_METRICS = {
    "cosine_mean": "mean cosine of its vectors to fp32's",
    "cosine_min": "least cosine to fp32's",
    "size_ratio": "size, to the fp32 graph's",
    "p50_ms": "median latency of a query, ms",
    "p50_fp32_ms": "the same, fp32 onnxruntime, ms",
    "p50_torch_ms": "the same, fp32 torch, ms",
    "ndcg": "nDCG@10 on the judged set",
    "ndcg_fp32": "the same, fp32",
    "score_correlation": "least correlation of a query's scores with fp32's",
    "pairs100_ms": "median time of 100 pairs, ms",
    "pairs100_fp32_ms": "the same, fp32 onnxruntime, ms",
    "pairs100_torch_ms": "the same, fp32 torch, ms",
}


@dataclass(frozen=True, slots=True)
class _Use:
    """What a kind of model does, and how one loads it; both are formatted with the manifest's fields."""

    does: str
    load: str


_USES = {
    "dense": _Use(
        "A {kind} encoder: product and query texts to unit vectors of {dims} values, as an",
        '```python\nfrom encoder import DenseEncoder\n\nencoder = DenseEncoder.load("{name}")\n'
        'encoder.encode_queries(["cordless drill"])\n```\n\n'
        "Or `aisle index --encoder {name}`. Loading checks hashes and replays the golden texts.",
    ),
    "reranker": _Use(
        "A {kind}: a query and a product text to a score that orders the query's products, as an",
        '```python\nfrom encoder import CrossEncoder\n\nmodel = CrossEncoder.load("{name}")\n'
        'model.score("cordless drill", ["18 V drill", "drill press"])\n```\n\n'
        "Or `aisle search --rerank {name}`. Loading checks hashes and replays the golden pairs.",
    ),
}


def model_card(manifest: Manifest) -> str:
    """Markdown. The figures are those of the export, on the machine that made it."""
    use = _USES[manifest.kind]
    named = {"kind": manifest.kind, "dims": manifest.dims, "name": manifest.name}
    trained = f"trained on data with sha256 `{manifest.data_hash}`" if manifest.data_hash else "as published"
    parts = [
        f"# {manifest.name}",
        f"{use.does.format(**named)}"
        f" ONNX graph ({manifest.precision}) that Aisle runs on a CPU, without torch.",
        "## What it is",
        table(facts(manifest, trained)),
        "## Measured at export",
        table((_METRICS.get(name, name), f"{value:g}") for name, value in manifest.metrics.items()),
        "## Training",
        table(flat(manifest.training)),
        "## How to load it",
        use.load.format(**named),
        "## Licence and limits",
        f"The weights derive from `{manifest.base_model}`: its licence goes with them, and so do the terms of"
        " the training data. Meant for finding and comparing products; unmeasured on anything else.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


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


_SPARSE_METRICS = {
    "cosine_mean": "mean cosine of its weights to fp32's",
    "cosine_min": "least cosine to fp32's",
    "size_ratio": "size, to the fp32 graph's",
    "active_items": "tokens with a weight, mean of the texts compared",
    "p50_ms": "median time of a query, ms",
}


def sparse_card(manifest: Manifest) -> str:
    """Markdown. The figures are those of the export, on the machine that made it."""
    trained = f"trained on data with sha256 `{manifest.data_hash}`" if manifest.data_hash else "as published"
    looked_up = QUERY_WEIGHTS in manifest.files
    how = "looked up in a table, without a model" if looked_up else "weighed by the model"
    parts = [
        f"# {manifest.name}",
        f"A sparse encoder: product texts to weights of {manifest.dims:,} tokens, as an ONNX graph"
        f" ({manifest.precision}) that Aisle runs on a CPU, without torch. Tokens of queries are {how}.",
        "## What it is",
        table(facts(manifest, trained)),
        "## Measured at export",
        table((_SPARSE_METRICS.get(name, name), f"{value:g}") for name, value in manifest.metrics.items()),
        "## Training",
        table(flat(manifest.training)),
        "## How to load it",
        f'```python\nfrom encoder import SparseEncoder\n\nencoder = SparseEncoder.load("{manifest.name}")\n'
        'encoder.encode_query("cordless drill")\n```',
        f"Or `aisle index --sparse {manifest.name}`. Loading checks hashes and replays the golden texts.",
        "## Licence and limits",
        f"The weights derive from `{manifest.base_model}`: its licence goes with them, and so do the terms of"
        " the training data. Meant for finding products; unmeasured on anything else.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
