"""The model card of a sparse artifact: its README.md."""

from __future__ import annotations

from encoder.manifest import Manifest
from encoder.sparse_vocabulary import QUERY_WEIGHTS
from training.export.card import facts, flat, table

_METRICS = {
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
        table((_METRICS.get(name, name), f"{value:g}") for name, value in manifest.metrics.items()),
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
