"""In which languages a catalogue is written: as its items say, else as their texts look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from aisle.errors import InputError
from aisle.mappings.compounds import CompoundDictionary, compound_dictionary
from aisle.mappings.languages import ENGLISH, LANGUAGES, language_of
from aisle.types import Item

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

AUTO: Final = "auto"
SAMPLE_ITEMS: Final = 1_000
# Of a catalogue whose words are written together, so many make the dictionary.
DICTIONARY_ITEMS: Final = 20_000
# Each further language costs an index of all texts.
MOST_LANGUAGES: Final = 8
_LEAST_SAID: Final = 0.01
_LEAST_GUESSED: Final = 0.1
_LEAST_ITEMS: Final = 2
# A guess about all texts together must be likelier than this, one about an item much likelier.
_SURE: Final = 0.6
_SURE_OF_ITEM: Final = 0.9
# The first letters tell; a long description tells no more.
_LETTERS: Final = 200
_DESCRIPTION: Final = 1_000
_GUESSED: Final = "guessed"
_WORD: Final = re.compile(r"[^\W\d_]+")
# No other language has these, but for names.
_ENGLISH_ALONE: Final = frozenset(("the", "and", "with", "for", "of"))
_ENGLISH_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class CatalogueLanguages:
    """In which languages a catalogue is indexed.

    Attributes:
        codes: keys of ``LANGUAGES``, the main one first.
        how: how that is known, for people: "guessed from 1,000 items".
        dictionaries: language to the dictionary that its compounds are taken apart by.
    """

    codes: tuple[str, ...]
    how: str
    dictionaries: Mapping[str, CompoundDictionary] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{', '.join(LANGUAGES[code].name for code in self.codes)} ({self.how})"

    @property
    def guessed(self) -> bool:
        """Whether somebody should look whether it is right; English alone goes without saying."""
        return self.how.startswith(_GUESSED) and self.codes != (ENGLISH.code,)

    @property
    def lacks(self) -> str:
        """What is done without, for people; empty if nothing."""
        missed = [f"{one.name}: no {one.lacks}" for code in self.codes if (one := LANGUAGES[code]).lacks]
        return "; ".join(missed)


def language_codes() -> tuple[str, ...]:
    """Those that a catalogue can be indexed in."""
    return tuple(LANGUAGES)


def parse_languages(asked: str) -> tuple[str, ...]:
    """The codes of ``--language``, none for ``auto``.

    Args:
        asked: "auto", or codes with commas, the main one first.

    Raises:
        InputError: a language that is not known, or too many.
    """
    if asked.strip().lower() == AUTO:
        return ()
    codes = []
    for tag in asked.split(","):
        code = language_of(tag.strip())
        if code is None:
            raise InputError(
                f"there are no rules for the language {tag.strip()!r}",
                fix=f"use {AUTO}, or one or more of {','.join(LANGUAGES)}",
            )
        codes.append(code)
    if len(set(codes)) > MOST_LANGUAGES:
        raise InputError(
            f"a catalogue has at most {MOST_LANGUAGES} languages",
            fix="name the usual ones, or make a catalogue of each",
        )
    return tuple(dict.fromkeys(codes))


def with_languages(
    items: Iterable[Item], asked: tuple[str, ...]
) -> tuple[CatalogueLanguages, Iterator[Item]]:
    """The languages that a catalogue is indexed in, and its items, of which the first are read now.

    Args:
        items: as they are read.
        asked: codes, see `parse_languages`; none to find them out.
    """
    rest = iter(items)
    first = list(islice(rest, SAMPLE_ITEMS))
    found = CatalogueLanguages(asked, "as given") if asked else languages_of(first)
    written_together = [code for code in found.codes if LANGUAGES[code].compounds]
    if written_together:
        first += islice(rest, DICTIONARY_ITEMS - len(first))
        counts, in_small = _word_counts(first)
        dictionaries = {
            code: compound_dictionary(counts, code, LANGUAGES[code].stop_words, in_small)
            for code in written_together
        }
        found = replace(found, dictionaries=dictionaries)
    return found, chain(first, rest)


def _word_counts(items: Sequence[Item]) -> tuple[Counter[str], frozenset[str]]:
    """The words of items in lower case, and those that are so written somewhere."""
    written: Counter[str] = Counter()
    for item in items:
        names = " ".join(name for path in item.categories for name in path)
        written.update(_WORD.findall(f"{item.title} {names} {item.text[:_DESCRIPTION]}"))
    counts: Counter[str] = Counter()
    for word, count in written.items():
        counts[word.lower()] += count
    return counts, frozenset(word for word in written if word[0].islower())


def languages_of(items: Sequence[Item]) -> CatalogueLanguages:
    """The languages of a catalogue, from a sample of its items.

    Where most items say theirs, these are taken. Else the texts of all of them together are classified
    (py3langid: naive Bayes over letters; Lui and Baldwin, ACL 2012), and then each of them, to find further
    languages. Where that is not sure, as for codes and for a handful of short titles, it is English.

    Args:
        items: in the order of the catalogue.
    """
    said = Counter(code for item in items if (code := language_of(item.language)))
    if said.total() > len(items) / 2:
        least = max(1, _LEAST_SAID * said.total())
        codes = [code for code, count in said.most_common(MOST_LANGUAGES) if count >= least]
        return CatalogueLanguages(tuple(codes), "as its items say")
    texts = [f"{item.title} {item.text}"[:_LETTERS] for item in items]
    counted = f"{len(texts):,} item{'' if len(texts) == 1 else 's'}"
    guessed = tuple(_guessed(texts))
    if guessed:
        return CatalogueLanguages(guessed, f"{_GUESSED} from {counted}")
    return CatalogueLanguages((ENGLISH.code,), f"assumed: {counted} do not tell")


def _guessed(texts: Sequence[str]) -> Iterator[str]:
    together = " ".join(texts)
    if _is_plainly_english(together):
        yield ENGLISH.code
        return
    if not _WORD.search(together):
        return
    identifier = _identifier()
    main, sure = identifier.rank(together)[0]
    if sure < _SURE:
        return
    yield main
    by_item = Counter(code for code, sure in map(_first, texts) if sure > _SURE_OF_ITEM)
    least = max(_LEAST_ITEMS, _LEAST_GUESSED * by_item.total())
    for code, count in by_item.most_common(MOST_LANGUAGES - 1):
        if code != main and count >= least:
            yield code


def _first(text: str) -> tuple[str, float]:
    code, sure = _identifier().rank(text)[0]
    return code, float(sure)


def _is_plainly_english(text: str) -> bool:
    """Whether it can be told without a model of 100 MB, as of most catalogues that are English."""
    words = [word.lower() for word in _WORD.findall(text)]
    if not words or not text.isascii():
        return False
    return sum(word in _ENGLISH_ALONE for word in words) > _ENGLISH_SHARE * len(words)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """Its model takes a second to load."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if code in LANGUAGES])
    return identifier
