"""Currencies by their codes and signs, after the Unicode CLDR."""

# ruff: noqa: RUF001, SIM905 - lists of words in many languages

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import is_absent, unwrap
from aisle.markup import plain_line

# Babel is imported where it is used: its data takes longer to load than most commands run.

# One of each country that a shop is likely to write for; loading all of CLDR takes seconds.
_LOCALES: Final = (
    "ar_AE ar_EG ar_KW ar_MA ar_QA ar_SA az_AZ bg_BG bn_BD bs_BA cs_CZ da_DK de_AT de_CH de_DE el_GR en_AU"
    " en_CA en_GB en_HK en_IE en_IN en_KE en_NG en_NZ en_PH en_PK en_SG en_US en_ZA es_AR es_CL es_CO es_CR"
    " es_ES es_MX es_PE es_UY et_EE fa_IR fi_FI fr_BE fr_FR he_IL hr_HR hu_HU hy_AM id_ID is_IS it_IT ja_JP"
    " ka_GE kk_KZ km_KH ko_KR lo_LA lt_LT lv_LV mk_MK mn_MN ms_MY nb_NO ne_NP nl_NL pl_PL pt_BR pt_PT ro_RO"
    " ru_RU si_LK sk_SK sl_SI sq_AL sr_RS sv_SE th_TH tr_TR uk_UA uz_UZ vi_VN zh_CN zh_TW"
).split()

# The commonest, so that CLDR is seldom loaded, and what shops write that it does not have. Its signs of Latin
# letters alone are not taken, as they would be words of a text ("da", "le", "L").
_COMMON: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "$": ("ARS", "AUD", "CAD", "CLP", "COP", "MXN", "NZD", "SGD", "TWD", "USD"),
        "€": ("EUR",),
        "£": ("GBP",),
        "¥": ("CNY", "JPY"),
        "￥": ("CNY", "JPY"),
        "₹": ("INR",),
        "r$": ("BRL",),
        "zł": ("PLN",),
        "kč": ("CZK",),
        "₽": ("RUB",),
        "₺": ("TRY",),
        "kr": ("DKK", "ISK", "NOK", "SEK"),
        "rs": ("INR", "LKR", "MUR", "NPR", "PKR"),
        "₨": ("INR", "LKR", "MUR", "NPR", "PKR"),
        "dh": ("AED", "MAD"),
        "dhs": ("AED",),
        "c$": ("CAD", "NIO"),
        "us$": ("USD",),
        "$us": ("USD",),
        "au$": ("AUD",),
        "a$": ("AUD",),
        "s$": ("SGD",),
        "ar$": ("ARS",),
        "u$s": ("USD",),
        "元": ("CNY", "TWD"),
        "円": ("JPY",),
        "원": ("KRW",),
        "đ": ("VND",),
        "euro": ("EUR",),
        "euros": ("EUR",),
        "fr": ("CHF",),
        "sfr": ("CHF",),
        "skr": ("SEK",),
        "nkr": ("NOK",),
        "dkr": ("DKK",),
        "nis": ("ILS",),
        "tl": ("TRY",),
        "zl": ("PLN",),
        "zloty": ("PLN",),
        "kc": ("CZK",),
        "ft": ("HUF",),
        "lei": ("RON",),
        "rp": ("IDR",),
        "rm": ("MYR",),
        "r": ("ZAR",),
        "s/": ("PEN",),
        "лв": ("BGN",),
        "р": ("RUB",),
        "руб": ("RUB",),
        "рублей": ("RUB",),
        "грн": ("UAH",),
        "дин": ("RSD",),
        "din": ("RSD",),
        "تومان": ("IRR",),
        "ريال": ("IRR", "OMR", "QAR", "SAR", "YER"),
        "درهم": ("AED", "MAD"),
        "جنيه": ("EGP",),
        "﷼": ("IRR", "OMR", "QAR", "SAR", "YER"),
    }
)
_MAX_CHARS: Final = 40

# Codes that people write small; others small are words ("all", "try", "top").
_SMALL: Final = frozenset(
    "eur usd gbp chf sek nok dkk pln czk huf ron bgn inr jpy cny aud cad nzd brl mxn aed sar rub uah".split()
)

_MONEY_SIGNS: Final = (
    "$\u00a3-\u00a5\u058f\u060b\u07fe\u07ff\u09f2\u09f3\u09fb\u0af1\u0bf9\u0e3f\u17db\u20a0-\u20cf\ufdfc"
)
_WRITTEN: Final = re.compile(
    rf"(?:US|AU|CA|NZ|HK)\s\$|[^\W\d_a-z]{{0,3}}[{_MONEY_SIGNS}](?:US?(?![^\W\d_]))?"  # US $, R$, $U
    r"|S/|[^\W\d_]+(?:\.[^\W\d_]+)*\.?"  # kr, Rs., د.إ
)


def currencies_in(text: str) -> frozenset[str]:
    """The codes that the clearest currency written in a short text may mean; empty without one."""
    return min(filter(None, map(_meant, _WRITTEN.findall(text))), key=len, default=frozenset())


def without_currencies(text: str) -> str:
    """The text without codes and signs of currencies."""
    return _WRITTEN.sub(lambda written: "" if _meant(written[0]) else written[0], text)


def currency_code(cell: object) -> str:
    """The ISO 4217 code in a cell of nothing but a currency: ``eur``, ``€``, ``US$``, ``{"code": "EUR"}``.

    Returns:
        Empty for an empty cell, and for a sign of several currencies (``$``, ``kr``).

    Raises:
        Unreadable: no currency.
    """
    cell = unwrap(cell, ("code", "isoCode", "iso_code", "iso", "currencyCode", "name"))
    if cell is None or (isinstance(cell, str) and is_absent(cell)):
        return ""
    if not isinstance(cell, str):
        raise Unreadable
    text = plain_line(cell[:_MAX_CHARS])
    meant = frozenset((text.upper(),)) & _codes() or _meant(text)
    if not meant:
        raise Unreadable
    return only(meant)


def only(meant: frozenset[str]) -> str:
    """The code, if there is but one; else empty."""
    return next(iter(meant)) if len(meant) == 1 else ""


@lru_cache(maxsize=256)
def decimal_comma(meant: frozenset[str]) -> bool:
    """Whether every country with one of these currencies writes a decimal comma."""
    from babel import Locale

    theirs = [name for name, currency in _countries() if currency in meant]
    numbers = (Locale.parse(name).number_symbols for name in theirs)
    return bool(theirs) and all(symbols.get("latn", symbols).get("decimal") == "," for symbols in numbers)


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    from babel.numbers import list_currencies

    # The others that begin with X are metals, funds and tests.
    of_countries = {"XAF", "XCD", "XCG", "XOF", "XPF"}
    return frozenset(code for code in list_currencies() if code[0] != "X" or code in of_countries)


@lru_cache(maxsize=1024)
def _meant(written: str) -> frozenset[str]:
    if (written.isupper() or written in _SMALL) and written.upper() in _codes():
        return frozenset((written.upper(),))
    sign = _folded(written)
    if sign in _COMMON:
        # Alone, a small letter is part of a word or a unit.
        return frozenset(_COMMON[sign]) if sign != "r" or written[0] == "R" else frozenset()
    if sign.isascii() and sign.isalpha():
        return frozenset()
    # "from€5"
    return _signs().get(sign) or _signs().get(sign[-1:], frozenset())


def _folded(sign: str) -> str:
    return sign.replace("\u200f", "").replace(" ", "").rstrip(".").casefold()


def _countries() -> tuple[tuple[str, str], ...]:
    """Each of the locales and the currency of its country."""
    from babel.numbers import get_territory_currencies

    return tuple((name, get_territory_currencies(name[-2:])[0]) for name in _LOCALES)


@lru_cache(maxsize=1)
def _signs() -> Mapping[str, frozenset[str]]:
    """Sign to the currencies that are written with it."""
    from babel import Locale

    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, currency in _countries():
        found[_folded(Locale.parse(name).currency_symbols.get(currency, ""))].add(currency)
    # How they are written where others are meant, such as CA$.
    for code, sign in Locale.parse("en_US").currency_symbols.items():
        if code in _codes():
            found[_folded(sign)].add(code)
    return {sign: frozenset(meant) for sign, meant in found.items() if sign}
