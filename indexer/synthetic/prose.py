"""A product's title and description, written in one of several ways."""

from __future__ import annotations

from random import Random

from indexer.synthetic.chance import draw, pick
from indexer.synthetic.products import Product
from indexer.synthetic.tables import ProductType, Tables
from records import Item

_TITLES = (
    "{brand} {series} {style} {name} {colour} {size}",
    "{brand} {style} {name} {model}, {material}, {colour}, {size}",
    "{brand} {name} {series} {model} - {style}, {size}, {colour}",
    "{series} {style} {name} by {brand} ({colour}, {size})",
    "{brand} {series} {material} {name}, {style}, {colour} {size} [{model}]",
)
_TEXTS = (
    "{first} {second} Made with {material}. Model {model}. {closing}",
    "The {series} from {brand}: {first} {second} {material}, {style}. Item {model}.",
    "{first} Material: {material}. {second} {closing} Article number {model}.",
)


def make_items(tables: Tables, products: list[Product], seed: int) -> list[Item]:
    """Write the items of the products, in their order."""
    rng = Random(f"prose {seed}")
    types = {kind.name: kind for kind in tables.types}
    return [_item(tables, types[product.type], product, rng) for product in products]


def _item(tables: Tables, kind: ProductType, product: Product, rng: Random) -> Item:
    first, second = draw(rng, kind.phrases, 2)
    words = {name: getattr(product, name) for name in Product.__slots__}
    words |= {
        "name": pick(rng, kind.names),
        "first": first,
        "second": second,
        "closing": pick(rng, tables.closings),
    }
    facets = {name: words[name] for name in ("colour", "material", "model", "series", "size", "style")}
    return Item(
        id=product.id,
        title=_tidy(pick(rng, _TITLES).format(**words)),
        text=_tidy(pick(rng, _TEXTS).format(**words)),
        brand=product.brand,
        category=product.department,
        price=product.price,
        attributes={name: value for name, value in facets.items() if value},
    )


def _tidy(text: str) -> str:
    """Close the gaps that absent colours and sizes leave."""
    text = " ".join(text.replace("(, ", "(").replace(", )", ")").split())
    for gap, closed in (
        (" ,", ","),
        (",,", ","),
        ("(, ", "("),
        (", )", ")"),
        (",)", ")"),
        (" ()", ""),
        ("()", ""),
    ):
        text = text.replace(gap, closed)
    return text.strip(" ,-")
