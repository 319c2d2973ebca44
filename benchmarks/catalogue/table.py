"""What was measured at every size → rows, attempts and goals of the catalogue benchmark. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from aisle.errors import InputError
from benchmarks.catalogue.measure import Encoded, Graph
from benchmarks.harness.result_file import HIGHER, LOWER, Goal


@dataclass(frozen=True, slots=True)
class Growth:
    """``value = factor * products ** exponent``.

    Attributes:
        exponent: 1 is linear, 0 constant. n log n looks like 1.07 to 1.1 between 10 thousand and a million.
        factor: of the law.
    """

    exponent: float
    factor: float

    @property
    def per_tenfold(self) -> float:
        """What ten times the products multiply the figure by."""
        return float(10**self.exponent)

    def at(self, products: int) -> float:
        """The law's figure for another size; beyond the sizes measured it is a guess."""
        return float(self.factor * products**self.exponent)


def growth(products: Sequence[int], values: Sequence[float]) -> Growth:
    """The power law that lies nearest to the figures, by least squares of logarithms.

    Raises:
        InputError: fewer than two sizes, or a figure of 0 or less.
    """
    if len(set(products)) < 2 or min(values) <= 0:
        raise InputError("growth needs two sizes and figures above 0", fix="measure more sizes")
    exponent, start = np.polyfit(np.log(products), np.log(values), 1)
    return Growth(float(exponent), float(np.exp(start)))


PAPER_P50_MS: Final = 6.1
"""INT8 query encoding on a CPU, batch 1 (arXiv 2602.00899)."""

GOAL_RECALL: Final = 0.95

ENCODE: Final = "encoding, seconds"
BUILD: Final = "building the graph, seconds"

Row = dict[str, Any]


def catalogue_rows(encoded: Sequence[Encoded], graphs: Sequence[Graph]) -> list[Row]:
    """One row per size; ``searched`` and ``asked`` are tables within it."""
    return [
        {
            "products": graph.products,
            "encode_s": round(done.seconds, 2),
            "products_per_s": round(done.products / done.seconds, 1),
            "encode_memory_mb": round(done.memory_mb, 1),
            "build_s": round(graph.build_s, 3),
            "vectors_per_s": round(graph.products / graph.build_s, 1),
            "build_memory_mb": round(graph.memory_mb, 1),
            "size_bytes": graph.size_bytes,
            "bytes_per_product": round(graph.size_bytes / graph.products, 1),
            "searched": [_rounded(asdict(one)) for one in graph.searched],
            "asked": [_rounded(asdict(one)) for one in graph.asked],
        }
        for done, graph in zip(encoded, graphs, strict=True)
    ]


def growths(rows: Sequence[Row], ef_search: int) -> Mapping[str, Growth]:
    """The law of every figure that grows, the search at the index's own beam."""
    products = [row["products"] for row in rows]
    figures = {
        ENCODE: [row["encode_s"] for row in rows],
        BUILD: [row["build_s"] for row in rows],
    }
    for name in _sets(rows):
        figures[search_figure(name)] = [_searched(row, name, ef_search)["p50_ms"] for row in rows]
    return {name: growth(products, values) for name, values in figures.items()}


def search_figure(queries: str) -> str:
    """The name of a set's search time in the table of growth."""
    return f"HNSW search p50, ms, {queries}"


def catalogue_goals(rows: Sequence[Row], ef_search: int) -> list[Goal]:
    """The benchmark's own goals at the largest size: the issue asks for the figures and sets no limits."""
    first, last = rows[0], rows[-1]
    laws = growths(rows, ef_search)
    goals = []
    for name in _sets(rows):
        found = _searched(last, name, ef_search)["recall_100"]
        goals.append(Goal(f"HNSW recall@100 at ef_search {ef_search}, {name}", found, GOAL_RECALL, HIGHER))
    for one in last["asked"]:
        label = f"query p50 with its encoding, ms, {one['queries']}"
        goals.append(Goal(label, one["p50_ms"], PAPER_P50_MS, LOWER))
    taken = (_memory(last) - _memory(first)) * 1e6 / (last["products"] - first["products"])
    return [
        *goals,
        Goal("peak memory for each product more, bytes", round(taken, 1), 1000.0, LOWER),
        Goal("encoding time grows as products to the power of", _exponent(laws[ENCODE]), 1.05, LOWER),
        Goal("graph building grows as products to the power of", _exponent(laws[BUILD]), 1.25, LOWER),
    ]


def growth_attempts(rows: Sequence[Row], ef_search: int) -> list[Row]:
    """The exponents, and what ten times the products cost."""
    return [
        {
            "tried": name,
            "value": {"exponent": _exponent(law), "per_tenfold": round(law.per_tenfold, 2)},
        }
        for name, law in growths(rows, ef_search).items()
    ]


def beam_attempts(rows: Sequence[Row], recall: float = GOAL_RECALL) -> list[Row]:
    """For each set the smallest beam that reaches a recall@100 at the largest size; None if none does."""
    return [
        {
            "tried": f"smallest ef_search with recall@100 of {recall:g} at the largest size, {name}",
            "value": min(
                (
                    one["ef_search"]
                    for one in rows[-1]["searched"]
                    if one["queries"] == name and one["recall_100"] >= recall
                ),
                default=None,
            ),
        }
        for name in _sets(rows)
    ]


def _sets(rows: Sequence[Row]) -> list[str]:
    return [one["queries"] for one in rows[0]["asked"]]


def _searched(row: Row, name: str, ef_search: int) -> Row:
    return next(one for one in row["searched"] if (one["queries"], one["ef_search"]) == (name, ef_search))


def _memory(row: Row) -> float:
    return float(max(row["encode_memory_mb"], row["build_memory_mb"]))


def _exponent(law: Growth) -> float:
    return round(law.exponent, 3)


def _rounded(record: Row) -> Row:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in record.items()}
