"""Invariants of training pairs."""

import random

from hypothesis import given
from hypothesis import strategies as st

from aisle.catalogue.sequence_file import UserSequence
from aisle.training.data.review_pairs import folded, mask_title_words, words_of
from aisle.training.data.reviews import clean_review, cut_at_word
from aisle.training.data.sequences import SequenceOptions, sequence_pairs
from aisle.training.data.titles import title_pairs, with_typo
from aisle.training.data.training_set import Pair, PairSource, merge, normalised, training_set

WORDS = st.sampled_from(
    ["mug", "Mugs", "MUG's", "glass", "glasses", "box", "boxes", "caf\u00e9", "s", "3/4", "a-b"]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join))


@given(TEXTS, TEXTS, st.booleans())
def test_masking_leaves_no_word_of_the_title(text: str, title: str, plurals: bool) -> None:
    masked = mask_title_words(text, title, plurals=plurals)
    banned = {folded(word, plurals) for word in words_of(title)}
    assert not banned & {folded(word, plurals) for word in words_of(masked)}
    assert mask_title_words(masked, title, plurals=plurals) == masked


@given(st.lists(st.from_regex(r"[a-z]{2,6}", fullmatch=True), max_size=12), st.sets(st.integers(0, 11)))
def test_masking_keeps_other_words_in_order(words: list[str], places: set[int]) -> None:
    title = [word for place, word in enumerate(words) if place in places]
    masked = mask_title_words(" ".join(words), " ".join(title).upper())
    assert masked.split() == [word for word in words if word not in title]


@given(st.text(max_size=80))
def test_cleaning_is_one_line_and_normalising_is_idempotent(text: str) -> None:
    assert clean_review(text).split() == clean_review(text).split(" ") or not clean_review(text)
    assert normalised(normalised(text)) == normalised(text)
    assert normalised(f" {text}\n! ") == normalised(text)


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_cut_is_a_prefix(text: str, chars: int) -> None:
    cut = cut_at_word(text, chars)
    assert len(cut) <= chars
    assert text.startswith(cut)


@given(
    st.dictionaries(st.text("abc", min_size=1), st.text("ab C.-", max_size=30), max_size=6),
    st.integers(1, 5),
    st.integers(),
    st.randoms(use_true_random=False),
)
def test_title_pairs_depend_on_seed_and_item_alone(
    items: dict[str, str], per_item: int, seed: int, shuffle: random.Random
) -> None:
    pairs = title_pairs(items, per_item, seed)
    keys = list(items)
    shuffle.shuffle(keys)
    assert {*pairs} == {*title_pairs({key: items[key] for key in keys}, per_item, seed)}
    for key, text in items.items():
        own = tuple(pair for pair in pairs if pair.item_id == key)
        assert own == title_pairs({key: text}, per_item, seed)
        assert len(own) <= per_item
        for pair in own:
            assert 1 <= len(pair.query.split()) <= 6
            assert set(pair.query) <= set(text.lower())


@given(st.text("abcdef", min_size=4, max_size=12), st.integers())
def test_a_typo_is_one_letter_dropped_or_two_transposed(word: str, seed: int) -> None:
    wrong = with_typo(word, random.Random(seed))
    assert wrong[0] == word[0]
    if len(wrong) == len(word):
        assert sorted(wrong) == sorted(word)
        assert sum(a != b for a, b in zip(wrong, word, strict=True)) in (0, 2)
    else:
        assert wrong in {word[:at] + word[at + 1 :] for at in range(len(word))}


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), min_size=1, max_size=5), st.integers(1, 4))
def test_steps_stay_within_window_and_history(histories: list[list[str]], window: int) -> None:
    items = {name: name for name in "abcdefxyz"}
    users = [UserSequence(str(n), (*history, "y", "z")) for n, history in enumerate(histories)]
    users.append(UserSequence("filler", ("x", "a", "y", "z")))
    data = sequence_pairs(users, items, SequenceOptions(window=window, max_pairs=None))
    near = {
        (f"item:{earlier}", later)
        for history in [*histories, ["x", "a"]]
        for at, later in enumerate(history)
        for earlier in history[max(0, at - window) : at]
        if earlier != later
    }
    assert {(pair.query_id, pair.item_id) for pair in data.pairs} == near


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("ab"), st.integers(0, 3)), max_size=8))
def test_merging_is_idempotent_and_the_hash_forgets_order(rows: list[tuple[str, str, int]]) -> None:
    grades = {(query, item): grade for query, item, grade in rows} | {("s", "a"): 3}
    pairs = [Pair(query, query, item, grade, PairSource.JUDGMENTS) for (query, item), grade in grades.items()]
    data = training_set(pairs, {"a": "A", "b": "B"})
    assert merge(data, data) == data
    assert training_set(pairs[::-1], {"b": "B", "a": "A"}).data_hash == data.data_hash
    for query in data.queries:
        assert data.positives(query) == {p.item_id for p in data.pairs if p.query_id == query}
