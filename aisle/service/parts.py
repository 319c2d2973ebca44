"""What the routes of one application share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar, TypeVarTuple

import orjson
from anyio import to_thread
from fastapi import Depends, Header, Path, Request, Response
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from aisle.cluster.request_scope import current_scope
from aisle.mappings.ubi import ID_CHARS
from aisle.service.admission import Admission
from aisle.service.catalogues import Catalogues
from aisle.service.degrading import DegradingSearch
from aisle.service.events import Asker, Recorder
from aisle.service.experiments.running import RunningExperiment
from aisle.service.judgments import JudgmentStore
from aisle.service.keys import EVERYTHING, Access, Keys
from aisle.service.limits import RateLimits
from aisle.service.metrics import Metrics
from aisle.service.scope import ScopedCatalogue
from aisle.service.settings import ServiceSettings

NEEDED: Final = 0.3
"""Share of the deadline that answering needs after all waiting."""

A = TypeVarTuple("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """Attributes:
    settings: how it runs.
    catalogues: that it serves.
    admission: which requests are answered at a time.
    metrics: that count them.
    searching: answers searches as well as there is time for.
    limits: how often one may ask.
    keys: that are asked for; None: everybody may have everything.
    recorder: records answers and events; None: nothing is recorded.
    judgments: that people make on the page; None: they make none.
    experiments: catalogue to what is compared there.
    """

    settings: ServiceSettings
    catalogues: Catalogues
    admission: Admission
    metrics: Metrics
    searching: DegradingSearch
    limits: RateLimits
    keys: Keys | None = None
    recorder: Recorder | None = None
    judgments: JudgmentStore | None = None
    experiments: Mapping[str, RunningExperiment] = field(default_factory=dict)

    async def run(self, request: Request, function: Callable[[*A], T], *args: *A) -> T:
        """What a function returns, which may block: in a thread, once it is admitted.

        Args:
            request: whose timings say how long it waited.
            function: what to run.
            *args: of it.

        Raises:
            Overloaded: it is not admitted.
        """
        scope = current_scope()
        # Whoever waited longer could not be answered in what is left.
        needed_s = NEEDED * self.settings.deadline_ms / 1000
        ends = scope.ends - needed_s if scope and scope.ends is not None else None
        async with self.admission.enter(ends) as waited_ms:
            timings = request.scope["state"]["timings"]
            # The longest wait of several searches that a batch makes.
            timings["queue"] = max(waited_ms, timings.get("queue", 0.0))
            return await to_thread.run_sync(function, *args, limiter=self.admission.threads)

    def admitted(self, request: HTTPConnection, key: str) -> Access:
        """What a request may have.

        Args:
            request: of some address.
            key: that it came with; empty for none.

        Raises:
            KeyRefused: there is no such key, or it has ended.
            LimitReached: the key or the address asks too often.
        """
        self.limits.address(_address(request))
        if self.keys is None:
            return EVERYTHING
        access = self.keys.access(key)
        self.limits.key(access.name, access.per_minute)
        return access

    def batched(self, request: HTTPConnection, access: Access, searches: int) -> None:
        """Count the searches of a batch as the requests that they would be alone.

        Args:
            request: that is admitted and counted once.
            access: of it.
            searches: that answer it.

        Raises:
            LimitReached: they are more than the key or the address may still make.
        """
        further = max(0, searches - 1)
        self.limits.address(_address(request), further)
        if self.keys is not None:
            self.limits.key(access.name, access.per_minute, further)

    def catalogue(self, name: str, access: Access) -> ScopedCatalogue:
        """A catalogue as one may see it; raises what ``Catalogues.of`` raises."""
        # What a key may not ask is to it as what is not served.
        return ScopedCatalogue(self.catalogues.of(name, allowed=access.allows(name)), access.filters)


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def service_of(request: HTTPConnection) -> Service:
    """The service that a request came to."""
    found: Service = request.app.state.service
    return found


async def _service(request: Request) -> Service:
    return service_of(request)


ServicePart = Annotated[Service, Depends(_service)]
CatalogueName = Annotated[str, Path(description="Name of a catalogue.", max_length=255, examples=["shop"])]


_BEARER: Final[Mapping[str, Any]] = {
    "scheme_name": "HTTPBearer",
    "description": "A key of `aisle keys add`, or a scoped one of it.",
    "auto_error": False,
}
bearer = HTTPBearer(**_BEARER)


class _KeyedAccess(HTTPBearer):
    """What a request may have by the key that it came with.

    One dependency in place of four that take turns: FastAPI spends more on each than it does itself.
    """

    async def __call__(self, request: HTTPConnection) -> Access:  # type: ignore[override]
        sent = await super().__call__(request)
        return service_of(request).admitted(request, sent.credentials if sent else "")


AccessPart = Annotated[Access, Depends(_KeyedAccess(**_BEARER))]


async def _catalogue(request: Request, name: CatalogueName, access: AccessPart) -> ScopedCatalogue:
    return service_of(request).catalogue(name, access)


CataloguePart = Annotated[ScopedCatalogue, Depends(_catalogue)]


ASKER_HEADERS: Final = ("X-Client-Id", "X-Session-Id", "X-Consent")
"""Headers, and not a part of addresses, which others keep."""

_AskerId = Annotated[
    str | None, Header(max_length=ID_CHARS, description="Your own, recorded where events are.")
]


async def _asker(
    x_client_id: _AskerId = None,
    x_session_id: _AskerId = None,
    x_consent: Annotated[
        bool | None, Header(description="Whether the shopper agreed to being recorded.")
    ] = None,
) -> Asker:
    return Asker(x_client_id, x_session_id, x_consent)


AskerPart = Annotated[Asker, Depends(_asker)]


def json_response(value: Any) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(value), media_type="application/json")
