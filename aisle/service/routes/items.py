"""``/v1/catalogues/{name}/items/{id}``: one item, as the live release has it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from aisle.service.parameters import ItemId
from aisle.service.parts import CataloguePart, ServicePart, json_response

router = APIRouter(tags=["items"])


@router.get("/v1/catalogues/{name}/items/{id:path}")
async def item(request: Request, service: ServicePart, catalogue: CataloguePart, id: ItemId) -> Response:
    """One item, with all that the release holds of it."""
    found = await service.run(request, catalogue.items, (id,))
    if id not in found:
        raise HTTPException(404, "this catalogue has no such item")
    return json_response(found[id].to_json())
