"""`import aisle`: what it exports, what it loads, and what a type checker makes of it."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import aisle
from tests.support.command import environment

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "aisle" / "__init__.py"
FUNCTIONS = [name for name in aisle.__all__ if inspect.isfunction(getattr(aisle, name))]


def test_the_exported_names_are_sorted_and_each_is_there() -> None:
    assert aisle.__all__ == sorted(set(aisle.__all__))
    for name in aisle.__all__:
        assert getattr(aisle, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        aisle.serach  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_else_is_public() -> None:
    """A name without an underscore is exported, or is a folder or file of the package."""
    inside = {path.stem for path in (ROOT / "aisle").iterdir()}
    found = {name for name in dir(aisle) if not name.startswith("_")}
    assert found - set(aisle.__all__) - inside <= {"annotations", "TYPE_CHECKING"}
    assert set(aisle.__all__) <= set(dir(aisle))


def test_type_checkers_and_the_interpreter_find_the_same_names_in_the_same_places() -> None:
    tree = ast.parse(DOOR.read_text())
    (branch,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in branch.body if isinstance(node, ast.ImportFrom)]
    checked = {(f"{node.module}", alias.name) for node in imports for alias in node.names}
    lazy = {(f"aisle.{home}", name) for home, names in aisle._HOMES.items() for name in names}  # type: ignore[attr-defined]
    assert checked == lazy
    assert {name for _, name in lazy} | {"__version__"} == set(aisle.__all__)
    for home, name in lazy:
        assert getattr(importlib.import_module(home), name) is getattr(aisle, name)


@pytest.mark.parametrize("name", sorted(set(aisle.__all__) - {"__version__"}))
def test_every_name_is_documented(name: str) -> None:
    thing = getattr(aisle, name)
    text = inspect.getdoc(thing) or ""
    summary = text.splitlines()[0] if text else ""
    assert summary.endswith((".", ":")), f"{name} has no summary line: {summary!r}"
    assert not summary.startswith("Attributes")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_what_it_takes_what_goes_wrong_and_how_it_looks(name: str) -> None:
    function = getattr(aisle, name)
    text = inspect.getdoc(function) or ""
    parameters = inspect.signature(function).parameters
    for parameter in parameters:
        assert f"\n    {parameter}: " in text or f", {parameter}: " in text, (
            f"{name} does not explain {parameter}"
        )
    assert "Raises:" in text
    assert f"aisle.{name}(" in text.split("Args:", maxsplit=1)[0], f"{name} shows no example"
    if "cluster" in parameters:
        assert parameters["cluster"].default is None
        assert parameters["cluster"].kind is inspect.Parameter.KEYWORD_ONLY


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import json, sys\nbefore = set(sys.modules)\nimport aisle\naisle.__version__\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = json.loads(ended.stdout)
    assert [name for name in loaded if name.startswith("aisle")] == ["aisle", "aisle._version"]
    tops = {name.partition(".")[0] for name in loaded}
    assert tops.isdisjoint({"opensearchpy", "onnxruntime", "numpy", "torch", "pydantic", "typer"})


@pytest.mark.parametrize("arguments", [["--version"], ["-h"], ["index", "-h"], ["releases", "list", "-h"]])
def test_the_command_says_its_version_and_helps_by_the_short_option_too(arguments: list[str]) -> None:
    command = [str(Path(sys.executable).with_name("aisle")), *arguments]
    ended = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=60, check=True, cwd=ROOT.parent
    )
    if arguments == ["--version"]:
        assert ended.stdout == f"aisle {aisle.__version__}\n"
    else:
        assert "Usage: aisle" in ended.stdout
        assert "Examples:" in ended.stdout
