"""Items for a domain of which nothing is known but its description. Pure.

Jin et al. (arXiv 2307.02740) let a language model name attributes and gather documents from the web; here
names of things in the description are combined with one another and with values that goods of any kind have.
"""

from __future__ import annotations

import random
from typing import Final

from aisle.errors import InputError
from aisle.training.adaptation.description import Description
from aisle.types import Item

MOST_ITEMS: Final = 2_000
_LEAST_ITEMS: Final = 10
_COLOURS: Final = ("black", "white", "red", "blue", "green", "grey", "silver", "brown")
_MATERIALS: Final = ("steel", "wood", "plastic", "glass", "leather", "cotton")
_KINDS_OF_ALL: Final = (
    "small",
    "large",
    "mini",
    "portable",
    "wireless",
    "professional",
    "kit",
    "set",
    "pack",
)
_VALUES: Final = (*_COLOURS, *_MATERIALS, *_KINDS_OF_ALL)


def invented_items(description: Description, seed: int) -> list[Item]:
    """Up to 2,000 items, each of one thing that the description names, with up to two values.

    Raises:
        InputError: it names too few things.
    """
    kinds = description.kinds
    chance = random.Random(seed)
    titles: dict[str, None] = {}
    tries = MOST_ITEMS if kinds else 0
    for _ in range(tries):
        kind, other = chance.choice(kinds), chance.choice(kinds)
        values = chance.sample(_VALUES, chance.randrange(3))
        extra = [other] if other != kind and chance.random() < 1 / 4 else []
        titles[" ".join((*values, kind, *extra))] = None
    if len(titles) < _LEAST_ITEMS:
        raise InputError(
            f"the description names {len(kinds)} things that are sold, too few to learn from",
            fix="name more of them with commas between, or give the catalogue with --catalogue",
        )
    return [Item(id=f"invented:{number}", title=title) for number, title in enumerate(titles)]
