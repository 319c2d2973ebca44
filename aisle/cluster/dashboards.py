"""OpenSearch Dashboards: its saved objects."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Final

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from aisle._printable import shortened
from aisle.cluster.client import request_headers
from aisle.cluster.settings import ClusterSettings, address
from aisle.errors import AuthenticationFailed, ClusterError, ClusterUnavailable, InputError

_IMPORT: Final = "/api/saved_objects/_import?overwrite=true"
_MOST_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What Dashboards took.

    Attributes:
        url: of Dashboards, without credentials.
        objects: how many there are now.
    """

    url: str
    objects: int

    def to_json(self) -> dict[str, Any]:
        """Both fields."""
        return {"url": self.url, "objects": self.objects}


def import_saved_objects(url: str, objects: bytes, settings: ClusterSettings) -> Imported:
    """Put saved objects, in place of those that have their ids.

    Args:
        url: of Dashboards.
        objects: one JSON document a line.
        settings: user, certificates and time of the cluster, which hold for Dashboards too.

    Raises:
        InputError: no such address.
        ClusterUnavailable: nothing answers there.
        AuthenticationFailed: user or password are refused.
        ClusterError: Dashboards does not take the objects; says which and why.
    """
    try:
        found = address(url)
    except ValueError as error:
        raise InputError(f"no address of Dashboards: {error}", fix="such as http://localhost:5601") from None
    user = {"user": found.user, "password": found.password} if found.user else {}
    headers = request_headers(ClusterSettings.model_validate({**settings.model_dump(), **user}))
    pool = urllib3.PoolManager(
        cert_reqs=ssl.CERT_REQUIRED if settings.verify else ssl.CERT_NONE,
        ca_certs=str(settings.ca_file) if settings.ca_file else None,
        timeout=settings.timeout_s,
        retries=False,
    )
    (place,) = found.urls
    try:
        answer = pool.request_encode_body(
            "POST",
            place + _IMPORT,
            fields={"file": ("aisle.ndjson", objects, "application/ndjson")},
            # Without it Dashboards takes the request for one of another site.
            headers={**headers, "osd-xsrf": "true"},
        )
    except HTTPError as error:
        raise ClusterUnavailable(
            f"Dashboards does not answer at {place} ({type(error).__name__})",
            fix="start it, or name its address: --url or AISLE_DASHBOARDS_URL",
        ) from None
    if answer.status in (401, 403):
        raise AuthenticationFailed(
            f"Dashboards at {place} refuses the user",
            fix="set AISLE_USER and AISLE_PASSWORD",
            status=answer.status,
        )
    return Imported(place, _taken(answer.status, answer.data, place))


def _taken(status: int, data: bytes, place: str) -> int:
    """How many objects were taken, as Dashboards' answer says. Raises ClusterError."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        said = None
    if status == 200 and isinstance(said, dict) and said.get("success") is True:
        return int(said.get("successCount", 0))
    reasons = (
        said.get("errors") or said.get("message") if isinstance(said, dict) else data.decode(errors="replace")
    )
    raise ClusterError(
        f"Dashboards at {place} does not take the boards ({status}): {shortened(str(reasons), _MOST_CHARS)}",
        fix="use Dashboards 3.x, whose version is that of the cluster",
        status=status,
    )
