"""Files of synonyms: what is taken and what is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle._index_run import read_synonyms
from aisle.errors import InputError
from aisle.indexer import IndexOptions
from aisle.indexer.ledger.resume import check_same, run_parts
from aisle.mappings import IndexMeta, IndexSettings, Synonyms, fields, index_body
from aisle.mappings.analysis import rules_of
from aisle.mappings.languages import ENGLISH, LANGUAGES
from aisle.mappings.synonyms import MAX_RULES, words_of


def read(tmp_path: Path, content: str | bytes) -> tuple[str, ...]:
    path = tmp_path / "synonyms.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_synonyms(path).rules


def test_both_kinds_of_rules_comments_and_blank_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "# shop\n\nsofa,  couch , settee # seats\ntv => television\nair  conditioner, ac")
    assert found == ("sofa, couch, settee", "tv => television", "air conditioner, ac")


def test_words_that_are_not_searched_are_left_out_of_a_term(tmp_path: Path) -> None:
    rules = Synonyms(read(tmp_path, "Hook And Loop, velcro\nder Tisch => a table"))
    assert rules.rules_in(ENGLISH)[0] == "Hook Loop, velcro"
    # What the language leaves nothing of is refused in a catalogue's own, and left out of a further one's.
    assert rules.rules_in(LANGUAGES["de"]) == ("Hook And Loop, velcro",)
    rules_of_german = Synonyms(("das Sofa mit Bett => Bettsofa",))
    rules_of_german.check(LANGUAGES["de"])
    assert rules_of_german.rules_in(LANGUAGES["de"]) == ("Sofa Bett => Bettsofa",)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("a/c, air conditioner", "cannot be told from 'c'"), ("the, with", "not searched")],
)
def test_rules_that_stop_words_leave_nothing_of_are_refused(rule: str, reason: str) -> None:
    with pytest.raises(InputError, match="in English") as refused:
        Synonyms((rule,)).check(ENGLISH)
    assert repr(rule) in refused.value.message and reason in refused.value.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sofa", "synonym of nothing"),
        ("sofa,", "no word"),
        ("sofa, &", "no word"),
        ("=> television", "no word"),
        ("tv =>", "no word"),
        ("a => b => c", "more than one =>"),
        (r"1\,000, thousand", "backslash"),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(InputError, match="line 3") as refused:
        read(tmp_path, f"# first\nsofa, couch\n{line}\n")
    assert reason in refused.value.message
    assert refused.value.fix


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_synonyms(tmp_path / "none.txt")
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        read(tmp_path, b"a1, b1\n\xff\xfe\xfd, b\n")
    with pytest.raises(InputError, match="no synonyms"):
        read(tmp_path, "# nothing\n")
    with pytest.raises(InputError, match="line 1: too long"):
        read(tmp_path, "word, " * 5_000)
    with pytest.raises(InputError, match=f"over {MAX_RULES:,}"):
        read(tmp_path, "sofa, couch\n" * (MAX_RULES + 1))
    assert read_synonyms(None) == Synonyms()


def test_the_fingerprint_is_of_the_rules() -> None:
    assert Synonyms().fingerprint == ""
    one, other = Synonyms(("sofa, couch",)), Synonyms(("sofa, settee",))
    assert one.fingerprint == Synonyms(("sofa, couch",)).fingerprint != other.fingerprint


def test_words_of_rules() -> None:
    assert words_of(["Air conditioner, AC", "tv => television"]) == {
        *("air", "conditioner", "ac", "tv", "television"),
    }


def test_without_synonyms_no_analyzer_has_any() -> None:
    meta = IndexMeta("r", {}, "lucene", ())
    bare = index_body(IndexSettings(), meta)
    assert "synonym" not in str(bare)
    body = index_body(IndexSettings(synonyms=Synonyms(("sofa, couch",))), meta)
    title = body["mappings"]["properties"][fields.TITLE]
    assert title["analyzer"] == fields.ANALYZED
    assert title["search_analyzer"] == fields.ANALYZED_QUERY
    # Documents are made the same way: all else is equal.
    assert title == bare["mappings"]["properties"][fields.TITLE]
    assert rules_of(body["settings"]["index"] | {"analysis": body["settings"]["analysis"]}) == ["sofa, couch"]
    assert rules_of(bare["settings"]["index"]) == []


def test_changed_synonyms_are_named_when_a_run_is_resumed() -> None:
    options = IndexOptions("shop")
    then = run_parts({}, IndexSettings(synonyms=Synonyms(("sofa, couch",))), {}, options)
    check_same("shop", "shop-v0001", then, dict(then))
    now = run_parts({}, IndexSettings(synonyms=Synonyms(("sofa, settee",))), {}, options)
    with pytest.raises(InputError, match=r": the synonyms \(--synonyms\)\. Fix"):
        check_same("shop", "shop-v0001", then, now)
    assert run_parts({}, IndexSettings(), {}, options)["the synonyms (--synonyms)"] == ""
