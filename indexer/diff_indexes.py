"""How the mapping, the settings and the ``_meta`` of two indexes differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

# Path of a leaf, to its value in the one and in the other; None where it is missing.
Differences: TypeAlias = dict[str, tuple[Any, Any]]

# Of every index its own, whatever it holds.
_ITS_OWN: Final = ("index.uuid", "index.creation_date", "index.provided_name", "index.version.")
_META: Final = "_meta"
_RELEASE: Final = "aisle.release"


def diff_indexes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Differences]:
    """Compare two values of ``GET <index>``.

    Returns:
        ``mapping``, ``settings`` and ``meta`` (artifacts, pipelines, engine), each from path to both values.
    """
    return {
        "mapping": _differences(_without_meta(before["mappings"]), _without_meta(after["mappings"])),
        "settings": _differences(before["settings"], after["settings"], _ITS_OWN),
        "meta": _differences(
            before["mappings"].get(_META, {}), after["mappings"].get(_META, {}), (_RELEASE,)
        ),
    }


def _without_meta(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != _META}


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], leave_out: tuple[str, ...] = ()
) -> Differences:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return {
        path: (old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and not path.startswith(leave_out)
    }


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
