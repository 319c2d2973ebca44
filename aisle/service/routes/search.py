"""``/v1/catalogues/{name}/search``: a page of results, each with why it is there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from aisle.errors import Overloaded
from aisle.search import Page, SearchRequest
from aisle.service.events import Asker, recorded_search
from aisle.service.parameters import SearchBody, SearchParameters
from aisle.service.parts import AskerPart, CataloguePart, Service, ServicePart, json_response

router = APIRouter(tags=["search"])


@router.get("/v1/catalogues/{name}/search")
async def search(
    request: Request,
    service: ServicePart,
    catalogue: CataloguePart,
    asker: AskerPart,
    asked: Annotated[SearchParameters, Query()],
) -> Response:
    """Search a catalogue, or list what passes the filters where nothing is searched for."""
    return await _answer(request, service, catalogue, asker, asked.request(reranks=catalogue.reranks))


@router.post("/v1/catalogues/{name}/search")
async def search_by_body(
    request: Request, service: ServicePart, catalogue: CataloguePart, asker: AskerPart, asked: SearchBody
) -> Response:
    """Search a catalogue, with everything that can be said of a search."""
    return await _answer(request, service, catalogue, asker, asked.request(reranks=catalogue.reranks))


async def _answer(
    request: Request, service: Service, catalogue: CataloguePart, asker: Asker, asked: SearchRequest
) -> Response:
    page = await search_page(request, service, catalogue, asked)
    said = page.to_json()
    if service.recorder:
        said["query_id"] = service.recorder.answered(catalogue.name, recorded_search(asked, page), asker)
    return json_response(said)


async def answered_page(
    request: Request, service: Service, catalogue: CataloguePart, asked: SearchRequest
) -> Page:
    """The answer to a search, whole, degraded or of earlier.

    Raises:
        AisleError: see `DegradingSearch`.
    """
    try:
        if earlier := service.searching.at_once(catalogue, asked):
            return earlier
        return await service.run(request, service.searching.answer, catalogue, asked)
    except Overloaded as refusal:
        return service.searching.refused(catalogue, asked, refusal)


async def search_page(
    request: Request, service: Service, catalogue: CataloguePart, asked: SearchRequest
) -> Page:
    """That of `answered_page`, timed, logged and counted; raises what it raises."""
    page = await answered_page(request, service, catalogue, asked)
    state = request.scope["state"]
    state["timings"] |= {
        "encode": page.timings.encode,
        "opensearch": page.timings.server,
        **({"rank": page.timings.rank} if page.ranked or page.rank_stopped else {}),
        **({"rerank": page.timings.rerank} if page.reranked else {}),
    }
    state["log"] = {
        "catalogue": catalogue.name,
        "release": page.release,
        "matched": page.matched.value,
        "total": page.total,
        **({"without": page.degraded.left_out} if page.degraded else {}),
        **({"text": asked.text} if service.settings.log_queries else {}),
    }
    service.metrics.matched.labels(catalogue.name, page.matched.value).inc()
    return page
