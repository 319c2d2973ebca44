"""Feeds by their addresses, from a real server: whole or an error, never from where they may not come."""

import gzip
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.fetch import FetchLimits, fetch, is_allowed, is_url, shown
from aisle.catalogue.sources import has_fixed_content, source_name
from aisle.errors import InputError
from tests.support.feed_server import FeedServer, Page, closed_port, feed_server

CSV = b"id,title,price\n1,Lamp,9\n2,Sofa,99\n"
HERE = ReadOptions(allow_private=True)
BIG = b"id,title\n" + b"".join(b"%d,Lamp\n" % n for n in range(20_000))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server(
        feed=Page(CSV),
        zipped=Page(gzip.compress(CSV), headers={"Content-Encoding": "gzip", "Content-Type": "text/csv"}),
        twice=Page(gzip.compress(gzip.compress(CSV)), headers={"Content-Encoding": "gzip"}),
        lines=Page(
            b"".join(json.dumps({"id": n, "title": "x"}).encode() + b"\n" for n in range(500)), chunked=True
        ),
        cut=Page(BIG, length=len(BIG) + 100),
        cut_chunks=Page(BIG, chunked=True, cut=True),
        cut_gzip=Page(gzip.compress(BIG)[:-50], headers={"Content-Encoding": "gzip"}),
        bomb=Page(gzip.compress(bytes(200_000_000)), headers={"Content-Encoding": "gzip"}),
        endless=Page(BIG, length=-1),
        lies=Page(BIG, length=10**12),
        drip=Page(CSV, drip_s=0.1),
        drip_without_length=Page(CSV, drip_s=0.1, length=-1),
        empty=Page(b""),
        big=Page(gzip.compress(BIG), headers={"Content-Encoding": "gzip"}),
        page=Page(b"<!DOCTYPE html><title>Log in</title>"),
        brotli=Page(b"x", headers={"Content-Encoding": "br"}),
        denied=Page(status=401),
        broken=Page(status=503),
        moved=Page(status=302, headers={"Location": "/feed?moved=1"}),
        metadata=Page(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
        file=Page(status=302, headers={"Location": "file:///etc/passwd"}),
        nowhere=Page(status=302),
        round=Page(status=307, headers={"Location": "/round"}),
    ) as running:
        yield running


def _titles(address: str, options: ReadOptions = HERE) -> list[str]:
    return [item.title for item in read_catalogue(address, options)]


@pytest.mark.parametrize("page", ["feed", "zipped", "twice", "moved"])
def test_feeds_are_read(server: FeedServer, page: str) -> None:
    assert _titles(f"{server.address}/{page}?token=secret") == ["Lamp", "Sofa"]
    path, headers = server.asked[0]
    assert path == f"/{page}?token=secret"
    assert headers["Host"] == server.address.removeprefix("http://")
    assert headers["Accept-Encoding"] == "gzip"


def test_chunks_are_put_together(server: FeedServer) -> None:
    assert len(_titles(f"{server.address}/lines")) == 500


def test_nothing_is_left_behind(server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    items = read_catalogue(f"{server.address}/big", HERE)
    assert len(list(tmp_path.iterdir())) == 1
    assert sum(1 for _ in items) == 20_000
    del items
    assert list(tmp_path.iterdir()) == []
    for page in ("cut", "denied", "page", "bomb"):
        with pytest.raises(InputError):
            _titles(f"{server.address}/{page}")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("page", "message", "fix"),
    [
        ("cut", r"broke off", "and the network"),
        ("cut_chunks", "broke off", ""),
        ("cut_gzip", "is not a whole archive", "again"),
        ("empty", "is empty", ""),
        ("page", "is an HTML page", "browser"),
        ("brotli", "is sent as 'br'", "download"),
        ("denied", "answers 401", "PASSWORD@"),
        ("broken", "answers 503", "later"),
        ("missing", "answers 404", "browser"),
        ("nowhere", "redirects to nowhere", ""),
        ("round", "redirects over 5 times", ""),
        ("bomb", "expands to over", ""),
        ("metadata", "is at 169.254.169.254, which is not on the public internet", "public address"),
        ("file", "is no web address", "https://"),
    ],
)
def test_what_goes_wrong_is_said_without_secrets(
    server: FeedServer, page: str, message: str, fix: str
) -> None:
    address = f"http://user:hush@{server.address.removeprefix('http://')}/{page}?token=hush#hush"
    with pytest.raises(InputError, match=message) as caught:
        _titles(address)
    assert fix in caught.value.fix
    assert "hush" not in str(caught.value) and "/aisle-" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_private_addresses_are_refused(server: FeedServer) -> None:
    port = server.address.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
        with pytest.raises(
            InputError, match=r"not on the public internet|is no web address|not known"
        ) as caught:
            _titles(f"http://{host}:{port}/feed", ReadOptions())
        if host == "127.0.0.1":
            assert "--allow-private" in caught.value.fix
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("172.16.0.1", False, True),
        ("192.168.1.1", False, True),
        ("100.64.0.1", False, True),
        ("fd00::1", False, True),
        ("::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("64:ff9b::7f00:1", False, True),
        ("2002:7f00:1::", False, True),
        ("240.0.0.1", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
    ],
)
def test_where_feeds_may_come_from(address: str, public: bool, private: bool) -> None:
    assert is_allowed(address, private=False) == public
    assert is_allowed(address, private=True) == private


def test_passwords_go_to_the_host_they_are_for(server: FeedServer) -> None:
    with feed_server(feed=Page(CSV)) as other:
        server.pages["away"] = Page(status=302, headers={"Location": f"{other.address}/feed"})
        host = server.address.removeprefix("http://")
        assert _titles(f"http://us%40er:p%3Ass@{host}/moved") == ["Lamp", "Sofa"]
        assert [headers["Authorization"] for _, headers in server.asked] == ["Basic dXNAZXI6cDpzcw=="] * 2
        assert _titles(f"http://user:pass@{host}/away") == ["Lamp", "Sofa"]
        assert "Authorization" not in other.asked[0][1]


def test_limits(server: FeedServer) -> None:
    for page in ("endless", "lies", "cut"):
        with pytest.raises(InputError, match="is over 100,000 bytes") as caught:
            _titles(f"{server.address}/{page}", ReadOptions(allow_private=True, max_bytes=100_000))
        assert "download" in caught.value.fix
    small = ReadOptions(allow_private=True, max_bytes=20)
    with pytest.raises(InputError, match="is over 20 bytes"):
        _titles(f"{server.address}/feed", small)
    with pytest.raises(InputError, match="expands to over"):
        _titles(f"{server.address}/big", ReadOptions(allow_private=True, max_bytes=100_000))


@pytest.mark.parametrize("page", ["drip", "drip_without_length"])
def test_a_slow_server_is_left(server: FeedServer, page: str) -> None:
    began = time.monotonic()
    into = BytesIO()
    with pytest.raises(InputError, match=r"took over 0 s|broke off"):
        fetch(f"{server.address}/{page}", into, FetchLimits(1_000, seconds=0.3, allow_private=True))
    assert time.monotonic() - began < 3
    assert len(into.getvalue()) < len(CSV)


@pytest.mark.parametrize("page", ["feed", "denied"])
def test_who_looks_at_the_clock_leaves_with_the_feed(server: FeedServer, page: str) -> None:
    before = set(threading.enumerate())
    with suppress(InputError):
        fetch(f"{server.address}/{page}", BytesIO(), FetchLimits(1_000, seconds=60, allow_private=True))
    watches = [one for one in set(threading.enumerate()) - before if isinstance(one, threading.Timer)]
    for watch in watches:
        watch.join(5)
    assert not any(watch.is_alive() for watch in watches)


def test_nobody_listens() -> None:
    with pytest.raises(InputError, match=r"cannot be reached|broke off") as caught:
        _titles(f"http://127.0.0.1:{closed_port()}/feed")
    assert "network" in caught.value.fix


@pytest.mark.parametrize(
    "address",
    ["http://", "http:///feed", "https://[::1", "http://x:99999/", "http://x:y/", "http://" + "a" * 70 + "/"],
)
def test_no_addresses(address: str) -> None:
    with pytest.raises(InputError, match=r"is no web address|is not known"):
        _titles(address)


def test_names_for_people() -> None:
    assert shown("https://u:p@x.example:8443/a/b.csv?token=1#2") == "https://x.example:8443/a/b.csv"
    assert shown("http://[::1]:80/a\x1b[31m") == "http://[::1]:80/a\\x1b[31m"
    assert source_name("https://u:p@x/a?b") == "https://x/a"
    assert source_name("-") == "standard input"
    assert source_name("folder/a.csv") == "a.csv"
    assert [is_url(text) for text in ("https://x", "HTTP://x", "a.csv", "http", "ftp://x", "c:/http://")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_what_comes_from_elsewhere_has_no_fixed_content(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert [has_fixed_content(one) for one in ("-", "https://x/a.csv", tmp_path / "a.zip", "gone.csv")] == [
        False,
        False,
        True,
        True,
    ]
