"""Reads a file of synonyms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mappings.synonyms import Synonyms, parse_synonyms
from records import InputError
from records.files import numbered_lines

# A rule is a line that a person wrote.
_MAX_LINE_BYTES = 10_000


def read_synonyms(path: Path | None) -> Synonyms:
    """The rules in a UTF-8 file, none without one.

    Raises:
        InputError: it cannot be read, or a line is no rule; see ``parse_synonyms``.
    """
    return Synonyms() if path is None else parse_synonyms(_texts(path), path.name)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in numbered_lines(path, _MAX_LINE_BYTES):
        if len(line) > _MAX_LINE_BYTES:
            raise InputError(f"{path.name}, line {number}: too long", fix="write one rule per line")
        try:
            yield number, line.decode()
        except UnicodeDecodeError:
            raise InputError(
                f"{path.name}, line {number}: not UTF-8", fix="convert it: iconv -t UTF-8"
            ) from None
