"""Which of the last layer's token vectors make the score."""

from __future__ import annotations

from enum import Enum


class Pooling(Enum):
    """The mean of all, or [CLS] alone, for which the last layer computes one token instead of all."""

    MEAN = "mean"
    CLS = "cls"
