"""Which releases exist under one name, and what their aliases say of them."""

from __future__ import annotations

from dataclasses import dataclass

import opensearchpy

from indexer.release_names import abandoned_alias, loading_alias, version_of, withdrawn_alias
from records import InputError


@dataclass(frozen=True, slots=True)
class Standing:
    """What exists under one name.

    Attributes:
        releases: every index ``<name>-v0001`` and so on.
        live: those of them that the alias ``name`` points to; one, or none yet.
        unfinished: those of them that are being loaded, were interrupted, or were given up.
        abandoned: those of the unfinished that were given up.
        withdrawn: finished ones that somebody rolled back from.
    """

    releases: tuple[str, ...]
    live: tuple[str, ...]
    unfinished: tuple[str, ...]
    abandoned: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()

    @property
    def no_way_back(self) -> tuple[str, ...]:
        """Those that `release_names.to_prune` keeps for nobody: unfinished or withdrawn."""
        return (*self.unfinished, *self.withdrawn)


def standing(client: opensearchpy.OpenSearch, name: str) -> Standing:
    """Look at the cluster.

    Raises:
        InputError: ``name`` is taken by an index, or by an alias of indexes that are no releases.
    """
    found = client.indices.get_alias(index=f"{name},{name}-v*", params={"ignore_unavailable": "true"})
    if name in found:
        raise InputError(
            f"{name} is an index, and an alias of that name is needed",
            fix="choose another --name, or delete or reindex that index first",
        )
    # GET by the alias' name answers with the indexes behind it, whatever they are called.
    foreign = [i for i, body in found.items() if name in body["aliases"] and version_of(name, i) is None]
    if foreign:
        raise InputError(
            f"the alias {name} points to {', '.join(sorted(foreign))}, which Aisle did not make",
            fix="choose another --name, or remove that alias first",
        )
    releases = sorted(index for index in found if version_of(name, index) is not None)
    marks = {index: set(found[index]["aliases"]) for index in releases}
    return Standing(
        releases=tuple(releases),
        live=tuple(index for index in releases if name in marks[index]),
        unfinished=tuple(
            index for index in releases if {loading_alias(index), abandoned_alias(index)} & marks[index]
        ),
        abandoned=tuple(index for index in releases if abandoned_alias(index) in marks[index]),
        withdrawn=tuple(index for index in releases if withdrawn_alias(index) in marks[index]),
    )
