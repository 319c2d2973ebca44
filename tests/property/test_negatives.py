"""Whatever the judgments, candidates and scores: the rules of the choice hold."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.training.data.negatives import (
    NegativeOptions,
    choose_negatives,
    distribute_negatives,
    folded,
    mix_candidates,
)
from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

IDS = [f"i{n}" for n in range(12)]
# Few texts, so that items read alike and queries meet.
TEXTS = st.sampled_from(
    ["red drill", "Red  Drill", "blue saw", "paint", "tape", "glue", "nail", "4 ft board"]
)
RANKED = st.lists(st.sampled_from([*IDS, "gone"]), unique=True).map(tuple)
SCORES = st.dictionaries(st.sampled_from(IDS), st.floats(0, 1))
OPTIONS = st.builds(
    NegativeOptions,
    per_query=st.integers(1, 6),
    skip=st.integers(0, 3),
    depth=st.integers(4, 12),
    max_share=st.floats(0.05, 1),
    judged_first=st.booleans(),
    fill=st.booleans(),
    seed=st.integers(0, 99),
)


@st.composite
def training_sets(draw: st.DrawFn) -> TrainingSet:
    items = {name: draw(TEXTS) for name in IDS}
    pairs = []
    for query in ("q0", "q1", "q2"):
        text = draw(TEXTS)
        grades = draw(st.dictionaries(st.sampled_from(IDS), st.integers(0, 3), max_size=8))
        pairs += [Pair(query, text, item, grade, PairSource.JUDGMENTS) for item, grade in grades.items()]
    assume(any(pair.grade >= 2 for pair in pairs))
    return training_set(pairs, items)


@given(training_sets(), st.dictionaries(st.sampled_from(["q0", "q1", "q2"]), RANKED), OPTIONS)
def test_no_chosen_item_is_known_or_reads_like_a_positive(
    data: TrainingSet, candidates: dict[str, tuple[str, ...]], options: NegativeOptions
) -> None:
    try:
        chosen = choose_negatives(data, candidates, options)
    except InputError:
        return
    assert chosen.keys() == data.queries.keys()
    for query, items in chosen.items():
        known = data.grades[query]
        positives = {folded(data.items[item]) for item in data.positives(query)}
        assert len(set(items)) == len(items) <= options.per_query
        assert all(known.get(item, 0) == 0 for item in items)
        assert all(folded(data.items[item]) not in positives for item in items)
        window = candidates.get(query, ())[options.skip : options.depth]
        if not options.fill:
            # Queries may share a text, and then their judgments.
            judged = {item for each in data.grades.values() for item, grade in each.items() if grade == 0}
            assert set(items) <= judged | set(window)


@given(training_sets(), RANKED, SCORES, OPTIONS)
def test_no_unjudged_item_beats_its_share_of_the_positives(
    data: TrainingSet, ranked: tuple[str, ...], scores: dict[str, float], options: NegativeOptions
) -> None:
    candidates = dict.fromkeys(data.queries, ranked)
    try:
        chosen = choose_negatives(data, candidates, options, dict.fromkeys(data.queries, scores))
    except InputError:
        return
    judged = {item for known in data.grades.values() for item in known}
    for query, items in chosen.items():
        own = [scores[item] for item in data.positives(query) if item in scores]
        for item in items:
            if own and item in scores and item not in judged:
                assert scores[item] <= options.max_share * sum(own) / len(own)


@given(training_sets(), RANKED, OPTIONS)
def test_the_same_seed_makes_the_same_choice(
    data: TrainingSet, ranked: tuple[str, ...], options: NegativeOptions
) -> None:
    candidates = dict.fromkeys(data.queries, ranked)
    try:
        first = choose_negatives(data, candidates, options)
    except InputError:
        return
    assert first == choose_negatives(data, candidates, options)


@given(training_sets(), RANKED, OPTIONS, st.integers(1, 3))
def test_pairs_share_a_negative_only_if_there_are_too_few(
    data: TrainingSet, ranked: tuple[str, ...], options: NegativeOptions, per_pair: int
) -> None:
    try:
        chosen = choose_negatives(data, dict.fromkeys(data.queries, ranked), options)
    except InputError:
        return
    dealt = distribute_negatives(data, chosen, per_pair)
    assert len(dealt) == len(data.pairs)
    for query, pool in chosen.items():
        hands = [hand for pair, hand in zip(data.pairs, dealt, strict=True) if pair.query_id == query]
        assert all(len(set(hand)) == len(hand) == min(per_pair, len(pool)) for hand in hands)
        held = [item for hand in hands for item in hand]
        assert len(set(held)) == min(len(held), len(pool))


@given(RANKED, RANKED, st.floats(0.01, 0.99))
def test_mixing_loses_nothing_and_keeps_each_order(
    lexical: tuple[str, ...], dense: tuple[str, ...], share: float
) -> None:
    mixed = mix_candidates({"q": lexical}, {"q": dense}, share)["q"]
    assert sorted(mixed) == sorted({*lexical, *dense})
    only = [item for item in mixed if item not in dense]
    assert only == [item for item in lexical if item not in dense]
