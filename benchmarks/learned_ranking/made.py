"""Queries that are made of titles, as `aisle adapt` makes them, with the items that answer them."""

from __future__ import annotations

from pathlib import Path

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import item_text
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.training.adaptation.description import read_description
from aisle.training.adaptation.made_pairs import PairSettings, make_pairs, write_pairs
from aisle.training.common.progress import Silent
from benchmarks.adaptation.description import DESCRIPTIONS, Known
from benchmarks.harness.command_line import say
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.harness.parts import dataset, load_encoder


def made_queries(name: str, folder: Path, queries: int, limit: int | None) -> JudgedSet:
    """Queries that find the item that they were made from, kept in the folder.

    Args:
        name: of the data set; its judgments are not read.
        folder: where what was asked is kept.
        queries: to make; about two in three find their item.
        limit: a trial: so many products.
    """
    kept = folder / f"made-{name}-{queries}-{limit or 'all'}"
    if not kept.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        items = list(read_catalogue(dataset(name), ReadOptions(limit=limit)))
        model = load_encoder()
        vectors = item_vectors(model, items)
        known = Known(model, dict(zip(map(item_text, items), vectors, strict=True)))
        say(f"making {queries:,} queries of {len(items):,} titles")
        made = make_pairs(
            items, read_description(DESCRIPTIONS[name]), PairSettings(queries=queries), known, Silent()
        )
        write_pairs(made, items, kept)
    return read_judged_set(kept, "train")
