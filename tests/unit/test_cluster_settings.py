"""Settings from the environment; secrets stay secret."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aisle.cluster import ClusterSettings
from aisle.cluster.client import request_headers
from aisle.errors import InputError

SECRET = "pa$$wörd"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in ClusterSettings.model_fields:
        monkeypatch.delenv(f"AISLE_{field.upper()}", raising=False)


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_URL", "https://search.example:9200/")
    monkeypatch.setenv("AISLE_VERIFY", "false")
    monkeypatch.setenv("AISLE_HEADERS", '{"X-Api-Key": "k"}')
    monkeypatch.setenv("AISLE_TIMEOUT_S", "2.5")
    settings = ClusterSettings.load()
    assert settings.url == "https://search.example:9200"
    assert settings.verify is False
    assert settings.timeout_s == 2.5
    assert request_headers(settings) == {"X-Api-Key": "k"}


def test_credentials_leave_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_URL", "https://ann:p%40ss@search.example/es")
    settings = ClusterSettings.load()
    assert settings.url == "https://search.example/es"
    assert settings.user == "ann"
    assert settings.password.get_secret_value() == "p@ss"


def test_several_hosts_of_one_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AISLE_URL", "https://ann:p%2C%40ss@a.example:9200/, https://b.example/es ,https://c:1"
    )
    settings = ClusterSettings.load()
    assert settings.urls == ("https://a.example:9200", "https://b.example/es", "https://c:1")
    assert settings.url == ",".join(settings.urls)
    assert (settings.user, settings.password.get_secret_value()) == ("ann", "p,@ss")
    assert ClusterSettings().model_copy(update={"url": settings.url}).urls == settings.urls


def test_the_same_host_and_user_twice_are_one() -> None:
    settings = ClusterSettings(url="http://ann:x@a:1,http://ann:x@b:1,http://a:1/")
    assert (settings.urls, settings.user) == (("http://a:1", "http://b:1"), "ann")


def test_no_url_names_no_host() -> None:
    assert ClusterSettings().urls == ()


def test_a_user_beside_the_urls_wins() -> None:
    settings = ClusterSettings(url="http://ann:x@a:1,http://b:1", user="bob", password=SecretStr("y"))
    assert (settings.user, settings.password.get_secret_value()) == ("bob", "y")


def test_secrets_are_in_no_repr() -> None:
    settings = ClusterSettings(url=f"http://ann:{SECRET}@h:1", headers={"authorization": SecretStr(SECRET)})
    assert SECRET not in f"{settings!r} {settings}"
    assert "ann" in repr(settings)


def test_password_beyond_latin_1_is_sent_as_utf_8() -> None:
    header = request_headers(ClusterSettings(user="ann", password=SecretStr("пароль")))["authorization"]
    assert header == "Basic YW5uOtC/0LDRgNC+0LvRjA=="


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AISLE_URL", f"ftp://ann:{SECRET}@h"),
        ("AISLE_URL", "search.example:9200"),
        ("AISLE_URL", "http://h:notaport"),
        ("AISLE_URL", "http://a:9200,b:9200"),
        ("AISLE_URL", "http://a:9200,"),
        ("AISLE_URL", "http://a:9200,https://b:9200"),
        ("AISLE_URL", f"http://ann:{SECRET}@a:9200,http://bob:{SECRET}@b:9200"),
        ("AISLE_URL", f"http://ann:{SECRET}@a:9200,http://ann:other@b:9200"),
        ("AISLE_TIMEOUT_S", "soon"),
        ("AISLE_TIMEOUT_S", "0"),
        ("AISLE_HEADERS", f"[{SECRET}"),
    ],
)
def test_nonsense_names_the_variable_and_never_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError) as caught:
        ClusterSettings.load()
    assert variable in str(caught.value)
    assert SECRET not in str(caught.value)
