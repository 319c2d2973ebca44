"""A file of rules: read, checked, and written as it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from aisle._files import UTF8_BOM, blocks
from aisle._printable import printable, shortened
from aisle.errors import InputError
from aisle.search.rules.querqy import read_querqy
from aisle.search.rules.rule import (
    MAX_RULES,
    Boost,
    Bury,
    Narrowing,
    Pin,
    Rule,
    Selection,
    Then,
    When,
)

MAX_BYTES: Final = 8 * 1024 * 1024
_FIX: Final = "see docs/how-to/rules.md for what a rule may say"
_KEY: Final = "rules"
_RULES: Final = TypeAdapter(tuple[Rule, ...])
# What a key's value is made of; keys of several parts are the same there.
_PARTS: Final[Mapping[int | str, type[Any]]] = MappingProxyType(
    {
        **{"when": When, "filters": Narrowing, "then": Then, "pin": Pin, "boost": Boost, "bury": Bury},
        **{"filter": Selection, "exclude": Selection},
    }
)
_SHOWN_CHARS: Final = 60
_SHOWN_ERRORS: Final = 5


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in their order.

    Attributes:
        rules: no id occurs twice.
        warnings: what of their file was left out, each with its line.
    """

    rules: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON, without what is left at its default."""
        found: list[dict[str, Any]] = _RULES.dump_python(
            self.rules, mode="json", by_alias=True, exclude_defaults=True
        )
        return found

    @property
    def fingerprint(self) -> str:
        """sha256 of the rules, 64 hex digits."""
        return hashlib.sha256(orjson.dumps(self.to_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_rules(path: Path) -> RuleSet:
    """The rules of a file: JSON, or Querqy's ``rules.txt``, plain or gzip.

    Raises:
        InputError: the file cannot be read, is too large, or holds what is no rule; named with its line or
            the rule's id.
    """
    content = bytearray()
    for block in blocks(path):
        content += block
        if len(content) > MAX_BYTES:
            raise InputError(
                f"{path} is over {MAX_BYTES // 1024**2} MiB", fix=f"keep at most {MAX_RULES:,} rules"
            )
    return parse_rules(bytes(content), str(path))


def parse_rules(content: bytes, source: str) -> RuleSet:
    """The rules of a file's content, see `read_rules`.

    Args:
        content: JSON if it begins with a brace or a bracket, else Querqy's format.
        source: name of the file, for errors.
    """
    content = content.removeprefix(UTF8_BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{source}, line {line} is not UTF-8", fix="convert it: iconv -f LATIN1 -t UTF-8"
        ) from None
    if text.lstrip().startswith(("{", "[")):
        return checked_rules(_listed(content, source), source)
    found = read_querqy(text, source)
    return RuleSet(checked_rules(found.rules, source, found.places).rules, found.warnings)


def _listed(content: bytes, source: str) -> list[Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{source} is no JSON: {error}", fix="mend it at that place") from None
    if isinstance(found, dict):
        if found.keys() != {_KEY}:
            others = ", ".join(shortened(key, _SHOWN_CHARS) for key in list(found)[:5])
            raise InputError(
                f"{source} holds {others or 'nothing'} where only {_KEY!r} is known",
                fix='write {"rules": [...]}',
            )
        found = found[_KEY]
    if not isinstance(found, list):
        raise InputError(f"{source} holds no list of rules", fix='write {"rules": [...]}')
    return found


def checked_rules(rows: Sequence[Any], source: str, places: Sequence[str] = ()) -> RuleSet:
    """Rules from plain JSON.

    Args:
        rows: one object for each rule.
        source: where they come from, for errors.
        places: likewise, of each rule; empty: its number.

    Raises:
        InputError: too many rules, or one that is none, named with what is wrong.
    """
    if len(rows) > MAX_RULES:
        raise InputError(
            f"{source} has {len(rows):,} rules, over {MAX_RULES:,}", fix="keep those that shoppers need"
        )
    try:
        rules = _RULES.validate_json(orjson.dumps(rows))
    except ValidationError as error:
        # As JSON, since what is wrong may be no text.
        raise InputError(_said(error, rows, source, places), fix=_FIX) from None
    except (orjson.JSONEncodeError, TypeError) as error:
        raise InputError(f"{source} cannot be written as JSON: {error}", fix=_FIX) from None
    first: dict[str, int] = {}
    for number, rule in enumerate(rules):
        if rule.id in first:
            raise InputError(
                f"{source}, {_place(number, rows, places)} has the id of"
                f" {_place(first[rule.id], rows, places)}",
                fix="give each rule an id of its own",
            )
        first[rule.id] = number
    return RuleSet(rules)


def _said(error: ValidationError, rows: Sequence[Any], source: str, places: Sequence[str]) -> str:
    wrong = error.errors(include_url=False, include_input=False)
    told = "; ".join(_wrong(one, rows, places) for one in wrong[:_SHOWN_ERRORS])
    more = f" (and {len(wrong) - _SHOWN_ERRORS} more)" if len(wrong) > _SHOWN_ERRORS else ""
    return f"{source}, {told}{more}"


def _wrong(wrong: ErrorDetails, rows: Sequence[Any], places: Sequence[str]) -> str:
    number, *path = wrong["loc"]
    # Of a list that may stand alone, pydantic names the function that makes it one.
    where = "".join(f".{one}" if isinstance(one, str) else f"[{one}]" for one in path if "(" not in str(one))
    what = wrong["msg"].removeprefix("Value error, ").removeprefix("Input ")
    field = printable(where.removeprefix("."))[:100]
    said = f"{field}: {what[:1].lower()}{what[1:]}" if field else what
    if wrong["type"] == "unexpected_keyword_argument":
        said = f"{field}: there is no such key; choose from {', '.join(_keys(path))}"
    return f"{_place(int(number), rows, places)}: {shortened(said, 300)}"


def _keys(path: Sequence[int | str]) -> list[str]:
    """What may stand where a key is that there is not."""
    within = [one for one in path[:-1] if one in _PARTS]
    part = _PARTS[within[-1]] if within else Rule
    found = TypeAdapter(part).json_schema(mode="validation")
    return list(found["properties"])


def _place(number: int, rows: Sequence[Any], places: Sequence[str]) -> str:
    if places:
        return places[number]
    row = rows[number]
    id_ = row.get("id") if isinstance(row, dict) else None
    named = f" ({shortened(id_, _SHOWN_CHARS)})" if isinstance(id_, str) and id_ else ""
    return f"rule {number + 1}{named}"
