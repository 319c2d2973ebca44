"""Which words people ask with: learned from pairs, used for items nobody has judged."""

from __future__ import annotations

import random

from aisle.training.data.titles import PseudoQueryModel, learn_pseudo_queries, place_of, title_pairs, words_of
from aisle.training.data.training_set import Pair, PairSource, training_set

TITLES = {f"i{n}": f"Brand{n} steel hammer model {n} with grip" for n in range(150)}


def asked(query: str, count: int) -> list[Pair]:
    return [Pair(f"q{n}", query, f"i{n}", 3, PairSource.JUDGMENTS) for n in range(count)]


def habits_of(query: str) -> PseudoQueryModel:
    found = learn_pseudo_queries(training_set(asked(query, 150), TITLES))
    assert found is not None
    return found


def test_words_that_are_asked_with_are_kept_more_often() -> None:
    habits = habits_of("hammers")
    hammer, steel, unseen = (habits.keep(word, 2) for word in ("Hammer".lower(), "steel", "chisel"))
    assert hammer > 0.9
    assert steel < 0.2
    assert steel < unseen < hammer


def test_a_place_speaks_for_a_word_that_nobody_has_asked_with() -> None:
    habits = habits_of("hammer")
    kept = place_of(2, 7)
    assert habits.keep("chisel", kept) > 2 * habits.keep("chisel", place_of(6, 7))


def test_pseudo_queries_follow_the_habits() -> None:
    items = {f"new{n}": f"Other{n} steel hammer item {n} with box" for n in range(200)}
    made = title_pairs(items, 1, 7, habits_of("hammer"))
    share = sum("hammer" in pair.query for pair in made) / len(made)
    evenly = title_pairs(items, 1, 7)
    assert share > 0.7 > sum("hammer" in pair.query for pair in evenly) / len(evenly) + 0.1
    assert made == title_pairs(items, 1, 7, habits_of("hammer"))


def test_lengths_are_those_of_real_queries() -> None:
    habits = habits_of("steel hammer grip")
    chance = random.Random(3)
    lengths = [len(habits.choose(words_of(TITLES["i1"]), chance)) for _ in range(200)]
    assert set(lengths) == {3, 4}
    assert lengths.count(3) > lengths.count(4)


def test_a_short_title_gives_what_it_has() -> None:
    assert habits_of("steel hammer grip").choose(["one", "two"], random.Random(1)) == ["one", "two"]


def test_few_pairs_teach_no_habits() -> None:
    assert learn_pseudo_queries(training_set(asked("hammer", 20), TITLES)) is None
    assert learn_pseudo_queries(training_set(asked("unrelated", 150), TITLES)) is None
