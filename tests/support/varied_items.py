"""Items that have every field, and all kinds of values in them: what filters and facets are tried on."""

from __future__ import annotations

import random

from aisle.types import BusinessSignals, GeoPoint, Item

_PATHS = (
    ("Home",),
    ("Home", "Kitchen"),
    ("Home", "Kitchen", "Knives"),
    ("Garden", "Kitchen"),
    ("Sale > Summer",),
    ("Café",),
)
# Berlin; Potsdam, 27 km from it; either side of the date line; a pole.
_PLACES = (
    GeoPoint(52.52, 13.405),
    GeoPoint(52.4, 13.05),
    GeoPoint(-17.0, 179.9),
    GeoPoint(-17.0, -179.9),
    GeoPoint(90.0, 0.0),
)
_BRANDS = ("Acme", "Café Norvik", "Corvo & Söhne", "")
_NUMBERS = ("Weight (kg)", "Width", "weight KG")
MAYBE = (None, 0.0, 0.5, 3.0)


def varied_items(count: int = 200, seed: int = 11) -> list[Item]:
    """The same items for the same seed."""
    return [_item(random.Random(f"{seed}-{number}"), number) for number in range(count)]


def _item(choose: random.Random, number: int) -> Item:
    price = choose.choice([None, 0.0, *(float(price) for price in range(5, 50, 5))])
    return Item(
        id=f"v{number:03d}",
        title=f"{choose.choice(['red', 'blue'])} {choose.choice(['lamp', 'knife'])} {number}",
        group=choose.choice(["", f"v{number:03d}", "lamps"]),
        brand=choose.choice(_BRANDS),
        categories=tuple(choose.sample(_PATHS, choose.randint(0, 3))),
        price=price,
        price_max=None if price is None else choose.choice([None, price + 7.5]),
        currency=choose.choice(["", "EUR", "USD"]),
        identifiers=tuple(
            choose.choice([f"TM-{number:03d}-M", f"tm {number:03d} / s"]) for _ in range(number % 3)
        ),
        attributes={
            "Colour": tuple(choose.sample(["Red", "Blue", "Bleu foncé"], choose.randint(1, 3))),
            **({"a=b": ("c=d",)} if number % 4 == 0 else {}),
        },
        numbers={name: choose.choice([-1.5, 0.0, 2.0]) for name in choose.sample(_NUMBERS, number % 3)},
        signals=BusinessSignals(
            popularity=choose.choice(MAYBE),
            stock=choose.choice(MAYBE),
            available=choose.choice([None, True, False]),
            added=choose.choice([None, "2026-11-29", "2026-11-29T10:00:00Z"]),
        ),
        location=choose.choice(
            [None, GeoPoint(choose.uniform(-90, 90), choose.uniform(-180, 180)), *_PLACES]
        ),
    )
