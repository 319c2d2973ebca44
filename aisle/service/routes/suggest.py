"""``/v1/catalogues/{name}/suggest``: what was typed so far may become."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from aisle.search.suggest import MOST, SuggestRequest
from aisle.service.parameters import FilterParameters, Text
from aisle.service.parts import CataloguePart, ServicePart, json_response

router = APIRouter(tags=["suggest"])


class SuggestParameters(FilterParameters):
    """What was typed so far, and how much to suggest."""

    q: Text = Field(default="", description="Typed so far; empty: what is most popular.")
    size: int = Field(default=8, ge=1, le=MOST, description="Most queries, categories and brands.")
    items: int = Field(default=4, ge=0, le=MOST, description="Most items.")

    def request(self) -> SuggestRequest:
        """The suggestions that they ask; raises what `SuggestRequest` and `Filters` raise."""
        return SuggestRequest(self.q, self.size, self.items, self.filters())


@router.get("/v1/catalogues/{name}/suggest")
async def suggest(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    asked: Annotated[SuggestParameters, Query()],
) -> Response:
    """Queries, items, categories and brands; each finds something under the filters."""
    found = await service.run(request, catalogue.suggest, asked.request())
    return json_response(found.to_json())
