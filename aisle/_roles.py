"""Least-privilege roles for OpenSearch's security plugin."""

from __future__ import annotations

from typing import Any

from aisle.indexer.releases.names import check_name
from aisle.mappings.roles import Role, role_document

__all__ = ["Role", "role"]


def role(which: Role, name: str) -> dict[str, Any]:
    """A role's document with the catalogue's index patterns filled in.

    Args:
        which: whose role.
        name: of the catalogue.

    Raises:
        InputError: no catalogue can have that name.
    """
    return role_document(which, check_name(name))
