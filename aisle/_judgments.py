"""Judgments from one tool to another."""

from __future__ import annotations

from pathlib import Path

from aisle.errors import InputError
from aisle.evaluation.exchange import Converted, Exchange, Format, convert

__all__ = ["Converted", "Format", "convert_judgments"]


def convert_judgments(
    source: str | Path,
    target: str | Path,
    to: Format | str,
    *,
    known_as: Format | str | None = None,
    split: str = "dev",
    queries: str | Path | None = None,
    name: str = "",
) -> Converted:
    """Write judgments and queries for another tool.

    Example:
        aisle.convert_judgments("judged", "shop-srw", "srw")

    Args:
        source: file or folder.
        target: file or folder, which must not exist yet.
        to: ``beir``, ``trec``, ``ltr``, ``quepid-csv``, ``quepid-json`` or ``srw`` (Search Relevance
            Workbench).
        known_as: format of the source; told by its content if it is None.
        split: of BEIR folders.
        queries: file with the texts of queries, which TREC's judgments lack.
        name: of the query set in the workbench; empty for that of the target.

    Returns:
        How much was read, and what the target could not hold as it was.

    Raises:
        InputError: the source cannot be read, the target exists, or nothing would be in it.
    """
    exchange = Exchange(split, Path(queries) if queries else None, name)
    origin = None if known_as is None else _format(known_as)
    return convert(Path(source), Path(target), _format(to), known_as=origin, exchange=exchange)


def _format(name: Format | str) -> Format:
    try:
        return Format(name)
    except ValueError:
        raise InputError(f"no format '{name[:40]}'", fix=f"choose from {', '.join(Format)}") from None
