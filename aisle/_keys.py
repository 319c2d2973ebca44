"""Keys of the service: made, taken away, and narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aisle.errors import InputError
from aisle.search import Filters
from aisle.service import keys as store
from aisle.service.keys import StoredKey, new_key, read_keys, write_keys

__all__ = ["StoredKey", "add_key", "read_keys", "remove_key", "scoped_key"]


def add_key(
    file: Path,
    name: str,
    *,
    catalogues: Sequence[str] = (),
    admin: bool = False,
    per_minute: int | None = None,
) -> str:
    """Make a key and keep its hash in a file, which is made if it is not there.

    Args:
        file: of the keys.
        name: of the key.
        catalogues: that it may ask; empty for all.
        admin: whether it may read figures; of such a key no scoped ones are made.
        per_minute: requests that it may make; None leaves it to the service.

    Returns:
        The key, which is kept nowhere.

    Raises:
        InputError: a key of that name is there, or the name, a number or the file cannot be.
    """
    there = read_keys(file) if file.exists() else []
    if name in (each.name for each in there):
        raise InputError(f"there is a key {name!r}", fix=f"remove it first: aisle keys remove {name}")
    key, stored = new_key(name, catalogues=catalogues, admin=admin, per_minute=per_minute)
    write_keys(file, [*there, stored])
    return key


def remove_key(file: Path, name: str) -> None:
    """Take a key away, and with it all scoped keys that were made of it.

    Raises:
        InputError: there is no such key or file.
    """
    there = read_keys(file)
    left = [each for each in there if each.name != name]
    if len(left) == len(there):
        raise InputError(f"there is no key {name!r}", fix="aisle keys list names those that there are")
    write_keys(file, left)


def scoped_key(
    key: str,
    name: str,
    *,
    until: float,
    filters: Filters | None = None,
    catalogues: Sequence[str] = (),
) -> str:
    """A key that may do less than another one, until a moment: made offline, for whoever is to see less.

    Example:
        >>> until = time.time() + 3600
        >>> aisle.scoped_key(key, "site", until=until, filters=aisle.Filters(brand=("Acme",)))
        'scoped.eyJrZXkiOiJzaXRlIiwi...'

    Args:
        key: the other one, which is no admin's.
        name: of it.
        until: moment of its end, in seconds since 1970.
        filters: that every answer keeps to, whatever is asked.
        catalogues: that it may ask, of those that the other one may; empty for all of these.

    Raises:
        InputError: it would have ended already.
    """
    return store.scoped_key(key, name, until=until, filters=filters, catalogues=catalogues)
