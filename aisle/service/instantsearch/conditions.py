"""What Algolia's filters narrow results to: ``facetFilters``, ``numericFilters`` and ``filters``. Pure.

Texts are taken apart by their operators and never become query syntax. What `Filters` cannot hold is refused:
an answer that left a condition out would look like one that met it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from aisle.errors import InvalidQuery
from aisle.mappings.fields import PATH_SEPARATOR
from aisle.search import Filters
from aisle.search.filters import Range

Nested: TypeAlias = str | list[str | list[str]]
"""Conditions as Algolia nests them: all of a list must hold, and one of a list in it."""

CATEGORY: Final = "category"
_CATEGORIES: Final = "categories.lvl"
_ATTRIBUTES: Final = "attributes."
_NUMBERS: Final = "numbers."
_IN_STOCK: Final = "in_stock"
_COMPARISON: Final = re.compile("<=|>=|!=|<|>|=")
_OPERATOR: Final = re.compile(r"(?<![^\s()])(AND|OR|NOT)(?![^\s()])|([()])")
_KINDS: Final[Mapping[str, str]] = MappingProxyType({"AND": "A", "OR": "O", "(": "(", ")": ")"})
_FORM: Final = re.compile(r"(c(Oc)*|\(c(Oc)*\))(A(c(Oc)*|\(c(Oc)*\)))*")
# A backslash begins an escape and nothing else: with two ways to read it, a text takes exponential time.
_QUOTED: Final = re.compile(r"""(["'])((?:\\.|(?!\1)[^\\])*)\1""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FacetName:
    """A facet as clients call it, and as Aisle does.

    Attributes:
        asked: such as ``brand``, ``price``, ``categories.lvl1``, ``attributes.Colour`` or ``numbers.Watt``.
        field: such as ``brand``, ``price``, ``category``, ``Colour`` or ``Watt``, for `FacetOptions`.
        level: of a category, from 0; None for all levels together and for other facets.
        number: whether its name says that it is a number.
    """

    asked: str
    field: str
    level: int | None = None
    number: bool = False

    @classmethod
    def of(cls, asked: str) -> FacetName:
        """From the name that a client gives it.

        Raises:
            InvalidQuery: there is none.
        """
        name = asked.strip()
        if not name:
            raise InvalidQuery("a facet without a name", fix="name it, such as brand or attributes.Colour")
        level = name.removeprefix(_CATEGORIES)
        if level != name and level.isdecimal():
            return cls(asked, CATEGORY, int(level))
        if name == "categories":
            return cls(asked, CATEGORY)
        if name.startswith(_NUMBERS):
            return cls(asked, name.removeprefix(_NUMBERS), number=True)
        return cls(asked, name.removeprefix(_ATTRIBUTES), number=name == "price")


@dataclass(frozen=True, slots=True)
class Condition:
    """What one facet is narrowed to: one of these values, or a range.

    Attributes:
        facet: by Aisle's name.
        values: any of them; empty for a range.
        range: lowest and highest number, both inclusive; None where there is no bound.
        own: whether it is a choice in that facet, beside which a disjunctive facet shows what else could be
            chosen; what is not is a condition for everything.
    """

    facet: str
    values: tuple[str, ...] = ()
    range: Range = (None, None)
    own: bool = True


def conditions_of(facets: Nested, numbers: Nested, text: str) -> tuple[Condition, ...]:
    """All conditions of a request.

    Args:
        facets: ``facetFilters``, such as ``[["brand:Acme", "brand:Corvo"], "attributes.Colour:Red"]``.
        numbers: ``numericFilters``, such as ``["price>=10", "price<50"]``.
        text: ``filters``, such as ``brand:Acme AND (price < 50 OR price > 90)``.

    Raises:
        InvalidQuery: one that cannot be read, or that Aisle's filters cannot hold.
    """
    found = [_any_of([_value(each) for each in group], own=own) for group, own in _groups(facets)]
    found += [_any_of([_number(each) for each in group], own=True) for group, _ in _groups(numbers)]
    found += [_any_of([_either(each) for each in group], own=False) for group in _parsed(text)]
    return tuple(dict.fromkeys(found))


def filters_of(conditions: Iterable[Condition], ignored: Iterable[str] | None = None) -> Filters:
    """The conditions as filters.

    Args:
        conditions: all of which must hold.
        ignored: facets that ignore their own conditions; None where none does.

    Raises:
        InvalidQuery: they contradict each other, or more of one facet must hold than filters can say.
    """
    ignoring = set(ignored) if ignored is not None else None
    layers: list[dict[str, Condition]] = [{}]
    for each in conditions:
        # What a facet must not ignore belongs to the filters that these are within.
        first = 0 if ignoring is None or (each.own and each.facet in ignoring) else 1
        layers += [{} for _ in range(first + 1 - len(layers))]
        there = next((one for one in layers[first:] if _goes_into(one, each)), None)
        if there is None:
            layers.append(there := {})
        there[each.facet] = _narrower(there[each.facet], each) if each.facet in there else each
    within: Filters | None = None
    for outer in reversed(layers[1:]):
        within = _filters(outer.values()).narrowed(within)
    return _filters(layers[0].values()).narrowed(within)


def _goes_into(layer: Mapping[str, Condition], condition: Condition) -> bool:
    """Whether one filter can hold the condition beside those of a layer: two ranges of a number are one."""
    there = layer.get(condition.facet)
    return there is None or not (there.values or condition.values)


def is_within(path: str, other: str) -> bool:
    """Whether a category is another one, or below it."""
    return path == other or path.startswith(f"{other}{PATH_SEPARATOR}")


def _narrower(one: Condition, other: Condition) -> Condition:
    lows = [low for low in (one.range[0], other.range[0]) if low is not None]
    highs = [high for high in (one.range[1], other.range[1]) if high is not None]
    bounds = (max(lows, default=None), min(highs, default=None))
    return Condition(one.facet, range=bounds, own=one.own)


def _filters(conditions: Iterable[Condition]) -> Filters:
    said: dict[str, Any] = {"attributes": {}, "numbers": {}}
    for each in conditions:
        if each.facet == "price":
            said["price_min"], said["price_max"] = _range(each)
        elif each.facet == _IN_STOCK:
            said |= {_IN_STOCK: True} if _only_in_stock(each) else {}
        elif each.values and each.facet in ("brand", CATEGORY, "currency"):
            said[each.facet] = each.values
        elif each.values:
            said["attributes"][each.facet] = each.values
        else:
            said["numbers"][each.facet] = each.range
    return Filters(**said)


def _range(condition: Condition) -> Range:
    if not condition.values:
        return condition.range
    if len(condition.values) > 1:
        raise InvalidQuery(
            "a price cannot be one of several", fix="filter by a range, such as price>=10 and price<=50"
        )
    number = _float(condition.values[0])
    return number, number


def _only_in_stock(condition: Condition) -> bool:
    if set(condition.values) == {"true", "false"}:
        return False
    if condition.values != ("true",):
        raise InvalidQuery("what is not in stock cannot be asked for", fix="filter by in_stock:true, or not")
    return True


def _groups(nested: Nested) -> list[tuple[list[str], bool]]:
    """The groups of which one condition must hold, each with whether it is a list in the list."""
    entries = [nested] if isinstance(nested, str) else nested
    found = [([each], False) if isinstance(each, str) else (each, True) for each in entries]
    return [(group, inner) for group, inner in found if any(each.strip() for each in group)]


def _any_of(conditions: Sequence[Condition], *, own: bool) -> Condition:
    facets = {each.facet for each in conditions}
    if len(facets) > 1 or (len(conditions) > 1 and not all(each.values for each in conditions)):
        raise InvalidQuery(
            f"one of several conditions on {', '.join(sorted(facets))} cannot be asked for",
            fix="join values of one facet with OR, and everything else with AND",
        )
    if len(conditions) == 1:
        return Condition(conditions[0].facet, conditions[0].values, conditions[0].range, own)
    values = tuple(dict.fromkeys(value for each in conditions for value in each.values))
    return Condition(conditions[0].facet, values, own=own)


def _value(text: str) -> Condition:
    """``brand:Acme``; a minus that stands for itself is escaped."""
    name, colon, value = text.partition(":")
    if not colon or not value:
        raise InvalidQuery(f"{text!r} is no facet and its value", fix="write it like brand:Acme")
    if value.startswith("-"):
        raise _no_negation(text)
    facet = FacetName.of(name)
    value = value.removeprefix("\\") if value.startswith("\\-") else value
    if facet.number and facet.field != "price":
        number = _float(value)
        return Condition(facet.field, range=(number, number))
    return Condition(facet.field, (value,))


def _number(text: str) -> Condition:
    """``price>=10``, or ``price:10 TO 50``."""
    if between := _between(text):
        name, low, high = between
        return Condition(FacetName.of(name).field, range=(_float(low), _float(high)))
    for compared in _COMPARISON.finditer(text):
        name, operator, written = (
            text[: compared.start()],
            compared.group(),
            text[compared.end() :].split(None, 1),
        )
        if not name.strip() or len(written) != 1:
            continue
        if operator == "!=":
            raise _no_negation(text)
        return Condition(FacetName.of(name).field, range=_bounds(operator, _float(written[0])))
    raise InvalidQuery(f"{text!r} compares no number", fix="write it like price>=10")


def _between(text: str) -> tuple[str, str, str] | None:
    """Name, lowest and highest of ``price:10 TO 50``; None of anything else."""
    name, _, bounds = text.rpartition(":")
    match bounds.split():
        case [low, "TO", high] if name.strip():
            return name, low, high
    return None


def _bounds(operator: str, number: float) -> Range:
    low = math.nextafter(number, math.inf) if operator == ">" else number
    high = math.nextafter(number, -math.inf) if operator == "<" else number
    return (low if ">" in operator or operator == "=" else None), (
        high if "<" in operator or operator == "=" else None
    )


def _either(text: str) -> Condition:
    """A condition of ``filters``: of a value, or of a number."""
    bare = _QUOTED.sub("", text)
    if _between(bare) or _COMPARISON.search(bare):
        return _number(text)
    name, colon, value = text.partition(":")
    return _value(f"{_unquoted(name)}{colon}{_unquoted(value)}")


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text.strip())
    return re.sub(r"\\(.)", r"\1", quoted.group(2)) if quoted else text.strip()


def _parsed(text: str) -> list[list[str]]:
    """``filters`` as groups of which one condition must hold: ANDs of ORs, as Algolia takes them."""
    parts = _split(text)
    if "NOT" in parts:
        raise _no_negation(text)
    kinds = "".join(_KINDS.get(part, "c") for part in parts)
    if kinds and not _FORM.fullmatch(kinds):
        raise InvalidQuery(
            "filters cannot be read", fix="join conditions with AND, and in parentheses with OR"
        )
    groups: list[list[str]] = [[]]
    for part, kind in zip(parts, kinds, strict=True):
        if kind == "A":
            groups.append([])
        elif kind == "c":
            groups[-1].append(part)
    return [group for group in groups if group]


def _split(text: str) -> list[str]:
    """Operators, parentheses and the conditions between them; quoted texts are left whole."""
    hidden = _QUOTED.sub(lambda found: "\0" * len(found.group()), text)
    found, begins = [], 0
    for operator in _OPERATOR.finditer(hidden):
        found += [text[begins : operator.start()], operator.group()]
        begins = operator.end()
    return [part.strip() for part in (*found, text[begins:]) if part.strip()]


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidQuery(f"{text!r} is no number", fix="write it like price>=10")
    return number


def _no_negation(text: str) -> InvalidQuery:
    return InvalidQuery(
        f"{text!r} leaves values out, which cannot be asked for", fix="name the values that are wanted"
    )
