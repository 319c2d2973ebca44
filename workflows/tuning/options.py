"""What one asks of a tuning."""

from __future__ import annotations

from dataclasses import dataclass

from records import InputError
from workflows.tuning.guard import GuardOptions


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """Attributes:
    metric: what is made as large as can be, see ``matrix_metrics.metric_of``.
    relevant: lowest grade that counts as relevant.
    folds: of the cross-validation, outer and inner, 2 to 50.
    seed: of the folds.
    guard_p: see ``GuardOptions.p``, above 0 and up to 1.
    per_query: whether weights per query are tried.

    Raises:
        InputError: a number that means nothing.
    """

    metric: str = "nDCG@10"
    relevant: int = 2
    folds: int = 5
    seed: int = 0
    guard_p: float = 0.05
    per_query: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= 50 or not 0 < self.guard_p <= 1 or self.relevant < 1 or self.seed < 0:
            raise InputError(
                f"{self.folds} folds, seed {self.seed}, a guard at p = {self.guard_p} and relevant ="
                f" {self.relevant} cannot be",
                fix="use 2 to 50 folds, a seed of 0 or more, p above 0 and up to 1, relevant 1 or more",
            )

    @property
    def guard(self) -> GuardOptions:
        """For the guard and both cross-validations."""
        return GuardOptions(self.guard_p, self.folds, self.seed)
