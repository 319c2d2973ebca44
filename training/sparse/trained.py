"""What came of a sparse encoder's training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.dense.base_model import BaseModel
from training.dense.trained import calibration_texts
from training.export.options import ExportOptions
from training.pairs.training_set import TrainingSet
from training.sparse.settings import SparseSettings


@dataclass(frozen=True, slots=True)
class TrainedSparse:
    """A sparse encoder on disk.

    Attributes:
        folder: a BERT checkpoint with its tokenizer and ``sparse.safetensors``: ``export_sparse`` takes it.
        settings: of the run; base: what it began with; data_hash: of the training set.
        losses: mean ranking loss of every part of the run, in order.
        active_items, active_queries: tokens with a weight in a text, mean at the end of the run.
        rows, steps: pairs, and optimizer steps.
        seconds: of training alone; device: where.
    """

    folder: Path
    settings: SparseSettings
    base: BaseModel
    data_hash: str
    losses: tuple[float, ...]
    active_items: float
    active_queries: float
    rows: int
    steps: int
    seconds: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        """What the artifact's manifest keeps: settings and what ran, without a folder of this machine."""
        ran = {
            "device": self.device,
            "rows": self.rows,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "loss_first": round(self.losses[0], 4),
            "loss_last": round(self.losses[-1], 4),
            "active_items": round(self.active_items, 1),
            "active_queries": round(self.active_queries, 1),
        }
        known = {"base": self.base.name, "revision": self.base.revision}
        return {**self.settings.as_dict(), **known, "ran": ran}

    def export_options(self, name: str, training_set: TrainingSet, **more: Any) -> ExportOptions:
        """How to export it: what the folder alone does not tell."""
        return ExportOptions(
            model=str(self.folder),
            base_model=self.base.name,
            name=name,
            max_length=self.base.max_length,
            prefixes=self.base.prefixes,
            training=self.as_dict(),
            data_hash=self.data_hash,
            calibration=tuple(calibration_texts(training_set, self.base.prefixes)),
            **more,
        )
