"""``/v1/catalogues/{name}/experiment``: what is compared on a catalogue's shoppers now."""

from __future__ import annotations

from fastapi import APIRouter, Response

from aisle.errors import NotOffered
from aisle.service.parts import AccessPart, CataloguePart, ServicePart, json_response

router = APIRouter(tags=["operation"])


@router.get("/v1/catalogues/{name}/experiment")
async def experiment(service: ServicePart, catalogue: CataloguePart, access: AccessPart) -> Response:
    """The experiment on a catalogue, and what its shadow found; where keys are asked for, for an admin's."""
    access.check_admin()
    running = service.experiments.get(catalogue.name)
    if running is None:
        raise NotOffered(
            f"nothing is compared on {catalogue.name}",
            fix="start the service with aisle serve --experiment FILE",
        )
    return json_response(running.to_json())
