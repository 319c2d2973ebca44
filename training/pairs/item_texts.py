"""A catalogue as what an encoder reads of it."""

from __future__ import annotations

from pathlib import Path

from catalogue import read_catalogue
from encoder.text import item_text


def item_texts(path: str | Path) -> dict[str, str]:
    """Item id to encoder text, of anything that ``read_catalogue`` reads. Raises as it does."""
    return {item.id: item_text(item) for item in read_catalogue(path)}
