"""The file of products in a folder."""

from __future__ import annotations

from pathlib import Path

from records import InputError

_NAMES = (
    "corpus.jsonl",
    "corpus.jsonl.gz",
    "corpus.parquet",
    "shopping_queries_dataset_products.parquet",
    "shopping_queries_dataset_products.csv",
)


def catalogue_file(path: Path) -> Path:
    """``path`` itself, or the catalogue in that folder (BEIR's or ESCI's file names).

    Raises:
        InputError: a folder without such a file (lists what it holds).
    """
    if not path.is_dir():
        return path
    for name in _NAMES:
        if (path / name).is_file():
            return path / name
    held = sorted(entry.name for entry in path.iterdir())[:10]
    raise InputError(
        f"{path} holds no corpus.jsonl (found: {', '.join(held) or 'nothing'})",
        fix="name the file of products itself",
    )
