"""Products as sets of attributes: lines of one brand, each with up to three variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from itertools import cycle, islice
from random import Random
from typing import Any, TypeVar

import orjson

_T = TypeVar("_T")


def pick(rng: Random, choices: Sequence[_T]) -> _T:
    """One of ``choices``, all alike."""
    return choices[int(rng.random() * len(choices))]


def draw(rng: Random, choices: Sequence[_T], count: int) -> list[_T]:
    """Up to ``count`` different ones, in random order."""
    left = list(choices)
    return [left.pop(int(rng.random() * len(left))) for _ in range(min(count, len(left)))]


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
    return orjson.loads(
        resources.files("aisle.testing.synthetic").joinpath("tables", f"{name}.json").read_bytes()
    )


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


_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_MAX_VARIANTS = 3


@dataclass(frozen=True, slots=True)
class Product:
    """What a product is; its texts and all judgments follow from this.

    Attributes:
        id: "s000001" and up.
        type: name of its ProductType.
        line: model number without the variant's letter ("KX-4410"), shared by the variants of a line.
        model: the line with the letter ("KX-4410B"), unique.
        colour, size: differ within a line; empty where the type has none.
    """

    id: str
    type: str
    department: str
    brand: str
    series: str
    style: str
    material: str
    line: str
    model: str
    colour: str
    size: str
    price: float


def make_products(tables: Tables, count: int, seed: int) -> list[Product]:
    """Make ``count`` products, the same number of lines for each type give or take one."""
    rng = Random(f"products {seed}")
    lines: set[str] = set()
    variants = (v for kind in cycle(tables.types) for v in _line(tables, kind, lines, rng))
    return [replace(v, id=f"s{i:06d}") for i, v in enumerate(islice(variants, count), 1)]


def _line(tables: Tables, kind: ProductType, lines: set[str], rng: Random) -> Iterator[Product]:
    brand = pick(rng, tables.brands[kind.department])
    line = _new_line(lines, rng)
    series, style, material = pick(rng, tables.series), pick(rng, kind.styles), pick(rng, kind.materials)
    low, high = kind.price
    price = low * (high / low) ** rng.random()
    count = 1 + int(rng.random() * _MAX_VARIANTS)
    colours, sizes = draw(rng, kind.colours, count), draw(rng, kind.sizes, count)
    for i in range(max(1, len(colours), len(sizes))):
        yield Product(
            id="",
            type=kind.name,
            department=kind.department,
            brand=brand,
            series=series,
            style=style,
            material=material,
            line=line,
            model=line + _LETTERS[i],
            colour=colours[i % len(colours)] if colours else "",
            size=sizes[i % len(sizes)] if sizes else "",
            price=round(price * (1 + 0.1 * i)) + 0.99,
        )


def _new_line(lines: set[str], rng: Random) -> str:
    while True:
        letters = pick(rng, _LETTERS) + pick(rng, _LETTERS)
        line = f"{letters}-{1000 + int(rng.random() * 9000)}"
        if line not in lines:
            lines.add(line)
            return line
