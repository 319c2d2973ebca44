"""``/c/{name}/compare``, ``judge`` and ``tune``: two ways to answer, grades by people, what weights do."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from aisle.errors import InputError, InvalidQuery
from aisle.search import Page, SearchRequest
from aisle.service.judgments import GRADES, JudgmentStore
from aisle.service.parameters import Text
from aisle.service.parts import ServicePart
from aisle.service.scope import ScopedCatalogue
from aisle.service.web.asked import PageParameters, catalogue_path
from aisle.service.web.compare_view import USUAL, WAYS, compared, release_of, request_by
from aisle.service.web.render import page_response
from aisle.service.web.routes import PageCatalogue, PageRoute
from aisle.service.web.signals import search_signals
from aisle.service.web.tune_view import HEIGHT, WIDTH, read_tuned, tune_view

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_COMPARED: Final = 10
_JUDGED: Final = 20
_GRADE: Final = "grade:"

WayText = Annotated[str, Query(max_length=255)]
QueryText = Annotated[Text, Query()]


@router.get("/c/{name}/compare")
async def compare(
    request: Request,
    service: ServicePart,
    catalogue: PageCatalogue,
    q: QueryText = "",
    left: WayText = USUAL,
    right: WayText = WAYS[1],
) -> Response:
    """The best of two ways to answer a search, with what differs."""
    sides = None
    if q.strip():
        ways = left.strip() or USUAL, right.strip() or USUAL
        one, other = [await service.run(request, _answered, catalogue, way, q) for way in ways]
        grades = service.judgments.of(catalogue.name, q).means if service.judgments else {}
        sides = compared(ways, (one, other), grades)
    return page_response(
        "compare.html",
        catalogue=catalogue.name,
        q=q,
        left=left,
        right=right,
        ways=WAYS,
        sides=[
            (side, [(each, search_signals(each.hit.to_json())) for each in side.hits]) for side in sides or ()
        ],
    )


def _answered(catalogue: ScopedCatalogue, way: str, text: str) -> Page:
    release = release_of(way, catalogue.name)
    chosen = catalogue if release is None else catalogue.for_release(release)
    asked = request_by(way, _request(catalogue, text, _COMPARED), catalogue.legs)
    # Whole, however long it takes: what is left out for lack of time would look like a difference.
    return chosen.ask(chosen.narrowed(asked))


def _request(catalogue: ScopedCatalogue, text: str, size: int) -> SearchRequest:
    return PageParameters(q=text, size=size, facets=0).request(reranks=catalogue.reranks)


async def _store(service: ServicePart) -> JudgmentStore:
    if service.judgments is None:
        raise InputError(
            "this service keeps no judgments",
            fix="start it with a folder for them: aisle serve --judgments FOLDER",
        )
    return service.judgments


StorePart = Annotated[JudgmentStore, Depends(_store)]


@router.get("/c/{name}/judge")
async def judge(
    request: Request,
    service: ServicePart,
    catalogue: PageCatalogue,
    store: StorePart,
    q: QueryText = "",
    judge: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The best results of a search, to be graded, in an order that says nothing of their ranks."""
    page = await service.run(request, _ask, catalogue, q) if q.strip() else None
    found = store.of(catalogue.name, q)
    hits = sorted(page.hits, key=lambda hit: hit.item.id) if page else []
    return page_response(
        "judge.html",
        catalogue=catalogue.name,
        q=q,
        judge=judge,
        items=[hit.item for hit in hits],
        mine=found.by_judge.get(judge, {}),
        judges=sorted(found.by_judge),
        agreement=store.agreement(catalogue.name),
        grades=GRADES,
    )


def _ask(catalogue: ScopedCatalogue, text: str) -> Page:
    return catalogue.ask(catalogue.narrowed(_request(catalogue, text, _JUDGED)))


async def _same_site(request: Request) -> None:
    """Refuse forms that another site's page sends: browsers say whose page it was."""
    origin = request.headers.get("origin", "")
    if not origin or urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "this form was not sent by a page of this service")


@router.post("/c/{name}/judge", dependencies=[Depends(_same_site)])
async def keep_grades(
    request: Request, service: ServicePart, catalogue: PageCatalogue, store: StorePart
) -> Response:
    """Keep the grades of a form, and show it again with them."""
    said = dict(parse_qsl((await request.body()).decode(errors="replace"), max_num_fields=1_000))
    text, judge = said.get("q", ""), said.get("judge", "")
    grades = {name.removeprefix(_GRADE): value for name, value in said.items() if name.startswith(_GRADE)}
    if not all(value.isdecimal() and value.isascii() for value in grades.values()):
        raise InvalidQuery("a grade that is none", fix=f"use {GRADES[0]} to {GRADES[-1]}")
    numbers = {item: int(value[:3]) for item, value in grades.items()}
    await service.run(request, _keep, catalogue, store, judge, text, numbers)
    asked = urlencode({"q": text, "judge": judge})
    return RedirectResponse(f"{catalogue_path(catalogue.name)}judge?{asked}", 303)


def _keep(
    catalogue: ScopedCatalogue, store: JudgmentStore, judge: str, text: str, grades: dict[str, int]
) -> None:
    there = catalogue.items(tuple(grades))
    store.keep(catalogue.name, judge, text, {item: grade for item, grade in grades.items() if item in there})


@router.get("/c/{name}/tune")
async def tune(request: Request, service: ServicePart, catalogue: PageCatalogue) -> Response:
    """What the weights of legs do, as `aisle tune run` found it."""
    if service.settings.tuning is None:
        raise InputError(
            "this service knows of no tuning", fix="start it with its file: aisle serve --tuning fusion.json"
        )
    found = await service.run(request, read_tuned, service.settings.tuning, catalogue.name)
    return page_response(
        "tune.html", catalogue=catalogue.name, found=found, view=tune_view(found), width=WIDTH, height=HEIGHT
    )
