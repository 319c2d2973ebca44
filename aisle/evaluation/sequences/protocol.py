"""What is learned from, what is asked and what counts, in one record that is printed with every table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.sequences import Sequences

SHORTEST: Final = 3
"""Steps of a sequence whose last two are held out; shorter ones are learned from, whole."""


class Phase(Enum):
    """Which targets are asked for: settings are chosen on the validation's, figures are the test's."""

    VALIDATION = "validation"
    TEST = "test"


class Seen(Enum):
    """Whether a user's earlier items may be recommended again."""

    EXCLUDED = "excluded"
    KEPT = "kept"


class Cut(Protocol):
    """Where sequences are cut into what is learned from and what is asked."""

    def parts(self, sequences: Sequences) -> Parts:
        """The part of every step.

        Raises:
            EvaluationError: these sequences cannot be cut so.
        """

    def words(self) -> str:
        """For people."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Masks over the steps of sequences, bool [steps] each.

    Attributes:
        train: always learned from.
        validation, test: what is added by the time that the phase's targets are asked.
        validation_targets, test_targets: at most one step a user.
    """

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]
    validation_targets: NDArray[np.bool_]
    test_targets: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LeaveLastOut:
    """The last item of every user is the test's target, the one before it the validation's."""

    def parts(self, sequences: Sequences) -> Parts:
        """See `Cut`. Sequences of fewer than three steps are learned from, whole."""
        long = np.repeat(sequences.lengths >= SHORTEST, sequences.lengths)
        last, before = long & (sequences.ages == 0), long & (sequences.ages == 1)
        return Parts(~(last | before), before, last, before, last)

    def words(self) -> str:
        """See `Cut`."""
        return "leave-last-out (a user's last item is test, the one before it validation)"


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Two moments cut all users alike, so that nothing is learned from the future.

    A user's target is the first step at or after the moment; whoever took nothing before it is not asked.

    Attributes:
        validation_at, test_at: seconds since 1970 in UTC.

    Raises:
        EvaluationError: the second moment is not the later one.
    """

    validation_at: float
    test_at: float

    def __post_init__(self) -> None:
        if not self.validation_at < self.test_at:
            raise EvaluationError(
                "the test would not begin after the validation", fix="give the later moment last"
            )

    @staticmethod
    def by_shares(sequences: Sequences, validation: float = 0.1, test: float = 0.1) -> TimeSplit:
        """The moments behind which the last shares of all steps lie.

        Raises:
            EvaluationError: no times, no shares, or times that are all alike.
        """
        times = _times(sequences)
        if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1) or not len(times):
            raise EvaluationError("these shares cut nothing", fix="give two shares that sum to less than 1")
        first, second = np.quantile(times, [1 - validation - test, 1 - test], method="higher")
        return TimeSplit(float(first), float(second))

    def parts(self, sequences: Sequences) -> Parts:
        """See `Cut`."""
        times = _times(sequences)
        train, before_test = times < self.validation_at, times < self.test_at
        return Parts(
            train=train,
            validation=before_test & ~train,
            test=~before_test,
            validation_targets=_firsts(sequences, before_test & ~train),
            test_targets=_firsts(sequences, ~before_test),
        )

    def words(self) -> str:
        """See `Cut`."""
        first, second = (
            datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
            for at in (self.validation_at, self.test_at)
        )
        return f"time split (validation from {first}, test from {second} UTC; a user's first item from then)"


@dataclass(frozen=True, slots=True)
class ColdItems:
    """A share of the items that occur nowhere but as targets of the test: new ones, as it were.

    Attributes:
        share: of the items that occur, above 0 and below 1.
        seed: of the draw.

    Raises:
        EvaluationError: no such share.
    """

    share: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise EvaluationError(
                f"{self.share} is no share of the items", fix="use more than 0, less than 1"
            )

    def draw(self, taken: NDArray[np.int32], items: int) -> NDArray[np.bool_]:
        """Whether an item is held out, bool [items]; at least one is.

        Args:
            taken: positions of items that occur.
            items: how many there are.
        """
        there = np.unique(taken)
        count = max(1, round(self.share * len(there)))
        chosen = np.random.default_rng(self.seed).choice(there, size=min(count, len(there)), replace=False)
        cold = np.zeros(items, dtype=np.bool_)
        cold[chosen] = True
        return cold


@dataclass(frozen=True, slots=True)
class EvaluationProtocol:
    """How recommenders are measured; figures of two protocols are never comparable.

    Every target is ranked among all items of the catalogue, none sampled; an item of the target's own score
    counts as ranked above it, so that ties never flatter.

    Attributes:
        cut: where sequences are cut.
        seen: whether a user's earlier items may be recommended again. Where they may not, a target that the
            user had before is a miss.
        refit: whether the test's systems learn from the validation's steps too. Histories hold them anyway.
        cold: items that are held out of everything but the test's targets; None holds out none.
    """

    cut: Cut = field(default_factory=LeaveLastOut)
    seen: Seen = Seen.EXCLUDED
    refit: bool = False
    cold: ColdItems | None = None

    def words(self) -> str:
        """One line for people, printed with every table."""
        learned = "with" if self.refit else "without"
        parts = [
            self.cut.words(),
            "full ranking over all items, ties against the target",
            f"seen items {self.seen.value}",
            f"learned from train {learned} the validation's items",
        ]
        if self.cold:
            parts.append(f"{self.cold.share:.0%} of the items held out of everything (seed {self.cold.seed})")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What one phase of a protocol makes of sequences.

    Attributes:
        protocol, phase: that made it.
        train: what is learned from; all users, some perhaps with no step.
        histories: of the users who are asked, what each took before; never empty.
        targets: int32 [users who are asked], the item that each took next.
        cold: bool [items], those that were held out; None if none were.
        unasked: users with a target and no step before it.
        repeated: targets that their user had before.
    """

    protocol: EvaluationProtocol
    phase: Phase
    train: Sequences
    histories: Sequences
    targets: NDArray[np.int32]
    cold: NDArray[np.bool_] | None
    unasked: int
    repeated: int


def split(sequences: Sequences, protocol: EvaluationProtocol, phase: Phase) -> Split:
    """Cut sequences for one phase.

    Raises:
        EvaluationError: no user has a target and a history, or the cut does not fit these sequences.
    """
    parts = protocol.cut.parts(sequences)
    testing = phase is Phase.TEST
    warm = np.ones(len(sequences.steps), dtype=np.bool_)
    cold = protocol.cold.draw(sequences.steps, len(sequences.items)) if protocol.cold else None
    if cold is not None:
        warm = ~cold[sequences.steps]
    known = (parts.train | parts.validation if testing else parts.train) & warm
    learned = known if testing and protocol.refit else parts.train & warm
    asked = parts.test_targets if testing else parts.validation_targets & warm
    owners = sequences.owners
    users = owners[asked]
    had = np.bincount(owners[known], minlength=len(sequences))[users] > 0
    if not had.any():
        raise EvaluationError(
            f"no user has an item to predict in the {phase.value} and one before it",
            fix="give longer sequences, or cut them elsewhere",
        )
    histories = sequences.where(known).of_users(users[had])
    targets = sequences.steps[asked][had]
    again = np.repeat(targets, histories.lengths) == histories.steps
    return Split(
        protocol=protocol,
        phase=phase,
        train=sequences.where(learned),
        histories=histories,
        targets=targets,
        cold=cold,
        unasked=int(np.count_nonzero(~had)),
        repeated=len(np.unique(histories.owners[again])),
    )


def next_steps(data: Split) -> NDArray[np.int64]:
    """The last item of every history and the one that was taken next, int64 [users who are asked, 2]."""
    last = data.histories.steps[data.histories.offsets[1:] - 1]
    return np.stack([last, data.targets], axis=1).astype(np.int64)


def _times(sequences: Sequences) -> NDArray[np.float64]:
    if sequences.times is None:
        raise EvaluationError(
            "these sequences have no times", fix="leave the last item out instead of splitting by time"
        )
    return sequences.times


def _firsts(sequences: Sequences, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of each user the first step among some, as a mask."""
    places = np.flatnonzero(among)
    _, first = np.unique(sequences.owners[places], return_index=True)
    found = np.zeros(len(among), dtype=np.bool_)
    found[places[first]] = True
    return found
