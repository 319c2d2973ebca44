"""Passwords: from the environment, the keyring or the URL; on no command line, in no log and no error."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from aisle.cluster import ClusterSettings
from aisle.cluster.client import request_headers
from aisle.errors import InputError, MissingExtra
from tests.support.command import Done, failure, start

SECRET = "corréct-hörse"
BACKEND = "tests.support.keyring_backend.FileKeyring"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in ClusterSettings.model_fields:
        monkeypatch.delenv(f"AISLE_{field.upper()}", raising=False)


@pytest.fixture
def keyring_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A keyring with ann's password for aisle."""
    import keyring

    from tests.support.keyring_backend import FileKeyring

    path = tmp_path / "keyring.json"
    path.write_text(json.dumps({"aisle/ann": SECRET}))
    monkeypatch.setenv("AISLE_TEST_KEYRING", str(path))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())  # type: ignore[no-untyped-call]
    monkeypatch.setenv("AISLE_KEYRING", "aisle")
    monkeypatch.setenv("AISLE_USER", "ann")
    yield path
    keyring.set_keyring(before)


def test_certificates_are_checked_unless_one_says_otherwise() -> None:
    assert ClusterSettings().verify is True


def test_the_keyring_gives_the_password(keyring_file: Path) -> None:
    settings = ClusterSettings.load()
    assert settings.password.get_secret_value() == SECRET
    expected = b64encode(f"ann:{SECRET}".encode()).decode()
    assert request_headers(settings) == {"authorization": f"Basic {expected}"}
    assert SECRET not in repr(settings)


def test_a_password_in_the_environment_comes_first(
    keyring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_PASSWORD", "other")
    keyring_file.unlink()
    assert ClusterSettings.load().password.get_secret_value() == "other"


def test_a_keyring_without_it_names_the_command(keyring_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_USER", "bob")
    with pytest.raises(InputError, match="no password of 'bob'") as caught:
        ClusterSettings.load()
    assert caught.value.fix == "store it: keyring set aisle bob"
    monkeypatch.delenv("AISLE_USER")
    with pytest.raises(InputError, match="AISLE_USER is not"):
        ClusterSettings.load()


def test_a_locked_keyring(keyring_file: Path) -> None:
    keyring_file.unlink()
    with pytest.raises(InputError, match="KeyringLocked") as caught:
        ClusterSettings.load()
    assert caught.value.__suppress_context__


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    monkeypatch.setenv("AISLE_KEYRING", "aisle")
    monkeypatch.setenv("AISLE_USER", "ann")
    with pytest.raises(MissingExtra, match=r"aisle\[keyring\]"):
        ClusterSettings.load()


class Door:
    """A server that shows who knocks and answers 401 when it is told to."""

    def __init__(self) -> None:
        self.knocked, self.open = threading.Event(), threading.Event()
        self.headers: list[str] = []


@contextmanager
def door() -> Iterator[tuple[str, Door]]:
    state = Door()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.headers.append(self.headers.get("authorization") or "")
            state.knocked.set()
            state.open.wait(60)
            self.send_response(401)
            self.send_header("content-length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", state
    finally:
        state.open.set()
        server.shutdown()
        thread.join()
        server.server_close()


WAYS = {
    "environment": {"AISLE_URL": "http://HOST", "AISLE_USER": "ann", "AISLE_PASSWORD": SECRET},
    "URL": {"AISLE_URL": "http://ann:corr%C3%A9ct-h%C3%B6rse@HOST"},
    "keyring": {"AISLE_URL": "http://HOST", "AISLE_USER": "ann", "AISLE_KEYRING": "aisle"},
}


@pytest.mark.parametrize("way", WAYS)
def test_no_process_shows_it(way: str, tmp_path: Path) -> None:
    if way == "keyring":
        (tmp_path / "keyring.json").write_text(json.dumps({"aisle/ann": SECRET}))
    coded = b64encode(f"ann:{SECRET}".encode()).decode()
    with door() as (host, state):
        env = {key: value.replace("HOST", host) for key, value in WAYS[way].items()}
        ring = {"PYTHON_KEYRING_BACKEND": BACKEND, "AISLE_TEST_KEYRING": str(tmp_path / "keyring.json")}
        home = {"AISLE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        with start("status", cwd=tmp_path, env={**env, **ring, **home}) as process:
            assert state.knocked.wait(60)
            assert state.headers[0] == f"Basic {coded}"
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            lines = [" ".join(member.cmdline()) for member in family]
            state.open.set()
            out, err = process.communicate(timeout=60)
    assert any("status" in line for line in lines)
    told = failure(Done(process.returncode, out, err))
    assert "401" in told
    shown = "\n".join([*lines, out, err])
    assert not any(secret in shown for secret in (SECRET, "corr%C3%A9ct", coded))


def test_no_command_takes_a_password() -> None:
    import typer.main

    from aisle.cli.main import build_app

    def names(command: object) -> Iterator[str]:
        for parameter in getattr(command, "params", ()):
            yield from parameter.opts
        for child in getattr(command, "commands", {}).values():
            yield from names(child)

    options = set(names(typer.main.get_command(build_app())))
    assert "--name" in options
    assert not {one for one in options if any(word in one for word in ("pass", "secret", "token-", "header"))}
