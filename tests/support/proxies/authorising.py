"""A reverse proxy that lets through what a role document allows, as the security plugin would."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.proxies.base import QuietHandler, QuietServer
from tests.support.rest_actions import Need, needs


@dataclass(slots=True)
class Authorising:
    """A running proxy.

    Attributes:
        url: where it answers.
        roles: user to the role document; the password of each is the user's name, backwards.
        used: user to the permissions that were needed: (action pattern, index patterns or ()).
        refused: what was answered with 403.
        unknown: requests that ``rest_actions`` has no rule for; refused.
    """

    target: str
    roles: dict[str, Mapping[str, Any]]
    url: str = ""
    used: dict[str, set[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    refused: list[tuple[str, Need]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    pits: dict[str, str] = field(default_factory=dict)

    def allows(self, user: str, need: Need) -> bool:
        """Is there a permission for it? Remembers which one."""
        role, used = self.roles[user], self.used.setdefault(user, set())
        if not need.indexes:
            found = {(given, ()) for given in role["cluster_permissions"] if _matches(need.action, given)}
            used |= found
            return bool(found)
        return all(self._allowed_on(index, role, need.action, used) for index in need.indexes)

    def _allowed_on(
        self, index: str, role: Mapping[str, Any], action: str, used: set[tuple[str, tuple[str, ...]]]
    ) -> bool:
        found = {
            (given, tuple(permission["index_patterns"]))
            for permission in role["index_permissions"]
            if any(_matches(index, pattern) for pattern in permission["index_patterns"])
            for given in permission["allowed_actions"]
            if _matches(action, given)
        }
        used |= found
        return bool(found)


def password_of(user: str) -> str:
    """See ``Authorising``."""
    return user[::-1]


@contextmanager
def authorising(target: str, roles: dict[str, Mapping[str, Any]]) -> Iterator[Authorising]:
    """Run the proxy before the node at ``target``."""
    proxy = Authorising(target, roles)
    server = QuietServer(("127.0.0.1", 0), _handler(proxy))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _matches(text: str, pattern: str) -> bool:
    # Brackets of "bulk[s]" are no character class in the plugin's patterns.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _handler(proxy: Authorising) -> type[QuietHandler]:
    node = urlsplit(proxy.target)

    class Handler(QuietHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            user = self.user()
            if user is None:
                return self.answer(401, b"Unauthorized", "text/plain")
            wanted = needs(self.command, unquote(self.path), plain)
            if wanted is None:
                proxy.unknown.append(f"{self.command} {self.path}")
                return self.refuse(user, Need("unknown"))
            # Every one, and not the first: `used` then knows all that a request needs.
            missing = [need for need in map(self.placed(plain), wanted) if not proxy.allows(user, need)]
            if missing:
                return self.refuse(user, missing[0])
            return self.forward(body, plain)

        def user(self) -> str | None:
            kind, _, coded = (self.headers.get("authorization") or "").partition(" ")
            if kind != "Basic":
                return None
            user, _, password = b64decode(coded).decode().partition(":")
            return user if user in proxy.roles and password == password_of(user) else None

        def placed(self, body: bytes) -> Any:
            def place(need: Need) -> Need:
                if need.indexes != ("PIT",):
                    return Need(need.action, tuple(map(self.resolved, need.indexes)))
                asked = json.loads(body)
                ids = asked["pit_id"] if "pit_id" in asked else [asked["pit"]["id"]]
                return Need(need.action, tuple(proxy.pits.get(one, "?") for one in ids))

            return place

        def resolved(self, name: str) -> str:
            """The plugin looks at the index behind an alias."""
            status, body, _ = self.ask("GET", f"/_alias/{name}")
            behind = list(json.loads(body)) if status == 200 and "*" not in name else []
            return str(behind[0]) if len(behind) == 1 else name

        def refuse(self, user: str, need: Need) -> None:
            proxy.refused.append((user, need))
            why = f"no permissions for [{need.action}] and User [name={user}, backend_roles=[]]"
            cause = {"type": "security_exception", "reason": why}
            body = {"error": {"root_cause": [cause], **cause}, "status": 403}
            self.answer(403, json.dumps(body).encode(), "application/json")

        def forward(self, body: bytes, plain: bytes) -> None:
            kept = ("content-type", "content-encoding")
            headers = {name: self.headers[name] for name in kept if self.headers.get(name)}
            status, answer, kind = self.ask(self.command, self.path, body, headers)
            if self.path.partition("?")[0].endswith("/_search/point_in_time") and self.command == "POST":
                proxy.pits[json.loads(answer)["pit_id"]] = self.path.split("/")[1]
            self.answer(status, answer, kind)

        def ask(
            self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
        ) -> tuple[int, bytes, str]:
            connection = http.client.HTTPConnection(str(node.hostname), node.port, timeout=120)
            try:
                connection.request(method, path, body or None, dict(headers or {}))
                told = connection.getresponse()
                return told.status, told.read(), told.getheader("content-type") or "text/plain"
            finally:
                connection.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    return Handler
