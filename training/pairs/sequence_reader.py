"""Files of user sequences: a user id, then item ids, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from records import InputError
from records.files import MAX_LINE_BYTES, numbered_lines
from training.pairs.sequences import UserSequence


def read_sequences(path: str | Path) -> Iterator[UserSequence]:
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
