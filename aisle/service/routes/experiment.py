"""``/v1/catalogues/{name}/experiment``: what is compared on a catalogue's shoppers now."""

from __future__ import annotations

from fastapi import APIRouter, Response

from aisle.errors import KeyRefused, NotOffered
from aisle.service.parts import AccessPart, CataloguePart, ServicePart, json_response

router = APIRouter(tags=["operation"])


@router.get("/v1/catalogues/{name}/experiment")
async def experiment(service: ServicePart, catalogue: CataloguePart, access: AccessPart) -> Response:
    """The experiment on a catalogue, and what its shadow found; where keys are asked for, for an admin's."""
    if not access.admin:
        raise KeyRefused("figures are for an admin's key", fix="send one of `aisle keys add NAME --admin`")
    running = service.experiments.get(catalogue.name)
    if running is None:
        raise NotOffered(
            f"nothing is compared on {catalogue.name}",
            fix="start the service with aisle serve --experiment FILE",
        )
    return json_response(running.to_json())
