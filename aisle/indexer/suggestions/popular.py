"""Queries that shoppers asked, as the shop's analytics counts them: which of them may be suggested."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import numbered_lines
from aisle.errors import InputError
from aisle.mappings.suggestions import MAX_CHARS, folded
from aisle.markup import one_line

_MAX_LINE_BYTES: Final = 100_000
MAX_QUERIES: Final = 30_000
"""The most popular ones that are kept."""

USUAL_MIN_CLIENTS: Final = 5
"""What one visitor types again and again, or what only he knows, is no business of the others."""


@dataclass(frozen=True, slots=True)
class CountedQuery:
    """One row of the file: text, how often it was asked, by how many different visitors (None: unknown)."""

    text: str
    count: int
    clients: int | None = None


@dataclass(frozen=True, slots=True)
class PopularQueries:
    """Attributes:
    queries: the most popular one first, no two alike.
    dropped: reason to the number of queries that may not be suggested.
    """

    queries: tuple[CountedQuery, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class BlockList:
    """Words and phrases that no suggestion may hold.

    Attributes:
        phrases: folded.
    """

    phrases: frozenset[str] = frozenset()

    def holds(self, text: str) -> bool:
        """Whether the text has one of them, as whole words."""
        if not self.phrases:
            return False
        words = folded(text).split(" ")
        longest = max(phrase.count(" ") for phrase in self.phrases) + 1
        return any(
            " ".join(words[start:end]) in self.phrases
            for start in range(len(words))
            for end in range(start + 1, min(start + longest, len(words)) + 1)
        )


def read_block_list(path: Path) -> BlockList:
    """A word or phrase a line; ``#`` begins a comment.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or blocks nothing.
    """
    phrases = frozenset(folded(line.partition("#")[0]) for _, line in _lines(path)) - {""}
    if not phrases:
        raise InputError(f"{path.name} blocks nothing", fix="write a word or phrase a line, or leave it out")
    return BlockList(phrases)


def read_popular(
    path: Path, block: BlockList | None = None, min_clients: int = USUAL_MIN_CLIENTS
) -> PopularQueries:
    """The queries of a file that may be suggested.

    Args:
        path: CSV or TSV with the columns text, count and, if it is known, clients, with or without a line of
            their names; or JSON lines with these names.
        block: what may not be suggested.
        min_clients: how many different visitors must have asked, where the file says it.

    Raises:
        InputError: the file cannot be read or a row is none, with its line.
    """
    return popular(_rows(path), block or BlockList(), min_clients)


def popular(
    rows: Iterable[CountedQuery], block: BlockList, min_clients: int = USUAL_MIN_CLIENTS
) -> PopularQueries:
    """Which of the rows may be suggested; those that differ in case, accents or spacing are added up."""
    dropped: Counter[str] = Counter()
    forms: dict[str, CountedQuery] = {}
    most: dict[str, int] = {}
    for row in rows:
        query = replace(row, text=one_line(row.text).lower())
        key = folded(query.text)
        if reason := private(query.text) or _unfit(key):
            dropped[reason] += 1
            continue
        before = forms.get(key)
        if before is None:
            forms[key], most[key] = query, row.count
            continue
        # Visitors of two spellings may be the same ones: only so many are known to be different.
        known = [clients for clients in (before.clients, row.clients) if clients is not None]
        text = query.text if row.count > most[key] else before.text
        most[key] = max(most[key], row.count)
        forms[key] = CountedQuery(text, before.count + row.count, max(known, default=None))
    kept = []
    for query in forms.values():
        if query.clients is not None and query.clients < min_clients:
            dropped["asked by too few visitors"] += 1
        elif block.holds(query.text):
            dropped["on the block list"] += 1
        else:
            kept.append(query)
    kept.sort(key=lambda query: (-query.count, query.text))
    if over := len(kept) - MAX_QUERIES:
        dropped.update({"beyond the most popular": over} if over > 0 else {})
    return PopularQueries(tuple(kept[:MAX_QUERIES]), dropped)


def _unfit(key: str) -> str:
    if not key:
        return "no words"
    return "too long" if len(key) > MAX_CHARS else ""


_ADDRESS: Final = re.compile(r"\S@\S|\b(?:https?|ftp)://|\bwww\.\S")
_ORDER: Final = re.compile(
    r"(?:\b(?:order|invoice|tracking|receipt|rma|account|bestellung|rechnung|auftrag|commande|facture|pedido"
    r"|factura|ordine|fattura)\b\W*(?:\w{1,3}\W+)?|#\s*)\w*\d{4,}"
)
_ACCOUNT: Final = re.compile(r"\b[a-z]{2}\d{2}(?:\s?[a-z0-9]{4}){3,7}(?:\s?[a-z0-9]{1,4})?\b")
# Digits with no more than signs between them: a telephone, a card, an order.
_LONG_NUMBER: Final = re.compile(r"\d(?:[\s().\-/]{0,3}\d){6,}")


def private(text: str) -> str:
    """Why a query may be about a person and is not to be shown to others; empty if it is not.

    What looks like an address, an account, or a long number, such as a telephone's, a card's or an order's.

    Args:
        text: in lower case.
    """
    if _ADDRESS.search(text):
        return "looks like an address"
    if _ORDER.search(text):
        return "looks like an order number"
    if _ACCOUNT.search(text):
        return "looks like an account"
    return "looks like a telephone, card or order number" if _LONG_NUMBER.search(text) else ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in numbered_lines(path, _MAX_LINE_BYTES):
        try:
            yield number, line.decode()
        except UnicodeDecodeError:
            raise InputError(
                f"{path.name}, line {number}: not UTF-8", fix="convert it: iconv -t UTF-8"
            ) from None


def _rows(path: Path) -> Iterator[CountedQuery]:
    cells = None
    for number, line in _lines(path):
        try:
            if line.startswith("{"):
                yield _of_json(orjson.loads(line))
                continue
            if cells is None:
                cells = _Cells("\t" if "\t" in line else ";" if "," not in line else ",")
                if cells.is_header(line):
                    continue
            yield cells.read(line)
        except (ValueError, KeyError, TypeError, csv.Error):
            raise InputError(
                f"{path.name}, line {number}: no query with its count",
                fix='write lines such as `cordless drill,120` or `{"text": "cordless drill", "count": 120}`',
            ) from None


_TEXT_NAMES: Final = ("text", "query", "user_query", "search term", "search_term", "term", "keyword")
_COUNT_NAMES: Final = ("count", "searches", "number", "hits", "total")
_CLIENT_NAMES: Final = ("clients", "visitors", "users", "unique_users", "sessions")


class _Cells:
    """Reads the lines of a table; the first one may name its columns."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._text, self._count, self._clients = 0, 1, 2

    def is_header(self, line: str) -> bool:
        """Whether the line names the columns; their order is kept."""
        names = [name.strip().lower() for name in self._split(line)]
        text, count, clients = (
            next((place for place, name in enumerate(names) if name in known), -1)
            for known in (_TEXT_NAMES, _COUNT_NAMES, _CLIENT_NAMES)
        )
        if text < 0 or count < 0:
            return False
        self._text, self._count = text, count
        self._clients = clients if clients >= 0 else len(names)
        return True

    def read(self, line: str) -> CountedQuery:
        """A row.

        Raises:
            ValueError: it is none.
        """
        cells = self._split(line)
        if len(cells) <= max(self._text, self._count):
            raise ValueError(line)
        clients = cells[self._clients].strip() if len(cells) > self._clients else ""
        return _counted(cells[self._text], int(cells[self._count]), int(clients) if clients else None)

    def _split(self, line: str) -> Sequence[str]:
        return next(csv.reader([line], delimiter=self._delimiter))


def _of_json(row: dict[str, Any]) -> CountedQuery:
    return _counted(row["text"], row["count"], row.get("clients"))


def _counted(text: Any, count: Any, clients: Any) -> CountedQuery:
    numbers = [count] if clients is None else [count, clients]
    if not isinstance(text, str) or not all(type(number) is int and number >= 0 for number in numbers):
        raise TypeError(text)
    return CountedQuery(text, count, clients)
