"""What a reranker learns of a list: a mixture of the teacher's opinion and of the grades. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LEAST = 1e-9


def listwise_targets(
    teacher: Sequence[float], grades: Sequence[int], share: float, temperature: float
) -> tuple[float, ...]:
    """Logs of the probabilities to come first that a listwise loss is given.

    They are ``share`` of the teacher's softmax and 1 - ``share`` of the gains 2^grade - 1; a loss that is the
    cross entropy with their softmax (ListNet) is the divergence from this mixture, but for a constant.

    Args:
        teacher: its logits of the list's items.
        grades: of the same items; at least one above 0 unless ``share`` is 1.
        share: between 0 and 1.
        temperature: of the teacher's logits.
    """
    logits = np.asarray(teacher, dtype=np.float64) / temperature
    opinion = np.exp(logits - logits.max())
    mixture = share * opinion / opinion.sum()
    if share < 1:
        gains = np.exp2(np.asarray(grades, dtype=np.float64)) - 1
        mixture = mixture + (1 - share) * gains / gains.sum()
    return tuple(np.log(np.maximum(mixture, _LEAST)).tolist())
