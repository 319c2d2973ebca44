"""One way to a client, wherever OpenSearch runs."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_address
from urllib.parse import urlsplit

from opensearchpy import OpenSearch

from cluster.registry import NodeRecord, running_nodes
from cluster.settings import ClusterSettings
from records import ClusterUnavailable, InputError

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
