"""The pure parts of suggestions: phrases, popular queries, folding, segments, names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.indexer.releases.names import check_name, version_of
from aisle.indexer.suggestions.phrases import title_phrases
from aisle.indexer.suggestions.popular import (
    BlockList,
    CountedQuery,
    popular,
    private,
    read_block_list,
    read_popular,
)
from aisle.mappings.languages import ENGLISH
from aisle.mappings.suggestions import folded, release_of_suggestions, suggest_index
from aisle.search.segments import typed_segments


def phrases(*titles: str, least: int = 2) -> list[str]:
    return [phrase.text for phrase in title_phrases(titles, stop_words=ENGLISH.stop_words, least=least)]


def test_phrases_are_frequent_whole_and_no_fragments() -> None:
    home = [f"Home Decorators Collection Rug {n}" for n in "abcd"]
    found = phrases(*home, "Rug", "Red Rug", "The Rug of Home")
    assert "home decorators collection" not in found, "it is always followed by rug"
    assert found[0] == "home decorators collection rug"
    assert "decorators collection" not in found and "rug" in found
    assert not [text for text in found if text.startswith("the") or text.endswith("of")]


def test_numbers_units_and_punctuation_are_no_parts_of_phrases() -> None:
    found = phrases(
        "Bucket 5 gal. (blue)", "Bucket 2 gal. (blue)", "Paint 1 gal, white", "Paint 3 gal, white"
    )
    assert set(found) == {"blue", "bucket", "paint", "white"}


def test_phrases_are_written_as_most_titles_write_them() -> None:
    assert phrases("T-Shirt", "t shirt", "T-Shirt") == ["t-shirt"]
    assert phrases("Café Crème", "Cafe Creme", "Café Crème") == ["café crème"]


def test_scripts_without_spaces_are_cut_where_the_script_changes() -> None:
    found = phrases("充電式ドリル", "充電式ランプ", "ドリル 黒", "สว่านไฟฟ้า ไร้สาย", "สว่านไฟฟ้า")
    assert set(found) == {"ドリル", "充電式", "สว่านไฟฟ้า"}


@given(st.lists(st.text(alphabet="ab1 .-ö充ド\u0e2a\u0301", max_size=30), max_size=12))
def test_every_phrase_stands_in_a_title(titles: list[str]) -> None:
    joined = [f" {folded(title)} " for title in titles]
    for phrase in title_phrases(titles, least=1):
        # Where the script changes there is no space: compared without any.
        bare = folded(phrase.text).replace(" ", "")
        assert bare and any(bare in title.replace(" ", "") for title in joined)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("me@example.com", "address"),
        ("write to me @ home@x", "address"),
        ("https://shop.example/x", "address"),
        ("www.example.com", "address"),
        ("+49 151 23456789", "number"),
        ("(555) 123-4567", "number"),
        ("4111-1111-1111-1111", "number"),
        ("drill 112-3456789-1234567", "number"),
        ("order 12345", "order"),
        ("order no. 12345", "order"),
        ("bestellung #99887", "order"),
        ("#100023", "order"),
        ("gb82 west 1234 5698 7654 32", "account"),
        ("٠١٢٣٤٥٦٧٨٩", "number"),
    ],
)
def test_what_may_be_about_a_person_is_never_suggested(text: str, why: str) -> None:
    assert why in private(text)


@pytest.mark.parametrize(
    "text", ["dcd771c2", "1/2 x 3/4 x 5/8 in", "2x4x96", "18v 5.0ah", "wd-40", "order tray", "size 10 500 ml"]
)
def test_part_numbers_and_sizes_are_not_private(text: str) -> None:
    assert private(text) == ""


def test_spellings_are_added_up_and_visitors_are_not() -> None:
    rows = [CountedQuery("Café", 3, 3), CountedQuery("cafe", 9, 4), CountedQuery("CAFE", 1, None)]
    assert popular(rows, BlockList(), 5).queries == ()
    assert popular(rows, BlockList(), 4).queries == (CountedQuery("cafe", 13, 4),)
    assert popular(rows, BlockList(), 5).dropped == {"asked by too few visitors": 1}
    unknown = [CountedQuery("drill", 1), CountedQuery("...", 5), CountedQuery("x" * 99, 5)]
    found = popular(unknown, BlockList())
    assert [query.text for query in found.queries] == ["drill"]
    assert found.dropped == {"no words": 1, "too long": 1}


def test_the_block_list_holds_whole_words_and_phrases(tmp_path: Path) -> None:
    path = tmp_path / "block.txt"
    path.write_text("# words\nÄrger\nrat poison # both\n", encoding="utf-8")
    block = read_block_list(path)
    assert block.holds("big ARGER") and block.holds("rat-poison kit")
    assert not block.holds("rat") and not block.holds("poison rat") and not block.holds("argery")
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="blocks nothing"):
        read_block_list(path)


@pytest.mark.parametrize(
    "content",
    [
        "query,count\ndrill,5\n",
        "drill,5\n",
        "drill\t5\n",
        "Count;Query\n5;drill\n",
        '{"text": "drill", "count": 5}\n',
        "\ufeffsearch term,searches\n\ndrill,5\n",
    ],
)
def test_files_of_queries_are_read_in_each_form(tmp_path: Path, content: str) -> None:
    path = tmp_path / "queries"
    path.write_text(content, encoding="utf-8")
    assert read_popular(path).queries == (CountedQuery("drill", 5),)


@pytest.mark.parametrize(
    "content",
    [
        "drill\n",
        "drill,many\n",
        "drill,-1\n",
        '{"text": "drill"}\n',
        '{"text": 5, "count": 5}\n',
        '{"text": "drill", "count": true}\n',
        "drill,5\n{broken\n",
        "drill,5,x\n",
    ],
)
def test_a_row_that_is_no_query_is_named_by_its_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "queries"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"queries, line \d: no query with its count"):
        read_popular(path)


def test_texts_are_compared_without_case_accents_and_punctuation() -> None:
    assert folded("  CAFÉ-Crème, 2.5\u00a0L!") == "cafe creme 2 5 l"
    assert folded("Straße ØRSTED Łódź") == "strasse orsted lodz"
    assert folded("สว่าน") == "สว่าน" and folded("ガス") != folded("カス")
    assert folded("전동 드릴").startswith(folded("전동 드리"))
    assert folded("<b>\x00\ud800") == "b"


@given(st.text(max_size=40), st.text(max_size=10))
def test_folding_is_idempotent_and_segments_are_the_text(text: str, typed: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert "".join(piece for piece, _ in typed_segments(text, typed)) == text


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("cordless drill", "DRI", ["dri"]),
        ("drill a drill", "drill dr", ["drill", "drill"]),
        ("Straße", "stras", ["Stra\u00df"]),
        ("Café Crème", "cafe cre", ["Café", "Crè"]),
        ("充電式ドリル", "ドリ", ["ドリ"]),
        ("a drill", "<b>a</b> d", ["a", "d"]),
        ("drill", "rill", []),
        # One character that is three when it is compared.
        ("㌀", "パート", []),
        ("ガス", "\u3099", []),
        ("drill", "", []),
    ],
)
def test_what_was_typed_is_marked(text: str, typed: str, marked: list[str]) -> None:
    assert [piece for piece, is_typed in typed_segments(text, typed) if is_typed] == marked


def test_no_catalogue_is_called_like_the_suggestions_of_another() -> None:
    index = suggest_index("shop-v0007")
    assert release_of_suggestions(index) == "shop-v0007"
    with pytest.raises(InputError, match="like what belongs to one"):
        check_name(index)
    # A catalogue of this name has releases of its own.
    assert check_name("shop-suggest") and version_of("shop", "shop-suggest-v0007") is None
    assert version_of("shop", index) is None and version_of("shop-suggest", index) is None
