"""Metrics against a naive implementation, and what any paired test must satisfy."""

import math
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.evaluation import Run, evaluate, paired_randomisation_test

ITEMS = [f"i{n}" for n in range(12)]
GRADES = st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 4) | st.floats(0, 15), min_size=1)
RANKING = st.permutations(ITEMS).flatmap(lambda items: st.integers(0, len(items)).map(lambda n: items[:n]))
JUDGED = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), st.tuples(GRADES, RANKING), min_size=1)
VALUES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


def naive_ndcg(ranking: list[str], grades: dict[str, float], k: int) -> float:
    def dcg(gains: list[float]) -> float:
        return math.fsum((2.0**g - 1) / math.log2(i + 2) for i, g in enumerate(gains[:k]))

    ideal = dcg(sorted(grades.values(), reverse=True))
    return dcg([grades.get(item, 0) for item in ranking]) / ideal if ideal else 0.0


def naive_recall(ranking: list[str], grades: dict[str, float], k: int, relevant: float) -> float:
    wanted = {item for item, grade in grades.items() if grade >= relevant}
    return len(wanted & set(ranking[:k])) / len(wanted)


def naive_rr(ranking: list[str], grades: dict[str, float], k: int, relevant: float) -> float:
    ranks = [i for i, item in enumerate(ranking[:k], 1) if grades.get(item, 0) >= relevant]
    return 1 / ranks[0] if ranks else 0.0


def naive_judged(ranking: list[str], grades: dict[str, float], k: int) -> float:
    top = ranking[:k]
    return sum(item in grades for item in top) / len(top) if top else 0.0


@settings(max_examples=150, deadline=None)
@given(judged=JUDGED, k=st.integers(1, 14), relevant=st.integers(1, 3) | st.floats(0.01, 3))
def test_metrics_equal_the_naive_ones(
    judged: dict[str, tuple[dict[str, float], list[str]]], k: int, relevant: float
) -> None:
    kept = {q: pair for q, pair in judged.items() if any(g >= relevant for g in pair[0].values())}
    if not kept:
        return
    names = [f"nDCG@{k}", f"R@{k}", f"RR@{k}", f"Judged@{k}"]
    qrels = {q: grades for q, (grades, _) in judged.items()}
    scores = evaluate(Run("s", {q: r for q, (_, r) in judged.items()}), qrels, names, relevant=relevant)
    assert scores.queries == len(kept)
    for query, (grades, ranking) in kept.items():
        naive = [
            naive_ndcg(ranking, grades, k),
            naive_recall(ranking, grades, k, relevant),
            naive_rr(ranking, grades, k, relevant),
            naive_judged(ranking, grades, k),
        ]
        for name, expected in zip(names, naive, strict=True):
            assert math.isclose(scores.per_query[name][query], expected, abs_tol=1e-9), name


@settings(max_examples=60, deadline=None)
@given(values=VALUES, seed=st.integers(0, 5))
def test_randomisation_test_laws(values: list[tuple[float, float]], seed: int) -> None:
    a, b = [x for x, _ in values], [y for _, y in values]
    p = paired_randomisation_test(a, b, permutations=300, seed=seed)
    assert 0 < p <= 1
    assert p == paired_randomisation_test(b, a, permutations=300, seed=seed)
    assert p == paired_randomisation_test(a, b, permutations=300, seed=seed)
    assert paired_randomisation_test(a, a) == 1.0


@settings(max_examples=20, deadline=None)
@given(deltas=st.lists(st.floats(0.01, 1) | st.floats(-1, -0.01), min_size=14, max_size=14))
def test_random_patterns_agree_with_all_patterns(deltas: list[float]) -> None:
    sums = [
        abs(sum(d * s for d, s in zip(deltas, signs, strict=True))) for signs in product((1, -1), repeat=14)
    ]
    observed = abs(sum(deltas))
    exact = sum(total >= observed - 1e-9 for total in sums) / len(sums)
    sampled = paired_randomisation_test(deltas, [0.0] * 14, permutations=4000)
    # Five standard errors of 4,000 draws, and the one pattern that is always counted.
    assert abs(sampled - exact) <= 5 * math.sqrt(0.25 / 4000) + 1 / 4001
