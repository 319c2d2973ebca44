"""Writes the pages that come from the code: the command line, the errors, the index of decisions.

python docs/generate.py            write them anew
python docs/generate.py --check    change nothing; fail if one is not current
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from aisle import errors
from aisle.cli.main import build_app

DOCS = Path(__file__).parent
MARK = "<!-- Written by docs/generate.py (`make docs-generate`): change the code that it comes from. -->"


ERRORS = """# Errors

{mark}

Every failure that a user can meet is an `AisleError`. It has a `message`, one line on what went wrong, and a
`fix`, one line on what to do about it. The command line prints both and ends with 1.

```python
import aisle

try:
    aisle.open_search("no-such-catalogue")
except aisle.AisleError as error:
    print(error.message, "-", error.fix)
```

Each is imported from `aisle.errors`. A service catches `SearchError` for a question that cannot be answered
and `ClusterError` for a cluster that cannot be reached.

```text
{tree}
```

| error | is a | meaning |
|---|---|---|
{rows}
"""

DECISIONS = """# Decisions

{mark}

What was decided, why, and what was tried and left. A new one begins as a copy of the [template](template.md).

| number | decision | status | date | superseded by |
|--:|---|---|---|---|
{rows}
"""


def cli_page() -> str:
    """Every command with its arguments and options, from the typer application."""
    command = get_command(build_app())
    context = typer.Context(command, info_name="aisle")
    text = get_docs_for_click(obj=command, ctx=context, name="aisle", title="The command line")
    # Options of the shell, the same for every typer program.
    text = re.sub(r"^\* `--(install|show)-completion`:.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    # Examples are code, however far their docstring was indented.
    text = re.sub(r"^ +(aisle |make |echo |kafka-)", r"    \1", text, flags=re.MULTILINE)
    for name, short, whole in _summaries(command):
        text = text.replace(f"* `{name}`: {short}\n", f"* `{name}`: {whole}\n")
    head, body = text.split("\n", 1)
    return (
        f"{head}\n\n{MARK}\n\n"
        "Exit codes: 0 done, 1 an error that names its fix, 2 wrong usage, 130 Ctrl-C. "
        "`--json` prints the same figures for machines.\n"
        f"{body.rstrip()}\n"
    )


def _summaries(command: Any) -> Iterator[tuple[str, str, str]]:
    """Name, summary as typer cuts it, and whole summary of all commands below one."""
    for name, child in getattr(command, "commands", {}).items():
        yield name, child.get_short_help_str(), child.get_short_help_str(limit=1000)
        yield from _summaries(child)


def errors_page() -> str:
    """The tree of errors, and what each one says of itself."""
    tree = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip()
    rows = [
        f"| `{kind.__name__}` | `{base.__name__}` | {_summary(kind)} |"
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AisleError)
        for base in kind.__bases__
    ]
    return ERRORS.format(mark=MARK, tree=tree, rows="\n".join(rows))


def _summary(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def decisions_page() -> str:
    """The index of decisions, from the head of each."""
    rows = []
    for page in sorted((DOCS / "adr").glob("[0-9]*.md")):
        text = page.read_text(encoding="utf-8")
        number, title = re.match(r"# (\d+)\. (.*)", text).groups()  # type: ignore[union-attr]
        status, date, after = (_field(text, name) for name in ("Status", "Date", "Superseded by"))
        rows.append(f"| {number} | [{title}]({page.name}) | {status} | {date} | {after} |")
    return DECISIONS.format(mark=MARK, rows="\n".join(rows))


def _field(text: str, name: str) -> str:
    found = re.search(rf"^- {name}: (.*)$", text, re.MULTILINE)
    return found[1] if found else ""


PAGES = {"reference/cli.md": cli_page, "reference/errors.md": errors_page, "adr/index.md": decisions_page}


def generate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a page is stale.")] = False,
) -> None:
    """Write the generated pages, or say which are not current."""
    stale = []
    for name, render in PAGES.items():
        page, text = DOCS / name, render()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                page.write_text(text, encoding="utf-8")
    if check and stale:
        typer.echo(f"not current: {', '.join(stale)}. Fix: run `make docs-generate`", err=True)
        raise typer.Exit(1)
    for name in stale:
        typer.echo(f"written: docs/{name}")


if __name__ == "__main__":
    typer.run(generate)
