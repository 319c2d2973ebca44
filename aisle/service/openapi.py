"""The OpenAPI document, with what FastAPI does not know of the answers."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from aisle.service.problems import InvalidRequest, Problem

_MODELS: Final = (Problem, InvalidRequest)


def describe(app: FastAPI) -> None:
    """Add to an application's document the schemas that its responses refer to."""
    document: dict[str, Any] = app.openapi()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {model.__name__: model.model_json_schema() for model in _MODELS}
