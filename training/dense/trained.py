"""What came of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoder.manifest import Prefixes
from training.dense.base_model import BaseModel
from training.dense.ledger import StageRecord
from training.dense.settings import TrainingSettings
from training.export.options import ExportOptions
from training.pairs.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """A trained model on disk.

    Attributes:
        folder: the model in sentence-transformers' layout, ready for ``training.export``.
        history: a record per stage, with its losses and evaluation.
        settings: of the run; base: what it started from; widths: Matryoshka widths, full width first.
        data_hash: of the training set; seconds: of all stages; device, precision: where it ran and how.
    """

    folder: Path
    history: tuple[StageRecord, ...]
    settings: TrainingSettings
    base: BaseModel
    widths: tuple[int, ...]
    data_hash: str
    seconds: float
    device: str
    precision: str

    def as_dict(self) -> dict[str, Any]:
        """What the artifact's manifest keeps: settings and what ran, without a folder of this machine."""
        stages = [
            {"stage": done.name, "rows": done.rows, "steps": done.steps, "seconds": round(done.seconds, 1)}
            for done in self.history
        ]
        return {
            **self.settings.as_dict(),
            "base": self.base.name,
            "revision": self.base.revision,
            "widths": list(self.widths),
            "ran": {"device": self.device, "precision": self.precision, "stages": stages},
        }

    def export_options(self, name: str, training_set: TrainingSet, **more: Any) -> ExportOptions:
        """How to export it: what the folder alone does not tell (prefixes, lengths, widths, texts, data)."""
        return ExportOptions(
            model=str(self.folder),
            base_model=self.base.name,
            name=name,
            max_length=self.base.max_length,
            prefixes=self.base.prefixes,
            widths=self.widths,
            training=self.as_dict(),
            data_hash=self.data_hash,
            calibration=tuple(calibration_texts(training_set, self.base.prefixes)),
            **more,
        )


def calibration_texts(data: TrainingSet, prefixes: Prefixes, count: int = 100) -> list[str]:
    """``count`` items and ``count`` queries at even distances: what static INT8 takes its ranges from."""
    items, queries = list(data.items.values()), list(data.queries.values())
    return [
        *(prefixes.item + text for text in items[:: max(1, len(items) // count)][:count]),
        *(prefixes.query + text for text in queries[:: max(1, len(queries) // count)][:count]),
    ]
