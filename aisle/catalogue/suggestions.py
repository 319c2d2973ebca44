"""What to tell somebody whose columns do not fit."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aisle._printable import printable
from aisle.catalogue.names import spaced, squeezed
from aisle.catalogue.sample import Sample
from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class Failure:
    """The column that came closest to a field, and why it is not it ("is empty in every row")."""

    column: str
    why: str


def no_such_column(
    source: str, option: str, column: str, found: Sequence[str], *, joined: bool = True
) -> InputError:
    """A column that the user named is not there.

    Args:
        source: name of the file.
        option: what it was named with, such as ``--map id=`` or ``--facet``.
        column: as it was written.
        found: the columns that are there.
        joined: whether the column is written at the end of the option's last word.
    """
    near = {squeezed(name): name for name in reversed(found)}
    close = difflib.get_close_matches(squeezed(column), near, 1)
    name = near[close[0]] if close else "COLUMN"
    words = option.split(" ")
    words = [*words[:-1], words[-1] + name] if joined else [*words, name]
    return InputError(
        f"{source} has no column '{printable(column)}' (found: {listed(found)})", fix=shlex.join(words)
    )


def nothing_fits(
    sample: Sample,
    missing: Sequence[str],
    failures: Mapping[str, Failure],
    fitting: Mapping[str, Sequence[str]],
) -> InputError:
    """No column can be the id, or the title, or neither can be found.

    Args:
        sample: the rows that were looked at.
        missing: item fields.
        failures: item field to the column that came closest.
        fitting: item field to the columns that could be it if somebody said so.
    """
    columns = list(dict.fromkeys(sample.show(key) for cells in sample.cells for key in cells))
    message = f"no column of {sample.source} can be the {' or the '.join(missing)}"
    near = [
        f"'{printable(failures[name].column)}' came closest to the {name}, but {failures[name].why}"
        for name in missing
        if name in failures
    ]
    message += f": {'; '.join(near)}" if near else ""
    mapped: list[str] = []
    added: list[str] = []
    for name in missing:
        free = [column for column in fitting[name] if f"={column}" not in "".join(mapped)]
        if free:
            mapped += ["--map", f"{name}={_likeliest(name, free)}"]
        else:
            added.append(name)
    fixes = [shlex.join(mapped)] if mapped else []
    fixes += [_ADD[name] for name in added]
    return InputError(f"{message} (found: {listed(columns)})", fix=", and ".join(fixes))


_ADD: Final[Mapping[str, str]] = {
    "id": "add a column named id, never empty and with another value on every row",
    "title": "add a column named title with the names of the products",
}


def listed(columns: Sequence[str]) -> str:
    """The first of them, for a message."""
    shown = ", ".join(printable(column[:40]) for column in columns[:20])
    return shown + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


_LIKE: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "sku", "code", "number", "key", "nr", "no"),
    "title": ("title", "name", "label", "product", "designation"),
}


def _likeliest(name: str, columns: Sequence[str]) -> str:
    """The column whose name is most like the field's, the first of equals."""

    def alike(column: str) -> float:
        words = [*spaced(column).split(), squeezed(column)]
        return max(
            (difflib.SequenceMatcher(None, like, word).ratio() for like in _LIKE[name] for word in words),
            default=0.0,
        )

    return max(columns, key=alike)
