"""Whatever is sent, as the OpenAPI document says or not, is answered or is a problem of the sender's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import status_code_conformance

from aisle.cluster import Cluster
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

NAME = "test-service-any"
# For each of a dozen routes, rightly and wrongly; `make fuzz-service` sends 2,000 requests in all.
EXAMPLES = int(os.environ.get("AISLE_FUZZ_EXAMPLES", "4"))
# A release without suggestions, recommender and item-to-item model, that nobody watches or compares.
LEFT_OUT = ("/suggest", "/recommend", "/similar", "/watch", "/experiment")


@pytest.fixture(scope="module")
def described(client: Cluster) -> Iterator[object]:
    client.indices.delete(index=NAME, ignore_unavailable=True)
    put_shelf(client, NAME, shelf_items(40))
    catalogues = Catalogues([TestCatalogue(NAME, client, HashEncoder())])
    catalogues.open()
    app = create_app(ServiceSettings(deadline_ms=20_000), catalogues, client)
    yield schemathesis.openapi.from_asgi("/openapi.json", app)
    client.indices.delete(index=f"{NAME},{QUERIES},{EVENTS},{OBSERVATIONS}", ignore_unavailable=True)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_request_is_an_error_of_the_server(
    described: schemathesis.BaseSchema, mode: schemathesis.GenerationMode
) -> None:
    asked = 0
    for found in described.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck]
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            asked += 1
            if "name" in case.path_parameters:
                case.path_parameters["name"] = NAME
            answer = case.call()
            case.validate_response(answer, checks=[status_code_conformance])
            if answer.status_code >= 500:
                left_out = any(part in case.path for part in LEFT_OUT)
                assert answer.status_code == 501 and left_out, answer.text
            if answer.status_code >= 400:
                said = answer.json()
                assert said["fix"] and said["status"] == answer.status_code, said
                assert "Traceback" not in answer.text

        with contextlib.suppress(Unsatisfiable):
            # A route that takes nothing cannot be asked wrongly.
            ask()
    assert asked > 10
