"""The hybrid-hurts guard: a leg stays only if leaving it out costs more than chance would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aisle.errors import InputError
from aisle.evaluation import paired_randomisation_test
from aisle.mappings import FusionSpec
from aisle.search.tuning.matrix import Floats, Ints


def folds_of(queries: int, folds: int, seed: int) -> list[Ints]:
    """Split 0 .. queries - 1 at random into parts of like size, each in rising order.

    Raises:
        InputError: fewer than two folds, or than two queries per fold.
    """
    if folds < 2 or queries < 2 * folds:
        raise InputError(
            f"{queries} judged queries cannot be split into {folds} folds",
            fix="judge more queries: nested folds need two queries in each; or use fewer folds, 2 at least",
        )
    shuffled = np.random.default_rng(seed).permutation(queries)
    return [np.sort(part) for part in np.array_split(shuffled, folds)]


def rest_of(queries: int, held_out: Ints) -> Ints:
    """The queries that are not held out, in rising order."""
    return np.setdiff1d(np.arange(queries), held_out)


def cross_validated(values: Floats, folds: list[Ints]) -> Floats:
    """For each fold: the setting that is best on all others, and what it scores on this one.

    Args:
        values: [settings, queries]; of equally good settings the first is taken.
        folds: of the queries.

    Returns:
        float64 [queries].
    """
    totals = values.sum(axis=1)
    held_out = np.empty(values.shape[1])
    for fold in folds:
        best = int(np.argmax(totals - values[:, fold].sum(axis=1)))
        held_out[fold] = values[best, fold]
    return held_out


PERMUTATIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """How sure the guard has to be that a leg helps.

    Attributes:
        p: a leg stays if what it adds is above 0 with a p-value below this.
        folds, seed: of the cross-validation by which that is asked.
    """

    p: float = 0.05
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LegVerdict:
    """What the guard found about one leg.

    Attributes:
        leg: name.
        kept: whether it is asked.
        delta: what it adds to the cross-validated metric beside the other legs that were left; of the only
            leg that is left: None.
        p_value: of ``delta``, by a paired randomisation test; None where that is None.
    """

    leg: str
    kept: bool
    delta: float | None
    p_value: float | None


def guard(
    specs: Sequence[FusionSpec], values: Floats, legs: Sequence[str], options: GuardOptions
) -> tuple[LegVerdict, ...]:
    """Drop the leg that helps least, and again, until each one that is left helps.

    Args:
        specs: fusions of any of the legs, each leg alone among them.
        values: the metric of each on each query, [len(specs), queries].
        legs: names.
        options: folds, and how sure to be.

    Returns:
        A verdict per leg, in the order given; at least one leg is kept.
    """
    folds = folds_of(values.shape[1], options.folds, options.seed)

    def best_of(some: Sequence[str]) -> Floats:
        allowed = [number for number, spec in enumerate(specs) if set(spec.legs) <= set(some)]
        return cross_validated(values[allowed], folds)

    left = list(legs)
    verdicts: dict[str, LegVerdict] = {}
    while len(left) > 1:
        together = best_of(left)
        trials = [_trial(leg, together, best_of([other for other in left if other != leg])) for leg in left]
        verdicts |= {leg: LegVerdict(leg, True, delta, p) for leg, delta, p in trials}
        useless = [trial for trial in trials if not (trial[1] > 0 and trial[2] < options.p)]
        if not useless:
            break
        # The later leg goes if two help alike: the first is the cheapest to ask.
        leg, delta, p = min(reversed(useless), key=lambda trial: trial[1])
        verdicts[leg] = LegVerdict(leg, False, delta, p)
        left.remove(leg)
    if len(left) == 1:
        verdicts[left[0]] = LegVerdict(left[0], True, None, None)
    return tuple(verdicts[leg] for leg in legs)


def _trial(leg: str, together: Floats, without: Floats) -> tuple[str, float, float]:
    p = paired_randomisation_test(together.tolist(), without.tolist(), permutations=PERMUTATIONS)
    return leg, float(np.mean(together - without)), p
