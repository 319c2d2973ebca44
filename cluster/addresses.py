"""The addresses of one cluster: URLs apart from the credentials that stand in them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Addresses:
    """Attributes:
    urls: of nodes of one cluster, without credentials.
    user, password: of all of them; empty if none is named.
    """

    urls: tuple[str, ...]
    user: str = ""
    password: str = ""


def address(url: str) -> Addresses:
    """One URL.

    Raises:
        ValueError: it is none of a server; never names it, as a password may stand in it.
    """
    parts = urlsplit(url.strip())
    # Reading the port is what checks that it is a number.
    if parts.port == 0 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("url must look like http://host:9200 or https://host:9200")
    clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    return Addresses((clean,), unquote(parts.username or ""), unquote(parts.password or ""))


def one_address(nodes: Sequence[Addresses]) -> Addresses:
    """Several nodes of one cluster.

    Raises:
        ValueError: they differ in what one client has only one of.
    """
    urls = tuple(dict.fromkeys(url for node in nodes for url in node.urls))
    if len({urlsplit(url).scheme for url in urls}) > 1:
        raise ValueError("url must name all hosts with http or all with https")
    named = dict.fromkeys((node.user, node.password) for node in nodes if node.user or node.password)
    if len(named) > 1:
        raise ValueError("url must not name several users; one user and password hold for all hosts")
    return Addresses(urls, *next(iter(named), ("", "")))
