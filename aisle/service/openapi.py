"""The OpenAPI document, with what FastAPI does not know of the answers."""

from __future__ import annotations

import re
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
    for schema in schemas.values():
        _describe_fields(schema)


# A name or several, and their text with the lines that it goes on in.
_FIELD: Final = re.compile(r"^    ([a-z_]+(?:, [a-z_]+)*): (.+(?:\n {8}.+)*)$", re.MULTILINE)


def _describe_fields(schema: dict[str, Any]) -> None:
    """Say of each field what the docstring of its record says of it."""
    head, _, attributes = schema.get("description", "").partition("\n\nAttributes:\n")
    if not attributes:
        return
    schema["description"] = " ".join(head.split())
    for names, text in _FIELD.findall(attributes):
        for name in names.split(", "):
            if found := schema["properties"].get(name):
                said = " ".join(text.split())
                found.setdefault("description", said[0].upper() + said[1:])
