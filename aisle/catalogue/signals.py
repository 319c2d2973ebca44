"""What a shop knows of a product: whether it can be bought, and since when it is there."""

# ruff: noqa: RUF001 - lists of words in many languages

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from aisle.catalogue.numerals import number
from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import NAME_KEYS, is_absent, scalar, unescaped, unwrap
from aisle.markup import plain_line

_MAX_CHARS = 60

# Longest first within a language does not matter: what denies is looked for first.
_NO: Final = (
    # English, with the words of Google and schema.org
    "no|n|not|no longer|available soon|false|off|disabled|out of stock|outofstock|not in stock"
    "|not available|unavailable|sold out|soldout|discontinued|preorder|pre order"
    "|presale|backorder|back order|backordered|on backorder|onbackorder|temporarily out|no stock|reserved"
    "|coming soon|oos"
    # German
    "|nein|nicht|keine|bald lieferbar|bald verfügbar|ausverkauft|vergriffen|vorbestellbar|vorbestellung"
    "|nachbestellung"
    # French
    "|non|pas en stock|plus en stock|épuisé|épuisée|epuise|rupture|indisponible|en précommande|précommande"
    "|plus disponible|pas disponible"
    # Spanish
    "|agotado|agotada|sin stock|sin existencias|no disponible|reserva|preventa"
    # Italian
    "|esaurito|esaurita|non disponibile|in arrivo|preordine"
    # Dutch
    "|nee|niet meer|uitverkocht|niet|niet op voorraad|niet beschikbaar"
    # Polish
    "|nie|nie ma|nie dostępny|niedostępny|niedostępna|niedostępne|brak|wyprzedany|wyprzedane|przedsprzedaż"
    # Swedish, Norwegian, Danish
    "|nej|nei|slut|slutsåld|slut i lager|ej i lager|inte i lager|utsolgt|ikke|ikke på lager|udsolgt"
    "|tilfälligt slut"
    # Portuguese
    "|não|nao|não disponível|esgotado|esgotada|sem estoque|sem stock|indisponível|fora de estoque|pré-venda"
    # Russian, Ukrainian
    "|нет|нет в наличии|отсутствует|распродано|под заказ|предзаказ|немає|немає в наявності|ні"
    # Czech, Slovak, Finnish, Turkish
    "|ne|není skladem|vyprodáno|nedostupné|nie je skladom|vypredané|ei|loppu|loppunut|ei varastossa|hayır"
    "|tükendi|stokta yok"
    # Japanese, Chinese, Korean
    "|いいえ|在庫なし|在庫切れ|品切れ|売り切れ|売切れ|予約|取り寄せ|否|缺货|缺貨|无货|無貨|售罄"
    "|품절|재고 없음"
)
_YES: Final = (
    "yes|y|true|on|enabled|in stock|instock|available|limited availability|limitedavailability|low stock"
    "|instoreonly|onlineonly"
    "|in store only|online only|available now|in stock now|madetoorder|made to order|available for order"
    "|ja|lieferbar|sofort lieferbar|verfügbar|auf lager|lagernd|vorrätig|am lager"
    "|oui|en stock|disponible|disponibles"
    "|sí|si|hay stock|hay existencias|en existencia"
    "|sì|disponibile|disponibili|in magazzino"
    "|op voorraad|beschikbaar|leverbaar|voorradig"
    "|tak|dostępny|dostępna|dostępne|w magazynie|na stanie|na magazynie"
    "|i lager|på lager|finns i lager|tillgänglig|tilgjengelig|tilgængelig|finns"
    "|sim|em estoque|em stock|disponível|disponíveis|pronta entrega"
    "|да|есть|есть в наличии|в наличии|на складе|доступен|доступно|так|є в наявності|в наявності|є"
    "|ano|skladem|dostupné|áno|skladom|kyllä|varastossa|saatavilla|evet|stokta|stokta var|mevcut"
    "|はい|在庫あり|在庫有り|在庫有|販売中|是|有货|有貨|现货|現貨|재고 있음|판매중|예"
)
_WORD_APART: Final = re.compile(r"[\s_\-–—/.,:;!()\[\]+*]+")
_NUMBER: Final = re.compile(r"(-?)\s?[<>≥~]?\s?([0-9]{1,15})(?:[.,]0+)?\+?", re.ASCII)


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(f" {_apart(phrase)} " for phrase in text.split("|"))


def _apart(text: str) -> str:
    return " ".join(_WORD_APART.sub(" ", text.casefold()).split())


# Longer words may stand in a sentence; " no " and " si " may be parts of one.
_WHOLE = len(" non ")
_NO_PHRASES: Final = _phrases(_NO)
_YES_PHRASES: Final = _phrases(_YES)
# Written without spaces, so they may stand anywhere.
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


def truth(cell: object) -> bool | None:
    """Whether something is so: a truth value, 1 or 0, or words such as "in stock" and "ausverkauft".

    A number above 0 is true: columns of availability often count pieces. What can be ordered before it is
    there ("preorder", "backorder") cannot be bought now, so it is false.

    Returns:
        None for an empty cell.

    Raises:
        Unreadable: other words.
    """
    cell = unwrap(cell, ("available", "availability", "status", *NAME_KEYS))
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float):
        return None if math.isnan(cell) else cell > 0
    text = scalar(cell)
    if text is None:
        raise Unreadable
    text = plain_line(unescaped(text[:_MAX_CHARS]))
    if is_absent(text):
        return None
    if match := _NUMBER.fullmatch(text):
        return not match[1] and int(match[2]) > 0
    # https://schema.org/InStock
    said = f" {_apart(text.rpartition('/')[2] if '://' in text else text)} "
    for phrases, so in ((_NO_PHRASES, False), (_YES_PHRASES, True)):
        if said in phrases or any(phrase in said for phrase in phrases if len(phrase) > _WHOLE):
            return so
        if _UNSPACED.search(said) and any(
            phrase.strip() in said for phrase in phrases if _UNSPACED.search(phrase)
        ):
            return so
    raise Unreadable


_STARS: Final = ("rate", "average", "rating", "score", "value", "mean", "ratingValue", "stars")
_COUNT: Final = ("count", "total", "reviewCount", "ratingCount", "reviews", "value")


def stars(cell: object) -> float | None:
    """Stars: a number, or an object of one (``{"rate": 3.9, "count": 120}``).

    Raises:
        Unreadable: neither.
    """
    return number(unwrap(cell, _STARS) if isinstance(cell, Mapping) else cell)


def count(cell: object) -> float | None:
    """How many there are: a number, or an object that counts them (``{"rate": 3.9, "count": 120}``).

    Raises:
        Unreadable: neither.
    """
    return number(unwrap(cell, _COUNT) if isinstance(cell, Mapping) else cell)


_EPOCH_DIGITS: Final = re.compile(r"[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{12,13}|[0-9]{15,16}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_ISO: Final = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})(?:[T\s].*)?", re.ASCII | re.DOTALL)
_DAY_FIRST: Final = re.compile(
    r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})(?:[\sT,].*)?", re.ASCII | re.DOTALL
)
_EITHER: Final = re.compile(r"([0-9]{1,2})([/-])([0-9]{1,2})\2([0-9]{4})(?:[\sT,].*)?", re.ASCII | re.DOTALL)
_NAMED: Final = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s+)?(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[-\s.]+(?P<month>[a-z]{3,9})|(?P<month2>[a-z]{3,9})\.?\s+"
    r"(?P<day2>[0-9]{1,2})(?:st|nd|rd|th)?),?[-\s.]+(?P<year>[0-9]{4})(?:[\sT,].*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def iso_date(cell: object) -> str:
    """A day as ISO 8601: ``2026-11-29``; a time of the day is left out, a moment is taken in UTC.

    Returns:
        Empty for an empty cell, or a day of zeros.

    Raises:
        Unreadable: no day, or one that could be two: ``03/04/2026``.
    """
    if isinstance(cell, datetime):
        moment = cell.astimezone(UTC) if cell.tzinfo else cell
        return _checked(moment.year, moment.month, moment.day)
    if isinstance(cell, date):
        return _checked(cell.year, cell.month, cell.day)
    text = scalar(unwrap(cell, ("date", "$date", "value")))
    if text is None or isinstance(cell, bool):
        raise Unreadable
    text = plain_line(text[:_MAX_CHARS])
    if is_absent(text) or (text[:1] == "0" and not text.strip("0-/. :T")):
        return ""
    return _checked(*_day(text))


def _day(text: str) -> tuple[int, int, int]:
    """Year, month and day."""
    if match := _ISO.fullmatch(text):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _DAY_FIRST.fullmatch(text):
        return int(match[3]), int(match[2]), int(match[1])
    if match := _EITHER.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if max(first, second) <= len(_MONTHS) and first != second:
            raise Unreadable
        return (year, second, first) if first > second else (year, first, second)
    if match := _NAMED.fullmatch(text):
        month = (match["month"] or match["month2"])[:3].lower()
        if month in _MONTHS:
            return int(match["year"]), _MONTHS.index(month) + 1, int(match["day"] or match["day2"])
    if _EPOCH_DIGITS.fullmatch(text):
        whole = text.partition(".")[0]
        # Seconds, thousandths or millionths of them.
        moment = datetime.fromtimestamp(int(whole) / 1000 ** ((len(whole) - 9) // 3), UTC)
        return moment.year, moment.month, moment.day
    raise Unreadable


def _checked(year: int, month: int, day: int) -> str:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Unreadable from None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Unreadable
    return found.isoformat()


def _stars(cell: object) -> float | None:
    return _not_negative(stars(cell))


def _count(cell: object) -> float | None:
    return _not_negative(count(cell))


def _not_negative(value: float | None) -> float | None:
    if value is not None and value < 0:
        raise Unreadable("is negative")
    return value


def _pieces(cell: object) -> float | None:
    value = number(cell)
    # Below zero: sold before it came.
    return None if value is None else max(value, 0.0)


SIGNAL_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "popularity": _count,
    "rating": _stars,
    "margin": number,
    "stock": _pieces,
    "available": truth,
    "added": iso_date,
}
"""Field of `aisle.types.BusinessSignals` to what reads it; an empty cell is None or empty."""
