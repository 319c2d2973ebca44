"""``/v1/catalogues/{name}/similar/{id}``: items like one item, and items that go with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from aisle.recommendation.item_to_item.kinds import Intent
from aisle.search.similar.request import SimilarRequest
from aisle.service.events import recorded_similar
from aisle.service.parameters import FilterParameters, Ids, ItemId, Size
from aisle.service.parts import AskerPart, CataloguePart, ServicePart, json_response

router = APIRouter(tags=["similar"])


class SimilarParameters(FilterParameters):
    """Which similar items, and how many."""

    size: Size = 10
    alpha: float | None = Field(
        default=None, ge=0, le=100, description="Percent of the places for what is bought with it (50)."
    )
    intent: Intent | None = Field(default=None, description="These alone, instead of alpha.")
    exclude: Ids = Field(default_factory=list, description="Ids that do not come up.")
    group: bool = Field(default=False, description="One item per product.")
    diversity: float = Field(default=0.0, ge=0, le=1)


@router.get("/v1/catalogues/{name}/similar/{id:path}")
async def similar(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    id: ItemId,
    asker: AskerPart,
    asked: Annotated[SimilarParameters, Query()],
) -> Response:
    """Items like one item, and items that go with it."""
    wanted = SimilarRequest(
        id,
        size=asked.size,
        filters=asked.filters(),
        alpha=asked.alpha,
        intent=asked.intent,
        exclude=tuple(asked.exclude),
        group=asked.group,
        diversity=asked.diversity,
    )
    page = await service.run(request, catalogue.similar, wanted)
    request.scope["state"]["timings"]["opensearch"] = page.timings.server
    request.scope["state"]["log"] = {"catalogue": catalogue.name, "release": page.release}
    said = page.to_json()
    if service.recorder:
        said["query_id"] = service.recorder.answered(catalogue.name, recorded_similar(wanted, page), asker)
    return json_response(said)
