"""The page of results that answers a search: whole, degraded or of earlier; timed, logged and counted."""

from __future__ import annotations

from fastapi import Request

from aisle.errors import Overloaded
from aisle.search import Page, SearchRequest
from aisle.service.parts import Service
from aisle.service.scope import ScopedCatalogue


async def answered_page(
    request: Request, service: Service, catalogue: ScopedCatalogue, asked: SearchRequest
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
    request: Request, service: Service, catalogue: ScopedCatalogue, asked: SearchRequest
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
