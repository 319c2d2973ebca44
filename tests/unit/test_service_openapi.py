"""The OpenAPI document is valid, and says of every route what it answers and how it fails."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(ServiceSettings(), Catalogues([])).openapi()


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) >= 12
    for operation in operations:
        assert operation["summary"] and operation["description"]
        if "/v1/catalogues/{name}" in str(operation["operationId"]) or operation.get("parameters"):
            said = operation["responses"]
            assert {"400", "404", "422", "503"} <= set(said)
            assert "application/problem+json" in said["503"]["content"]
    schemas = document["components"]["schemas"]
    assert schemas["SearchBody"]["examples"]
    # What a record's docstring says of a field stands with the field.
    assert schemas["Filters"]["properties"]["brand"]["description"].startswith("Exact values")
    assert schemas["Filters"]["properties"]["price_max"]["description"].startswith("Bounds, both inclusive")
    assert not [name for name, schema in schemas.items() if "Attributes:" in schema.get("description", "")]
    assert "HTTPValidationError" not in document["components"]["schemas"]
