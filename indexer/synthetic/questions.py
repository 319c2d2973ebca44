"""What a user asks for, as text and as the attributes that answer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from indexer.synthetic.chance import draw, pick
from indexer.synthetic.products import Product
from indexer.synthetic.tables import ProductType, Tables

_MODELS = 70
_EXACT = 50
_SIZED = 40


@dataclass(frozen=True, slots=True)
class Question:
    """One query.

    Attributes:
        kind: what makes it hard: "synonym", "use", "brand", "model", "exact" or "size".
        text: what the user types.
        types: product types that answer it fully.
        related: types that half answer it.
        wanted: attribute to value; see ``grades.grade``.
    """

    kind: str
    text: str
    types: frozenset[str]
    related: frozenset[str] = frozenset()
    wanted: dict[str, str] = field(default_factory=dict)


def make_questions(tables: Tables, products: list[Product], seed: int) -> list[Question]:
    """Make the questions, each text once; every one has an answer among the products."""
    rng = Random(f"questions {seed}")
    by_type: dict[str, list[Product]] = {}
    for product in products:
        by_type.setdefault(product.type, []).append(product)
    found: dict[str, Question] = {}
    for i, kind in enumerate(tables.types):
        if kind.name in by_type:
            for question in _in_own_words(i, kind, pick(rng, by_type[kind.name])):
                found.setdefault(question.text, question)
    for question in _in_the_shops_words(products, rng):
        found.setdefault(question.text, question)
    return list(found.values())


def _in_own_words(i: int, kind: ProductType, product: Product) -> Iterator[Question]:
    """Words that no product text has: a lexical search is lost, or sees only the brand or the colour."""
    types, related = frozenset((kind.name,)), frozenset(kind.related)
    word = kind.synonyms[i % len(kind.synonyms)]
    if i % 2:
        yield Question("brand", f"{product.brand} {word}", types, related, {"brand": product.brand})
        return
    yield Question("use", kind.uses[0], types, related)
    if product.colour and i % 4:
        yield Question("synonym", f"{product.colour} {word}", types, related, {"colour": product.colour})
    else:
        yield Question("synonym", word, types, related)


def _in_the_shops_words(products: list[Product], rng: Random) -> Iterator[Question]:
    """Model numbers, sizes, exact attributes: a semantic search sees only the type."""
    for product in draw(rng, products, _MODELS):
        yield Question(
            "model", product.model.lower(), frozenset((product.type,)), wanted={"model": product.model}
        )
    for product in draw(rng, products, _EXACT):
        wanted = {"brand": product.brand, "material": product.material, "colour": product.colour}
        wanted = {name: value for name, value in wanted.items() if value}
        text = f"{product.brand} {product.colour} {product.material} {product.type}"
        yield Question("exact", " ".join(text.split()), frozenset((product.type,)), wanted=wanted)
    sized = [product for product in products if product.size]
    for product in draw(rng, sized, _SIZED):
        wanted = {"size": product.size, "style": product.style}
        text = f"{product.style} {product.type} {product.size}"
        yield Question("size", text, frozenset((product.type,)), wanted=wanted)
