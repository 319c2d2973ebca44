"""Checkpoints of a stage that was stopped."""

from __future__ import annotations

import json
from pathlib import Path


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of most steps that was written to its end: its state, written last, can be read."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _readable(path)]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _readable(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False
