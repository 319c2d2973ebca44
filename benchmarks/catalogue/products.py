"""A catalogue of any size, all of it distinct: real titles first, then variants of them. Streamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.seen import SeenIds
from aisle.encoder import item_text
from aisle.encoder.text import clean
from aisle.errors import InputError
from benchmarks.harness.parts import dataset

SIZES: Final = (10_000, 54_667, 100_000, 300_000, 826_402)
"""Products at which encoding, graphs and searches are measured."""

COLOURS: Final = (
    "Black", "White", "Red", "Blue", "Green", "Yellow", "Orange", "Purple", "Pink", "Brown",
    "Gray", "Silver", "Gold", "Beige", "Ivory", "Navy", "Teal", "Bronze", "Chrome", "Copper",
)  # fmt: skip
LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"

_COLOUR: Final = re.compile(rf"\b(?:{'|'.join(COLOURS)})\b", re.IGNORECASE)
# A number of its own, as in "40 in. W", and no part of a model number, a fraction or a decimal.
_SIZE: Final = re.compile(r"(?<![\w./#-])[1-9]\d{0,3}(?![\w/]|[.]\d)")
_PACK: Final = re.compile(r"\(Pack of \d+\)|\b\d+-Pack\b", re.IGNORECASE)
_MODEL: Final = re.compile(r"(?<!\S)#?(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d][A-Z\d-]{3,}\b")

Edit = Callable[[str, Random], str]


def variants(titles: Sequence[str], chance: Random) -> Iterator[str]:
    """Endless: one variant of each title in turn, then another of each. Two of them may be equal."""
    while titles:
        for title in titles:
            yield variant(title, chance)


def variant(title: str, chance: Random) -> str:
    """The title with one or two things changed; what it does not name is added at its end."""
    for edit in chance.sample(EDITS, chance.randint(1, 2)):
        title = edit(title, chance)
    return title


def colour(title: str, chance: Random) -> str:
    """Another colour."""
    return _put(_COLOUR, chance.choice(COLOURS), title, " in {}")


def size(title: str, chance: Random) -> str:
    """Another number for one of its sizes."""
    found = list(_SIZE.finditer(title))
    if not found:
        return f"{title}, {chance.randint(1, 120)} in. x {chance.randint(1, 120)} in."
    at = chance.choice(found)
    return f"{title[: at.start()]}{chance.randint(1, 2 * int(at[0]) + 8)}{title[at.end() :]}"


def pack(title: str, chance: Random) -> str:
    """Another number of pieces."""
    return _put(_PACK, f"(Pack of {chance.randint(2, 144)})", title, " {}")


def model(title: str, chance: Random) -> str:
    """Another model number."""
    name = "".join(chance.choices(LETTERS, k=2))
    return _put(_MODEL, f"{name}-{chance.randint(10_000, 99_999)}", title, " {}")


EDITS: Final[Sequence[Edit]] = (colour, size, pack, model)


def _put(pattern: re.Pattern[str], word: str, title: str, addition: str) -> str:
    """The word in the place of the pattern's first match, else at the end."""
    changed, times = pattern.subn(word, title, count=1)
    return changed if times else title + addition.format(word)


class Products:
    """An endless stream of encoder texts, no two of them equal but for case.

    Case does not count because most tokenizers fold it. Only the real titles are kept in memory, and 11 to 22
    bytes for each product.

    Attributes:
        real: how many of the products so far are real titles.
    """

    def __init__(self, titles: Iterable[str], seed: int = 0) -> None:
        self.real = 0
        self._stream = self._texts(titles, Random(seed))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next product. Raises InputError if there are no real titles."""
        return next(self._stream)

    def _texts(self, titles: Iterable[str], chance: Random) -> Iterator[str]:
        seen = SeenIds()
        kept: list[str] = []
        for title in titles:
            if title and seen.add(title.casefold()):
                kept.append(title)
                self.real += 1
                yield title
        if not kept:
            raise InputError("there are no real titles to vary", fix="check the folder of real data")
        for made in map(clean, variants(kept, chance)):
            if seen.add(made.casefold()):
                yield made


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
