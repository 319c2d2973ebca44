"""Languages of catalogues: what an analyzer must know of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """A token filter of an index.

    Attributes:
        name: in the index's settings; a built-in filter of OpenSearch's without ``settings``.
        settings: its definition, None for a built-in one.
    """

    name: str
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """How texts in one language become words.

    Attributes:
        code: ISO 639-1.
        name: in English.
        stop_words: in lower case, which are neither indexed nor searched.
        tokenizer: of OpenSearch.
        normalisation: filters that make spellings of one word equal, so that only its forms differ.
        stemming: filters that make the forms of a word equal.
    """

    code: str
    name: str
    stop_words: frozenset[str]
    normalisation: tuple[TokenFilter, ...]
    stemming: tuple[TokenFilter, ...] = ()
    tokenizer: str = "standard"

    @property
    def stop(self) -> TokenFilter:
        """The filter that takes its stop words out."""
        return TokenFilter(f"aisle_stop_{self.code}", {"type": "stop", "stopwords": sorted(self.stop_words)})


_LOWERCASE: Final = TokenFilter("lowercase")
_FOLDING: Final = TokenFilter("asciifolding")


def _stemmer(algorithm: str) -> TokenFilter:
    return TokenFilter(f"aisle_stemmer_{algorithm}", {"type": "stemmer", "language": algorithm})


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ENGLISH: Final = Language(
    code="en",
    name="English",
    # Lucene's `EnglishAnalyzer`.
    stop_words=_words(
        "a an and are as at be but by for if in into is it no not of on or such that the their then there"
        " these they this to was will with"
    ),
    normalisation=(_stemmer("possessive_english"), _LOWERCASE, _FOLDING),
    stemming=(_stemmer("english"),),
)

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType({ENGLISH.code: ENGLISH})
"""By code."""
