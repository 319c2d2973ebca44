"""Numbers with units, in every spelling: "10 mm" and "10mm", "1,200 lumens", "½ inch" and "0.5 in". Pure.

An item's document holds each one in one spelling, and so does a query: what differs in spelling alone is the
same term. Beside each stands its unit alone, by which an item is told that says another number of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final

MAX_MEASURES: Final = 64
"""Of one item; what has more is a table of sizes."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit.

    Attributes:
        amount: in ``unit``.
        unit: the one that stands for all of its kind that can be counted in it: ``mm`` for ``cm`` too.
        start, end: where it stands in the text.
    """

    amount: float
    unit: str
    start: int
    end: int

    @property
    def term(self) -> str:
        """As it is searched: ``10mm``."""
        return f"{self.amount:.6g}{self.unit}"


# Unit, what it counts for, and how it is written; plurals and upper case go without saying.
_TABLE: Final = """
    mm 1 mm millimeter millimetre
    mm 10 cm centimeter centimetre
    mm 1000 m mtr meter metre
    mm 1000000 km kilometer kilometre
    in 1 in inch inche zoll pouce pulgada pollici
    in 12 ft foot feet
    in 36 yd yard
    mi 1 mile
    g 1 g gr gm gram gramm gramme
    g 1000 kg kilo kilogram kilogramm kilogramme
    g 0.001 mg milligram
    oz 1 oz ounce
    oz 16 lb pound
    ml 1 ml milliliter millilitre
    ml 10 cl
    ml 100 dl
    ml 1000 l liter litre ltr
    floz 1 floz fluidounce flounce
    floz 8 cup
    floz 16 pt pint
    floz 32 qt quart
    floz 128 gal gallon
    sqft 1 sqft squarefoot squarefeet sqfeet sqfoot
    sqm 1 sqm squaremeter squaremetre
    cuft 1 cuft cubicfoot cubicfeet cufeet cufoot
    w 1 w watt
    w 1000 kw kilowatt
    hp 1 hp horsepower
    btu 1 btu btuh
    v 1 v volt vac vdc
    v 1000 kv
    a 1 amp ampere
    mah 1 mah
    mah 1000 ah
    hz 1 hz hertz
    hz 1000 khz
    hz 1000000 mhz
    hz 1000000000 ghz
    mb 1 mb megabyte
    mb 1000 gb gigabyte
    mb 1000000 tb terabyte
    mbps 1 mbps
    mbps 1000 gbps
    lm 1 lm lumen
    kelvin 1 kelvin
    rpm 1 rpm
    psi 1 psi
    bar 1 bar
    db 1 db decibel
    dpi 1 dpi
    mp 1 mp megapixel
    mil 1 mil
    grit 1 grit
    gauge 1 ga gauge awg
    gpf 1 gpf
    gpm 1 gpm
    cfm 1 cfm
    degree 1 degree deg
    ct 1 ct count pk pack pc piece pce stk stuck
    h 1 hr hour
    min 1 min minute
"""
_MARKS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        **dict.fromkeys(('"', "''"), ("in", 1.0)),
        **dict.fromkeys(("°", "°c", "°f"), ("degree", 1.0)),
        "'": ("in", 12.0),
    }
)


def _units() -> Mapping[str, tuple[str, float]]:
    found = dict(_MARKS)
    for row in filter(None, map(str.split, _TABLE.splitlines())):
        unit, factor, *spellings = row
        for spelling in spellings:
            found |= dict.fromkeys((spelling, f"{spelling}s"), (unit, float(factor)))
    return MappingProxyType(found)


_UNITS: Final = _units()
# Letters that are a unit only right behind their number: 15A, but not "3 a day"; 2700K, but not "4K".
_CLOSE: Final[Mapping[str, tuple[str, float]]] = MappingProxyType({"a": ("a", 1.0), "k": ("kelvin", 1000.0)})

_FRACTIONS: Final = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
# Longer numbers are measures of nothing, and cost the square of their length.
_DIGITS: Final = r"\d{1,9}"
_NUMBER: Final = (
    rf"(?:{_DIGITS}[ -]{{1,2}})?{_DIGITS} ?[/\u2044] ?{_DIGITS}"  # 1/2, 1 1/2, 1-1/2
    rf"|(?:{_DIGITS} ?)?[{_FRACTIONS}]"
    r"|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,9})?"
    rf"|(?:{_DIGITS})?[.,]?{_DIGITS}"
)
# What follows decides quickest whether a number begins here.
_BEGIN: Final = rf"(?=[\d.,{_FRACTIONS}])(?:(?<![\w/.,\u2044{_FRACTIONS}])|(?<=\dx))(?P<number>{_NUMBER})"
_MEASURE: Final = re.compile(
    rf"{_BEGIN}(?P<gap>[ -]{{0,2}})"
    r"(?:(?P<unit>(?:(?:square|sq|cubic|cu|fluid|fl)\.? ?)?[^\W\d_]+)(?![^\W_])"
    r"|(?P<mark>''|[\"'°](?:[cf]\b)?)(?![^\W\d_]))",
    re.IGNORECASE,
)
# "15 x 23 cm": the unit of the last one is that of all.
_TIMES: Final = re.compile(rf"{_BEGIN} ?(?:x|\u00d7|\*|by) ?$", re.IGNORECASE)
_OF: Final = re.compile(r"\b(?:packs?|sets?|box|case|pair|bundle) of (?P<number>\d{1,4})\b", re.IGNORECASE)
# "2 in 1" is no inch.
_IN_ONE: Final = re.compile(r"[ -]\d")
_QUOTES: Final = str.maketrans({"\u2032": "'", "\u2019": "'", "\u2033": '"', "\u201d": '"', "\u00a0": " "})


def measures(text: str) -> tuple[Measure, ...]:
    """The numbers with units in a text, at most ``MAX_MEASURES``, in order."""
    text = text.translate(_QUOTES)
    found: list[Measure] = []
    for match in islice(_MEASURE.finditer(text), MAX_MEASURES):
        known = _unit(match, text)
        if known is None or (amount := _amount(match["number"])) is None:
            continue
        unit, factor = known
        found += _sides(text, match.start(), known)
        found.append(Measure(amount * factor, unit, match.start(), match.end()))
    for match in islice(_OF.finditer(text) if " of " in text else (), MAX_MEASURES):
        found.append(Measure(float(match["number"]), "ct", match.start(), match.end()))
    return tuple(found[:MAX_MEASURES])


def measure_terms(texts: Iterable[str]) -> list[str]:
    """What an item's document holds of its texts: each measure and each unit, once."""
    found = dict.fromkeys(
        term for text in texts for measure in measures(text) for term in (measure.term, measure.unit)
    )
    return list(islice(found, 2 * MAX_MEASURES))


_LETTERS: Final = re.compile(r"[^\W\d_]+")


def unit_words(text: str) -> frozenset[str]:
    """The words in lower case that are units of numbers in a text."""
    spans = (text[measure.start : measure.end] for measure in measures(text))
    return frozenset(word.lower() for span in spans for word in _LETTERS.findall(span))


def _unit(match: re.Match[str], text: str) -> tuple[str, float] | None:
    if mark := match["mark"]:
        # A quotation mark after a space closes, or opens, what is quoted.
        return None if match["gap"] and not mark.startswith("°") else _UNITS.get(mark.lower())
    unit = match["unit"].casefold()
    if not (unit.isascii() and unit.isalpha()):
        unit = "".join(filter(str.isalpha, unicodedata.normalize("NFKD", unit)))
    if unit in _CLOSE:
        close = not match["gap"] or match["unit"].isupper()
        name, least = _CLOSE[unit]
        return (name, 1.0) if close and (_amount(match["number"]) or 0.0) >= least else None
    if unit == "in" and match["gap"] and _IN_ONE.match(text, match.end()):
        return None
    return _UNITS.get(unit)


def _sides(text: str, end: int, known: tuple[str, float]) -> list[Measure]:
    """The numbers before one that ends in a unit, with that unit: of "15 x 23 x 30 cm" the first two."""
    unit, factor = known
    found: list[Measure] = []
    while len(found) < 3 and (match := _TIMES.search(text, max(0, end - 16), end)):
        if (amount := _amount(match["number"])) is not None:
            found.insert(0, Measure(amount * factor, unit, match.start(), match.end()))
        end = match.start()
    return found


_THOUSANDS: Final = re.compile(r"\d,\d{3}(?:\D|$)")
_ADDENDS: Final = re.compile(rf"\d+ ?[/\u2044] ?\d+|[{_FRACTIONS}]|\d*[.,]?\d+")


def _amount(number: str) -> float | None:
    """Of a number as it is written; None if it is none, such as 1/0."""
    if number.isdecimal():
        return float(number) or None
    if _THOUSANDS.search(number):
        number = number.replace(",", "")
    total = 0.0
    for part in _ADDENDS.findall(number):
        over, slash, under = part.replace("\u2044", "/").partition("/")
        if slash:
            if not int(under):
                return None
            total += int(over) / int(under)
        else:
            total += unicodedata.numeric(part) if part in _FRACTIONS else float(part.replace(",", "."))
    return total or None
