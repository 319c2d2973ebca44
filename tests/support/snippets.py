"""The code blocks of the documentation, found by sybil: what is run, and what is only read."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
from sybil import Document
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer
from typer.main import get_command

from aisle.cli.main import build_app

ROOT: Final = Path(__file__).parents[2]
_INFO: Final = re.compile(r'(?P<language>\w+)(?: title="(?P<title>[^"]+)")?[ \t]*$\n', re.MULTILINE)
_NOT_RUN: Final = re.compile(r"<!-- not run: (?P<reason>[^>]+) -->\n\Z")
_SETUP: Final = re.compile(r"^<!-- setup\n(?P<code>.*?)^-->$", re.MULTILINE | re.DOTALL)
_ENDS: Final = {"|", "||", "&", "&&", ";", ">", ">>", "<"}


@dataclass(frozen=True, slots=True)
class Snippet:
    """A block of code on a page.

    Attributes:
        page: its path from the root of the repository.
        line: of its first line of code, from 1.
        language: as the fence says.
        file: the name that the page gives it, or an empty text.
        code: without the fence.
        not_run: why it is not run, or an empty text.
    """

    page: str
    line: int
    language: str
    file: str
    code: str
    not_run: str


def pages() -> list[Path]:
    """All pages for people, the README first."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def snippets(page: Path) -> list[Snippet]:
    """The blocks of a page, in order; what stands in a ``<!-- setup ... -->`` comment is one of them."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    found = [
        (place.start(), Snippet(name, _line(text, place.start()) + 1, "python", "", place["code"], ""))
        for place in _SETUP.finditer(text)
    ]
    for region in RawFencedCodeBlockLexer(_INFO)(Document(text, str(page))):
        why = _NOT_RUN.search(text[: region.start])
        source = region.lexemes["source"]
        found.append(
            (
                region.start,
                Snippet(
                    name,
                    _line(text, region.start) + 1,
                    region.lexemes["language"],
                    region.lexemes["title"] or "",
                    str(source),
                    why["reason"] if why else "",
                ),
            )
        )
    return [snippet for _, snippet in sorted(found, key=lambda pair: pair[0])]


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def commands(shell: str) -> Iterator[list[str]]:
    """The simple commands of a piece of shell, as words, without the variables set before them."""
    for line in shell.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word not in _ENDS:
                command.append(word)
                continue
            while command and re.match(r"[A-Z_]+=", command[0]):
                command.pop(0)
            if command:
                yield command
            command = []


@functools.cache
def _application() -> Any:
    return get_command(build_app())


def refuse_unknown(words: Sequence[str]) -> None:
    """Parse the words of an ``aisle`` command by the real application, and run nothing.

    Raises:
        click.UsageError: no such command or option, or a value that it does not take.
    """
    command = _application()
    context: Any = typer.Context(command, info_name="aisle")
    rest = list(words[1:])
    while hasattr(command, "commands") and rest:
        if rest[0] in ("--help", "--version", "-h"):
            return
        if command.invoke_without_command and rest[0].startswith("-"):
            # A group that does something by itself has options of its own.
            break
        name, child, rest = command.resolve_command(context, rest)
        context = typer.Context(child, info_name=name, parent=context)
        command = child
    command.parse_args(context, rest)
