"""Who is answered by which arm. Pure: the same on every machine, and after every restart."""

from __future__ import annotations

import hashlib

from aisle.evaluation.experiments.design import Arm, Experiment

_POINTS = 2**64


def point(experiment: str, unit: str) -> float:
    """Where a shopper stands in an experiment, from 0 to below 1: evenly, and in each another place.

    Args:
        experiment: its name.
        unit: id of a shopper.
    """
    digest = hashlib.sha256(f"{experiment}\0{unit}".encode()).digest()
    # 53 bits, as many as a float holds, so that it is never rounded up to 1.
    return (int.from_bytes(digest[:8]) >> 11) / (_POINTS >> 11)


def arm_of(experiment: Experiment, unit: str) -> Arm:
    """The arm, or the control, that answers a shopper.

    The first arm's shoppers are those from 0 upwards, the second's those from 1 downwards: while an arm's
    share grows it takes shoppers from the control alone, and nobody leaves it.

    Args:
        experiment: whose.
        unit: id of a shopper.
    """
    at = point(experiment.name, unit)
    first, *others = experiment.arms
    if at < first.percent / 100:
        return first
    for second in others:
        if at >= 1 - second.percent / 100:
            return second
    return experiment.control
