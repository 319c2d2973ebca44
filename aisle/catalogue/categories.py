"""Categories as paths from the root."""

# ruff: noqa: RUF001 - lists of words in many languages

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import MAX_FACET_CHARS, json_cell, scalar, unwrap
from aisle.markup import plain_line

_MAX_PATHS = 100
_MAX_DEPTH = 30

Path = tuple[str, ...]

# Nobody writes these in a name.
_ARROW: Final = re.compile(r"\s*(?:[-=]?>+|[›»→⟩⇒➔➜]|::)\s*")
# Written by shops above what is sold.
_ROOTS: Final = frozenset(("default category", "root catalog", "root category", "root", "/"))


@dataclass(frozen=True, slots=True)
class PathStyle:
    """How a column writes paths.

    Attributes:
        separator: between levels: ">" (any arrow), "/", "|", "\\\\"; empty: names are no paths.
        several: between paths: ",", ";", "|"; empty: a text is one path.
    """

    separator: str = ""
    several: str = ""


def path_style(samples: Iterable[object]) -> PathStyle:
    """How a column writes paths, by the values that it has.

    An arrow always separates. A slash or a bar does where values share their beginnings, or have three
    levels; so "TV/Video" is one name. A comma separates paths where what follows it begins paths elsewhere
    too, or in few values where every part has levels; so "Food, Beverages & Tobacco > Coffee" is one path.
    """
    texts = list(dict.fromkeys(text for sample in samples for text in _written(sample)))
    separator = _separator(texts)
    return PathStyle(separator, _several(texts, separator))


def category_paths(cell: object, style: PathStyle | None = None) -> tuple[Path, ...]:
    """The paths in a cell, without those that a longer one goes through, and without roots that say nothing.

    Args:
        cell: text; a list of texts; levels (``[{"name": "Home", "level": 1}, …]``); categories that name
            their parents; a list of lists of names; ``{"lvl0": …, "lvl1": …}``.
        style: of the column; None: as this text alone lets think.

    Raises:
        Unreadable: something else, or a name of over 8,191 characters.
    """
    found: dict[Path, None] = {}
    for path in _paths(cell, style, depth=3):
        clean = tuple(filter(None, map(plain_line, path)))[:_MAX_DEPTH]
        if any(len(name) > MAX_FACET_CHARS for name in clean):
            raise Unreadable(f"has a name of over {MAX_FACET_CHARS:,} characters")
        while clean and clean[0].casefold() in _ROOTS:
            clean = clean[1:]
        if clean:
            found[clean] = None
    covered = {path[:length] for path in found for length in range(1, len(path))}
    return tuple(path for path in found if path not in covered)[:_MAX_PATHS]


def _written(sample: object) -> Iterator[str]:
    if isinstance(sample, str) and json_cell(sample) is None:
        yield plain_line(sample)
    elif isinstance(sample, list | tuple):
        yield from (plain_line(part) for part in sample if isinstance(part, str))


def _separator(texts: Sequence[str]) -> str:
    if any(_ARROW.search(text) for text in texts):
        return ">"
    for mark in ("/", "\\", "|"):
        # With commas between paths: "A/B,A/C".
        parts = dict.fromkeys(part.strip() for text in texts for part in re.split(r"[,;]", text))
        levels = [[level.strip() for level in part.split(mark)] for part in parts if mark in part.strip(mark)]
        if not levels:
            continue
        firsts = [names[0] for names in levels]
        shared = len(set(firsts)) < len(firsts) or any(first in parts for first in firsts)
        if mark == "|" and _lead(texts, "|"):
            continue
        if mark == "|" or shared or max(map(len, levels)) > 2:
            return mark
    return ""


_FEW = 5


def _several(texts: Sequence[str], separator: str) -> str:
    marks = [mark for mark in (";", "|") if mark != separator and any(mark in text for text in texts)]
    if marks and (separator or _lead(texts, marks[0])):
        return marks[0]
    with_comma = [text for text in texts if "," in text]
    if not with_comma:
        return ""
    if _lead(texts, ",", separator):
        return ","
    parts = [part for text in with_comma for part in text.split(",")]
    levels = separator and all(len(_levels(part, separator)) > 1 for part in parts)
    return "," if levels and len(texts) < _FEW else ""


def _lead(texts: Sequence[str], several: str, separator: str = "") -> bool:
    """Whether what stands between these marks mostly begins other texts."""
    roots = {_levels(text.split(several)[0], separator)[0] for text in texts}
    later = [
        _levels(part, separator)[0] for text in texts for part in text.split(several)[1:] if part.strip()
    ]
    return bool(later) and sum(first in roots for first in later) * 2 >= len(later)


def _levels(text: str, separator: str) -> list[str]:
    if not separator:
        return [text.strip()]
    return (
        _ARROW.split(text.strip()) if separator == ">" else [name.strip() for name in text.split(separator)]
    )


def _paths(cell: object, style: PathStyle | None, depth: int) -> Iterator[Sequence[str]]:
    if isinstance(cell, str):
        inner = json_cell(cell) if cell[:1] in ("[", "{") else None
        if inner is None:
            yield from _text_paths(cell, style)
            return
        cell = inner
    if isinstance(cell, Mapping):
        yield from _object_paths(cell, style, depth)
    elif isinstance(cell, list | tuple):
        if not depth:
            raise Unreadable
        yield from _list_paths(cell, style, depth - 1)
    else:
        text = scalar(cell)
        if text is None or isinstance(cell, bool):
            raise Unreadable
        yield [text]


def _text_paths(text: str, style: PathStyle | None) -> Iterator[Sequence[str]]:
    # Entities first: "Home &gt; Kitchen".
    text = plain_line(text)
    style = style or path_style([text])
    parts = re.split(rf"(?<!\\){re.escape(style.several)}", text) if style.several else [text]
    for part in parts:
        yield _levels(
            part.replace(f"\\{style.several}", style.several) if style.several else part, style.separator
        )


def _list_paths(cells: Sequence[object], style: PathStyle | None, depth: int) -> Iterator[Sequence[str]]:
    objects = [cell for cell in cells if isinstance(cell, Mapping)]
    if objects and len(objects) == len(cells):
        yield from (
            _related(objects)
            or _by_level(objects)
            or (path for cell in objects for path in _object_paths(cell, style, depth))
        )
        return
    for cell in cells:
        if isinstance(cell, list | tuple):
            names = [scalar(unwrap(part)) for part in cell]
            if None in names:
                raise Unreadable
            yield [name for name in names if name]
        elif cell is not None:
            yield from _paths(cell, style, depth)


def _name(cell: Mapping[str, Any]) -> str:
    name = scalar(unwrap(cell))
    if name is None:
        raise Unreadable
    return name


def _object_paths(cell: Mapping[str, Any], style: PathStyle | None, depth: int) -> Iterator[Sequence[str]]:
    for key in ("path", "breadcrumb", "breadcrumbs", "fullName", "full_name"):
        if isinstance(cell.get(key), list) and depth:
            yield from _list_paths([cell[key]], style, depth - 1)
            return
        if isinstance(cell.get(key), str) and _ARROW.search(cell[key]):
            yield from _text_paths(cell[key], style)
            return
    parent = cell.get("parent")
    if isinstance(parent, Mapping):
        above: list[str] = []
        while isinstance(parent, Mapping) and len(above) < _MAX_DEPTH:
            above.insert(0, _name(parent))
            parent = parent.get("parent")
        yield [*above, _name(cell)]
        return
    levels = sorted(key for key in cell if re.fullmatch(r"(?:lvl|level)_?[0-9]", str(key)))
    if levels:
        yield from _hierarchy([cell[key] for key in levels])
        return
    name = unwrap(cell)
    if isinstance(name, Mapping | list | tuple) and not depth:
        raise Unreadable
    yield from _paths(name, style, depth - 1)


def _hierarchy(levels: Sequence[object]) -> Iterator[Sequence[str]]:
    """``lvl0: Home``, ``lvl1: Home > Kitchen``; or the names alone."""
    found = [text for level in levels for text in (level if isinstance(level, list) else [level]) if text]
    texts = [text for text in found if isinstance(text, str)]
    if len(texts) < len(found):
        raise Unreadable
    if any(_ARROW.search(text) for text in texts):
        yield from (_levels(plain_line(text), ">") for text in texts)
    else:
        yield texts


def _by_level(cells: Sequence[Mapping[str, Any]]) -> list[Sequence[str]]:
    """One path, where every object says at which level it is, and no level comes twice; else none."""
    for key in ("level", "depth", "position"):
        places = [cell.get(key) for cell in cells]
        if all(isinstance(place, int | float) for place in places) and len(set(places)) == len(places):
            ordered = sorted(cells, key=lambda cell: cell[key])
            return [[_name(cell) for cell in ordered]]
    return []


def _related(cells: Sequence[Mapping[str, Any]]) -> list[Sequence[str]]:
    """A path for every category that is no parent, where they name their parents by ids; else none."""
    by_id = {str(cell["id"]): cell for cell in cells if "id" in cell}
    parents = {str(cell.get("id")): _parent(cell) for cell in cells}
    if not any(parent in by_id for parent in parents.values()):
        return []
    found: list[Sequence[str]] = []
    for identity in by_id:
        path: list[str] = []
        at = identity
        while at in by_id and len(path) < _MAX_DEPTH:
            path.insert(0, _name(by_id[at]))
            at = parents[at]
        found.append(path)
    return found


def _parent(cell: Mapping[str, Any]) -> str:
    named = (
        cell[key] for key in ("parent", "parent_id", "parentId", "parentID") if cell.get(key) is not None
    )
    return str(next(named, ""))
