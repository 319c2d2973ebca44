"""``/v1/catalogues/{name}/recommend``: items for what somebody took so far."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from aisle.mappings.signals import SignalBoosts
from aisle.search import Filters
from aisle.search.recommend.request import RecommendationRequest
from aisle.service.events import Asker, recorded_recommendation
from aisle.service.parameters import FilterParameters, Ids, Size, Words, WritableBody
from aisle.service.parts import AskerPart, CataloguePart, Service, ServicePart, json_response

router = APIRouter(tags=["recommend"])


class RecommendParameters(FilterParameters):
    """A recommendation in an address; a body can ask more, see `RecommendBody`."""

    history: Ids = Field(default_factory=list, description="Ids of items, oldest first; may be repeated.")
    exclude: Ids = Field(default_factory=list, description="Ids that are not recommended.")
    size: Size = 10

    def request(self) -> RecommendationRequest:
        """The recommendation that they ask; raises what `RecommendationRequest` raises."""
        return RecommendationRequest(
            tuple(self.history), size=self.size, filters=self.filters(), exclude=tuple(self.exclude)
        )


class RecommendBody(WritableBody):
    """A recommendation; the parts are those of the Python client, and mean the same."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"history": ["100002"], "size": 5}]}
    )

    history: Ids = Field(default_factory=list, description="Ids of items, oldest first; may be empty.")
    exclude: Ids = Field(default_factory=list)
    size: Size = 10
    filters: Filters | None = None
    exclude_bought: bool = Field(default=True, description="Leave out what is in the history.")
    boosts: SignalBoosts | None = None
    context: Words = Field(default_factory=list)

    def request(self) -> RecommendationRequest:
        """The recommendation that it asks; raises what `RecommendationRequest` raises."""
        return RecommendationRequest(
            tuple(self.history),
            size=self.size,
            filters=self.filters,
            exclude=tuple(self.exclude),
            exclude_bought=self.exclude_bought,
            boosts=self.boosts,
            context=tuple(self.context),
        )


@router.get("/v1/catalogues/{name}/recommend")
async def recommend(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    asker: AskerPart,
    asked: Annotated[RecommendParameters, Query()],
) -> Response:
    """Recommend items for a history, which may be empty."""
    return await _answer(request, service, catalogue, asker, asked.request())


@router.post("/v1/catalogues/{name}/recommend")
async def recommend_by_body(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    asker: AskerPart,
    asked: RecommendBody,
) -> Response:
    """Recommend items, with everything that can be said of it."""
    return await _answer(request, service, catalogue, asker, asked.request())


async def _answer(
    request: Request,
    service: Service,
    catalogue: CataloguePart,
    asker: Asker,
    asked: RecommendationRequest,
) -> Response:
    page = await service.run(request, catalogue.recommend, asked)
    request.scope["state"]["timings"]["opensearch"] = page.timings.server
    request.scope["state"]["log"] = {"catalogue": catalogue.name, "release": page.release}
    said = page.to_json()
    if service.recorder:
        answer = recorded_recommendation(asked, page)
        said["query_id"] = service.recorder.answered(catalogue.name, answer, asker)
    return json_response(said)
