"""How well a product answers a question: exact, since both are made of the same attributes."""

from __future__ import annotations

from random import Random

from indexer.synthetic.chance import draw
from indexer.synthetic.products import Product
from indexer.synthetic.questions import Question

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
