"""Options that several commands share, as one parameter, and help that fits a screen."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, get_type_hints

import typer
from typer.core import TyperCommand


def with_option_sets(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of those of its parameters that are dataclasses.

    Typer reads the options of a command from its signature, and knows no sets of them.
    """
    signature = inspect.signature(command, eval_str=True)
    sets = {each.name: each.annotation for each in signature.parameters.values() if _is_set(each)}
    parameters = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in signature.parameters.values()
        for option in (_options(each.annotation) if each.name in sets else [each])
    ]

    @functools.wraps(command)
    def called(**given: Any) -> None:
        for name, kind in sets.items():
            given[name] = kind(**{each.name: given.pop(each.name) for each in fields(kind)})
        command(**given)

    vars(called)["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _is_set(parameter: inspect.Parameter) -> bool:
    return isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)


def _options(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name]
        )
        for each in fields(kind)
    ]


ASKED: Final = "What is asked"
"""Heading of options that say what a release is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedOptions:
    """The judgments that a release is measured by; see `read_judged_set`."""

    judged: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="BEIR folder of judgments.", rich_help_panel=ASKED),
    ] = None
    split: Annotated[str, typer.Option(help="Which judgments.", rich_help_panel=ASKED)] = "dev"
    relevant: Annotated[
        float, typer.Option(help="Lowest grade that counts as relevant.", rich_help_panel=ASKED)
    ] = 2


class ShortHelpCommand(TyperCommand):
    """A command whose ``--help`` leaves out its finer options, which ``--help-all`` shows.

    Attributes:
        finer: names of their parameters.
    """

    finer: ClassVar[frozenset[str]] = frozenset()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the options that are not too fine for one screen."""
        short = copy.copy(self)
        short.params = [each for each in self.params if each.name not in self.finer]
        super(ShortHelpCommand, short).format_help(ctx, formatter)

    def format_full_help(self, ctx: typer.Context) -> None:
        """Print all options."""
        super().format_help(ctx, ctx.make_formatter())


def _print_full_help(ctx: typer.Context, wanted: bool) -> None:
    if wanted and isinstance(ctx.command, ShortHelpCommand):
        ctx.command.format_full_help(ctx)
        raise typer.Exit


HelpAllOption = Annotated[
    bool,
    typer.Option(
        "--help-all", is_eager=True, callback=_print_full_help, help="Show the finer options too, and exit."
    ),
]
