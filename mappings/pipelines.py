"""Search pipelines: one per fusion, named by its content, so that a name never changes its meaning."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mappings.fusion import RRF, FusionSpec

_VERSION = 1


def pipeline_name(spec: FusionSpec) -> str:
    """``aisle-v1-<technique>-<sha8>``: the version of this module's format and the hash of the body."""
    body = json.dumps(pipeline_body(spec), sort_keys=True).encode()
    technique = spec.title.replace("+", "-").replace("_", "-")
    return f"aisle-v{_VERSION}-{technique}-{hashlib.sha256(body).hexdigest()[:8]}"


def pipeline_body(spec: FusionSpec) -> dict[str, Any]:
    """Body for ``PUT _search/pipeline/<name>``."""
    # Rounded so that 0.1 + 0.2 style noise does not make a new pipeline; OpenSearch wants their sum to be 1.
    weights = {"weights": [round(weight, 6) for weight in spec.weights]}
    legs = ", ".join(f"{leg} {weight:.3g}" for leg, weight in zip(spec.legs, spec.weights, strict=True))
    description = f"Aisle {spec.title} of {legs}"
    if spec.normalisation == RRF:
        combination = {"technique": RRF, "rank_constant": spec.rank_constant, "parameters": weights}
        processor: dict[str, Any] = {"score-ranker-processor": {"combination": combination}}
    else:
        processor = {
            "normalization-processor": {
                "normalization": {"technique": spec.normalisation},
                "combination": {"technique": spec.combination, "parameters": weights},
            }
        }
    return {"description": description, "phase_results_processors": [processor]}
