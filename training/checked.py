"""Settings that cannot be used are refused by name."""

from __future__ import annotations

from collections.abc import Iterable

from records import InputError


def require(settings: object, rules: Iterable[tuple[str, bool, str]], use: str) -> None:
    """Refuse the first value that breaks its rule.

    Args:
        settings: whose attributes are named.
        rules: attribute, whether it holds, and what to give instead.
        use: what the value cannot be ``<use> with``.

    Raises:
        InputError: names the attribute, its value and the rule.
    """
    for name, holds, rule in rules:
        if not holds:
            raise InputError(f"{name} = {getattr(settings, name)!r} cannot be {use} with", fix=f"give {rule}")
