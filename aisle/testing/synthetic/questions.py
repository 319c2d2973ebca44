"""What a user asks for, as text and as the attributes that answer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from aisle.testing.synthetic.products import Product, ProductType, Tables, draw, pick

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


_ZEROS = 20


def grade(question: Question, product: Product) -> int:
    """Grade from 0 to 3.

    3: the right type with every wanted attribute. A model number: 3 the very product, 2 its variants, else 0.
    One attribute asked for: 1 without it. Several: 2 with one missing, 1 with more missing. Without the brand
    that was asked for never over 1. A related type: 1 if nothing but a type was asked for. Else 0.
    """
    wanted = question.wanted
    if "model" in wanted:
        return 3 if product.model == wanted["model"] else 2 * (wanted["model"][:-1] == product.line)
    if product.type in question.related:
        return 0 if wanted else 1
    if product.type not in question.types:
        return 0
    missing = [name for name, value in wanted.items() if getattr(product, name) != value]
    if not missing:
        return 3
    return 1 if len(wanted) == 1 or len(missing) > 1 or "brand" in missing else 2


def make_grades(questions: list[Question], products: list[Product], seed: int) -> list[dict[str, int]]:
    """Product id to grade for each question: all grades over 0, and 20 zeros of its department.

    Whatever is not listed is a 0 too.
    """
    rng = Random(f"grades {seed}")
    departments = {product.type: product.department for product in products}
    found = []
    for question in questions:
        grades = {product.id: grade(question, product) for product in products}
        near = {departments[kind] for kind in question.types}
        zeros = [product.id for product in products if not grades[product.id] and product.department in near]
        kept = set(draw(rng, zeros, _ZEROS))
        found.append({key: value for key, value in grades.items() if value or key in kept})
    return found
