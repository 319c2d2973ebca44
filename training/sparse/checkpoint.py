"""The state of a run after each epoch, so that an interrupted one can go on."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from records import InputError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file that holds the last whole epoch of a run.

    Attributes:
        path: of the file.
        key: of settings and data: a file of another run is not gone on with.
    """

    path: Path
    key: str

    def write(self, state: dict[str, Any]) -> None:
        """Replace what is there, in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_name(f"{self.path.name}.tmp")
        torch.save({"key": self.key, **state}, staged)
        staged.replace(self.path)

    def read(self) -> dict[str, Any] | None:
        """What was written, tensors on the CPU; None if nothing was.

        Raises:
            InputError: the file is of another run, or damaged.
        """
        if not self.path.is_file():
            return None
        fix = "train without --resume, which begins anew"
        try:
            # Tensors and plain values alone: nothing in the file is run.
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
            raise InputError(f"{self.path} cannot be read: {str(error)[:200]}", fix=fix) from error
        if state.get("key") != self.key:
            raise InputError(f"{self.path} is of a run with other settings or data", fix=fix)
        return state

    def remove(self) -> None:
        """If it is there."""
        self.path.unlink(missing_ok=True)
