"""TLS to a server whose certificate a CA of our own signed."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from aisle.cluster import ClusterSettings, connect
from aisle.errors import AuthenticationFailed


def openssl_3() -> bool:
    found = shutil.which("openssl")
    if found is None:
        return False
    told = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
    return told.stdout.startswith("OpenSSL 3")


pytestmark = pytest.mark.skipif(not openssl_3(), reason="openssl 3 makes the certificates; it is not here")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = json.dumps({"version": {"number": "3.6.0"}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port of a TLS server that is called "localhost", and the CA that signed its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(folder, *new, "-subj", "/CN=Aisle test CA", "-keyout", "ca.key", "-out", "ca.pem")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost")
    own = ("-addext", "basicConstraints=critical,CA:FALSE")
    openssl(folder, *new, "-subj", "/CN=server", *signed, *own, "-keyout", "key.pem", "-out", "cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield httpd.server_port, folder / "ca.pem"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_the_ca_file_is_what_makes_it_trusted(secured: tuple[int, Path]) -> None:
    port, ca = secured
    url = f"https://localhost:{port}"
    assert connect(ClusterSettings(url=url, ca_file=ca)).info()["version"]["number"] == "3.6.0"
    with pytest.raises(AuthenticationFailed) as caught:
        connect(ClusterSettings(url=url)).info()
    assert "AISLE_CA_FILE" in caught.value.fix


def test_another_host_name_is_refused_unless_verification_is_off(secured: tuple[int, Path]) -> None:
    port, ca = secured
    url = f"https://127.0.0.1:{port}"
    with pytest.raises(AuthenticationFailed):
        connect(ClusterSettings(url=url, ca_file=ca)).info()
    assert connect(ClusterSettings(url=url, verify=False)).info()
