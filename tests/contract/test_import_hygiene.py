"""What importing Aisle loads and promises."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aisle import errors
from tests.support.heavy_modules import ONLINE_NEVER

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aisle"
SUBPACKAGES = sorted(".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py"))
ONLINE = (
    *("aisle", "aisle.cluster", "aisle.mappings", "aisle.encoder", "aisle.evaluation", "aisle.indexer"),
    *("aisle.catalogue", "aisle.testing.synthetic", "aisle.search", "aisle._search", "aisle._index_run"),
    *("aisle.encoder.code_artifact", "aisle.cli.main"),
)


def loaded_after(code: str) -> set[str]:
    """Modules that a fresh process holds after this code."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(told.stdout.splitlines()[-1]))


def test_nothing_online_loads_the_training_stack() -> None:
    loaded = loaded_after(f"import {', '.join(ONLINE)}")
    assert {"aisle.search", "aisle.encoder", "aisle.indexer", "onnxruntime", "opensearchpy"} <= loaded
    assert loaded.isdisjoint(ONLINE_NEVER)


def test_the_command_line_loads_no_torch() -> None:
    # The demo exports an artifact itself, so the exporter is there, without what it imports as it runs.
    loaded = loaded_after("from aisle.cli.commands import Commands; list(Commands().values())")
    assert {"aisle.cli", "aisle.cli.search"} <= loaded
    assert loaded.isdisjoint(set(ONLINE_NEVER) - {"aisle.training"})


def test_a_command_waits_for_its_own_modules_alone() -> None:
    loaded = loaded_after("from aisle.cli.commands import Commands; Commands()['search']")
    assert "aisle.cli.search" in loaded
    assert loaded.isdisjoint({"aisle.cli.index", "aisle.catalogue", "aisle.indexer", "aisle.evaluation"})
    assert "numpy" not in loaded_after("from aisle.cli.main import build_app; build_app()")


def test_importing_does_no_work() -> None:
    code = (
        "import socket, subprocess, threading\n"
        "def refuse(*a, **k): raise AssertionError('work at import')\n"
        "socket.socket.connect = refuse\n"
        "subprocess.Popen.__init__ = refuse\n"
        f"import {', '.join(ONLINE)}\n"
        "assert threading.active_count() == 1\n"
    )
    assert "aisle.search" in loaded_after(code)


def test_the_package_is_this_repositorys() -> None:
    package = importlib.import_module("aisle")
    assert package.__file__ is not None
    assert Path(package.__file__).resolve() == PACKAGE / "__init__.py"


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_every_public_name_exists_once(name: str) -> None:
    package = importlib.import_module(name)
    names: list[str] = getattr(package, "__all__", [])
    assert sorted(set(names)) == sorted(names)
    for public in names:
        assert getattr(package, public) is not None, public
    if name.removeprefix("aisle.") in ("cluster", "mappings", "encoder", "indexer", "search", "evaluation"):
        assert names


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    named = {path.stem for path in PACKAGE.rglob("*.py")}
    # Inside a package such a name would shadow nothing, but readers and `python file.py` would stumble.
    assert (named - {"__init__", "types"}).isdisjoint(sys.stdlib_module_names)


def drawn_tree() -> dict[str, str]:
    """Class to the one above it, as the docstring of aisle/errors.py draws them."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"((?:│   |    )*(?:[├└]── )?)([A-Z]\w+) {2,}\S", line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        above = [*above[:depth], match[2]]
        parents[match[2]] = above[-2] if depth else "Exception"
    return parents


def test_the_error_tree_is_drawn_as_it_is() -> None:
    classes = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert drawn_tree() == {name: kind.__bases__[0].__name__ for name, kind in classes.items()}
    assert all(issubclass(kind, errors.AisleError) and kind.__doc__ for kind in classes.values())
