"""Made-up product texts, for comparisons that have no catalogue."""

from __future__ import annotations

import random

_MAKERS = (
    "Acme",
    "Nordvik",
    "Bright",
    "Halden",
    "Orion",
    "Kestrel",
    "Lumo",
    "Trident",
    "Vela",
    "Solace",
    "Fenwick",
    "Arbor",
)
_TRAITS = (
    "wireless",
    "stainless",
    "brushed",
    "compact",
    "heavy-duty",
    "outdoor",
    "adjustable",
    "LED",
    "insulated",
    "foldable",
    "digital",
)
_THINGS = (
    "cordless drill",
    "flood light",
    "toner cartridge",
    "shower faucet",
    "laptop sleeve",
    "garden hose",
    "ceiling fan",
    "office chair",
    "running shoes",
    "coffee grinder",
    "USB-C cable",
    "paint roller",
    "baby stroller",
    "bookshelf",
    "security camera",
    "water filter",
)
_TAILS = (
    "with two batteries and charger",
    "in brushed nickel",
    "(pack of 6)",
    "for indoor and outdoor use",
    "43.2 cm (17 in.)",
    "6 ft. x 9 ft.",
    "compatible with most models",
    "in black",
    "750-Watt",
    "with 5-year warranty",
)


def sample_texts(count: int, seed: int = 7) -> list[str]:
    """``count`` texts of 5 to 40 words."""
    draw = random.Random(seed)
    return [_text(draw) for _ in range(count)]


def _text(draw: random.Random) -> str:
    words = [draw.choice(_MAKERS), f"{draw.choice('ABKRX')}{draw.randrange(100, 9999)}"]
    words += [*draw.sample(_TRAITS, draw.randrange(1, 4)), draw.choice(_THINGS)]
    return " ".join(words + draw.sample(_TAILS, draw.randrange(0, 6)))
