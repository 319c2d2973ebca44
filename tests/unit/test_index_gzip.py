"""Bodies are compressed only where a network is in between; see test_index_writer_faults for what is sent."""

from __future__ import annotations

import pytest

from aisle.cluster import ClusterSettings, connect
from aisle.cluster.client import on_loopback
from aisle.errors import InputError


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:9200", True),
        ("http://127.9.8.7:9200", True),
        ("http://localhost:9200/path", True),
        ("https://LOCALHOST", True),
        ("http://[::1]:9200", True),
        ("http://10.0.0.7:9200", False),
        ("http://[fd00::1]:9200", False),
        ("https://search.example:9200", False),
        ("https://localhost.example", False),
        ("https://127.0.0.1.example", False),
    ],
)
def test_what_is_on_this_machine(url: str, local: bool) -> None:
    assert on_loopback(url) is local
    with connect(ClusterSettings(url=url)) as client:
        assert bool(client.transport.get_connection().http_compress) is not local


def test_one_host_elsewhere_is_enough() -> None:
    with connect(ClusterSettings(url="http://127.0.0.1:9200,http://10.0.0.7:9200")) as client:
        assert client.transport.get_connection().http_compress
    with connect(ClusterSettings(url="http://127.0.0.1:9200,http://127.0.0.1:9201")) as client:
        assert not client.transport.get_connection().http_compress


@pytest.mark.parametrize("url", ["http://127.0.0.1:9200", "https://search.example:9200"])
@pytest.mark.parametrize("gzip", [True, False])
def test_the_setting_wins(url: str, gzip: bool) -> None:
    with connect(ClusterSettings(url=url, gzip=gzip)) as client:
        assert bool(client.transport.get_connection().http_compress) is gzip


def test_the_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_GZIP", "false")
    assert ClusterSettings.load().gzip is False
    monkeypatch.setenv("AISLE_GZIP", "a bit")
    with pytest.raises(InputError, match="AISLE_GZIP"):
        ClusterSettings.load()
