"""What a worker tells the driver about one batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from indexer.writer import Written
from records import AisleError


@dataclass(frozen=True, slots=True)
class Refused:
    """The item at ``position`` of the catalogue is not in the index for good; ``reason`` is one line."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Every item at the positions ``first`` to ``last``, both included, is acknowledged or refused.

    Attributes:
        written: of its requests; ``written.accepted + len(refused)`` is the number of items.
        refused: by OpenSearch, or no JSON.
        busy_s: seconds per stage (``encode``, ``write``).
    """

    first: int
    last: int
    written: Written
    refused: tuple[Refused, ...] = ()
    busy_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that ends the run. It travels as data: an exception would be printed into Ray's logs."""

    kind: type[AisleError]
    message: str
    fix: str

    @staticmethod
    def of(error: AisleError) -> Failed:
        """Of an error that was caught."""
        return Failed(type(error), error.message, error.fix)

    def throw(self) -> NoReturn:
        """Raise it as the class that it was."""
        error = self.kind.__new__(self.kind)
        # Not the class' own constructor: some take other arguments.
        AisleError.__init__(error, self.message, fix=self.fix)
        raise error


Reply = Settled | Failed
