"""The one way to OpenSearch: every request leaves through a `Cluster`, wherever the server runs."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import orjson
from opensearchpy import OpenSearch, Transport
from opensearchpy.exceptions import OpenSearchException
from opensearchpy.serializer import JSONSerializer

from aisle.cluster.failures import Attempts, RetryPolicy, translated
from aisle.cluster.node.registry import NodeRecord, running_nodes
from aisle.cluster.request_scope import current_scope
from aisle.cluster.settings import ClusterSettings
from aisle.errors import AisleError, ClusterUnavailable, InputError

HOW: Final = "start one with 'aisle up', or set AISLE_URL to an OpenSearch address"


class Cluster(OpenSearch):
    """An opensearch-py client whose requests fail with Aisle's errors and, if asked to, are repeated.

        cluster.retrying(policy).indices.refresh(index=release)

    Whatever fails is raised as a member of the tree in `aisle.errors`, which keeps the HTTP status as
    ``status`` and the exception of opensearch-py as ``__cause__``. It may be used from several threads.

    Args:
        hosts, options: as ``opensearchpy.OpenSearch`` takes them.
    """

    def __init__(self, hosts: Any = None, **options: Any) -> None:
        super().__init__(hosts, **options)
        self._bind(_Seam(self.transport))

    @classmethod
    def of(cls, client: OpenSearch) -> Self:
        """A client that a user made: the same connections, Aisle's errors. A `Cluster` stays what it is.

        Raises:
            InputError: this is no client for OpenSearch, or the asynchronous one.
        """
        if not isinstance(client, OpenSearch):
            raise InputError(
                f"a {type(client).__name__} is no opensearchpy.OpenSearch client",
                fix="leave it out, or pass aisle.connect(aisle.ClusterSettings(url=...))",
            )
        return client if isinstance(client, cls) else cls._around(_Seam(client.transport))

    def retrying(self, policy: RetryPolicy, stop: threading.Event | None = None) -> Self:
        """A twin on the same connections that repeats each request whose failure passes.

        A node that is away, too slow, busy (429, 502, 503, 504) or whose answer is cut off passes; a full
        disk, a certificate that does not verify and every other refusal does not. Only requests that are
        safe to send twice belong there. Closing either twin closes the connections of both.

        Args:
            policy: the waits, and the deadline of each request, after which it raises ClusterUnavailable.
            stop: ends a wait, which then raises `Stopped`.
        """
        return self._around(_Seam(self._seam.wire, policy, stop))

    def ping(self, **options: Any) -> bool:
        """Does anything answer?"""
        try:
            return bool(super().ping(**options))
        except AisleError:
            return False

    @classmethod
    def _around(cls, seam: _Seam) -> Self:
        cluster = cls([])
        cluster._bind(seam)
        return cluster

    def _bind(self, seam: _Seam) -> None:
        self._seam = seam
        # What opensearch-py asks of a transport, the seam passes on.
        self.transport = cast(Transport, seam)


class _Seam:
    """Stands in front of a transport: translates what its requests raise, and repeats them under a policy."""

    def __init__(
        self, wire: Transport, policy: RetryPolicy | None = None, stop: threading.Event | None = None
    ) -> None:
        self.wire = wire
        self._policy = policy
        self._stop = stop

    def perform_request(
        self, method: str, url: str, params: Mapping[str, Any] | None = None, body: Any = None, **options: Any
    ) -> Any:
        """As the transport's own."""
        if self._policy is None:
            return self._once(method, url, params, body, options)
        answer: Any = None
        for attempt in Attempts(self._policy, self._stop):
            with attempt:
                answer = self._once(method, url, params, body, options)
        return answer

    def _once(
        self, method: str, url: str, params: Mapping[str, Any] | None, body: Any, options: Mapping[str, Any]
    ) -> Any:
        # A copy: the transport takes its own options out of the parameters.
        params = dict(params or {})
        if scope := current_scope():
            params = scope.limited(url, params)
            options = {**options, "headers": {**(options.get("headers") or {}), **scope.headers}}
        try:
            return self.wire.perform_request(method, url, params, body, **options)
        except OpenSearchException as error:
            raise translated(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wire, name)


_JSON: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


class FastJson(JSONSerializer):
    """JSON by orjson, a tenth of the standard library's time; what it refuses the library still takes."""

    def loads(self, s: str) -> Any:
        """As the library's own; a lone half of a surrogate pair is left to it."""
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:
            return super().loads(s)

    def dumps(self, data: Any) -> Any:
        """As the library's own, arrays too; likewise, and so are numbers of more than 64 bits."""
        if isinstance(data, str):
            return data
        try:
            return orjson.dumps(data, default=self.default, option=_JSON).decode()
        except orjson.JSONEncodeError:
            return super().dumps(data)


def connect(settings: ClusterSettings | None = None) -> Cluster:
    """A client for the cluster of the settings, or for the node that ``aisle up`` started.

    It sends nothing: the first request tells whether the cluster is there. Of several addresses it takes
    turns; one that does not answer costs a request one more attempt, and is left out for a while.

    Example:
        >>> aisle.connect(aisle.ClusterSettings(url="https://search.example:9200", user="shop")).ping()
        True

    Args:
        settings: addresses, user, certificates; None: the ``AISLE_*`` variables.

    Raises:
        ClusterUnavailable: no address, and no node of ``aisle up`` runs.
        InputError: the CA file is not there, or these are no settings.
    """
    settings = settings or ClusterSettings.load()
    if not isinstance(settings, ClusterSettings):
        raise InputError(
            f"a {type(settings).__name__} is no ClusterSettings",
            fix="write aisle.connect(aisle.ClusterSettings(url=...))",
        )
    urls = cluster_urls(settings)
    if settings.ca_file is not None and not settings.ca_file.is_file():
        raise InputError(
            f"there is no CA file {settings.ca_file}", fix="set AISLE_CA_FILE to the PEM file of the CA"
        )
    return Cluster(
        hosts=list(urls),
        headers=request_headers(settings),
        timeout=settings.timeout_s,
        # One connection per writer of the indexer, or per search of an asynchronous client and its facets.
        pool_maxsize=20,
        verify_certs=settings.verify,
        ssl_assert_hostname=None if settings.verify else False,
        ssl_show_warn=False,
        ca_certs=str(settings.ca_file) if settings.ca_file else None,
        serializer=FastJson(),
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


def connected(cluster: OpenSearch | None) -> Cluster:
    """The client that a caller gave, else one for ``AISLE_URL`` or for the node of `aisle up`.

    Raises:
        ClusterUnavailable: none was given, no address is set, and no node runs.
    """
    return connect() if cluster is None else Cluster.of(cluster)
