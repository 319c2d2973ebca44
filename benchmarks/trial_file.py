"""Trials that decided a recipe or a default: run once, by hand, and kept as they came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent / "trials"


def trials(file: str, domain: str) -> list[dict[str, Any]]:
    """What was tried for a domain of ``trials/<file>.json``, with its figures, in the order of trying."""
    return [
        trial for trial in orjson.loads((FOLDER / f"{file}.json").read_bytes()) if trial["domain"] == domain
    ]
