"""Prices as shops write them."""

# ruff: noqa: RUF001 - other scripts

from __future__ import annotations

from decimal import Decimal

import pytest

from aisle.catalogue.currencies import currency_code
from aisle.catalogue.numerals import DecimalMark
from aisle.catalogue.prices import Price, read_price
from aisle.catalogue.rejects import Unreadable

COMMA, POINT = DecimalMark.COMMA, DecimalMark.POINT


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("1 299,00 kr", 1299, ""),
        ("12.00 zł", 12, "PLN"),
        ("Rs. 499", 499, ""),
        ("Rs.499", 499, ""),
        ("R$ 12", 12, "BRL"),
        ("R$ 1.299", 1299, "BRL"),
        ("US$ 49.00", 49, "USD"),
        ("US $49.00", 49, "USD"),
        ("$49.00 USD", 49, "USD"),
        ("from 12.99", 12.99, ""),
        ("ab 12,99 €*", 12.99, "EUR"),
        ("12.99 per m²", 12.99, ""),
        ("12.99/kg", 12.99, ""),
        ("12.99 € (1.30 €/100 g)", 12.99, "EUR"),
        ("12.99 EUR/m2", 12.99, "EUR"),
        ("9.00 EUR", 9, "EUR"),
        ("EUR 9,00", 9, "EUR"),
        ("EUR9,00", 9, "EUR"),
        ("9,00eur", 9, "EUR"),
        ("1.299,00 €", 1299, "EUR"),
        ("1'299.00 CHF", 1299, "CHF"),
        ("1’299.50", 1299.5, ""),
        ("1 299.-", 1299, ""),
        ("1.299.-", 1299, ""),
        ("1.299,- €", 1299, "EUR"),
        ("CHF 12.–", 12, "CHF"),
        ("12,-", 12, ""),
        ("12:-", 12, ""),
        ("12€99", 12.99, "EUR"),
        ("£12.50 inc VAT", 12.5, "GBP"),
        ("12,99 € inkl. 19% MwSt. zzgl. Versandkosten 4,99 €", 12.99, "EUR"),
        ("12.99 -10%", 12.99, ""),
        ("$1,299", 1299, ""),
        ("₹1,00,000", 100_000, "INR"),
        ("₹1,00,00,000.50", 10_000_000.5, "INR"),
        ("¥12,000", 12_000, ""),
        ("12.000 ₫", 12_000, "VND"),
        ("Rp 12.000", 12_000, "IDR"),
        ("1.299 zł", 1299, "PLN"),
        ("1.299 kr", 1299, ""),
        ("1,299 kr", 1299, ""),
        ("KWD 1.250", 1.25, "KWD"),
        ("CA$12", 12, "CAD"),
        ("12 000 ₽", 12_000, "RUB"),
        ("1\u00a0299,00\u202f€", 1299, "EUR"),
        ("1 234 567,89", 1_234_567.89, ""),
        ("1,234,567.89", 1_234_567.89, ""),
        ("1.234.567,89", 1_234_567.89, ""),
        ("١٢٫٥٠ ر.س", 12.5, "SAR"),
        ("۱۲٬۰۰۰ تومان", 12_000, "IRR"),
        ("１，２９９円", 1299, "JPY"),
        ("&euro;&nbsp;12,50", 12.5, "EUR"),
        ("<bdi>12,00&nbsp;<span>&euro;</span></bdi>", 12, "EUR"),
        ("<del>18,00 €</del> <ins>16,00 €</ins>", 16, "EUR"),
        ("1,299", 1299, ""),
        ("1.299", 1.299, ""),
        ("12,5", 12.5, ""),
        ("0,125", 0.125, ""),
        (",99", 0.99, ""),
        ("12.", 12, ""),
        ("12.9900", 12.99, ""),
        ("1299.000", 1299, ""),
        ("'12.99", 12.99, ""),
        ("+5", 5, ""),
        ("1e2", 100, ""),
        ("1.5E+3", 1500, ""),
        (" 7 ", 7, ""),
        ("0", 0, ""),
        ("free", 0, ""),
        ("Gratis!", 0, ""),
        (0, 0, ""),
        (9.5, 9.5, ""),
        (Decimal("9.50"), 9.5, ""),
        (-0.0, 0, ""),
        ({"amount": 9, "currency": "EUR"}, 9, "EUR"),
        ({"amount": "9.00", "currency_code": "usd"}, 9, "USD"),
        ({"value": "9"}, 9, ""),
        ({"EUR": 9, "USD": 10}, 9, "EUR"),
        ({"USD": {"default": 9, "default_formated": "$9.00"}}, 9, "USD"),
        ({"centAmount": 999, "currencyCode": "EUR", "fractionDigits": 2}, 9.99, "EUR"),
        ('{"amount":9,"currency":"EUR"}', 9, "EUR"),
        ([{"amount": "9.00", "currency": "EUR"}, {"amount": "11", "currency": "USD"}], 9, "EUR"),
        (["9.00"], 9, ""),
    ],
)
def test_a_price_is_read(cell: object, amount: float, currency: str) -> None:
    assert read_price(cell) == Price(amount, None, currency)


@pytest.mark.parametrize(
    ("cell", "lowest", "highest", "currency"),
    [
        ("19.99 - 29.99", 19.99, 29.99, ""),
        ("29,99 – 19,99 €", 19.99, 29.99, "EUR"),
        ("$10-$20", 10, 20, ""),
        ("5€-10€", 5, 10, "EUR"),
        ("5 USD to 10 USD", 5, 10, "USD"),
        ("12.- bis 15.-", 12, 15, ""),
        ([9, "12.50", None], 9, 12.5, ""),
        ({"min": 5, "max": 9}, 5, 9, ""),
        ({"minVariantPrice": {"amount": "5"}, "maxVariantPrice": {"amount": "6"}}, 5, 6, ""),
        (["5.00 EUR", "6", "7 USD"], 5, 6, "EUR"),
    ],
)
def test_of_a_range_the_lowest_is_the_price(
    cell: object, lowest: float, highest: float, currency: str
) -> None:
    assert read_price(cell) == Price(lowest, highest, currency)


@pytest.mark.parametrize(
    "cell",
    [None, "", " ", "None", "n/a", "N/A", "null", "-", "—", "--", "nan", float("nan"), [], {}, [None, ""]],
)
def test_nothing_is_no_price(cell: object) -> None:
    assert read_price(cell) is None


NO_PRICES = (
    *(
        "call",
        "auf Anfrage",
        "POA",
        "2 for 5.00",
        "3 x 12.99",
        "2/$5",
        "12 99",
        "1.2.3",
        "1_000",
        "12:30",
        "20%",
    ),
    *(
        "50% off",
        "10 off",
        "2024-01-05",
        "call 555 1234",
        "A12",
        "SKU-12",
        "12cm",
        "5 ct",
        "99¢",
        "99p",
        "12k",
        "$",
    ),
    *("(5.00)", "5.00-", "£12 £9", "1,2,3.4.5", "x" * 2_000_000, "9" * 60, "1 2 3 4 5 6", "{1}", "[[[[1]]]]"),
    *(True, False, object(), {"x": "y"}, [True], [[[[1]]]]),
)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        *((cell, "cannot be read") for cell in NO_PRICES),
        *((cell, "is negative") for cell in (-1, "-5", "−5", "- 5", "$-5", "-$5", "EUR -5,00", -0.01)),
        ({"amount": "-9"}, "is negative"),
        *((cell, "is not finite") for cell in ("inf", "-inf", "Infinity", float("inf"), Decimal("Infinity"))),
        *((cell, "is out of range") for cell in (1e300, 10**400, "1000000000000001", Decimal("1e400"))),
    ],
)
def test_what_is_no_price_is_unreadable(cell: object, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_price(cell)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("1.299", COMMA, 1299),
        ("1.299", POINT, 1.299),
        ("1,299", COMMA, 1.299),
        ("1,299", POINT, 1299),
        ("1.29", COMMA, 1.29),
        ("1,29", POINT, 1.29),
        ("0.999", COMMA, 0.999),
        ("1.299,50", POINT, 1299.5),
        ("12.999 €", COMMA, 12_999),
        ("1.299 zł", POINT, 1.299),
    ],
)
def test_the_column_decides_what_could_be_either(text: str, decimal: DecimalMark, amount: float) -> None:
    price = read_price(text, decimal)
    assert price is not None and price.amount == amount


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        *(("EUR", "EUR"), ("eur", "EUR"), ("€", "EUR"), ("Euro", "EUR"), ("US$", "USD"), ("zł", "PLN")),
        *(("₹", "INR"), ("£", "GBP"), ("try", "TRY"), ({"code": "SEK"}, "SEK"), (" CHF ", "CHF")),
        *(("Kč", "CZK"), ("₦", "NGN"), ("$", ""), ("kr", ""), ("¥", ""), ("", ""), (None, ""), ("n/a", "")),
    ],
)
def test_currencies(cell: object, code: str) -> None:
    assert currency_code(cell) == code


@pytest.mark.parametrize(
    "cell", ["XXX", "XAU", "euros and dollars", "12", 978, True, ["EUR", "USD"], {"x": 1}]
)
def test_no_currencies(cell: object) -> None:
    with pytest.raises(Unreadable):
        currency_code(cell)
