"""``/v1/catalogues/{name}/search``: a page of results, each with why it is there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from aisle.search import SearchRequest
from aisle.service.events import Asker, recorded_search
from aisle.service.experiments.answering import answer
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
    found = await answer(request, service, catalogue, asked, asker)
    said = found.page.to_json()
    if shown_by := found.shown_by:
        # As the boards of other tools call it, of the answer, or of each hit that one arm drafted.
        said["experiment"], said["search_config"] = shown_by.experiment, shown_by.config
        for hit, name in zip(said["hits"], shown_by.teams, strict=False):
            hit["search_config"] = name
    if service.recorder:
        recorded = recorded_search(asked, found.page, shown_by)
        said["query_id"] = service.recorder.answered(catalogue.name, recorded, asker)
    return json_response(said)
