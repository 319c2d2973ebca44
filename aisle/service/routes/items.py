"""``/v1/catalogues/{name}/items/{id}``: one item, as the live release has it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from aisle.service.parameters import ItemId
from aisle.service.parts import CataloguePart, ServicePart, json_response
from aisle.service.problems import instance_of, problem, problem_response

router = APIRouter(tags=["items"])


@router.get("/v1/catalogues/{name}/items/{id:path}")
async def item(request: Request, service: ServicePart, catalogue: CataloguePart, id: ItemId) -> Response:
    """One item, with all that the release holds of it."""
    found = await service.run(request, catalogue.items, (id,))
    if id not in found:
        fix = "take an id from a search of this catalogue"
        return problem_response(
            problem("not found", 404, "this catalogue has no such item", fix, instance_of(request))
        )
    return json_response(found[id].to_json())
