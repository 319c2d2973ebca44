"""A feed by its address on the web: size and time bounded, nothing on private networks unless allowed."""

from __future__ import annotations

import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import BinaryIO, Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from aisle._printable import shortened
from aisle._version import __version__
from aisle.catalogue.archives import write_whole
from aisle.errors import InputError

_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_CONNECT_S: Final = 10.0
_READ_S: Final = 60.0
_CHUNK: Final = 1 << 16
_PORTS: Final = {"http": 80, "https": 443}
_SAFE: Final = "%/:=&?~+!$,;'()*@[]|"
# Where networks without IPv4 keep it.
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a download may take.

    Attributes:
        max_bytes: of what is sent, compressed or not.
        seconds: for all of it.
        allow_private: whether the address may be on a private network or on this machine.
    """

    max_bytes: int
    seconds: float = 3_600.0
    allow_private: bool = False


def is_url(address: str) -> bool:
    """Whether it is an address on the web, rather than a file."""
    scheme, mark, _ = address.strip().partition("://")
    return bool(mark) and scheme.lower() in _PORTS


def shown(url: str) -> str:
    """The address for messages: without user, password and what follows the path, which may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the address"
    host = f"[{host}]" if ":" in host else host
    return shortened(urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", "")), 200)


def fetch(url: str, into: BinaryIO, limits: FetchLimits) -> None:
    """Write what stands at an address to a file, as it is sent.

    Redirects are followed, each checked like the first address. Names are resolved once, and the connection
    goes to the address that was checked.

    Raises:
        InputError: it cannot be reached, refuses, breaks off, takes too long or is too large; or it is on a
            private network.
    """
    address = _parsed(url)
    secret = _authorization(address)
    ends = monotonic() + limits.seconds
    for _ in range(_MAX_REDIRECTS + 1):
        with _answered(address, secret, limits, ends) as answer:
            if answer.status not in _REDIRECTS:
                _save(answer, into, address, limits)
                return
            location = answer.headers.get("Location", "")
        if not location:
            raise InputError(f"{shown(url)} redirects to nowhere", fix=_CHECK)
        following = _parsed(urljoin(urlunsplit(address), location))
        if _origin(following) != _origin(address):
            # The password was meant for the first one only.
            secret = ""
        address = following
    raise InputError(f"{shown(url)} redirects over {_MAX_REDIRECTS} times", fix="name the last address")


def is_allowed(address: str, *, private: bool) -> bool:
    """Whether a feed may be read from an IP address.

    Args:
        address: IPv4 or IPv6; an IPv4 address within an IPv6 one counts as itself.
        private: allow this machine and private networks; never those where clouds keep their secrets.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if within is None and ip in _NAT64:
            within = IPv4Address(int(ip) & 0xFFFFFFFF)
        if within:
            return is_allowed(str(within), private=private)
    if ip.is_multicast or ip.is_link_local or ip.is_unspecified:
        return False
    return private or ip.is_global


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        known = parts.scheme in _PORTS and host and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InputError(f"{shown(url)} is no web address", fix="write it as https://HOST/PATH")
    return parts


def _origin(address: SplitResult) -> tuple[str, str, int]:
    return address.scheme, address.hostname or "", address.port or _PORTS[address.scheme]


def _authorization(address: SplitResult) -> str:
    if not address.username:
        return ""
    pair = f"{unquote(address.username)}:{unquote(address.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


@contextmanager
def _answered(
    address: SplitResult, secret: str, limits: FetchLimits, ends: float
) -> Iterator[BaseHTTPResponse]:
    """Ask, and close the connection behind the answer; whatever goes wrong is one of our errors."""
    scheme, host, port = _origin(address)
    host = host.encode("idna").decode()
    name = shown(urlunsplit(address))
    headers = {
        "Host": f"[{host}]" if ":" in host else host,
        "User-Agent": f"aisle/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        **({"Authorization": secret} if secret else {}),
    }
    if port != _PORTS[scheme]:
        headers["Host"] += f":{port}"
    target = quote(address.path or "/", safe=_SAFE)
    if address.query:
        target += f"?{quote(address.query, safe=_SAFE)}"
    late = threading.Event()
    connection: HTTPConnection | None = None
    watch: threading.Timer | None = None
    try:
        connection = _connected(scheme, host, _checked(host, port, name, limits), port)
        # The connection gives it away with the answer.
        line = connection.sock
        watch = threading.Timer(max(0.0, ends - monotonic()), _hang_up, (line, late))
        watch.daemon = True
        watch.start()
        connection.request("GET", target, headers=headers, preload_content=False, decode_content=False)
        yield connection.getresponse()
        if late.is_set():
            # What ends because it was cut off looks whole.
            raise TimeoutError
    except (OSError, HTTPError, HTTPException) as error:
        reason = f"took over {limits.seconds:,.0f} s" if late.is_set() else _reason(error)
        raise InputError(f"{name} {reason}", fix=_fix(error)) from None
    finally:
        if watch:
            watch.cancel()
        if connection:
            connection.close()


def _checked(host: str, port: int, name: str, limits: FetchLimits) -> list[str]:
    """The IP addresses of a host, if a feed may be read from all of them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InputError(f"the host of {name} is not known", fix=_CHECK) from None
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    for ip in addresses:
        if not is_allowed(ip, private=limits.allow_private):
            allow = (
                ""
                if is_allowed(ip, private=True) is False
                else ", or allow it if it is yours: --allow-private"
            )
            raise InputError(
                f"{name} is at {ip}, which is not on the public internet",
                fix=f"name a public address{allow}",
            )
    return addresses


def _connected(scheme: str, host: str, addresses: list[str], port: int) -> HTTPConnection:
    """A connection to the first address that takes one."""
    for number, ip in enumerate(addresses, 1):
        connection = (
            HTTPSConnection(
                ip,
                port,
                timeout=_CONNECT_S,
                server_hostname=host,
                assert_hostname=host,
                ssl_context=ssl.create_default_context(),
            )
            if scheme == "https"
            else HTTPConnection(ip, port, timeout=_CONNECT_S)
        )
        try:
            connection.connect()
        except (OSError, HTTPError):
            connection.close()
            if number == len(addresses):
                raise
        else:
            connection.sock.settimeout(_READ_S)
            return connection
    raise OSError("no address")


def _hang_up(line: socket.socket, late: threading.Event) -> None:
    late.set()
    # Reading ends at once, wherever it waits.
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _save(answer: BaseHTTPResponse, into: BinaryIO, address: SplitResult, limits: FetchLimits) -> None:
    name = shown(urlunsplit(address))
    if answer.status != 200:
        raise InputError(
            f"{name} answers {answer.status} {shortened(answer.reason or '', 60)}".rstrip(),
            fix=_STATUS_FIXES.get(answer.status, "try again later" if answer.status >= 500 else _CHECK),
        )
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise InputError(f"{name} is sent as '{shortened(coding, 20)}'", fix="download it and name the file")
    said = answer.headers.get("Content-Length", "")
    length = int(said) if said.isdecimal() else None
    size = 0
    while length is None or length <= limits.max_bytes:
        chunk = answer.read1(_CHUNK)
        if not chunk:
            break
        size += len(chunk)
        if size > limits.max_bytes:
            break
        write_whole(into, chunk)
    if size > limits.max_bytes or (length or 0) > limits.max_bytes:
        raise InputError(f"{name} is over {limits.max_bytes:,} bytes", fix="download it, and name the file")
    if length is not None and size != length:
        raise InputError(f"{name} broke off after {size:,} of {length:,} bytes", fix="try again")


_CHECK: Final = "check the address in a browser"
_STATUS_FIXES: Final = {
    401: "put user and password into the address: https://USER:PASSWORD@HOST/PATH",
    403: "check the address, and the token or password in it",
    404: _CHECK,
    410: _CHECK,
    429: "try again later",
}


def _reason(error: Exception) -> str:
    """What went wrong; never the error's own words, which may hold the address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has no valid certificate ({error.verify_message})"
    if isinstance(error, ssl.SSLError | SSLError):
        return "could not be read over TLS"
    if isinstance(error, NewConnectionError):
        return "cannot be reached"
    if isinstance(error, TimeoutError | Urllib3Timeout):
        return "does not answer in time"
    if isinstance(error, IncompleteRead | ProtocolError | HTTPException | ConnectionError):
        return "broke off"
    return "cannot be reached"


def _fix(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "renew it, or trust its issuer: SSL_CERT_FILE=FILE"
    return "check the address and the network, or download it and name the file"
