"""What a page is asked for: its address, and the addresses of its links. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from aisle.errors import InvalidQuery
from aisle.service.parameters import MAX_PAGE, SearchParameters, Size

FACET_VALUES: Final = 8
# Bounds of a number's form, which one field of an address cannot hold: from:Weight=2, to:Weight=5.
FROM, TO = "from:", "to:"

Pairs = tuple[tuple[str, str], ...]
"""Names and values of an address, in their order."""


class PageParameters(SearchParameters):
    """A search in the address of a page: that of the API, with what a page shows unless it says otherwise."""

    size: Size = 24
    facets: int = FACET_VALUES
    highlight: bool = True

    def changed(self, **changes: Any) -> PageParameters:
        """The same search with some of it changed, from its first page unless that is changed too."""
        return self.model_copy(update={"page": 1, **changes})

    def toggled(self, name: str, value: str) -> PageParameters:
        """With a value of a list, or without it if it is there."""
        values: list[str] = getattr(self, name)
        kept = [one for one in values if one != value]
        return self.changed(**{name: kept if len(kept) < len(values) else [*values, value]})

    def with_number(self, name: str, low: float | None, high: float | None) -> PageParameters:
        """With one range of a number of the catalogue; without any, if both are None."""
        kept = [one for one in self.number if one.rpartition("=")[0] != name]
        some = low is not None or high is not None
        return self.changed(number=[*kept, f"{name}={_written(low)}..{_written(high)}"] if some else kept)

    @property
    def pairs(self) -> Pairs:
        """What is not as usual, for an address or the hidden fields of a form."""
        found: list[tuple[str, str]] = []
        for name, value in self.model_dump(exclude_defaults=True).items():
            each = value if isinstance(value, list) else [value]
            found += [(name, _written(one)) for one in each]
        return tuple(found)

    @property
    def query(self) -> str:
        """For a link to the search page: ``?q=drill&brand=Acme``, ``?`` where nothing is asked."""
        return f"?{urlencode(self.pairs)}"


def read_parameters(pairs: Iterable[tuple[str, str]]) -> PageParameters:
    """From an address as a form or a link makes it; empty fields and what a page does not know are left out.

    Raises:
        InvalidQuery: a value that cannot be.
    """
    lists = {name for name, field in PageParameters.model_fields.items() if field.default_factory is list}
    values: dict[str, Any] = {}
    bounds: dict[str, dict[str, str]] = {}
    for name, value in pairs:
        if not value.strip():
            continue
        if name.startswith((FROM, TO)):
            side, _, number = name.partition(":")
            bounds.setdefault(number, {})[side] = value
        elif name in lists:
            values.setdefault(name, []).append(value)
        elif name in PageParameters.model_fields:
            values[name] = value
    for number, both in bounds.items():
        kept = [one for one in values.get("number", ()) if one.rpartition("=")[0] != number]
        values["number"] = [*kept, f"{number}={both.get('from', '')}..{both.get('to', '')}"]
    try:
        return PageParameters.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidQuery(
            f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}", fix="correct it in the address"
        ) from None


def catalogue_path(name: str) -> str:
    """Of a catalogue's pages, with a slash at its end."""
    return f"/c/{quote(name, safe='')}/"


def item_path(name: str, id: str) -> str:
    """Of an item's page."""
    return f"{catalogue_path(name)}items/{quote(id, safe='')}"


def page_numbers(page: int, size: int, reachable: int) -> Sequence[int]:
    """The pages that one may go to from a page: the first, its neighbours, the last that there is."""
    last = min(MAX_PAGE, max(1, -(-reachable // size)))
    near = range(max(1, page - 2), min(last, page + 2) + 1)
    return sorted({1, *near, last})


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # The shortest text that is this number again.
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
