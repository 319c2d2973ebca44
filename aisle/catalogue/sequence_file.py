"""Sequences as research publishes them: a line for each user, the items oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aisle._files import MAX_LINE_BYTES, numbered_lines
from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class UserSequence:
    """One user's items, oldest first."""

    user: str
    items: tuple[str, ...]


def read_user_sequences(path: str | Path) -> Iterator[UserSequence]:
    """Yield one user a line, ids between white space; plain or gzip.

    Raises:
        InputError: no such file, empty, not UTF-8, a line too long, or a user that occurs twice.
    """
    path = Path(path)
    users: set[str] = set()
    for number, line in numbered_lines(path):
        where = f"{path.name} line {number}"
        if len(line) > MAX_LINE_BYTES:
            raise InputError(f"{where} is over {MAX_LINE_BYTES:,} bytes", fix="write one user a line")
        try:
            user, *items = line.decode().split()
        except UnicodeDecodeError:
            raise InputError(f"{where} is not UTF-8", fix="convert it: iconv -t UTF-8") from None
        if user in users:
            # Two halves of one history would each give away two held-out items, or hide which are the last.
            raise InputError(
                f"{where}: user '{user}' occurs twice", fix="write all items of a user on one line"
            )
        users.add(user)
        yield UserSequence(user, tuple(items))
    if not users:
        raise InputError(f"{path} holds no users", fix="write 'user item item ...', oldest item first")
