"""Training a tiny model on the made-up catalogue: settings, and recall on the questions held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from aisle.training.common.machine import TrainingPrecision
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.stage import TrainingStage
from aisle.training.dense.stages.contrastive import InBatchStage, TitleStage
from aisle.training.dense.trainer import Schedule
from tests.support.tiny_bert import tiny_bert
from tests.support.tiny_catalogue import catalogue, item_words, query_words, split

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WIDTHS = (32, 16, 8)
# Tiny matrices on many cores cost more in waiting than in work.
torch.set_num_threads(1)


def tiny_model(folder: Path) -> Path:
    """Untrained, with a token for each word of the catalogue and of the questions."""
    return tiny_bert(folder, [*item_words(), *query_words(), "the"])


def tiny_settings(base: Path, *stages: TrainingStage, **more: object) -> TrainingSettings:
    """Titles for a moment, then pairs until they are learned; float32, so that digits can be compared."""
    ladder = stages or (TitleStage(Schedule(1, 5e-3, 32)), InBatchStage(Schedule(10, 5e-3, 32)))
    fp32 = TrainingPrecision.FP32
    return TrainingSettings(base=str(base), stages=ladder, widths=WIDTHS, precision=fp32, **more)  # type: ignore[arg-type]


def recall(model: SentenceTransformer, width: int = 32, k: int = 10) -> float:
    """Share of the held-out questions whose item is among the first ``k`` of 200."""
    wanted = {pair.query: pair.item_id for pair in split(held_out=True) if pair.grade == 2}
    items = catalogue()
    found = model.encode(
        list(items.values()), show_progress_bar=False, truncate_dim=width, normalize_embeddings=True
    )
    asked = model.encode(list(wanted), show_progress_bar=False, truncate_dim=width, normalize_embeddings=True)
    best = np.argsort(-asked @ found.T, axis=1)[:, :k]
    ids = list(items)
    hits = [item in {ids[place] for place in row} for item, row in zip(wanted.values(), best, strict=True)]
    return float(np.mean(hits))


class Stopped(Exception):
    """What a test stops a run with."""


@dataclass
class Diary:
    """A progress that keeps what it is told, and can stop the run after a step of a stage."""

    stop: tuple[str, int] | None = None
    stages: list[str] = field(default_factory=list)
    steps: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)

    def stage(self, name: str, position: int, count: int) -> None:
        """Kept."""
        self.stages.append(name)

    def phase(self, name: str) -> None:
        """Kept."""
        self.phases.append(name)

    def step(self, done: int, total: int, loss: float | None) -> None:
        """Kept; stops there if that was asked for."""
        self.steps.append((self.stages[-1], done))
        if self.steps[-1] == self.stop:
            raise Stopped

    def note(self, text: str) -> None:
        """Kept."""
        self.notes.append(text)
