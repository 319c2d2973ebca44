"""Which cluster to talk to: the ``AISLE_*`` environment variables as one frozen record."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from records import InputError


class ClusterSettings(BaseSettings):
    """How to reach OpenSearch. Every field may come from the environment (prefix ``AISLE_``).

    Attributes:
        url: ``http(s)://host:port``; a user and password in it move to the fields below. Empty: the node
            that ``aisle up`` started.
        user, password: basic authentication.
        ca_file: PEM file of the authority that signed the server's certificate.
        verify: check the server's certificate.
        headers: further request headers, as JSON in the environment; an API key goes here. Kept secret.
        timeout_s: seconds until a request is given up.
        node: which node of ``aisle up``, when several run.
    """

    model_config = SettingsConfigDict(env_prefix="AISLE_", frozen=True, hide_input_in_errors=True)

    url: str = ""
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    verify: bool = True
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout_s: float = Field(default=30.0, gt=0)
    node: str = ""

    @model_validator(mode="before")
    @classmethod
    def _split_url(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take the credentials out of the URL, so that no message or repr can show them."""
        url = str(values.get("url") or "")
        if not url:
            return values
        parts = urlsplit(url)
        # Reading the port is what checks that it is a number.
        if parts.port == 0 or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must look like http://host:9200 or https://host:9200")
        clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        found = {"url": clean}
        if parts.username:
            found["user"] = values.get("user") or unquote(parts.username)
        if parts.password:
            found["password"] = values.get("password") or unquote(parts.password)
        return {**values, **found}

    @classmethod
    def load(cls) -> ClusterSettings:
        """The settings of this environment.

        Raises:
            InputError: a variable that means nothing; names it, never its value.
        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field, why = str(first["loc"][0] if first["loc"] else "url"), first["msg"]
        except SettingsError as error:
            # A value that is no JSON where the field asks for it.
            field, why = str(error).partition('"')[2].partition('"')[0], "this is no valid JSON"
        raise InputError(f"AISLE_{field.upper()}: {why}", fix="correct that environment variable")
