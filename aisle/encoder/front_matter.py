"""What the Hugging Face hub reads at the head of a model's card: YAML, made of the artifact's manifest."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import orjson

from aisle.encoder import cross_encoder, dense, sparse
from aisle.encoder.artifact import Manifest

CARDED: Final = MappingProxyType(
    {
        dense.KIND: "sentence-similarity",
        sparse.KIND: "feature-extraction",
        cross_encoder.KIND: "text-ranking",
    }
)
"""Kinds of artifacts that have a card, to the hub's word for what they are for."""


def front_matter(manifest: Manifest, licence: str | None = None) -> str:
    """The head of ``README.md``, with its marks.

    Args:
        manifest: of the artifact.
        licence: as the hub names licences; None states none.
    """
    held: dict[str, Any] = {"library_name": "aisle", "pipeline_tag": CARDED[manifest.kind]}
    if licence:
        held["license"] = licence
    # What is no id of the hub was a folder, or a training, of somebody's machine.
    if manifest.base_model.count("/") == 1 and not manifest.base_model.startswith((".", "/")):
        held["base_model"] = manifest.base_model
    held["tags"] = ["aisle", "onnx", manifest.precision, f"fingerprint:{manifest.fingerprint[:12]}"]
    # JSON is YAML, and quotes what a name may hold.
    lines = [f"{name}: {orjson.dumps(value).decode()}" for name, value in held.items()]
    return "\n".join(("---", *lines, "---", "", ""))
