"""``/c/{name}/status``: what is live, what was done to releases, and what the watch found, for people."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from aisle._releases import release_log
from aisle._watch import read_watch_state
from aisle.evaluation.watch.state import WatchState
from aisle.mappings.meta import catalogue_of
from aisle.service.parts import ServicePart
from aisle.service.scope import ScopedCatalogue
from aisle.service.settings import ServiceSettings
from aisle.service.web.render import page_response
from aisle.service.web.routes import PageAccess, PageCatalogue, PageRoute
from aisle.service.web.status_view import StatusView, status_view

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/c/{name}/status")
async def status(
    request: Request, service: ServicePart, catalogue: PageCatalogue, access: PageAccess
) -> Response:
    """The status; where keys are asked for, of a page that has an admin's."""
    access.check_admin()
    state, view = await service.run(request, _read, catalogue, service.settings)
    return page_response("status.html", catalogue=catalogue.name, state=state, view=view)


def _read(catalogue: ScopedCatalogue, settings: ServiceSettings) -> tuple[WatchState | None, StatusView]:
    cluster, meta = catalogue.opened.search.cluster, catalogue.opened.meta
    state = read_watch_state(catalogue.name, settings.watch)
    return state, status_view(meta, release_log(catalogue_of(meta.release), cluster=cluster), state)
