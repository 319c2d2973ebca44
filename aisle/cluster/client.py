"""One way to a client, wherever OpenSearch runs."""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import opensearchpy
from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import (
    ConnectionTimeout,
    ImproperlyConfigured,
    OpenSearchException,
    SSLError,
    TransportError,
)
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from aisle.cluster.node.registry import NodeRecord, running_nodes
from aisle.cluster.settings import ClusterSettings
from aisle.errors import (
    AisleError,
    AuthenticationFailed,
    ClusterError,
    ClusterUnavailable,
    DiskFull,
    IndexingFailed,
    IndexNotFound,
    InputError,
    PipelineMissing,
)

HOW = "start one with 'aisle up', or set AISLE_URL to an OpenSearch address"


def connect(settings: ClusterSettings | None = None) -> OpenSearch:
    """A client for the cluster of the settings, or for the node that ``aisle up`` started.

    It sends nothing: the first request tells whether the cluster is there (see ``translated_errors``). Of
    several addresses it takes turns; one that does not answer costs a request one more attempt, and is left
    out for a while.

    Raises:
        ClusterUnavailable: no address, and no node of ``aisle up`` runs.
        InputError: the CA file is not there.
    """
    settings = settings or ClusterSettings.load()
    urls = cluster_urls(settings)
    if settings.ca_file is not None and not settings.ca_file.is_file():
        raise InputError(
            f"there is no CA file {settings.ca_file}", fix="set AISLE_CA_FILE to the PEM file of the CA"
        )
    return OpenSearch(
        hosts=list(urls),
        headers=request_headers(settings),
        timeout=settings.timeout_s,
        # One connection per writer of the indexer, and some to spare.
        pool_maxsize=10,
        verify_certs=settings.verify,
        ssl_assert_hostname=None if settings.verify else False,
        ssl_show_warn=False,
        ca_certs=str(settings.ca_file) if settings.ca_file else None,
        http_compress=settings.gzip if settings.gzip is not None else not all(map(on_loopback, urls)),
        # Repeating a slow request would double the load that made it slow.
        retry_on_timeout=False,
        max_retries=max(2, len(urls) - 1),
    )


def cluster_urls(settings: ClusterSettings) -> tuple[str, ...]:
    """The addresses of the settings, or that of the node that ``aisle up`` started.

    Raises:
        ClusterUnavailable: no address, and no node of ``aisle up`` runs.
    """
    return settings.urls or (chosen_node(running_nodes(), settings.node).url,)


def on_loopback(url: str) -> bool:
    """Does this address stay on this machine? Compressing would then cost time and save nothing."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def request_headers(settings: ClusterSettings) -> dict[str, str]:
    """The settings' headers, with basic authentication where a user is named."""
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    if settings.user:
        # In UTF-8 (RFC 7617), as OpenSearch reads it; the client library would fail beyond Latin-1.
        pair = f"{settings.user}:{settings.password.get_secret_value()}"
        headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return headers


def chosen_node(nodes: list[NodeRecord], name: str) -> NodeRecord:
    """The node of that name, or the only one that runs.

    Raises:
        ClusterUnavailable: none fits, or several do.
    """
    named = [node for node in nodes if node.name == name] if name else nodes
    if len(named) == 1:
        return named[0]
    if named:
        names = ", ".join(node.name for node in named)
        raise ClusterUnavailable(f"several nodes run ({names})", fix="set AISLE_NODE to the name of one")
    what = f"no node named {name} runs" if name else "no OpenSearch address is set and no node runs"
    raise ClusterUnavailable(what, fix=HOW)


DISK_SIGNS = (
    "read-only-allow-delete",
    "flood-stage watermark",
    "disk usage exceeded",
    "create-index blocked",
    "no space left on device",
)
PIPELINE_GONE = re.compile(r"pipeline .*(not defined|missing|does not exist|not found)", re.IGNORECASE)
AUTH_FIX = "check AISLE_USER and AISLE_PASSWORD, or the API key in AISLE_HEADERS"
REASON_LENGTH = 300


@contextmanager
def translated_errors() -> Iterator[None]:
    """Within it, every opensearch-py exception leaves as a member of the error tree.

    Raises:
        ClusterUnavailable: nothing answers, too slow, or overloaded (429, 5xx).
        AuthenticationFailed: 401, 403, or a certificate that does not verify.
        DiskFull: the cluster blocks writes because its disk is almost full.
        IndexNotFound, PipelineMissing: the request names what is not there.
        ClusterError: anything else the cluster refused, with its reason.
    """
    try:
        yield
    except OpenSearchException as error:
        raise translate(error) from error


def translate(error: OpenSearchException) -> AisleError:
    """The member of the error tree for one exception."""
    if isinstance(error, SSLError):
        return AuthenticationFailed(
            "the server's certificate could not be verified",
            fix="set AISLE_CA_FILE to the PEM file of the CA that signed it, or AISLE_VERIFY=false",
        )
    if isinstance(error, ConnectionTimeout):
        return ClusterUnavailable(
            "OpenSearch did not answer in time", fix="raise AISLE_TIMEOUT_S, or look at the node's load"
        )
    if isinstance(error, NoConnection):
        return ClusterUnavailable(
            "nothing answers at the OpenSearch address",
            fix="start a node with 'aisle up', or check AISLE_URL and the network",
        )
    if isinstance(error, TransportError):
        return _translate_answer(error)
    if isinstance(error, ImproperlyConfigured):
        return ClusterError(f"the client cannot be set up: {error}", fix="check AISLE_URL and AISLE_CA_FILE")
    return ClusterError(f"the client failed: {type(error).__name__}", fix="see the cause in the traceback")


def means_disk_full(reason: str) -> bool:
    """Does this reason (of a request or of one bulk item) say that a disk is almost full?"""
    lowered = reason.lower()
    return any(sign in lowered for sign in DISK_SIGNS)


def _translate_answer(error: TransportError) -> AisleError:
    status = error.status_code if isinstance(error.status_code, int) else 0
    reason = _reason(error)
    return _by_reason(str(error.error), reason) or _by_status(status, reason)


def _by_reason(kind: str, reason: str) -> AisleError | None:
    """What the server's words tell more exactly than its status."""
    if means_disk_full(f"{kind} {reason}"):
        return DiskFull(
            "the cluster blocks writes: its disk is almost full",
            fix="free disk space on the node (the block then lifts by itself) and run the command again",
        )
    if kind == "index_not_found_exception":
        return IndexNotFound(reason, fix="index a catalogue first, or check the name")
    if PIPELINE_GONE.search(reason):
        return PipelineMissing(reason, fix="index the catalogue again, which writes its pipelines")
    return None


def _by_status(status: int, reason: str) -> AisleError:
    if status == 401:
        return AuthenticationFailed("OpenSearch refused the user or the password (401)", fix=AUTH_FIX)
    if status == 403:
        return AuthenticationFailed(f"OpenSearch does not allow this (403): {reason}", fix=AUTH_FIX)
    if status == 429:
        return ClusterUnavailable(
            f"OpenSearch is overloaded (429): {reason}", fix="try later, or with fewer requests at a time"
        )
    if status >= 500:
        return ClusterUnavailable(
            f"OpenSearch failed ({status}): {reason}", fix="look at the node's log ('aisle logs')"
        )
    return ClusterError(
        f"OpenSearch refused the request ({status}): {reason}", fix="the reason names the cause"
    )


def _reason(error: TransportError) -> str:
    """The server's own words, on one line. Never the request, which may hold what the user typed."""
    info = error.info
    cause = info.get("error") if isinstance(info, dict) else None
    if isinstance(cause, dict):
        roots = cause.get("root_cause") or [cause]
        text = str(cause.get("reason") or roots[0].get("reason") or cause.get("type"))
        deepest = _deepest(roots[0])
        if deepest not in text:
            text = f"{text}: {deepest}"
    else:
        text = str(cause or error.error)
    return " ".join(text.split())[:REASON_LENGTH]


def _deepest(cause: dict[str, Any]) -> str:
    """The reason at the end of the chain of causes: what "failed to parse" stems from."""
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    return str(cause.get("reason") or "")


T = TypeVar("T")
BUSY_STATUSES: Final = frozenset({429, 502, 503, 504})
_LONGEST_REASON: Final = 300


class Stopped(Exception):
    """Another stage failed or the user interrupted: not an error of the stage that raises it."""


class TryAgain(Exception):
    """The node could not do it now; the message says why."""


class NodeBusy(TryAgain):
    """It could not because it has too much to do: fewer requests at a time would help."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attributes:
    deadline_s: how long one request may go on failing before the run gives up.
    first_wait_s, longest_wait_s: a wait is drawn evenly from 0 to first * 2^n, at most the longest
        ("full jitter", Brooker 2015), so that many writers do not come back at the same moment.
    request_timeout_s: how long one attempt may take.
    """

    deadline_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 15.0
    request_timeout_s: float = 60.0


def until_done(
    action: Callable[[], T],
    policy: RetryPolicy,
    stop: threading.Event,
    failed: Callable[[TryAgain], None] = lambda _: None,
) -> T:
    """Run ``action`` until it no longer raises `TryAgain` or a passing transport error.

    Args:
        action: safe to repeat.
        policy: when, and for how long.
        stop: ends the waits.
        failed: told of each attempt that did not do it.

    Raises:
        ClusterUnavailable: still failing at the deadline.
        DiskFull: the cluster refuses writes because of its disk.
        Stopped: ``stop`` was set while waiting.
        opensearchpy.TransportError: anything that a repeat cannot help.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(TryAgain),
        wait=wait_random_exponential(multiplier=policy.first_wait_s, max=policy.longest_wait_s),
        stop=stop_after_delay(policy.deadline_s) | stop_when_event_set(stop),
        sleep=sleep_using_event(stop),
    )
    try:
        done: T = retrying(_telling, action, failed)
    except RetryError as error:
        if stop.is_set():
            raise Stopped from error
        reason = error.last_attempt.exception()
        raise ClusterUnavailable(
            f"OpenSearch took no more requests for {policy.deadline_s:g} s ({reason})",
            fix="check the node (`aisle status`, `aisle logs`), then run the same command again",
        ) from error
    return done


def _telling(action: Callable[[], T], failed: Callable[[TryAgain], None]) -> T:
    try:
        return _passing_or_final(action)
    except TryAgain as failure:
        failed(failure)
        raise


def _passing_or_final(action: Callable[[], T]) -> T:
    try:
        return action()
    except opensearchpy.SSLError:
        raise
    except opensearchpy.ConnectionTimeout as error:
        raise NodeBusy(f"no answer: {error.error}") from error
    except opensearchpy.ConnectionError as error:
        raise TryAgain(f"no answer: {error.error}") from error
    except opensearchpy.SerializationError as error:
        raise TryAgain("the answer was cut off or is no JSON") from error
    except opensearchpy.TransportError as error:
        if isinstance(error.info, dict):
            check_fatal(error.info.get("error"))
        if error.status_code in BUSY_STATUSES:
            raise NodeBusy(f"HTTP {error.status_code}") from error
        raise


def describe(error: Any) -> str:
    """An OpenSearch error, causes included, as one line."""
    parts: list[str] = []
    while isinstance(error, Mapping):
        parts.append(f"{error.get('type')}: {error.get('reason')}")
        error = error.get("caused_by")
    text = " ".join(" / ".join(parts).split()) or str(error)
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def check_fatal(error: Any) -> None:
    """Raise for an error that no other document would escape either.

    Raises:
        DiskFull: see `settle`.
        IndexingFailed: see `settle`.
    """
    kind, reason = (
        (str(error.get("type")), str(error.get("reason"))) if isinstance(error, Mapping) else ("", "")
    )
    if kind == "cluster_block_exception" and means_disk_full(reason):
        raise DiskFull(
            f"OpenSearch takes no more documents because its disk is almost full ({describe(error)})",
            fix="free disk space on the node or delete old releases, then index again",
        )
    if kind == "index_not_found_exception":
        raise IndexingFailed(
            "the unfinished release was deleted while it was being loaded",
            fix="check that no other `aisle index` runs for this name, then index again",
        )
