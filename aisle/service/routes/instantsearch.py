"""``/v1/instantsearch``: searches as InstantSearch and Algolia's clients ask them, and answers in their form.

``/1/indexes/*/queries`` is the same at the address that these clients know, for one whose host is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

from anyio import create_task_group
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials
from pydantic import ValidationError

from aisle.mappings import BM25
from aisle.search import Page, SearchRequest
from aisle.search.page import Matched
from aisle.service.events import Asker, recorded_search
from aisle.service.instantsearch.batches import Group, grouped
from aisle.service.instantsearch.requests import Asked, InstantSearchBody
from aisle.service.instantsearch.results import result
from aisle.service.keys import Access
from aisle.service.pages import answered_page
from aisle.service.parts import AskerPart, Service, ServicePart, bearer, json_response
from aisle.service.scope import ScopedCatalogue

router = APIRouter(tags=["instantsearch"])

_KEY: Final = "x-algolia-api-key"
# Searches of one batch: they get their turns one by one, as those of others do.
_AT_A_TIME: Final = 4
_algolia_key = APIKeyHeader(name=_KEY, auto_error=False, description="A key, as Algolia's clients send it.")


async def _access(
    request: Request,
    service: ServicePart,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    algolia: Annotated[str | None, Depends(_algolia_key)],
) -> Access:
    # Algolia's client for browsers sends it in the address, so that it need not ask for permission first.
    key = sent.credentials if sent else algolia or request.query_params.get(_KEY, "")
    return service.admitted(request, key)


AccessPart = Annotated[Access, Depends(_access)]


@router.post("/v1/instantsearch")
async def instantsearch(
    request: Request, service: ServicePart, access: AccessPart, asker: AskerPart, body: InstantSearchBody
) -> Response:
    """Answer the searches of an InstantSearch page; those that differ in a facet's choice are one search."""
    return await _answer(request, service, access, asker, body)


@router.post("/1/indexes/*/queries", include_in_schema=False)
async def queries(request: Request, service: ServicePart, access: AccessPart, asker: AskerPart) -> Response:
    """The same, at the address of Algolia's own clients, which call their JSON plain text."""
    try:
        body = InstantSearchBody.model_validate_json(await request.body())
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False)) from None
    return await _answer(request, service, access, asker, body)


async def _answer(
    request: Request, service: Service, access: Access, asker: Asker, body: InstantSearchBody
) -> Response:
    batch = [Asked.of(sent) for sent in body.requests]
    catalogues = {asked.catalogue: service.catalogue(asked.catalogue, access) for asked in batch}
    groups = grouped(batch)
    service.batched(request, access, len(groups))
    pages = await _pages(request, service, catalogues, groups)
    results = {
        place: result(batch[place], page)
        for group, page in zip(groups, pages, strict=True)
        for place in group.places
    }
    for group, page in zip(groups, pages, strict=True):
        # What is shown is recorded; what is only counted nobody sees.
        if service.recorder and not group.main.counts_only:
            catalogue = catalogues[group.main.catalogue]
            answered = recorded_search(_request(catalogue, group), page)
            query_id = service.recorder.answered(catalogue.name, answered, asker)
            results[group.places[0]]["queryID"] = query_id
    state = request.scope["state"]
    state["timings"] |= {
        "encode": sum(page.timings.encode for page in pages),
        "opensearch": sum(page.timings.server for page in pages),
    }
    state["log"] = {
        "catalogue": ", ".join(catalogues),
        "requests": len(batch),
        "searches": len(groups),
        **({"text": [group.main.sent.query for group in groups]} if service.settings.log_queries else {}),
    }
    for group, page in zip(groups, pages, strict=True):
        service.metrics.matched.labels(group.main.catalogue, page.matched.value).inc()
    return json_response({"results": [results[place] for place in range(len(batch))]})


async def _pages(
    request: Request,
    service: Service,
    catalogues: Mapping[str, ScopedCatalogue],
    groups: Sequence[Group],
) -> list[Page]:
    """The pages of the groups, a few at a time: the others of a batch have only what is left of its time."""
    pages: dict[int, Page] = {}
    todo = iter(enumerate(groups))

    async def answer() -> None:
        for number, group in todo:
            pages[number] = await _page(request, service, catalogues[group.main.catalogue], group)

    try:
        async with create_task_group() as tasks:
            for _ in range(min(_AT_A_TIME, len(groups))):
                tasks.start_soon(answer)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [pages[number] for number in range(len(groups))]


async def _page(request: Request, service: Service, catalogue: ScopedCatalogue, group: Group) -> Page:
    asked = _request(catalogue, group)
    if not group.main.counts_only or asked.browse or BM25 not in catalogue.legs:
        return await answered_page(request, service, catalogue, asked)
    # Facets count what has the words, so meaning need not be asked for; unless no item has them.
    page = await answered_page(request, service, catalogue, replace(asked, legs=(BM25,)))
    if page.matched is Matched.WORDS:
        return page
    return await answered_page(request, service, catalogue, asked)


def _request(catalogue: ScopedCatalogue, group: Group) -> SearchRequest:
    return group.main.request(group.ignoring, reranks=catalogue.reranks)
