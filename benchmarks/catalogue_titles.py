"""The real product titles of the shared data, as encoder texts: the beginning of the large catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import item_text
from benchmarks.parts import dataset


@dataclass(frozen=True, slots=True)
class Source:
    """Where titles come from.

    Attributes:
        folder: under the folder of real data.
        file: in it; empty for a folder in BEIR's layout.
        columns: as ``ReadOptions.columns``. Files of reviews and invoices repeat a product's row; the column
            that identifies the product leaves the first.
    """

    folder: str
    file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


SOURCES: Final = (
    Source("homedepot"),
    Source("icecat"),
    Source("beauty", "items.tsv.gz"),
    Source("steam", "games.jsonl.gz", {"id": "item_id", "title": "app_name"}),
    Source("reviews/amazon2023", "items.jsonl.gz"),
    Source("reviews/flipkart", "reviews.jsonl.gz", {"id": "item_title", "title": "item_title"}),
    Source("online_retail", "online_retail.csv.gz", {"id": "StockCode", "title": "Description"}),
)
"""homedepot first: the smaller sizes of the benchmark are then the catalogue of its own queries."""


def real_titles(sources: tuple[Source, ...] = SOURCES) -> Iterator[str]:
    """Every product's title as its encoder text, source by source; a title may come more than once.

    Raises:
        InputError: a source is not there.
    """
    for path, columns in [(dataset(source.folder) / source.file, source.columns) for source in sources]:
        for item in read_catalogue(path, ReadOptions(columns=columns)):
            yield item_text(replace(item, text=""))
