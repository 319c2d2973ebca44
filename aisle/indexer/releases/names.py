"""``shop`` → ``shop-v0001``, ``shop-v0002``, ... Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from aisle.errors import InputError

# OpenSearch takes 255 bytes; the rest is for "-v0001-loading".
MAX_NAME_BYTES: Final = 200
_FORBIDDEN: Final = '\\/*?"<>| ,#:'
_RELEASE: Final = re.compile(r"(?P<name>.+)-v(?P<version>\d{4,})")
# What belongs to a release is called after it.
_OF_RELEASE: Final = re.compile(r".+-v\d{4,}(?:-(?:loading|abandoned|withdrawn|staged|suggest|completions))?")


def check_name(name: str) -> str:
    """The name itself, if OpenSearch takes it as an alias and with a version as an index.

    Raises:
        InputError: names the rule that it breaks.
    """
    broken = ""
    if not name or len(name.encode(errors="replace")) > MAX_NAME_BYTES:
        broken = f"it must have 1 to {MAX_NAME_BYTES} bytes"
    elif name != name.lower():
        broken = "it must be lower case"
    elif name[0] in "_-+.":
        broken = "it must not begin with one of _ - + ."
    elif any(character in _FORBIDDEN or not character.isprintable() for character in name):
        broken = f"it must hold no space, control character or any of {_FORBIDDEN.replace(' ', '')}"
    elif _OF_RELEASE.fullmatch(name):
        broken = "it must not end like a release (-v0001), or like what belongs to one (-v0001-suggest)"
    if broken:
        raise InputError(
            f"{name[:64]!r} cannot be an index name: {broken}", fix="choose a name like shop or shop-de"
        )
    return name


def release_name(name: str, version: int) -> str:
    """The index that holds one release."""
    return f"{name}-v{version:04d}"


def loading_alias(release: str) -> str:
    """The alias that a release is written through; it goes when the release is finished.

    With ``require_alias`` a late write can never make an index of its own under a deleted release's name,
    and whatever still has this alias is a release that nobody finished.
    """
    return f"{release}-loading"


def abandoned_alias(release: str) -> str:
    """The alias of a release that was given up and is about to be deleted."""
    return f"{release}-abandoned"


def withdrawn_alias(release: str) -> str:
    """The alias of a finished release that somebody rolled back from: it is no way back."""
    return f"{release}-withdrawn"


def staged_alias(release: str) -> str:
    """The alias of a finished release that is to be looked at before somebody promotes it."""
    return f"{release}-staged"


def stage_actions(release: str) -> list[dict[str, Any]]:
    """Actions of one ``_aliases`` request: the release is finished, and waits; see `swap_actions`."""
    return [
        {"remove": {"index": release, "alias": loading_alias(release), "must_exist": True}},
        {"add": {"index": release, "alias": staged_alias(release)}},
    ]


def promote_actions(name: str, target: str, live: Iterable[str]) -> list[dict[str, Any]]:
    """Actions of one ``_aliases`` request: ``target`` becomes live, and what was live stays as a way back.

    What is live must still be live, so of two promotions one does it.
    """
    return [
        *({"remove": {"index": index, "alias": name, "must_exist": True}} for index in live),
        {"remove": {"index": target, "alias": staged_alias(target), "must_exist": False}},
        {"remove": {"index": target, "alias": withdrawn_alias(target), "must_exist": False}},
        {"add": {"index": target, "alias": name}},
    ]


def rollback_actions(name: str, target: str, live: Iterable[str]) -> list[dict[str, Any]]:
    """Actions of one ``_aliases`` request: ``target`` becomes live and what was live is marked.

    What is live must still be live, so of two rollbacks one does it.
    """
    actions: list[dict[str, Any]] = []
    for index in live:
        actions.append({"remove": {"index": index, "alias": name, "must_exist": True}})
        actions.append({"add": {"index": index, "alias": withdrawn_alias(index)}})
    actions.append({"remove": {"index": target, "alias": withdrawn_alias(target), "must_exist": False}})
    actions.append({"add": {"index": target, "alias": name}})
    return actions


def swap_actions(name: str, release: str, live: Iterable[str]) -> list[dict[str, Any]]:
    """Actions of one ``_aliases`` request, which OpenSearch applies all or none.

    The loading alias is the token: the swap and `abandon_actions` both need to remove it, so a release that
    went live can no longer be given up, and one that was given up can no longer go live.
    """
    return [
        {"remove": {"index": release, "alias": loading_alias(release), "must_exist": True}},
        *({"remove": {"index": index, "alias": name, "must_exist": False}} for index in live),
        {"add": {"index": release, "alias": name}},
    ]


def abandon_actions(release: str) -> list[dict[str, Any]]:
    """Actions of one ``_aliases`` request that gives a release up, see `swap_actions`."""
    return [
        {"remove": {"index": release, "alias": loading_alias(release), "must_exist": True}},
        {"add": {"index": release, "alias": abandoned_alias(release)}},
    ]


def version_of(name: str, index: str) -> int | None:
    """The version of a release of ``name``, None for any other index."""
    match = _RELEASE.fullmatch(index)
    return int(match["version"]) if match and match["name"] == name else None


def next_version(name: str, indexes: Iterable[str]) -> int:
    """One more than the highest that exists; ``LeaseDocument.next_release`` knows those that are gone."""
    return max((version_of(name, index) or 0 for index in indexes), default=0) + 1


def to_prune(
    name: str, live: str, indexes: Iterable[str], no_way_back: Iterable[str], keep: int
) -> tuple[str, ...]:
    """Which releases to delete once ``live`` is live: never itself nor a newer one.

    Args:
        name: the catalogue's name.
        live: its live release.
        indexes: all that exist; other names are left alone.
        no_way_back: those of them that were never finished or were withdrawn; older ones go, none counts as
            kept.
        keep: how many of the other older releases stay.
    """
    current = version_of(name, live) or 0
    versions = {index: version_of(name, index) or 0 for index in indexes}
    older = sorted((v, index) for index, v in versions.items() if 0 < v < current)
    unwanted = set(no_way_back)
    ways_back = [index for _, index in older if index not in unwanted]
    kept = set(ways_back[max(0, len(ways_back) - keep) :])
    return tuple(index for _, index in older if index not in kept)
