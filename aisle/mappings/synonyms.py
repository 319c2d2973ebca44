"""Synonyms: the lines of a file in Solr's format, checked before OpenSearch sees them. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aisle.errors import InputError
from aisle.mappings.languages import ENGLISH

# They are kept in the cluster's state, which every node holds in memory.
MAX_RULES: Final = 10_000
_WORD = re.compile(r"\w+(?:['\u2019.]\w+)*")
_ARROW = "=>"


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Attributes:
    rules: lines such as ``sofa, couch`` (either means both) and ``tv => television`` (the left means the
        right). A term may have several words.
    """

    rules: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """sha256 of the rules, 64 hex digits; empty without rules."""
        return hashlib.sha256("\n".join(self.rules).encode()).hexdigest() if self.rules else ""


def parse_synonyms(lines: Iterable[tuple[int, str]], source: str) -> Synonyms:
    """Rules from the lines of a file; ``#`` begins a comment.

    Args:
        lines: (1-based number, text); blank lines are left out.
        source: name of the file, for errors.

    Raises:
        InputError: a line that is no rule, with its number; too many of them, or none.
    """
    rules = []
    for number, line in lines:
        content = line.partition("#")[0].strip()
        if content:
            try:
                rules.append(_rule(content))
            except ValueError as error:
                raise InputError(
                    f"{source}, line {number}: {error}",
                    fix="write a line like `sofa, couch` or `tv => television`",
                ) from None
    if not rules:
        raise InputError(
            f"{source} holds no synonyms", fix="write a line like `sofa, couch`, or leave it out"
        )
    if len(rules) > MAX_RULES:
        raise InputError(
            f"{source} has {len(rules):,} rules, over {MAX_RULES:,}", fix="keep those that shoppers type"
        )
    return Synonyms(tuple(rules))


def words_of(rules: Sequence[str]) -> frozenset[str]:
    """Every word of the rules, in lower case: words that a query may hold though no item does."""
    return frozenset(word.lower() for rule in rules for word in _WORD.findall(rule))


def _rule(line: str) -> str:
    """The line as OpenSearch takes it.

    Raises:
        ValueError: what is wrong with it.
    """
    if "\\" in line:
        raise ValueError("a backslash means nothing here")
    left, arrow, right = line.partition(_ARROW)
    if arrow:
        if _ARROW in right:
            raise ValueError(f"more than one {_ARROW}")
        return f"{_terms(left)} {_ARROW} {_terms(right)}"
    if left.count(",") == 0:
        raise ValueError(f"{line!r} is one term, which is a synonym of nothing")
    return _terms(left)


def _terms(listed: str) -> str:
    return ", ".join(_term(term) for term in listed.split(","))


def _term(term: str) -> str:
    words = _WORD.findall(term)
    if not words:
        raise ValueError(f"{term.strip()!r} has no word")
    kept = [word for word in words if word.lower() not in ENGLISH.stop_words]
    if len(kept) == len(words):
        return " ".join(term.split())
    # What is left of "a/c" would be "c", and every "c" an air conditioner.
    if len(kept) < 2:
        raise ValueError(
            f"{term.strip()!r} cannot be told from {' '.join(kept)!r}:"
            f" words such as {next(w for w in words if w.lower() in ENGLISH.stop_words)!r} are not searched"
        )
    return " ".join(kept)
