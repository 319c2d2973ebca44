"""The one seam to where releases are recorded: objects by key, in a folder or an S3-compatible store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aisle._environment import optional
from aisle.errors import InputError, RegistryError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

EXTRA: Final = "registry"
SCHEMES: Final = ("s3", "gs", "az")
# A store that does not answer is told of within half a minute.
_RETRIES: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, without what it holds.

    Attributes:
        key: its name.
        size: bytes.
        modified: when it was written, by the store's own clock.
    """

    key: str
    size: int
    modified: datetime


class Objects:
    """Objects of one store. Each is written whole or not at all, and its name shows nothing else.

    Args:
        store: of the library that speaks to it.
        location: path or URL, for messages.
    """

    def __init__(self, store: ObjectStore, location: str) -> None:
        self._store = store
        self.location = location
        self._library = optional("obstore", extra=EXTRA)

    @classmethod
    def open(cls, location: str, *, make: bool = False) -> Objects:
        """The store at a path or URL. Nothing is asked of it yet.

        Args:
            location: a folder, or ``s3://bucket/path``, ``gs://bucket/path``, ``az://account/container/path``;
                credentials come from the variables of that store, such as ``AWS_ACCESS_KEY_ID``.
            make: make the folder, if it is one and is not there.

        Raises:
            MissingExtra: the extra ``registry`` is not installed.
            InputError: another kind of URL, or an empty one.
            RegistryError: there is no such folder.
        """
        stores = optional("obstore.store", extra=EXTRA)
        scheme, separator, _ = location.partition("://")
        if separator and scheme in SCHEMES:
            with _told(location):
                return cls(stores.from_url(location, retry_config=_RETRIES), location)
        if not location or (separator and scheme != "file"):
            raise InputError(
                f"{location!r} is no registry",
                fix="name a folder, or a URL that begins with s3://, gs:// or az://",
            )
        folder = Path(location.removeprefix("file://")).expanduser()
        if not make and not folder.is_dir():
            raise RegistryError(
                f"there is no registry at {folder}", fix="check the path, or push a release to it first"
            )
        with _told(location):
            return cls(stores.LocalStore(folder.resolve(), mkdir=make, automatic_cleanup=True), str(folder))

    def list(self, prefix: str = "") -> tuple[StoredObject, ...]:
        """All below a prefix, which ends where a name between slashes ends; by key.

        Raises:
            RegistryError: the store does not answer, or refuses.
        """
        with _told(self.location):
            found = [one for part in self._library.list(self._store, prefix or None) for one in part]
        rows = (StoredObject(one["path"], one["size"], one["last_modified"]) for one in found)
        return tuple(sorted(rows, key=lambda one: one.key))

    def read(self, key: str) -> bytes | None:
        """What an object holds; None if there is none.

        Raises:
            RegistryError: the store does not answer, or refuses.
        """
        try:
            with _told(self.location):
                return bytes(self._library.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def fetch(self, key: str, path: Path) -> str | None:
        """Write an object to a file.

        Returns:
            Its sha256, hex; None if there is no such object.

        Raises:
            RegistryError: the store does not answer, or refuses, or this machine's disk is full.
        """
        digest = hashlib.sha256()
        try:
            with _told(self.location), path.open("wb") as file:
                for block in self._library.get(self._store, key).stream(min_chunk_size=_BLOCK):
                    digest.update(block)
                    file.write(block)
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return None
        return digest.hexdigest()

    def write(self, key: str, content: bytes | Path) -> None:
        """Write an object, whole or not at all, whatever was there before.

        Args:
            key: its name.
            content: what it holds, or the file that does.

        Raises:
            RegistryError: the store is full, read-only, or does not answer.
        """
        with _told(self.location):
            self._library.put(self._store, key, content)

    def create(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; whether it was written.

        Raises:
            RegistryError: the store is full, read-only, or does not answer.
        """
        try:
            with _told(self.location):
                self._library.put(self._store, key, content, mode="create", use_multipart=False)
        except FileExistsError:
            return False
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already are no error.

        Raises:
            RegistryError: the store is read-only, or does not answer.
        """
        for key in keys:
            try:
                with _told(self.location):
                    self._library.delete(self._store, key)
            except FileNotFoundError:
                continue


@contextmanager
def _told(location: str) -> Iterator[None]:
    """Errors of the library and of the disk become Aisle's.

    Raises:
        FileNotFoundError: there is no such object.
        FileExistsError: there is one already.
    """
    exceptions = optional("obstore.exceptions", extra=EXTRA)
    try:
        yield
    except exceptions.AlreadyExistsError:
        raise FileExistsError from None
    except FileNotFoundError as error:
        # So is a bucket that is missing, whose objects would otherwise just not be there.
        if "NoSuchBucket" in str(error):
            raise RegistryError(
                f"there is no bucket at {location}", fix="make it, or check the URL"
            ) from None
        raise FileNotFoundError from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        said = _first_line(error)
        raise RegistryError(f"the registry {location}: {said}", fix=_fix(str(error))) from error


def _first_line(error: Exception) -> str:
    """Without the library's own view of the error; addresses and keys are in headers, so none is shown."""
    return (str(error).strip().splitlines() or [repr(error)])[0][:300]


# A status alone would also be found in a path, a port or a number of milliseconds.
_FIXES: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (
        (
            *("No space", "os error 28", "File too large", "os error 27"),
            *("InsufficientStorage", "status code: 507", "Quota"),
        ),
        "make room there (aisle artifacts gc), then try again: nothing was half-written",
    ),
    (
        (
            *("Read-only", "os error 30", "Permission", "os error 13"),
            *("AccessDenied", "status code: 403", "status code: 401", "lacked the necessary privileges"),
        ),
        "use credentials or a folder that may be written; reading alone needs no such right",
    ),
    (
        ("allow_http", "URL scheme is not allowed", "BadScheme"),
        "for a store without TLS set AWS_ALLOW_HTTP=true",
    ),
)


def _fix(said: str) -> str:
    return next(
        (fix for words, fix in _FIXES if any(word in said for word in words)),
        "check the address, the network and the store's own variables, then try again",
    )


def check_key(part: str) -> str:
    """A name that is one part of a key.

    Raises:
        RegistryError: it could lead elsewhere.
    """
    if not part or part in (".", "..") or any(sign in part for sign in "/\\") or not part.isprintable():
        raise RegistryError(f"{part[:80]!r} is no name in a registry", fix="record the release again")
    return part
