"""A small Hugging Face hub on this machine: the routes by which a model is pushed and pulled, over HTTP.

Its protocol is that of huggingface_hub 2 (``_commit_api.py``, ``file_download.py``), for small files, which
a commit holds itself.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import orjson

TOKEN = "hf_" + "t" * 34


@dataclass(slots=True)
class Repository:
    """A repository: its commits, each with all its files, oldest first."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        """The last commit."""
        return list(self.commits)[-1]

    def commit(self, files: dict[str, bytes]) -> str:
        """Add files to what there is; the new commit."""
        held = (self.commits[self.newest] if self.commits else {}) | files
        name = hashlib.sha1(f"{len(self.commits)}".encode() + b"".join(held.values())).hexdigest()
        self.commits[name] = held
        return name


@dataclass(slots=True)
class HubServer:
    """A running hub.

    Attributes:
        address: its endpoint.
        repositories: by OWNER/NAME.
        asked: method, path and token of each request.
        broken: paths that are answered with 500.
    """

    address: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    broken: str = ""


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Serve a hub on a free port of 127.0.0.1."""
    hub = HubServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            path = unquote(urlsplit(self.path).path)
            hub.asked.append((self.command, path, token))
            if hub.broken and hub.broken in path:
                return self._send(500, b'{"error": "broken"}')
            return self._route(path.strip("/").split("/"), body, token)

        def _route(self, parts: list[str], body: bytes, token: str) -> None:
            if parts == ["api", "repos", "create"]:
                return self._create(orjson.loads(body), token)
            if parts == ["api", "validate-yaml"]:
                return self._json({"errors": [], "warnings": []})
            in_api = parts[:2] == ["api", "models"]
            owner, name, *rest = parts[2:] if in_api else parts
            full = f"{owner}/{name}"
            found = hub.repositories.get(full)
            if found is None or (found.private and token != TOKEN):
                self._send(404, b"{}", **{"X-Error-Code": "RepoNotFound"})
            elif self.command == "POST":
                self._write(found, full, rest[0], body, token)
            else:
                self._read(found, full, rest, in_api=in_api)
            return None

        def _write(self, found: Repository, full: str, what: str, body: bytes, token: str) -> None:
            if token != TOKEN:
                self._send(401, b"{}")
            elif what == "preupload":
                names = [one["path"] for one in orjson.loads(body)["files"]]
                self._json(
                    {
                        "files": [
                            {"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names
                        ]
                    }
                )
            else:
                self._commit(found, full, body)

        def _read(self, found: Repository, full: str, rest: list[str], *, in_api: bool) -> None:
            revision = rest[1] if len(rest) > 1 else "main"
            commit = found.newest if revision == "main" and found.commits else revision
            if commit not in found.commits and not (in_api and not found.commits):
                self._send(404, b"{}", **{"X-Error-Code": "RevisionNotFound"})
            elif in_api:
                held = {"id": full, "sha": commit, "private": found.private, "siblings": [], "tags": []}
                self._json(held)
            elif (content := found.commits[commit].get("/".join(rest[2:]))) is None:
                self._send(404, b"{}", **{"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            else:
                digest = hashlib.sha1(content).hexdigest()
                self._send(200, content, **{"X-Repo-Commit": commit, "ETag": f'"{digest}"'})

        def _create(self, asked: dict[str, object], token: str) -> None:
            if token != TOKEN:
                return self._send(401, b"{}")
            full = (
                f"{asked['organization']}/{asked['name']}"
                if asked.get("organization")
                else str(asked["name"])
            )
            url = f"{hub.address}/{full}"
            if full in hub.repositories:
                return self._send(409, orjson.dumps({"url": url, "error": "exists"}))
            private = bool(asked.get("private")) or asked.get("visibility") == "private"
            hub.repositories[full] = Repository(private)
            return self._json({"url": url})

        def _commit(self, found: Repository, full: str, body: bytes) -> None:
            lines = [orjson.loads(line) for line in body.splitlines() if line.strip()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            oid = found.commit(files)
            self._json({"success": True, "commitOid": oid, "commitUrl": f"{hub.address}/{full}/commit/{oid}"})

        def _json(self, value: object) -> None:
            self._send(200, orjson.dumps(value), **{"Content-Type": "application/json"})

        def _send(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
