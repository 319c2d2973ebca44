"""Listwise losses of sentence-transformers, and what a grade is worth to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder
    from torch import nn


class TeacherLoss(Enum):
    """ListNet (Cao et al. 2007) with gains 2^grade - 1 as targets; NDCG-Loss2++ (Wang et al. 2018)."""

    LISTNET = "listnet"
    LAMBDA = "lambda"


@dataclass(frozen=True, slots=True)
class Objective:
    """A loss over a query's list of items.

    Attributes:
        build: the loss of a model; all items of a batch go through it at once.
        label: what the loss is told of a grade.
    """

    build: Callable[[CrossEncoder], nn.Module]
    label: Callable[[int], float]


def objective(loss: TeacherLoss) -> Objective:
    """The loss and its labels."""
    return _OBJECTIVES[loss]


def _listnet(model: CrossEncoder) -> nn.Module:
    from sentence_transformers.cross_encoder.losses import ListNetLoss

    return ListNetLoss(model, mini_batch_size=-1)


def _lambda(model: CrossEncoder) -> nn.Module:
    from sentence_transformers.cross_encoder.losses import LambdaLoss

    return LambdaLoss(model, mini_batch_size=-1)


def _log_gain(grade: int) -> float:
    return math.log(2.0**grade - 1) if grade > 0 else -math.inf


_OBJECTIVES = {
    # The target is the softmax over labels: of log gains, each item's share of the list's gains.
    TeacherLoss.LISTNET: Objective(_listnet, _log_gain),
    # The loss itself makes gains of grades.
    TeacherLoss.LAMBDA: Objective(_lambda, float),
}
