"""Limits of a policy as one small TOML file: read with errors that name the line to write, and written."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from aisle._files import read_settings_text
from aisle.errors import InputError


def read_limits(known: Collection[str], tables: Collection[str], path: Path, whose: str) -> dict[str, Any]:
    """The values of a file.

    Args:
        known: names that there are.
        tables: those of them that are tables.
        path: TOML.
        whose: they are, for errors, such as "a gate".

    Raises:
        InputError: it cannot be read, it is no TOML, or it names what there is not.
    """
    return parse_limits(known, tables, read_settings_text(path), str(path), whose)


def parse_limits(
    known: Collection[str], tables: Collection[str], text: str, source: str, whose: str
) -> dict[str, Any]:
    """The values of a file's content; see `read_limits`.

    Args:
        known: names that there are.
        tables: those of them that are tables.
        text: TOML.
        source: where it is from, for errors.
        whose: they are, for errors.

    Raises:
        InputError: it is no TOML, or names what there is not.
    """
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is no TOML: {error}", fix="write lines like: shrink = 0.2") from None
    for name, value in held.items():
        if name not in known:
            raise InputError(
                f"{source}: {whose} has no limit {name!r}", fix=f"choose from {', '.join(known)}"
            )
        if isinstance(value, dict) != (name in tables):
            raise InputError(
                f"{source}: {name} is {'a table' if name in tables else 'one value'}",
                fix=f'write [{name}] with lines like "nDCG@10" = 0.01' if name in tables else f"{name} = 0.1",
            )
    return held


def write_limits(policy: Any) -> str:
    """The file that says all of a policy, a frozen dataclass; read again it is the same."""
    lines, tables = [], []
    for one in fields(policy):
        value = getattr(policy, one.name)
        if isinstance(value, Mapping):
            tables += ["", f"[{one.name}]", *(f'"{metric}" = {limit}' for metric, limit in value.items())]
        else:
            lines.append(f'{one.name} = "{value}"' if isinstance(value, str) else f"{one.name} = {value}")
    return "\n".join((*lines, *tables)) + "\n"


def check_number(name: str, value: Any, least: float, most: float) -> None:
    """Refuse what is no number from ``least`` to ``most``.

    Raises:
        InputError: naming the limit and what it may be.
    """
    # True is an int to Python.
    if type(value) not in (int, float) or not least <= value <= most:
        limits = f"from {least:g} to {most:g}" if most < float("inf") else f"from {least:g}"
        raise InputError(f"{name} = {value!r} cannot be", fix=f"write a number {limits}")


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number from ``least``.

    Raises:
        InputError: naming the limit.
    """
    if type(value) is not int or value < least:
        raise InputError(f"{name} = {value!r} cannot be", fix=f"write a whole number from {least}")
