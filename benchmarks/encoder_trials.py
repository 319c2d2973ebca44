"""Trials that decided the recipe: run once, by hand, and kept as they came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

TRIALS = Path(__file__).parent / "trials" / "encoder.json"


def trials(domain: str) -> list[dict[str, Any]]:
    """What was tried for a domain, with its figures, in the order of trying."""
    return [trial for trial in orjson.loads(TRIALS.read_bytes()) if trial["domain"] == domain]
