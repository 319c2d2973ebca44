"""``/v1/catalogues/{name}/explain/{id}``: why an item is where it is among the results of a search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from aisle.service.parameters import ItemId, SearchParameters
from aisle.service.parts import CataloguePart, ServicePart, json_response

router = APIRouter(tags=["search"])


@router.get("/v1/catalogues/{name}/explain/{id:path}")
async def explain(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    id: ItemId,
    asked: Annotated[SearchParameters, Query()],
) -> Response:
    """Where an item stands among all candidates of a search and why, or why it is not among them."""
    found = await service.run(request, catalogue.explain, asked.request(), id)
    return json_response(found.to_json())
