"""Templates become answers: escaped everywhere, under a policy that runs nothing of anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from babel.numbers import format_currency, format_decimal
from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from aisle._version import __version__
from aisle.service.web.asked import catalogue_path, item_path
from aisle.service.web.pictures import drawing, picture, web_link
from aisle.types import Item

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_LOCALE: Final = "en"


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at a catalogue, for the bar at the top of its pages.

    Attributes:
        text: of its link.
        path: below the catalogue's own.
    """

    text: str
    path: str = ""


VIEWS: Final = (
    View("Search"),
    View("Compare", "compare"),
    View("Judge", "judge"),
    View("Weights", "tune"),
    View("Status", "status"),
)


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("aisle.service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"version": __version__, "views": VIEWS}
    found.globals |= {"catalogue_path": catalogue_path, "item_path": item_path}
    found.filters |= {"price": price, "number": number, "picture": picture, "drawing": drawing}
    found.filters |= {"web_link": web_link, "sentence": sentence}
    return found


def page_response(template: str, status: int = 200, **shown: Any) -> Response:
    """A template as an answer.

    Args:
        template: its name in ``templates``.
        status: of the answer.
        **shown: what the template shows.
    """
    html = _templates().get_template(template).render(shown)
    return Response(html, status, dict(_HEADERS), media_type="text/html")


def price(item: Item) -> str:
    """An item's price as people write it; empty without one."""
    if item.price is None:
        return ""
    low = _money(item.price, item.currency)
    if item.price_max is None or item.price_max == item.price:
        return low
    return f"{low} to {_money(item.price_max, item.currency)}"


def number(value: float) -> str:
    """A number as people write it, with at most four decimals."""
    return str(format_decimal(value, format="#,##0.####", locale=_LOCALE))


def sentence(text: str) -> str:
    """A text with a capital at its beginning and all else as it is."""
    return text[:1].upper() + text[1:]


def _money(amount: float, currency: str) -> str:
    if not currency:
        return str(format_decimal(amount, format="#,##0.00", locale=_LOCALE))
    return str(format_currency(amount, currency, locale=_LOCALE))
