"""The distillation loss against its closed form, and the batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aisle.training.distillation.student import (
    Collator,
    LengthSampler,
    VectorDistillation,
)


def loss(widths: tuple[int, ...], similarity: float = 0.0, scale: float = 20.0) -> VectorDistillation:
    return VectorDistillation(None, widths, similarity, scale)  # type: ignore[arg-type]


def test_the_teachers_own_vectors_cost_nothing_at_any_length() -> None:
    teacher = torch.nn.functional.normalize(torch.randn(5, 8, generator=torch.manual_seed(1)), dim=1)
    assert loss((8, 4, 2), 1.0).compare(3 * teacher, teacher).item() == pytest.approx(0, abs=1e-5)


def test_the_cosine_distance_is_averaged_over_widths() -> None:
    teacher = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    student = torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    expected = ((1 - 1 / math.sqrt(3)) + (1 - 1 / math.sqrt(2)) + 0) / 3
    assert loss((4, 2, 1), 1.0).compare(student, teacher).item() == pytest.approx(expected, abs=1e-6)


def test_the_divergence_is_that_of_the_similarities_to_the_others() -> None:
    teacher = torch.eye(3)
    student = torch.tensor([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    scale, other = 2.0, math.exp(2.0 * 0.6)
    # Each teacher's row is (1/2, 1/2); of the student's rows, two are (0.6, 0) and one is (0, 0).
    share = other / (1 + other)
    one = 0.5 * math.log(0.5 / share) + 0.5 * math.log(0.5 / (1 - share))
    cosine = 1 - (1 + 0.8 + 1) / 3
    found = loss((3,), 0.7, scale).compare(student, teacher).item()
    assert found == pytest.approx(cosine + 0.7 * 2 * one / 3, abs=1e-6)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=200), st.integers(2, 9), st.integers(0, 3))
def test_an_epoch_holds_every_text_once_in_full_batches(lengths: list[int], size: int, epoch: int) -> None:
    sampler = LengthSampler(lengths, size, seed=1)
    sampler.set_epoch(epoch)
    batches = list(sampler)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == len(sampler)
    assert sum(len(batch) < size for batch in batches) <= 1


def test_epochs_differ_and_lengths_are_alike() -> None:
    lengths = np.random.default_rng(0).integers(1, 60, 1600).tolist()
    sampler = LengthSampler(lengths, 16, seed=1)
    first = list(sampler)
    assert first == list(sampler)
    sampler.set_epoch(1)
    assert first != list(sampler)
    spread = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in first]
    assert np.mean(spread) < 10


def test_a_batch_is_padded_and_carries_the_teachers_vectors() -> None:
    teacher = np.arange(6, dtype=np.float32).reshape(3, 2)
    batch = Collator([[1, 2], [3], [4, 5, 6]], teacher)([{"text": 2}, {"text": 1}])
    assert batch["text_input_ids"].tolist() == [[4, 5, 6], [3, 0, 0]]
    assert batch["text_attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["label"].tolist() == [[4, 5], [2, 3]]
