"""The help of the commands with the most options is read at a glance."""

from __future__ import annotations

import re

import pytest
import typer
from typer.core import TyperOption

from aisle.cli.main import build_app
from tests.support.command import here

Capture = pytest.CaptureFixture[str]
SCREEN = 50


def panels(shown: str) -> dict[str, set[str]]:
    """Title of each panel to the options in it."""
    found: dict[str, set[str]] = {}
    for part in shown.split("╭─ ")[1:]:
        title, _, rows = part.partition(" ─")
        found[title] = set(re.findall(r"^│ [ *]*(--[a-z-]+)", rows, re.MULTILINE))
    return found


@pytest.mark.parametrize("columns", ["100", "200"])
@pytest.mark.parametrize("command", ["search", "browse"])
def test_help_is_one_screen_of_panels(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, command: str, columns: str
) -> None:
    done = here(monkeypatch, capfd, command, "--help", COLUMNS=columns)
    assert done.code == 0
    lines = done.out.rstrip().splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= int(columns)
    assert {"Options", "Filters", "Facets", "Page"} <= panels(done.out).keys()
    # An option is one line: what stands below it is the next one, or the end of its panel.
    rows = [line for line in lines if line.startswith("│") and "[required]" not in line]
    assert all(re.match(r"│ [ *]*--", line) for line in rows)


def test_all_options_are_in_panels_of_the_full_help(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    command = typer.main.get_command(build_app()).commands["search"]  # type: ignore[attr-defined]
    options = {each.opts[0] for each in command.params if isinstance(each, TyperOption)} | {"--help"}
    full = panels(here(monkeypatch, capfd, "search", "--help-all", COLUMNS="100").out)
    short = panels(here(monkeypatch, capfd, "search", "--help", COLUMNS="100").out)
    assert set().union(*full.values()) == options
    finer = options - set().union(*short.values())
    assert finer == {each.opts[0] for each in command.params if each.name in command.finer}
    assert len(finer) == len(command.finer) > 0
    assert all(short[title] <= full[title] for title in short)
