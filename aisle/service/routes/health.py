"""``/healthz``, ``/readyz``, ``/metrics`` and the list of catalogues."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from aisle.service.metrics import CONTENT_TYPE
from aisle.service.parts import AccessPart, ServicePart, json_response

router = APIRouter(tags=["operation"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Response:
    """Whether the process answers at all: restart it where this fails."""
    return json_response({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(service: ServicePart) -> Response:
    """Whether every catalogue can be asked: send no requests here while this fails."""
    ready = service.catalogues.ready
    # Whoever asks has no key: names of catalogues are for those that have.
    answer = json_response({"ready": ready, "catalogues": [] if service.keys else _states(service)})
    answer.status_code = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return answer


@router.get("/metrics")
async def metrics(service: ServicePart, access: AccessPart) -> Response:
    """Figures for Prometheus; where keys are asked for, an admin's is."""
    access.check_admin()
    return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)


@router.get("/v1/catalogues")
async def catalogues(service: ServicePart, access: AccessPart) -> Response:
    """The catalogues of this service that one may ask."""
    found = [state for state in _states(service) if access.allows(str(state["name"]))]
    return json_response({"catalogues": found})


def _states(service: ServicePart) -> list[dict[str, object]]:
    return [
        {"name": name, "release": state.release, "ready": state.ready}
        for name, state in service.catalogues.states.items()
    ]
