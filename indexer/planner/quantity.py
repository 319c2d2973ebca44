"""``100M`` documents and ``64GiB`` of memory as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from records import InputError

_COUNTS: Final = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
# A plain letter is the binary unit, as in the JVM's own -Xmx31g.
_BYTES: Final = {
    "": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_NUMBER: Final = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-z]*)")
GIB: Final = 2**30


def parse_count(text: str) -> int:
    """Documents: ``826402``, ``10k``, ``1.5M``, ``2B``.

    Raises:
        InputError: no such number, or less than 1.
    """
    return _parsed(text, _COUNTS, "a number of documents", "write it like 826402, 10k, 100M or 2B")


def parse_bytes(text: str) -> int:
    """Bytes: ``64GiB``, ``64g`` (the same), ``2TB`` (decimal).

    Raises:
        InputError: no such size, or less than 1 byte.
    """
    return _parsed(text, _BYTES, "a size", "write it like 64GiB, 500GB or 2TiB")


def _parsed(text: str, units: Mapping[str, int], what: str, fix: str) -> int:
    match = _NUMBER.fullmatch(text.strip().lower())
    if match is None or match[2] not in units:
        raise InputError(f"{text[:40]!r} is not {what}", fix=fix)
    number = match[1].replace(",", "").replace("_", "")
    # Whole numbers stay exact beyond what a float can hold.
    value = int(float(number) * units[match[2]]) if "." in number else int(number) * units[match[2]]
    if value < 1:
        raise InputError(f"{text[:40]!r} is less than 1", fix=fix)
    return value
