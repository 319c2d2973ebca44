"""The commands of ``aisle``, each imported when it is asked for, with what it alone needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command


@dataclass(frozen=True, slots=True)
class _Place:
    """A module of aisle.cli, and in it a function, or a group of commands."""

    module: str
    attribute: str = "app"
    command_class: str | None = None


_PLACES: Final[Mapping[str, _Place]] = MappingProxyType(
    {
        "demo": _Place("demo", "demo"),
        "try": _Place("try_", "try_"),
        "up": _Place("node", "up"),
        "down": _Place("node", "down"),
        "status": _Place("node", "status"),
        "logs": _Place("node", "logs"),
        "encoder": _Place("encoder"),
        "index": _Place("index", "index"),
        "update": _Place("update", "update"),
        "releases": _Place("releases"),
        "artifacts": _Place("artifacts"),
        "gate": _Place("gate", "gate"),
        "pipeline": _Place("pipeline"),
        "experiment": _Place("experiment"),
        "watch": _Place("watch", "watch"),
        "check": _Place("check"),
        "search": _Place("search", "search", "SearchCommand"),
        "browse": _Place("browse", "browse"),
        "rules": _Place("rules"),
        "suggest": _Place("suggest", "suggest"),
        "recommend": _Place("recommend", "recommend"),
        "similar": _Place("similar", "similar"),
        "serve": _Place("serve", "serve"),
        "keys": _Place("keys"),
        "eval": _Place("evaluate", "evaluate"),
        "judgments": _Place("judgments"),
        "explain": _Place("explain", "explain"),
        "train": _Place("train"),
        "runs": _Place("runs"),
        "adapt": _Place("adapt"),
        "tune": _Place("tune"),
        "diagnose": _Place("diagnose"),
        "eval-encoder": _Place("eval_encoder", "eval_encoder"),
        "ubi": _Place("ubi"),
        "dashboards": _Place("dashboards"),
        "plan": _Place("plan", "plan"),
        "roles": _Place("roles"),
    }
)


class Commands(Mapping[str, Any]):
    """Commands by name, in the order in which they are listed."""

    def __iter__(self) -> Iterator[str]:
        """Names."""
        return iter(_PLACES)

    def __len__(self) -> int:
        """How many there are."""
        return len(_PLACES)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a command."""
        return name in _PLACES

    def __getitem__(self, name: str) -> Any:
        """The command, whose module is imported now; raises KeyError."""
        if name not in self._made:
            self._made[name] = _command(name, _PLACES[name])
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {}


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": Commands()})


def _command(name: str, place: _Place) -> Any:
    module = import_module(f"aisle.cli.{place.module}")
    found = getattr(module, place.attribute)
    alone = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False, add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name, cls=getattr(module, place.command_class) if place.command_class else None)(found)
    # With a callback it is a group, even of one command.
    alone.callback()(_nothing)
    group: Any = get_command(alone)
    return group.commands[name]


def _nothing() -> None:
    """Do nothing before a command."""
