"""What goes wrong as problem details (RFC 9457), each with its fix. Pure, but for the handlers at the end."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from aisle import errors
from aisle.errors import AisleError

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
# The first class that fits counts.
_STATUSES: Final[tuple[tuple[type[AisleError], HTTPStatus], ...]] = (
    (errors.IndexNotFound, HTTPStatus.NOT_FOUND),
    (errors.ForeignIndex, HTTPStatus.NOT_IMPLEMENTED),
    (errors.NotOffered, HTTPStatus.NOT_IMPLEMENTED),
    (errors.InvalidQuery, HTTPStatus.BAD_REQUEST),
    (errors.InputError, HTTPStatus.BAD_REQUEST),
    (errors.KeyRefused, HTTPStatus.UNAUTHORIZED),
    (errors.LimitReached, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.DeadlinePassed, HTTPStatus.GATEWAY_TIMEOUT),
    (errors.Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ArtifactMismatch, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.SearchError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ClusterError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "10"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}
# What these say is meant for whoever asked; the others speak of the cluster, to whoever runs it.
_PUBLIC: Final = (
    *(errors.IndexNotFound, errors.ForeignIndex, errors.InvalidQuery, errors.InputError),
    errors.ServiceError,
)
_HIDDEN: Final = "the catalogue cannot be asked now"
_HIDDEN_FIX: Final = "try again shortly; the service's log names the cause under this instance"


class Problem(BaseModel):
    """Problem details (RFC 9457) with what to do about them."""

    type: str = Field(examples=["urn:aisle:problem:invalid-query"])
    title: str = Field(examples=["invalid query"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["the price range 9.0 to 1.0 is empty"])
    fix: str = Field(examples=["swap the bounds"])
    instance: str = Field(description="Id of the request, which the log names.")


class InvalidRequest(Problem):
    """A request that does not have the form that it should have."""

    errors: list[dict[str, str]]


def _documented(kind: type[Problem], description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: _documented(Problem, "What is asked cannot be."),
    404: _documented(Problem, "There is no such catalogue or item."),
    401: _documented(Problem, "The key is none, or has ended."),
    413: _documented(Problem, "The body is too large."),
    422: _documented(InvalidRequest, "The request does not have the form that it should have."),
    429: _documented(Problem, "More requests than the key or the address may make: see Retry-After."),
    501: _documented(Problem, "The release was made, or the service started, without what is asked for."),
    503: _documented(Problem, "Too many wait, or OpenSearch does not answer: try again after Retry-After."),
    504: _documented(Problem, "There was no time left to answer."),
}
"""How the routes of a catalogue may fail, for the OpenAPI document."""


def problem(kind: str, status: int, detail: str, fix: str, instance: str, **members: Any) -> dict[str, Any]:
    """Problem details.

    Args:
        kind: of problem, in words; it becomes type and title.
        status: of the answer.
        detail: what went wrong this time.
        fix: what to do about it.
        instance: id of the request.
        members: further members.
    """
    return {
        "type": f"urn:aisle:problem:{kind.replace(' ', '-')}",
        "title": kind,
        "status": status,
        "detail": detail,
        "fix": fix,
        "instance": instance,
        **members,
    }


def status_of(error: AisleError) -> HTTPStatus:
    """The status that answers an error; 500 for one that no request should meet."""
    found = (status for kind, status in _STATUSES if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_of(error: AisleError, instance: str) -> dict[str, Any]:
    """Problem details of an error; what it says of the cluster is left to the log."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    public = isinstance(error, _PUBLIC)
    detail, fix = (error.message, error.fix) if public else (_HIDDEN, _HIDDEN_FIX)
    return problem(words, status_of(error), detail, fix, instance)


def problem_response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The answer with these problem details."""
    usual = _HEADERS.get(body["status"], {})
    return Response(orjson.dumps(body), body["status"], {**usual, **(headers or {})}, media_type=MEDIA_TYPE)


def instance_of(request: Request) -> str:
    """Id of a request, see ``aisle.service.middleware``."""
    return str(request.scope["state"].get("request_id", ""))


def problem_told(
    request: Request, error: AisleError | RequestValidationError | HTTPException
) -> dict[str, Any]:
    """Problem details of whatever a request failed with; a failure of ours is logged."""
    if isinstance(error, RequestValidationError):
        return _invalid(request, error)
    if isinstance(error, HTTPException):
        return _plain(request, error)
    found = problem_of(error, instance_of(request))
    if found["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request %s failed: %s", found["instance"], error)
    return found


def _invalid(request: Request, error: RequestValidationError) -> dict[str, Any]:
    found = [
        {"where": ".".join(map(str, each["loc"])), "what": str(each["msg"])} for each in error.errors()[:20]
    ]
    named = "; ".join(f"{each['where']}: {each['what']}" for each in found[:3])
    fix = "correct what is named; /openapi.json says what each route takes"
    body = problem("invalid request", HTTPStatus.UNPROCESSABLE_ENTITY, named, fix, instance_of(request))
    return {**body, "errors": found}


_FIXES: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "send JSON as /openapi.json describes it",
    HTTPStatus.FORBIDDEN: "send it from the page itself; a proxy before the service has to pass Host on",
    HTTPStatus.NOT_FOUND: "see /openapi.json for the routes that there are",
    HTTPStatus.METHOD_NOT_ALLOWED: "use a method that the header Allow names",
    HTTPStatus.REQUEST_TIMEOUT: "send the whole body at once",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "send less: shorter texts, fewer ids",
}


def _plain(request: Request, error: HTTPException) -> dict[str, Any]:
    phrase = HTTPStatus(error.status_code).phrase.lower()
    fix = _FIXES.get(error.status_code, "see /openapi.json")
    return problem(phrase, error.status_code, str(error.detail), fix, instance_of(request))


async def _failed(request: Request, error: AisleError | RequestValidationError | HTTPException) -> Response:
    return problem_response(problem_told(request, error), getattr(error, "headers", None))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request %s failed unexpectedly", instance_of(request), exc_info=error)
    body = problem(
        "internal error", 500, "the service failed on this request", _HIDDEN_FIX, instance_of(request)
    )
    return problem_response(body)


def handle_problems(app: FastAPI) -> None:
    """Have every error of an application answered with problem details."""
    for kind in (AisleError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _failed)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _unexpected)
