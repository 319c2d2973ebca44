"""What the cells of one column have in common, over the rows that are looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from aisle.catalogue.rejects import BadRow
from aisle.catalogue.values import identity, scalar

# Shares of kinds of text are told by so many cells.
_SAMPLE: Final = 300
# Of one text so much is looked at.
_CHARS: Final = 2_000

PLAIN_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,14}|(?=\.\d))(?:\.\d{1,9}|,(?:\d{1,2}|\d{4,9}))?")
_URL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}:)?//\S|www\.\S|data:\w+/", re.IGNORECASE)
_PICTURE: Final = re.compile(
    r"\S.*\.(?:jpe?g|jfif|png|gif|webp|avif|heic|svg|bmp|tiff?)(?:[?#~/]\S*)?$", re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>|<!--")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{1,2}[./]\d{1,2}[./]\d{4} \d{1,2}:\d\d")


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column over the rows looked at.

    Attributes:
        rows: looked at.
        filled: rows that have it.
        distinct: different values.
        commonest: rows that share the value that most have.
        ids: different ids that its cells can be.
        bad_ids: rows whose cell is empty or else can be no id.
        numeric, whole: share of the filled that are plain numbers, and those without decimals; codes such as
            ``007`` are none.
        urls: share of the texts that are URLs; pictures: that are URLs or names of picture files.
        markup: share of the texts with HTML tags; moments: that are dates with a time.
        objects: share of the filled that are objects, or lists of them.
        lists: share of the filled that are lists.
        spaces: share of the texts with a space in them.
        length: of the texts, in characters: half of them are shorter.
        sample: some of what is filled, in the order of the rows.
    """

    rows: int
    filled: int
    distinct: int
    commonest: int
    ids: int
    bad_ids: int
    numeric: float
    whole: float
    urls: float
    pictures: float
    markup: float
    moments: float
    objects: float
    lists: float
    spaces: float
    length: float
    sample: tuple[Any, ...]

    @property
    def repeated(self) -> int:
        """Filled rows whose value an earlier row has."""
        return self.filled - self.distinct

    @property
    def share(self) -> float:
        """Share of the rows that have it."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def constant(self) -> bool:
        """Whether every row has the same."""
        return self.distinct == 1 and self.filled == self.rows


def profile(cells: Sequence[object]) -> ColumnProfile:
    """Describe a column.

    Args:
        cells: one for each row; None where a row lacks it.
    """
    filled = [cell for cell in cells if is_filled(cell)]
    times: dict[str, int] = {}
    for cell in filled:
        key = cell if isinstance(cell, str) else repr(cell)[:_CHARS]
        times[key] = times.get(key, 0) + 1
    sample = filled[:: max(1, -(-len(filled) // _SAMPLE))]
    flat = [part for cell in sample for part in (cell[:20] if isinstance(cell, list | tuple) else (cell,))]
    texts = [text.strip()[:_CHARS] for part in flat if (text := scalar(part))]
    ids = [id_ for cell in filled if (id_ := _id(cell))]
    numbers = [text for text in texts if PLAIN_NUMBER.fullmatch(text)]
    urls = sum(1 for text in texts if _URL.match(text))
    return ColumnProfile(
        rows=len(cells),
        filled=len(filled),
        distinct=len(times),
        commonest=max(times.values(), default=0),
        ids=len(set(ids)),
        bad_ids=len(cells) - len(ids),
        numeric=_share(len(numbers), len(flat)),
        whole=_share(sum(1 for text in numbers if text.lstrip("+-").isdigit()), len(flat)),
        urls=_share(urls, len(texts)),
        pictures=_share(sum(1 for text in texts if _URL.match(text) or _PICTURE.match(text)), len(texts)),
        markup=_share(sum(1 for text in texts if "<" in text and _TAG.search(text)), len(texts)),
        moments=_share(sum(1 for text in texts if _MOMENT.match(text)), len(texts)),
        objects=_share(sum(1 for part in flat if isinstance(part, dict)), len(flat)),
        lists=_share(sum(1 for cell in sample if isinstance(cell, list | tuple)), len(sample)),
        spaces=_share(sum(1 for text in texts if " " in text), len(texts)),
        length=median(map(len, texts)) if texts else 0.0,
        sample=tuple(sample),
    )


def is_filled(cell: object) -> bool:
    """Whether there is anything in a cell."""
    if isinstance(cell, str):
        return bool(cell) and not cell.isspace()
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - NaN
        return False
    return not isinstance(cell, list | tuple | dict) or bool(cell)


def _id(cell: object) -> str:
    try:
        return identity(cell)
    except BadRow:
        return ""


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
