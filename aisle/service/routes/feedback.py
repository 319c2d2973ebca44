"""``/v1/catalogues/{name}/feedback`` and ``/ubi_events``: what shoppers did with what they were shown."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from aisle.errors import NotOffered
from aisle.mappings.ubi import EVENTS
from aisle.service.events import Feedback, Recorder, UbiEvent
from aisle.service.events.event import MAX_EVENTS
from aisle.service.events.writer import Outcome
from aisle.service.parts import CataloguePart, Service, ServicePart, json_response


class _CountingRoute(APIRoute):
    """Counts events that are none: they are refused before the route's own function is asked."""

    def get_route_handler(self) -> Any:
        """What answers requests, see FastAPI: Custom Request and APIRoute class."""
        answer = super().get_route_handler()

        async def counted(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                service: Service = request.app.state.service
                number = len(error.body) if isinstance(error.body, list) else 1
                service.metrics.count(EVENTS, Outcome.REFUSED, "invalid", number)
                raise

        return counted


router = APIRouter(tags=["events"], route_class=_CountingRoute)

_Many = Body(min_length=1, max_length=MAX_EVENTS)


@router.post("/v1/catalogues/{name}/feedback", status_code=HTTPStatus.ACCEPTED)
async def feedback(
    service: ServicePart, catalogue: CataloguePart, events: Annotated[list[Feedback], _Many]
) -> Response:
    """Say what a shopper did with items; it is written soon. If one event is none, no event is taken."""
    recorder, now = _recorder(service), datetime.now(UTC)
    return _taken(recorder, catalogue, [event.event(now) for event in events])


@router.post("/v1/catalogues/{name}/ubi_events", status_code=HTTPStatus.ACCEPTED)
async def ubi_events(
    service: ServicePart, catalogue: CataloguePart, events: Annotated[list[UbiEvent], _Many]
) -> Response:
    """The same in the format of User Behavior Insights, as its plugin's ``ubi.js`` sends it."""
    return _taken(_recorder(service), catalogue, events)


def _recorder(service: Service) -> Recorder:
    if service.recorder is None:
        raise NotOffered("this service records no events", fix="start it with aisle serve --events")
    return service.recorder


def _taken(recorder: Recorder, catalogue: CataloguePart, events: list[UbiEvent]) -> Response:
    answer = json_response({"accepted": recorder.take(catalogue.name, events)})
    answer.status_code = HTTPStatus.ACCEPTED
    return answer
