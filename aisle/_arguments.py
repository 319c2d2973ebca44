"""What a caller hands over in Python, checked before it is used: each answers with the argument's name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from numbers import Integral, Real
from typing import Final

from aisle.errors import InvalidQuery

# A larger one is none that can be calculated with, nor shown in an error.
_MOST_BITS: Final = 1_023


def check_whole(**given: object) -> None:
    """Refuse what is no whole number.

    Raises:
        InvalidQuery: naming the argument, such as ``size``.
    """
    _check_numbers(given, Integral, "a whole number", "10")


def check_real(example: str = "0.5", /, **given: object) -> None:
    """Refuse what is no number.

    Args:
        example: of a good value, for the fix.
        given: arguments by name.

    Raises:
        InvalidQuery: naming the argument, such as ``weight``.
    """
    _check_numbers(given, Real, "a number", example)


def check_text(**given: object) -> None:
    """Refuse what is no text.

    Raises:
        InvalidQuery: naming the argument.
    """
    for name, value in given.items():
        if not isinstance(value, str):
            raise InvalidQuery(f"{name}= is {_called(value)}, not a text", fix=f'give a text: {name}="..."')


def check_kind(kind: type, **given: object) -> None:
    """Refuse what is not made by a class of ``aisle``; None is what was left out.

    Raises:
        InvalidQuery: naming the argument and how it is written.
    """
    for name, value in given.items():
        if value is not None and not isinstance(value, kind):
            raise InvalidQuery(
                f"{name}= is {_called(value)}, not {kind.__name__}",
                fix=f"write {name}=aisle.{kind.__name__}(...)",
            )


def check_moment(**given: object) -> None:
    """Refuse what is no moment with a time zone; None is what was left out.

    Raises:
        InvalidQuery: naming the argument.
    """
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, datetime):
            raise InvalidQuery(
                f"{name}= is {_called(value)}, not a moment",
                fix=f"write {name}=datetime.now(UTC), or leave it out: that is now",
            )
        if value.tzinfo is None:
            raise InvalidQuery(f"{value} has no time zone", fix=f"give {name}= one, such as datetime.UTC")


def listed_ids(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """The ids of an argument, whatever holds them.

    Args:
        name: of the argument.
        given: its value.

    Raises:
        InvalidQuery: one text instead of a list, no list at all, or an id that is no text: a number would be
            an id that nobody knows.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        what = "one text" if isinstance(given, str) else _called(given)
        raise InvalidQuery(f"{name}= is {what}", fix=f'give a list, such as {name}=["a", "b"]')
    found = tuple(given)
    if not all(isinstance(one, str) for one in found):
        raise InvalidQuery(f"{name}= holds what is no text", fix="ids are texts, such as '100002'")
    return found


def _check_numbers(given: dict[str, object], kind: type, what: str, example: str) -> None:
    for name, value in given.items():
        # True is a number to Python, and hardly ever meant as one.
        if isinstance(value, bool) or not isinstance(value, kind):
            raise InvalidQuery(
                f"{name}= is {_called(value)}, not {what}", fix=f"give {what}, such as {name}={example}"
            )
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise InvalidQuery(
                f"{name}= is a number of more than {_MOST_BITS:,} bits",
                fix=f"give {what}, such as {name}={example}",
            )


def _called(value: object) -> str:
    return f"a {type(value).__name__}"
