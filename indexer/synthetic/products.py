"""Products as sets of attributes: lines of one brand, each with up to three variants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from random import Random

from indexer.synthetic.chance import draw, pick
from indexer.synthetic.tables import ProductType, Tables

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
