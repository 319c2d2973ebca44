"""Synonyms: the lines of a file in Solr's format, checked before OpenSearch sees them. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aisle.errors import InputError
from aisle.mappings.languages import Language
from aisle.mappings.scripts import MARKS

# They are kept in the cluster's state, which every node holds in memory.
MAX_RULES: Final = 10_000
_SIGNS = rf"[\w{MARKS}]+"
_WORD = re.compile(rf"{_SIGNS}(?:['\u2019.]{_SIGNS})*")
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

    def check(self, language: Language) -> None:
        """Refuse a rule of which the language's stop words leave something else.

        Raises:
            InputError: names the rule.
        """
        for rule in self.rules:
            try:
                _without(rule, language.stop_words)
            except ValueError as error:
                raise InputError(
                    f"the synonyms {rule!r}: {error} in {language.name}", fix="write that rule in other words"
                ) from None

    def rules_in(self, language: Language) -> tuple[str, ...]:
        """The rules without the language's stop words; of a further language without those refused."""
        kept = []
        for rule in self.rules:
            with suppress(ValueError):
                kept.append(_without(rule, language.stop_words))
        return tuple(kept)


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
    if not _WORD.search(term):
        raise ValueError(f"{term.strip()!r} has no word")
    return " ".join(term.split())


def _without(rule: str, stop_words: Set[str]) -> str:
    """The rule as OpenSearch takes it, which refuses terms with words that are not searched.

    Raises:
        ValueError: what is wrong with it.
    """
    sides = rule.split(f" {_ARROW} ")
    return f" {_ARROW} ".join(
        ", ".join(_searched(term, stop_words) for term in side.split(", ")) for side in sides
    )


def _searched(term: str, stop_words: Set[str]) -> str:
    words = _WORD.findall(term)
    kept = [word for word in words if word.lower() not in stop_words]
    if len(kept) == len(words):
        return term
    # What is left of "a/c" would be "c", and every "c" an air conditioner.
    if len(kept) < 2:
        raise ValueError(
            f"{term!r} cannot be told from {' '.join(kept)!r}:"
            f" words such as {next(w for w in words if w.lower() in stop_words)!r} are not searched"
        )
    return " ".join(kept)
