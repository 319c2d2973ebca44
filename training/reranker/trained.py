"""What came of a reranker's training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from records import InputError

RECORD = "training.json"


@dataclass(frozen=True, slots=True)
class TrainedReranker:
    """A reranker on disk.

    Attributes:
        folder: as sentence-transformers' CrossEncoder saves it; ``training.export`` takes it.
        kept: numbers of the teacher's layers that it began with.
        losses: mean loss of every tenth of the run, in order.
        lists: queries that were learned from, in an epoch.
        seconds: of training, the teacher's scoring included; device: where.
    """

    folder: Path
    kept: tuple[int, ...]
    losses: tuple[float, ...]
    lists: int
    seconds: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, without a folder of this machine."""
        held = asdict(self)
        del held["folder"]
        return {**held, "kept": list(self.kept), "losses": list(self.losses)}

    def write(self, staged: Path) -> None:
        """Into the model's folder, before it takes its name."""
        (staged / RECORD).write_bytes(orjson.dumps(self.as_dict()))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What ``write`` wrote. Raises InputError when the folder holds no trained reranker."""
        try:
            held = orjson.loads((folder / RECORD).read_bytes())
            kept, losses = tuple(held.pop("kept")), tuple(held.pop("losses"))
            return cls(folder=folder, kept=kept, losses=losses, **held)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{folder} holds no trained reranker", fix="remove it and train again"
            ) from error
