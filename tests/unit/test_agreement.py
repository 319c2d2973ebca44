"""Krippendorff's alpha, held to the example of the paper that it is of."""

from __future__ import annotations

import pytest

from aisle.evaluation.agreement import krippendorff_alpha

# Four observers of twelve units (Krippendorff, 2011, section C); 0 stands for no value.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)


def test_it_is_that_of_the_paper() -> None:
    units = [[value for value in unit if value] for unit in zip(*OBSERVERS, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.849, abs=5e-4)


def test_agreement_is_one_and_nothing_to_agree_on_is_none() -> None:
    assert krippendorff_alpha([(0, 0), (3, 3), (1,)]) == 1
    assert krippendorff_alpha([(0, 3), (3, 0)]) == pytest.approx(-0.5)
    assert krippendorff_alpha([(1,), (2,)]) is None
    assert krippendorff_alpha([(2, 2), (2, 2)]) is None
