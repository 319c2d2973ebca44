"""Rules of Querqy (its common rules, ``rules.txt``) as rules of Aisle's. Pure.

The format is that of https://docs.querqy.org/querqy/rewriters/common-rules.html: an input and an arrow, then
instructions and properties, one a line. What has no counterpart is left out and named with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aisle._printable import shortened
from aisle.errors import InputError
from aisle.search.rules.rule import QueryMatch, checked_address
from aisle.search.rules.words import words_of

_ARROW: Final = "=>"
_INSTRUCTION: Final = re.compile(r"(?P<word>[A-Za-z]+)\s*(?:\((?P<more>[^)]*)\))?\s*(?::(?P<value>.*))?")
_PROPERTY: Final = re.compile(r"""["']?(?P<name>\w+)["']?\s*:\s*(?P<value>"[^"]*"|'[^']*'|[^,}\]]+)""")
_FIELD: Final = re.compile(r'(?P<without>-?)(?P<field>[^\s:"*]+):(?P<value>"[^"]*"|\[[^\]]*\]|[^\s"]+)')
_RANGE: Final = re.compile(r"\[\s*(?P<low>\S+)\s+TO\s+(?P<high>\S+)\s*\]")
_REDIRECT: Final = re.compile(r"redirect\s*[\s,]\s*(?P<address>\S+)", re.IGNORECASE)
_BOOLEAN: Final = re.compile(r"(^|\s)(AND|OR|NOT)(\s|$)")
_OPENING, _CLOSING = "@{", "}@"
_SHOWN_CHARS: Final = 60

USUAL_BOOST: Final = 100.0
"""Of an ``UP`` or ``DOWN`` without a number: doubled, or halved."""


@dataclass(frozen=True, slots=True)
class QuerqyRules:
    """What was read.

    Attributes:
        rules: as plain JSON, see ``reading.checked_rules``.
        places: of each rule in its file.
        warnings: what was left out, with its line.
    """

    rules: list[dict[str, Any]]
    places: list[str]
    warnings: tuple[str, ...]


class _LeftOut(Exception):
    """Something without a counterpart; the message says why."""


@dataclass(slots=True)
class _Input:
    """One input, the lines below it, and what has been read of them."""

    line: int
    text: str
    below: list[tuple[int, str]] = field(default_factory=list)
    then: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    comment: str = ""
    enabled: bool = True

    def to_json(self) -> dict[str, Any]:
        """The rule.

        Raises:
            _LeftOut: it has none of its own.
        """
        query, match = _wording(self.text)
        if not self.enabled:
            raise _LeftOut("it is not enabled")
        if not self.then:
            raise _LeftOut("nothing is left of it")
        shown = shortened(self.text, _SHOWN_CHARS)
        return {
            "id": self.id or f"line {self.line}: {shown}",
            "when": {"query": query, "match": match.value},
            "then": self.then,
            **({"comment": self.comment} if self.comment else {}),
        }


def read_querqy(text: str, source: str) -> QuerqyRules:
    """Rules from the text of a ``rules.txt``.

    Raises:
        InputError: a line that is neither an input nor an instruction, or an instruction before any input.
    """
    warnings: list[tuple[int, str]] = []
    rules, places = [], []
    for one in _inputs(text, source):
        warnings += _read_below(one, source)
        try:
            rules.append(one.to_json())
            places.append(f"line {one.line}")
        except _LeftOut as why:
            warnings.append(
                (one.line, f"the rule of {shortened(one.text, _SHOWN_CHARS)!r} is left out: {why}")
            )
    said = tuple(f"{source}, line {line}: {what}" for line, what in sorted(warnings))
    return QuerqyRules(rules, places, said)


def _inputs(text: str, source: str) -> list[_Input]:
    """The inputs, each with the lines up to the next one."""
    inputs: list[_Input] = []
    for number, line in _lines(text):
        head, arrow, rest = line.partition(_ARROW)
        # An arrow may stand in what an instruction or a property says.
        if arrow and not line.startswith("@") and (not rest or not _known(line)):
            inputs.append(_Input(number, head.strip()))
            line = rest.strip()  # noqa: PLW2901 - what stands behind the arrow stands below it
        if not inputs:
            raise _broken(source, number, line, "stands before any input")
        if line:
            inputs[-1].below.append((number, line))
    return inputs


def _known(line: str) -> bool:
    found = _INSTRUCTION.fullmatch(line)
    return found is not None and found["word"].upper() in _INSTRUCTIONS


def _read_below(one: _Input, source: str) -> Iterator[tuple[int, str]]:
    """Take what the lines below an input say; yields what of it is left out, with its line."""
    opened = 0
    for number, line in one.below:
        if opened or line.startswith("@"):
            # An object of properties spans several lines.
            opened = 0 if line.endswith(_CLOSING) else opened or number * line.startswith(_OPENING)
            for note in _set_properties(one, line):
                yield number, note
        elif note := _follow(one, number, line, source):
            yield number, f"{shortened(line, _SHOWN_CHARS)!r}: {note}"
    if opened:
        raise _broken(source, opened, _OPENING, f"has no {_CLOSING}")


def _follow(one: _Input, number: int, line: str, source: str) -> str:
    """Take what an instruction says; what of it is left out."""
    found = _INSTRUCTION.fullmatch(line)
    if found is None:
        raise _broken(source, number, line, "is neither an input nor an instruction")
    instruction = _INSTRUCTIONS.get(found["word"].upper())
    if instruction is None:
        return f"left out: there is no instruction {found['word']}"
    try:
        return instruction(one.then, one.text, found["more"], (found["value"] or "").strip())
    except _LeftOut as why:
        return f"left out: {why}"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered from 1, without comments and blank ones."""
    # Not `splitlines`, which takes other marks for the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if content and not content.startswith("#"):
            yield number, content


def _broken(source: str, number: int, line: str, why: str) -> InputError:
    return InputError(
        f"{source}, line {number}: {shortened(line, _SHOWN_CHARS)!r} {why}",
        fix="write an input, as in `cordless drill =>`, and below it instructions such as `UP(100): battery`",
    )


def _wording(text: str) -> tuple[str, QueryMatch]:
    """An input's words, and how they must stand in the query: quotation marks are the query's ends."""
    begins, ends = text.startswith('"'), len(text) > 1 and text.endswith('"')
    words = text.removeprefix('"').removesuffix('"').strip()
    if _BOOLEAN.search(words):
        raise _LeftOut("Aisle knows no boolean inputs")
    if words.endswith("*"):
        raise _LeftOut("Aisle knows no wildcards")
    if re.search(r"(^|\s)[\w{},]+:\S", words):
        raise _LeftOut("words of a query belong to no field")
    if not words_of(words):
        raise _LeftOut("it has no word")
    if begins and ends:
        return words, QueryMatch.EXACT
    if ends:
        raise _LeftOut("Aisle knows no rules about the end of a query")
    return words, QueryMatch.STARTS if begins else QueryMatch.CONTAINS


def _set_properties(one: _Input, line: str) -> Iterator[str]:
    """Take what a line of properties says; yields what is not used."""
    for found in _PROPERTY.finditer(line.removeprefix("@").removeprefix("{")):
        name, value = found["name"], found["value"].strip().strip("\"'")
        if name == "_id":
            one.id = value
        elif name == "_log":
            one.comment = value
        elif name == "enabled":
            one.enabled = value != "false"
        else:
            yield f"the property {name} is left out: all rules that match act, in the order of the file"


def _boost(then: dict[str, Any], _: str, more: str | None, value: str) -> str:
    then.setdefault("boost", []).append({"filter": _one(value), "by": min(100.0, 1 + _weight(more) / 100)})
    return _of_attribute(value)


def _bury(then: dict[str, Any], _: str, more: str | None, value: str) -> str:
    then.setdefault("bury", []).append(
        {"filter": _one(value), "by": max(0.01, 1 / (1 + _weight(more) / 100))}
    )
    return _of_attribute(value)


def _weight(more: str | None) -> float:
    try:
        weight = float(more) if more else USUAL_BOOST
    except ValueError:
        weight = 0.0
    if not 0.0 < weight < float("inf"):
        raise _LeftOut(f"{shortened(more or '', _SHOWN_CHARS)!r} is no weight")
    return weight


def _filter(then: dict[str, Any], _: str, __: str | None, value: str) -> str:
    wanted, unwanted = _selections(value)
    for key, selections in (("filter", wanted), ("exclude", unwanted)):
        if selections:
            then.setdefault(key, []).extend(selections)
    return _of_attribute(value)


def _synonym(then: dict[str, Any], _: str, more: str | None, value: str) -> str:
    if not words_of(value) or re.search(r"[\w{},]+:\S|\$\d", value):
        raise _LeftOut("only words can be added")
    then["add"] = f"{then['add']} {value}" if "add" in then else value
    return "its weight is not kept: the words count as if they were typed" if more else ""


def _delete(then: dict[str, Any], text: str, _: str | None, value: str) -> str:
    words = value or text.strip('"')
    if not words_of(words):
        raise _LeftOut("it names no word")
    then["remove"] = f"{then['remove']} {words}" if "remove" in then else words
    return ""


def _decorate(then: dict[str, Any], _: str, more: str | None, value: str) -> str:
    found = _REDIRECT.fullmatch(f"redirect {value}" if (more or "").lower() == "redirect" else value)
    if found is None:
        if not value:
            raise _LeftOut("it says nothing")
        then.setdefault("note", []).append({more: value} if more else value)
        return ""
    try:
        address = checked_address(found["address"])
    except ValueError as error:
        raise _LeftOut(f"the address {error}") from None
    if "redirect" in then:
        raise _LeftOut("the rule redirects already")
    then["redirect"] = address
    return ""


_INSTRUCTIONS: Final = {
    "UP": _boost,
    "DOWN": _bury,
    "FILTER": _filter,
    "SYNONYM": _synonym,
    "DELETE": _delete,
    "DECORATE": _decorate,
}


def _one(value: str) -> dict[str, Any]:
    wanted, unwanted = _selections(value)
    if unwanted or len(wanted) != 1:
        raise _LeftOut("scores are moved of what is there, not of what is missing")
    return wanted[0]


def _selections(value: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What must be met, and what must not: ``* field:value``, or words that an item must have."""
    raw = value.removeprefix("*").strip()
    if value.startswith("*") or _FIELD.fullmatch(raw):
        found = _FIELD.fullmatch(raw)
        if found is None:
            raise _LeftOut("of queries in a search engine's own language only `* field:value` is known")
        selection = [_field(found["field"], found["value"])]
        return ([], selection) if found["without"] else (selection, [])
    if re.search(r"\$\d", value):
        raise _LeftOut("Aisle knows no wildcards")
    pieces = value.split()
    wanted = " ".join(piece.removeprefix("+") for piece in pieces if not piece.startswith("-"))
    unwanted = [piece.removeprefix("-") for piece in pieces if piece.startswith("-")]
    if any(not words_of(words) for words in (*([wanted] if wanted else []), *unwanted)) or not pieces:
        raise _LeftOut("it names no word")
    return [{"words": wanted}] if wanted else [], [{"words": words} for words in unwanted]


_OWN: Final = {"brand": "brand", "category": "category", "categories": "category", "id": "ids"}


def _field(name: str, value: str) -> dict[str, Any]:
    if bounds := _RANGE.fullmatch(value):
        low, high = (_bound(bounds["low"]), _bound(bounds["high"]))
        if name == "price":
            ends = {"price_min": low, "price_max": high}
            return {end: number for end, number in ends.items() if number is not None}
        return {"numbers": {name: [low, high]}}
    value = value.strip('"')
    if not value or value.startswith("["):
        raise _LeftOut("it names no value")
    return {_OWN[name]: [value]} if name in _OWN else {"attributes": {name: [value]}}


def _bound(number: str) -> float | None:
    try:
        return None if number == "*" else float(number)
    except ValueError:
        raise _LeftOut(f"{shortened(number, _SHOWN_CHARS)!r} is no number") from None


def _of_attribute(value: str) -> str:
    found = _FIELD.fullmatch(value.removeprefix("*").strip())
    if found is None or found["field"] in {*_OWN, "price"}:
        return ""
    return f"{shortened(found['field'], _SHOWN_CHARS)} is taken for an attribute, or number, of that name"
