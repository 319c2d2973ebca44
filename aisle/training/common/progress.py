"""What a training run tells while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from aisle._extras import optional


class Progress(Protocol):
    """Told of stages, steps and remarks."""

    def stage(self, name: str, position: int, count: int) -> None:
        """A stage begins: its name, its number from 1, and how many there are."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """So many optimizer steps of the stage are done; the mean loss of late, if it is known."""

    def note(self, text: str) -> None:
        """Something worth one line."""


class Silent:
    """Says nothing."""

    def stage(self, name: str, position: int, count: int) -> None:
        """Nothing."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@contextmanager
def silenced_libraries() -> Iterator[None]:
    """Errors only, no progress bars; afterwards as before."""
    logging = optional("transformers", extra="train").utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
