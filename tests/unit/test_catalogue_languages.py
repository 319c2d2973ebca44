"""The languages of a catalogue: said, guessed or assumed; and the words that its compounds are made of."""

from __future__ import annotations

from collections import Counter
from itertools import islice, product

import pytest

from aisle.catalogue.languages import MOST_LANGUAGES, languages_of, parse_languages, with_languages
from aisle.errors import InputError
from aisle.mappings.compounds import MAX_WORDS, compound_dictionary
from aisle.mappings.languages import LANGUAGES, language_of
from aisle.types import Item


def items(*titles: str, language: str = "", times: int = 1) -> list[Item]:
    return [
        Item(f"{n}-{m}", title, language=language) for n, title in enumerate(titles) for m in range(times)
    ]


@pytest.mark.parametrize(
    ("titles", "code"),
    [
        (["Gartentisch Holz", "Esstisch Eiche massiv", "Bürostuhl schwarz"], "de"),
        (["Robotstofzuiger Roborock S7", "Stofzuiger Miele", "Eettafel eiken", "Koffiezetapparaat"], "nl"),
        (["Chaise de jardin", "Table basse en bois", "Lampe d'extérieur"], "fr"),
        (["लाल लकड़ी मेज"], "hi"),
        (["โต๊ะไม้สีแดง"], "th"),
        (["赤いテーブル", "木製椅子"], "ja"),
        (["طاولة خشبية حمراء"], "ar"),
        (["Garden chair with arms", "Table for the kitchen"], "en"),
    ],
)
def test_texts_tell_the_language(titles: list[str], code: str) -> None:
    found = languages_of(items(*titles))
    assert (found.codes, found.how) == ((code,), f"guessed from {len(titles)} item{'s' * (len(titles) > 1)}")
    assert found.guessed is (code != "en")


@pytest.mark.parametrize("titles", [["RS-25-48", "RS-25-49"], ["!!"], ["Nike Air Max 90"], []])
def test_texts_that_do_not_tell_are_taken_for_english(titles: list[str]) -> None:
    found = languages_of(items(*titles))
    assert found.codes == ("en",) and found.how.startswith("assumed") and not found.guessed


def test_what_the_items_say_counts_more_than_what_they_look_like() -> None:
    said = [*items("Garden chair", language="de_DE", times=60), *items("Chaise", language="fr", times=30)]
    found = languages_of([*said, *items("x", times=20), *items("y", language="xx")])
    assert (found.codes, found.how) == (("de", "fr"), "as its items say")
    # One of thousands is an error.
    assert languages_of(items("a", language="de", times=300) + items("b", language="fr")).codes == ("de",)


def test_a_catalogue_of_two_languages_has_both() -> None:
    german = ["Gartentisch aus massivem Holz für draußen", "Schwarzer Bürostuhl mit Lehne"]
    french = ["Chaise de jardin en bois avec des accoudoirs", "Lampe d'extérieur à énergie solaire"]
    assert set(languages_of(items(*german, *french, times=3)).codes) == {"de", "fr"}


def test_codes_are_checked_and_tags_are_understood() -> None:
    assert parse_languages("auto") == parse_languages(" AUTO ") == ()
    assert parse_languages("de, fr,de-AT") == ("de", "fr")
    assert [language_of(tag) for tag in ("pt-BR", "nb_NO", "iw", "xx", "")] == ["pt", "no", "he", None, None]
    with pytest.raises(InputError, match="no rules for the language 'klingon'") as refused:
        parse_languages("de,klingon")
    assert "nl" in refused.value.fix
    with pytest.raises(InputError, match=f"at most {MOST_LANGUAGES}"):
        parse_languages(",".join(list(LANGUAGES)[: MOST_LANGUAGES + 1]))


def test_items_are_handed_on_whole_and_in_order() -> None:
    catalogue = items("Stoel", "Tafel", times=700)
    found, stream = with_languages(iter(catalogue), ("nl",))
    assert list(stream) == catalogue
    assert (found.codes, found.how) == (("nl",), "as given")
    assert set(found.dictionaries["nl"].words) == {"stoel", "tafel"}


def split(words: str, language: str = "de", small: str = "") -> tuple[set[str], set[str]]:
    found = compound_dictionary(Counter(words.lower().split()), language, {"über"}, set(small.split()))
    return set(found.words), set(found.parts)


def test_compounds_are_no_words_and_all_else_is() -> None:
    words, parts = split("Tisch Garten Gartentisch Holz Holzgartentisch")
    assert (words, parts) == ({"tisch", "garten", "holz"}, {"gartentisch"})
    # The beginning need not be there alone: the end is long.
    assert split("Stofzuiger Robotstofzuiger", "nl")[0] == {"stofzuiger"}
    # Nor in the same form.
    words, _ = split("tafels eettafel", "nl")
    assert "tafel" in words and "eettafel" not in words
    # A short end proves nothing, unless its beginnings stand before others too.
    assert "bergbahn" in split("Bahn Bergbahn")[0]
    assert "bergbahn" not in split("Bahn Bergbahn Hütte Berghütte")[0]


def test_words_that_only_end_like_another_are_no_compounds() -> None:
    assert "praktisch" in split("Tisch praktisch", small="praktisch")[0]
    assert "praktisch" in split("tafel tisch praktisch", "nl", small="praktisch")[0]
    assert "esstisch" not in split("Tisch Esstisch")[0]
    assert "kaffee" in split("Kaffee Affe")[0]


def test_of_too_many_words_the_frequent_ones_are_kept() -> None:
    words = ["".join(letters) for letters in islice(product("abcdefghij", repeat=5), MAX_WORDS + 100)]
    found = compound_dictionary({word: number for number, word in enumerate(words)}, "de")
    assert found.words == tuple(reversed(words))[:MAX_WORDS]
