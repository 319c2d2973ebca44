"""One hash for all that a model learned from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from training.pairs.grades import Grades
from training.pairs.pair import Pair


def data_hash(pairs: Iterable[Pair], items: Mapping[str, str], grades: Grades, relevant: int) -> str:
    """sha256 in hex. Rows are sorted first, so that it depends on what is there and not on its order."""
    digest = hashlib.sha256()
    for row in _rows(pairs, items, grades, relevant):
        # JSON keeps rows apart whatever they hold; ASCII takes lone surrogates too.
        digest.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return digest.hexdigest()


def _rows(
    pairs: Iterable[Pair], items: Mapping[str, str], grades: Grades, relevant: int
) -> Iterator[Sequence[object]]:
    yield ["relevant", relevant]
    yield from (["item", *row] for row in sorted(items.items()))
    yield from sorted(["pair", p.query_id, p.item_id, p.query, p.grade, p.source.value] for p in pairs)
    yield from sorted(["grade", query, *row] for query, known in grades.items() for row in known.items())
