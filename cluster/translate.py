"""Turn the client library's exceptions into Aisle's error tree. No message holds a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import (
    ConnectionTimeout,
    ImproperlyConfigured,
    OpenSearchException,
    SSLError,
    TransportError,
)

from records import (
    AisleError,
    AuthenticationFailed,
    ClusterError,
    ClusterUnavailable,
    DiskFull,
    IndexNotFound,
    PipelineMissing,
)

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
