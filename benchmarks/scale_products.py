"""The large catalogue as a file, so that the indexer reads what a shop would give it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import orjson

from aisle._files import whole_file
from aisle._paths import cache
from benchmarks.catalogue_products import Products
from benchmarks.catalogue_titles import real_titles
from benchmarks.command_line import say


def products_file(count: int) -> Path:
    """JSON lines with ``count`` distinct products; written once, then found in the cache folder.

    The smaller sizes of the benchmark are the file's beginning, which is homedepot's own catalogue.

    Raises:
        InputError: the real data is missing, or the cache folder cannot be written.
    """
    path = cache() / "benchmarks" / f"products-{count}.jsonl"
    if not path.is_file():
        say(f"writing {count:,} products to the cache folder, once")
        write_products(path, real_titles(), count)
    return path


def write_products(path: Path, titles: Iterable[str], count: int) -> None:
    """Write the first ``count`` products that are made of these titles, whole or not at all."""
    with whole_file(path) as file:
        for number, title in enumerate(islice(Products(titles), count)):
            row = {"id": f"p{number:07}", "title": title}
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
