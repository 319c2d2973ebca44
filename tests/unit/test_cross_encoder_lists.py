"""What a teacher learns from, and in which batches."""

from __future__ import annotations

import math

import pytest

from aisle.errors import InputError
from aisle.training.cross_encoder.fit import POOL, ListBatches, TeacherLoss, objective
from aisle.training.cross_encoder.lists import graded_lists
from aisle.training.cross_encoder.teacher import TeacherSettings
from aisle.training.data.examples import length_batches
from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

ITEMS = {f"i{n}": f"item number {n}" for n in range(40)}
CANDIDATES = {"q": tuple(f"i{n}" for n in range(20, 40))}
SETTINGS = TeacherSettings(list_size=6, mined=2)


def data(grades: dict[str, int], items: dict[str, str] | None = None) -> TrainingSet:
    pairs = [Pair("q", "a query", item, grade, PairSource.JUDGMENTS) for item, grade in grades.items()]
    return training_set(pairs, items or ITEMS)


def test_a_list_holds_judged_items_with_their_grades_and_mined_ones_of_grade_0() -> None:
    (found,) = graded_lists(data({"i0": 3, "i1": 1, "i2": 0}), CANDIDATES, SETTINGS)
    graded = dict(zip(found.items, found.grades, strict=True))
    assert len(graded) == 6
    assert {text: graded.pop(text) for text in (ITEMS["i0"], ITEMS["i1"], ITEMS["i2"])} == {
        ITEMS["i0"]: 3,
        ITEMS["i1"]: 1,
        ITEMS["i2"]: 0,
    }
    assert set(graded) <= {ITEMS[item] for item in CANDIDATES["q"]}
    assert set(graded.values()) == {0}


def test_a_cut_list_keeps_a_positive_and_its_mined_items() -> None:
    many = {"i0": 3, **{f"i{n}": 1 for n in range(1, 20)}}
    for seed in range(10):
        settings = TeacherSettings(list_size=6, mined=2, seed=seed)
        (found,) = graded_lists(data(many), CANDIDATES, settings)
        assert sorted(found.grades) == [0, 0, 1, 1, 1, 3]


def test_another_epoch_draws_other_items_and_the_same_epoch_the_same() -> None:
    first, again, second = (graded_lists(data({"i0": 3}), CANDIDATES, SETTINGS, epoch) for epoch in (0, 0, 1))
    assert first == again
    assert set(first[0].items) != set(second[0].items)


def test_one_class_data_is_refused() -> None:
    one = data({"i0": 3, "i1": 3}, {"i0": "item 0", "i1": "item 1"})
    with pytest.raises(InputError, match="could be a negative") as caught:
        graded_lists(one, {}, SETTINGS)
    assert "whole catalogue" in caught.value.fix
    three = data({"i0": 3, "i1": 3}, {"i0": "item 0", "i1": "item 1", "i2": "item 2"})
    # Both places are taken by positives.
    with pytest.raises(InputError, match="of one grade"):
        graded_lists(three, {}, TeacherSettings(list_size=2, mined=0))


@pytest.mark.parametrize(
    "setting",
    [{"epochs": 0}, {"learning_rate": 0}, {"warmup": 1}, {"list_size": 1}, {"mined": 12}, {"batch": 0}],
)
def test_impossible_settings_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(setting))):
        TeacherSettings(**setting)  # type: ignore[arg-type]


def test_listnet_targets_are_shares_of_the_gains() -> None:
    label = objective(TeacherLoss.LISTNET).label
    weights = [math.exp(label(grade)) for grade in (0, 1, 2, 3)]
    assert weights == pytest.approx([0, 1, 3, 7])


def test_batches_hold_every_list_once_and_like_lengths() -> None:
    lengths = [(i * 37) % 101 for i in range(1000)]
    batches = length_batches(lengths, 8, seed=3, pool=POOL)
    assert sorted(i for batch in batches for i in batch) == list(range(1000))
    assert max(map(len, batches)) == 8
    spread = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches]
    assert sum(spread) / len(spread) < 10
    assert batches == length_batches(lengths, 8, seed=3, pool=POOL)
    assert batches != length_batches(lengths, 8, seed=4, pool=POOL)


def test_planned_batches_come_as_planned() -> None:
    planned = ListBatches([[2, 0], [1]], 2)
    assert list(planned) == list(planned) == [[2, 0], [1]]
    assert (len(planned), planned.batch_size, planned.drop_last) == (2, 2, False)
