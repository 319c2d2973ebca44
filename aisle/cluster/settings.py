"""Which cluster to talk to: the ``AISLE_*`` environment variables as one frozen record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from aisle._environment import optional
from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where OpenSearch answers.

    Attributes:
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


def stored_password(service: str, user: str) -> SecretStr:
    """The password that the keyring holds for the user.

    Args:
        service: under which it was stored.
        user: of OpenSearch.

    Raises:
        InputError: no user is named, or the keyring has no such password or cannot be opened.
        MissingExtra: the package ``keyring`` is not installed.
    """
    if not user:
        raise InputError("AISLE_KEYRING is set and AISLE_USER is not", fix="name the user in AISLE_USER")
    keyring = optional("keyring", extra="keyring")
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        # Its words may quote what a backend was given; its kind says enough.
        raise InputError(
            f"the keyring cannot be read ({type(error).__name__})",
            fix="unlock it, or set AISLE_PASSWORD instead of AISLE_KEYRING",
        ) from None
    if not found:
        raise InputError(
            f"the keyring has no password of {user!r} for {service!r}",
            fix=f"store it: keyring set {service} {user}",
        )
    return SecretStr(found)


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S], **given: Any) -> S:
    """Settings of the environment, but for those that are given.

    Raises:
        InputError: a value that means nothing; names the variable, never its value.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field, why = str(first["loc"][0] if first["loc"] else "url"), first["msg"]
    except SettingsError as error:
        # A value that is no JSON where the field asks for it.
        field, why = str(error).partition('"')[2].partition('"')[0], "this is no valid JSON"
    if field in given:
        raise InputError(f"{field.replace('_', ' ')}: {why}", fix="give another value")
    variable = f"{kind.model_config.get('env_prefix', '')}{field}".upper()
    raise InputError(f"{variable}: {why}", fix="correct that environment variable")


class ClusterSettings(BaseSettings):
    """How to reach OpenSearch. Every field may come from the environment (prefix ``AISLE_``).

    Attributes:
        url: ``http(s)://host:port``, or those of several nodes of one cluster with commas between them; a
            user and password in it move to the fields below. Empty: the node that ``aisle up`` started.
        user, password: basic authentication.
        keyring: service of the system's keyring that holds the user's password, where none is given.
        ca_file: PEM file of the authority that signed the server's certificate.
        verify: check the server's certificate.
        headers: further request headers, as JSON in the environment; an API key goes here. Kept secret.
        gzip: compress what is sent; None, the default: unless the host is this machine.
        timeout_s: seconds until a request is given up.
        node: which node of ``aisle up``, when several run.
    """

    model_config = SettingsConfigDict(env_prefix="AISLE_", frozen=True, hide_input_in_errors=True)

    url: str = ""
    user: str = ""
    password: SecretStr = SecretStr("")
    keyring: str = ""
    ca_file: Path | None = None
    verify: bool = True
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    gzip: bool | None = None
    timeout_s: float = Field(default=30.0, gt=0)
    node: str = ""

    @model_validator(mode="before")
    @classmethod
    def _split_url(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take the credentials out of the URL, so that no message or repr can show them."""
        written = str(values.get("url") or "")
        if not written:
            return values
        found = one_address([address(url) for url in written.split(",")])
        clean = {"url": ",".join(found.urls)}
        if found.user:
            clean["user"] = values.get("user") or found.user
        if found.password:
            clean["password"] = values.get("password") or found.password
        return {**values, **clean}

    @property
    def urls(self) -> tuple[str, ...]:
        """One for each node that was named, without credentials."""
        return tuple(self.url.split(",")) if self.url else ()

    @classmethod
    def load(cls) -> ClusterSettings:
        """The settings of this environment.

        Raises:
            InputError: a variable that means nothing; names it, never its value.
            MissingExtra: a keyring is named and the package ``keyring`` is not installed.
        """
        return read_settings(cls)._with_stored_password()

    def _with_stored_password(self) -> ClusterSettings:
        if not self.keyring or self.password.get_secret_value():
            return self
        return self.model_copy(update={"password": stored_password(self.keyring, self.user)})
