"""Keys of the service: a file of their hashes, and scoped keys that narrow one and cannot widen it.

A scoped key is made offline, by whoever holds a key: what it allows, signed with a secret that is derived
from the key (HMAC-SHA256, as Algolia's secured keys are). The file holds the hash of each key and that
secret, so whoever reads it can make scoped keys and nothing more: keep it readable to the service alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aisle._files import whole_file
from aisle.errors import AisleError, InputError, KeyRefused
from aisle.search import Filters

_SCOPED: Final = "scoped"
_SIGNING: Final = b"aisle scoped keys"
_MAX_CHARS: Final = 8_192


class StoredKey(BaseModel):
    """A key as the file has it.

    Attributes:
        name: of the key.
        digest: SHA-256 of the key, 64 hex digits.
        signing: what its scoped keys are signed with, 64 hex digits.
        catalogues: that it may ask; empty for all.
        admin: may read figures, and makes no scoped keys.
        per_minute: requests that it may make; None: as many as the service lets everybody make.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    signing: str = Field(pattern="^[0-9a-f]{64}$")
    catalogues: tuple[str, ...] = ()
    admin: bool = False
    per_minute: int | None = Field(default=None, ge=1)


class _Scope(BaseModel):
    """What a scoped key says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    until: int
    filters: Filters | None = None
    catalogues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """What whoever asks may have.

    Attributes:
        name: of the key; empty where none is asked for.
        catalogues: that may be asked; None for all.
        filters: that every answer keeps to; None for none.
        admin: may read figures.
        per_minute: requests; None: as many as the service lets everybody make.
    """

    name: str = ""
    catalogues: frozenset[str] | None = None
    filters: Filters | None = None
    admin: bool = False
    per_minute: int | None = None

    def allows(self, catalogue: str) -> bool:
        """Whether a catalogue may be asked."""
        return self.catalogues is None or catalogue in self.catalogues

    def check_admin(self) -> None:
        """Figures are for an admin.

        Raises:
            KeyRefused: it is another's key.
        """
        if not self.admin:
            raise KeyRefused(
                "figures are for an admin's key", fix="send one of `aisle keys add NAME --admin`"
            )


EVERYTHING: Final = Access(admin=True)
"""Where no keys are asked for."""


def _derived(key: str) -> tuple[str, str]:
    """Its digest, and what its scoped keys are signed with."""
    raw = key.encode()
    return hashlib.sha256(raw).hexdigest(), hmac.new(raw, _SIGNING, hashlib.sha256).hexdigest()


def _signature(signing: str, payload: bytes) -> bytes:
    return hmac.new(bytes.fromhex(signing), payload, hashlib.sha256).digest()


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(
    name: str, *, catalogues: Sequence[str] = (), admin: bool = False, per_minute: int | None = None
) -> tuple[str, StoredKey]:
    """A new key, which is shown once, and what is kept of it.

    Raises:
        InputError: a name or a number that cannot be.
    """
    key = secrets.token_urlsafe(32)
    digest, signing = _derived(key)
    try:
        stored = StoredKey(
            name=name,
            digest=digest,
            signing=signing,
            catalogues=tuple(catalogues),
            admin=admin,
            per_minute=per_minute,
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InputError(
            f"the key's {first['loc'][0]}: {first['msg']}",
            fix="name it with letters, digits, dots and hyphens; give 1 request per minute or more",
        ) from None
    return key, stored


def scoped_key(
    key: str,
    name: str,
    *,
    until: float,
    filters: Filters | None = None,
    catalogues: Sequence[str] = (),
) -> str:
    """A key that may do less than another one, until a moment. Made offline; nothing is stored.

    Args:
        key: the other one, which is no admin's.
        name: of it.
        until: moment of its end, in seconds since 1970.
        filters: that every answer keeps to.
        catalogues: that it may ask, of those that the other one may; empty for all of these.

    Raises:
        InputError: it would have ended already.
    """
    if until <= time.time():
        raise InputError("a scoped key needs an end in the future", fix="give a later one")
    scope = _Scope(key=name, until=int(until), filters=filters, catalogues=tuple(catalogues))
    payload = scope.model_dump_json(exclude_none=True, fallback=dict, warnings=False).encode()
    return f"{_SCOPED}.{_encoded(payload)}.{_encoded(_signature(_derived(key)[1], payload))}"


class Keys:
    """Tells what a key allows.

    Args:
        stored: those that there are.
    """

    def __init__(self, stored: Sequence[StoredKey]) -> None:
        self._by_digest = {each.digest: each for each in stored}
        self._by_name = {each.name: each for each in stored}

    def access(self, key: str) -> Access:
        """What a key allows.

        Raises:
            KeyRefused: there is no such key, or it has ended.
        """
        if len(key) > _MAX_CHARS:
            raise _refused()
        kind, dot, rest = key.partition(".")
        if dot and kind == _SCOPED:
            return self._scoped(rest)
        stored = self._by_digest.get(_derived(key)[0])
        if stored is None:
            raise _refused()
        return Access(
            stored.name,
            frozenset(stored.catalogues) if stored.catalogues else None,
            admin=stored.admin,
            per_minute=stored.per_minute,
        )

    def _scoped(self, text: str) -> Access:
        written, _, signed = text.partition(".")
        try:
            payload, signature = _decoded(written), _decoded(signed)
            named = json.loads(payload)["key"]
            parent = self._by_name[named]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _refused() from None
        # Before anything else that it says is looked at.
        if parent.admin or not hmac.compare_digest(signature, _signature(parent.signing, payload)):
            raise _refused()
        try:
            scope = _Scope.model_validate_json(payload)
        except (ValidationError, AisleError):
            raise _refused() from None
        if scope.until <= time.time():
            raise KeyRefused("this key has ended", fix="make a new one: aisle keys scope")
        allowed = [frozenset(each) for each in (parent.catalogues, scope.catalogues) if each]
        return Access(
            parent.name,
            frozenset.intersection(*allowed) if allowed else None,
            scope.filters,
            per_minute=parent.per_minute,
        )


def _refused() -> KeyRefused:
    return KeyRefused(
        "this service asks for a key, and this is none of its", fix="send it as Authorization: Bearer KEY"
    )


_MOST_BYTES: Final = 16 << 20
_FILE: Final = TypeAdapter(list[StoredKey])


def read_keys(file: Path) -> list[StoredKey]:
    """The keys of a file.

    Raises:
        InputError: it cannot be read, or is no file of keys.
    """
    try:
        with file.open("rb") as opened:
            # What never ends is no file of keys either: cut off, it is no JSON.
            return _FILE.validate_json(opened.read(_MOST_BYTES))
    except OSError as error:
        raise InputError(
            f"the keys of {file} cannot be read: {error.strerror}", fix="make it: aisle keys add NAME"
        ) from error
    except ValidationError as error:
        raise InputError(
            f"{file} is no file of keys ({error.error_count()} faults)",
            fix="make it anew: aisle keys add NAME",
        ) from None


def write_keys(file: Path, keys: Sequence[StoredKey]) -> None:
    """Write a file of keys that its owner alone can read."""
    found: Sequence[Mapping[str, Any]] = [each.model_dump() for each in keys]
    with whole_file(file) as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(json.dumps(found, indent=2).encode() + b"\n")
