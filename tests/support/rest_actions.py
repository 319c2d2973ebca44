"""Which OpenSearch actions a request performs: what the security plugin would check. Held to a real node.

Source: OpenSearch, Permissions; the node's own task log (``test_roles``) says whether it is true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Need:
    """One action, on these indexes or aliases; on none: a permission of the whole cluster."""

    action: str
    indexes: tuple[str, ...] = ()


Body = bytes
Builder = Callable[[re.Match[str], Body], Iterator[Need]]
_ITEM_ACTIONS = {
    "index": "indices:data/write/index",
    "create": "indices:data/write/index",
    "update": "indices:data/write/update",
    "delete": "indices:data/write/delete",
}


def needs(method: str, path: str, body: Body) -> tuple[Need, ...] | None:
    """All actions of one request, None if the request is not known here."""
    for pattern, build in _RULES:
        if match := re.fullmatch(pattern, f"{method} {path.partition('?')[0]}"):
            return tuple(build(match, body))
    return None


def _cluster(*actions: str) -> Builder:
    return lambda match, body: (Need(action) for action in actions)


def _index(*actions: str) -> Builder:
    return lambda match, body: (Need(action, tuple(match["index"].split(","))) for action in actions)


def _create(match: re.Match[str], body: Body) -> Iterator[Need]:
    yield Need("indices:admin/create", (match["index"],))
    aliases: Mapping[str, Any] = json.loads(body or b"{}").get("aliases", {})
    if aliases:
        yield Need("indices:admin/aliases", (match["index"], *aliases))


def _bulk(match: re.Match[str], body: Body) -> Iterator[Need]:
    yield Need("indices:data/write/bulk")
    lines = iter(body.splitlines())
    parts = set()
    for line in lines:
        ((kind, about),) = json.loads(line).items()
        parts.add((about.get("_index") or match["index"], kind))
        if kind != "delete":
            next(lines)
    for index in sorted({index for index, _ in parts}):
        yield Need("indices:data/write/bulk[s]", (index,))
    yield from (Need(_ITEM_ACTIONS[kind], (index,)) for index, kind in sorted(parts))


def _aliases(match: re.Match[str], body: Body) -> Iterator[Need]:
    for action in json.loads(body)["actions"]:
        kind, what = next(iter(action.items()))
        if kind == "remove_index":
            yield Need("indices:admin/delete", (what["index"],))
        else:
            yield Need("indices:admin/aliases", (what["index"], what["alias"]))


def _one_document(action: str) -> Builder:
    def build(match: re.Match[str], body: Body) -> Iterator[Need]:
        yield Need(action, (match["index"],))
        yield Need("indices:data/write/bulk")
        yield Need("indices:data/write/bulk[s]", (match["index"],))

    return build


_I = r"/(?P<index>[^/_][^/]*)"
_RULES: tuple[tuple[str, Builder], ...] = (
    (r"(GET|HEAD) /", _cluster("cluster:monitor/main")),
    (r"GET /_nodes/plugins", _cluster("cluster:monitor/nodes/info")),
    (r"GET /_nodes/stats/fs", _cluster("cluster:monitor/nodes/stats")),
    (r"GET /_cluster/(settings|state/blocks)", _cluster("cluster:monitor/state")),
    (r"GET /_cluster/health(/[^/]+)?", _cluster("cluster:monitor/health")),
    (r"GET /_tasks/[^/]+", _cluster("cluster:monitor/task/get")),
    (r"GET /_search/pipeline(/[^/]+)?", _cluster("cluster:admin/search/pipeline/get")),
    # It asks every node whether it knows the processors.
    (
        r"PUT /_search/pipeline/[^/]+",
        _cluster("cluster:admin/search/pipeline/put", "cluster:monitor/nodes/info"),
    ),
    (r"POST /_aliases", _aliases),
    (rf"(GET|HEAD) {_I}/_alias(/[^/]+)?", _index("indices:admin/aliases/get")),
    (
        rf"PUT {_I}/_alias/(?P<alias>[^/]+)",
        lambda match, body: iter((Need("indices:admin/aliases", (match["index"], match["alias"])),)),
    ),
    (rf"(PUT|POST) (?:{_I}|)/_bulk", _bulk),
    (rf"POST {_I}/_refresh", _index("indices:admin/refresh", "indices:admin/refresh[s]")),
    (rf"POST {_I}/_flush", _index("indices:admin/flush", "indices:admin/flush[s]")),
    (rf"(GET|POST) {_I}/_(search|count)", _index("indices:data/read/search")),
    (rf"POST {_I}/_forcemerge", _index("indices:admin/forcemerge")),
    (rf"PUT {_I}/_settings", _index("indices:admin/settings/update")),
    (rf"GET {_I}/_stats(/[^/]+)?", _index("indices:monitor/stats")),
    (rf"GET {_I}/_mapping", _index("indices:admin/mappings/get")),
    (rf"PUT {_I}/_mapping", _index("indices:admin/mapping/put")),
    (rf"GET {_I}/_doc/[^/]+", _index("indices:data/read/get")),
    (rf"(PUT|POST) {_I}/_(doc|create)/[^/]+", _one_document("indices:data/write/index")),
    (rf"DELETE {_I}/_doc/[^/]+", _one_document("indices:data/write/delete")),
    (
        rf"(GET|POST) {_I}/_mget",
        lambda match, body: iter(
            (
                Need("indices:data/read/mget"),
                Need("indices:data/read/mget[shard]", (match["index"],)),
            )
        ),
    ),
    (
        rf"(GET|POST) {_I}/_msearch",
        lambda match, body: iter(
            (Need("indices:data/read/msearch"), Need("indices:data/read/search", (match["index"],)))
        ),
    ),
    (rf"POST {_I}/_search/point_in_time", _index("indices:data/read/point_in_time/create")),
    (r"(GET|POST) /_search/scroll", _cluster("indices:data/read/scroll")),
    (r"DELETE /_search/scroll", _cluster("indices:data/read/scroll/clear")),
    # Which indexes it reads stands in the id, which the proxy puts in their place.
    (r"(GET|POST) /_search", lambda match, body: iter((Need("indices:data/read/search", ("PIT",)),))),
    (
        r"DELETE /_search/point_in_time",
        lambda match, body: iter((Need("indices:data/read/point_in_time/delete", ("PIT",)),)),
    ),
    (rf"PUT {_I}", _create),
    (rf"DELETE {_I}", _index("indices:admin/delete")),
    (rf"(GET|HEAD) {_I}", _index("indices:admin/get")),
)
