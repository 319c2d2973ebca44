"""What the heads minimise: partners from baskets among a batch's candidates, and a teacher's similarities."""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

_NEVER: Final = -1e4
"""Logit of a candidate that is the trigger itself; its probability is 0 in float32."""


def partner_loss(scores: Tensor, partners: Tensor, weights: Tensor, itself: Tensor) -> Tensor:
    """InfoNCE over a batch's candidates: cross-entropy to where a trigger's partners are.

    With one partner a trigger it is that of van den Oord et al. 2018 (arXiv 1807.03748).

    Args:
        scores: float32 [triggers, candidates], divided by the temperature, and corrected for how likely a
            candidate is drawn (logQ, Yi et al. 2019) where candidates are drawn.
        partners: float32 [triggers, candidates], rows sum to 1.
        weights: float32 [triggers], of each.
        itself: bool [triggers, candidates], where a candidate is the trigger.

    Returns:
        The weighted mean.
    """
    found = functional.log_softmax(scores.masked_fill(itself, _NEVER), dim=1)
    return -((partners * found).sum(dim=1) * weights).sum() / weights.sum()


def teacher_loss(teacher: Tensor, student: Tensor, left_out: Tensor) -> Tensor:
    """KL(teacher || student) of similarities to a batch's candidates (MTMH, arXiv 2506.06239).

    Args:
        teacher: float32 [triggers, candidates], similarities of a frozen content encoder, divided by its
            temperature.
        student: float32 [triggers, candidates], of relevance vectors, divided by theirs.
        left_out: bool [triggers, candidates], candidates that are the trigger, or of which the teacher knows
            nothing.

    Returns:
        The mean over triggers, in nats; those with no candidate left count 0.
    """
    target = functional.log_softmax(teacher.masked_fill(left_out, _NEVER), dim=1)
    found = functional.log_softmax(student.masked_fill(left_out, _NEVER), dim=1)
    parts = (target.exp() * (target - found)).masked_fill(left_out, 0.0)
    return parts.sum() / max(1, len(teacher))
