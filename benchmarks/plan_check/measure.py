"""Indexes products and looks at the files."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from opensearchpy import OpenSearch

from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.mappings import IndexSettings, fields
from aisle.mappings.vector_types import AS_FP32, VectorStorage
from aisle.types import Item
from benchmarks.harness.command_line import say
from benchmarks.plan_check.table import Checked, index_files

SETTINGS: Final = IndexSettings()


def checked(
    client: OpenSearch,
    name: str,
    items: Iterable[Item],
    encoder: ItemEncoder,
    storage: VectorStorage = AS_FP32,
    *,
    merged: bool = True,
) -> Checked:
    """Make an index, measure it and delete it.

    Args:
        client: of the benchmark's own node.
        name: of the catalogue, for people.
        items: its products.
        encoder: of dense vectors.
        storage: how these are kept.
        merged: to one segment.
    """
    started = time.perf_counter()
    options = IndexOptions(f"plan-{name}", force_merge=merged, vectors=storage)
    report = index_catalogue(client, items, encoder, options)
    try:
        files = index_files(client, report.release)
    finally:
        client.indices.delete(index=report.release)
    seconds = round(time.perf_counter() - started, 1)
    dims, kept_as = encoder.spaces[fields.DENSE].dims, storage.kept_as
    say(f"{name}, {kept_as.value}, {dims}: {report.documents:,} products in {seconds:,.0f} s")
    return Checked(name, report.documents, dims, SETTINGS.m, files, seconds, kept_as=kept_as)
