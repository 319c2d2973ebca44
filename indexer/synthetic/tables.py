"""The vocabulary: what products there are and how people and shops call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class ProductType:
    """One kind of product.

    Attributes:
        name: key and first title name.
        department: the item's category.
        names: how titles call it.
        styles: sub-kinds, one per product line.
        synonyms: how people call it; no product text has these words.
        uses: needs that it meets, in a user's words.
        phrases: sentences of descriptions.
        materials: one per product line.
        sizes: one per variant, empty if it has none.
        price: lowest and highest.
        related: types that half answer a question for this one.
        colours: one per variant, empty if it has none.
    """

    name: str
    department: str
    names: tuple[str, ...]
    styles: tuple[str, ...]
    synonyms: tuple[str, ...]
    uses: tuple[str, ...]
    phrases: tuple[str, ...]
    materials: tuple[str, ...]
    sizes: tuple[str, ...]
    price: tuple[float, float]
    related: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables: types in a fixed order, brands by department, series names and closing sentences."""

    types: tuple[ProductType, ...]
    brands: Mapping[str, tuple[str, ...]]
    series: tuple[str, ...]
    closings: tuple[str, ...]


def load_tables() -> Tables:
    """Read the JSON files beside this module."""
    words = _load("words")
    brands = {department: tuple(names) for department, names in _load("brands").items()}
    types = tuple(
        _type(row, department, words)
        for department in brands
        for row in _load("types_" + department.lower().replace(" ", "_"))
    )
    return Tables(types, brands, tuple(words["series"]), tuple(words["closings"]))


def _load(name: str) -> Any:
    return orjson.loads(resources.files("indexer.synthetic").joinpath("tables", f"{name}.json").read_bytes())


def _type(row: dict[str, Any], department: str, words: dict[str, Any]) -> ProductType:
    colourless = {row["name"], department} & set(words["colourless"])
    return ProductType(
        name=row["name"],
        department=department,
        names=tuple(row["names"]),
        styles=tuple(row["styles"]),
        synonyms=tuple(row["synonyms"]),
        uses=tuple(row["uses"]),
        phrases=tuple(row["phrases"]),
        materials=tuple(row["materials"]),
        sizes=tuple(words["sizes"][row["size"]]) if row["size"] else (),
        price=(row["price"][0], row["price"][1]),
        related=tuple(row["related"]),
        colours=() if colourless else tuple(words["colours"]),
    )
