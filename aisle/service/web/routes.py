"""``/``, ``/c/{name}/``, ``/c/{name}/items/{id}``: the catalogues of the service in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from aisle.errors import AisleError
from aisle.search.recommend.page import RecommendationPage
from aisle.search.recommend.request import RecommendationRequest
from aisle.search.similar.page import SimilarPage
from aisle.search.similar.request import SimilarRequest
from aisle.service.keys import Access
from aisle.service.pages import search_page
from aisle.service.parameters import ItemId
from aisle.service.parts import CatalogueName, ServicePart, json_response
from aisle.service.problems import problem_told
from aisle.service.routes.suggest import SuggestParameters
from aisle.service.scope import ScopedCatalogue
from aisle.service.web.asked import PageParameters, catalogue_path, read_parameters
from aisle.service.web.render import page_response
from aisle.service.web.search_view import search_view
from aisle.service.web.signals import recommendation_signals, search_signals, similar_signals
from aisle.service.web.viewed import COOKIE, read_viewed, write_viewed
from aisle.types import Item

_BESIDE = 8


class PageRoute(APIRoute):
    """A route whose failures are pages, too, and that answers HEAD where it answers GET."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")

    def get_route_handler(self) -> Any:
        """What answers a request."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except (AisleError, HTTPException, RequestValidationError) as error:
                told = problem_told(request, error)
                return page_response("problem.html", told["status"], problem=told, catalogue="")

        return answered


async def _access(service: ServicePart, request: Request) -> Access:
    key = service.settings.page_key
    return service.admitted(request, key.get_secret_value() if key else "")


PageAccess = Annotated[Access, Depends(_access)]


async def _catalogue(name: CatalogueName, service: ServicePart, access: PageAccess) -> ScopedCatalogue:
    return service.catalogue(name, access)


PageCatalogue = Annotated[ScopedCatalogue, Depends(_catalogue)]


async def _asked(request: Request) -> PageParameters:
    return read_parameters(request.query_params.multi_items())


router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def catalogues(service: ServicePart, access: PageAccess) -> Response:
    """The catalogues, or the only one."""
    names = [name for name in service.catalogues.states if access.allows(name)]
    if len(names) == 1:
        return RedirectResponse(catalogue_path(names[0]))
    return page_response("catalogues.html", names=names, catalogue="")


@router.get("/c/{name}/")
async def search(
    request: Request,
    service: ServicePart,
    catalogue: PageCatalogue,
    asked: Annotated[PageParameters, Depends(_asked)],
) -> Response:
    """Results of a search, or all that passes the filters, with facets."""
    page = await search_page(request, service, catalogue, asked.request(reranks=catalogue.reranks))
    first = not asked.pairs
    viewed = read_viewed(request.cookies.get(COOKIE, "")) if first else ()
    recommended = await service.run(request, _recommended, catalogue, viewed) if viewed else None
    return page_response(
        "search.html",
        catalogue=catalogue.name,
        suggests=catalogue.suggests,
        asked=asked,
        page=page,
        said=page.to_json(),
        view=search_view(asked, page),
        hits=[(hit, search_signals(hit.to_json())) for hit in page.hits],
        recommended=recommended,
    )


@router.get("/c/{name}/suggest")
async def suggest(
    request: Request,
    service: ServicePart,
    catalogue: PageCatalogue,
    asked: Annotated[SuggestParameters, Query()],
) -> Response:
    """What ``/v1/catalogues/{name}/suggest`` answers, to whoever may see the page."""
    found = await service.run(request, catalogue.suggest, asked.request())
    return json_response(found.to_json())


@router.get("/c/{name}/items/{id:path}")
async def item(request: Request, service: ServicePart, catalogue: PageCatalogue, id: ItemId) -> Response:
    """One item, with what is similar to it and what is recommended after it."""
    viewed = read_viewed(request.cookies.get(COOKIE, ""))
    beside = await service.run(request, _beside, catalogue, id, viewed)
    answer = page_response(
        "item.html",
        catalogue=catalogue.name,
        suggests=catalogue.suggests,
        beside=beside,
        item=beside.item,
    )
    answer.set_cookie(
        COOKIE,
        write_viewed(viewed, id),
        path=catalogue_path(catalogue.name),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@dataclass(frozen=True, slots=True)
class Beside:
    """An item and what stands beside it.

    Attributes:
        item: as the release has it.
        similar: None of a release that relates no items, or could not be asked.
        recommended: likewise.
    """

    item: Item
    similar: list[tuple[Any, Any]] | None
    recommended: list[tuple[Any, Any]] | None


def _beside(catalogue: ScopedCatalogue, id: str, viewed: tuple[str, ...]) -> Beside:
    found = catalogue.items((id,))
    if id not in found:
        raise HTTPException(404, "this catalogue has no such item")
    history = (*(one for one in viewed if one != id), id)
    return Beside(found[id], _similar(catalogue, id), _recommended(catalogue, history))


def _similar(catalogue: ScopedCatalogue, id: str) -> list[tuple[Any, Any]] | None:
    if not catalogue.relates:
        return None
    try:
        page: SimilarPage = catalogue.similar(SimilarRequest(id, size=_BESIDE, group=False))
    except AisleError:
        return None
    return [(hit, similar_signals(hit.to_json())) for hit in page.items]


def _recommended(catalogue: ScopedCatalogue, viewed: tuple[str, ...]) -> list[tuple[Any, Any]] | None:
    if not catalogue.recommends:
        return None
    try:
        page: RecommendationPage = catalogue.recommend(RecommendationRequest(viewed, size=_BESIDE))
    except AisleError:
        return None
    return [(hit, recommendation_signals(hit.to_json(), page.titles)) for hit in page.items]
