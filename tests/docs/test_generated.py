"""Pages that come from the code: a stale one is noticed, and written anew."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import typer

from tests.support.snippets import ROOT


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/generate.py, which writes to a copy of the decisions."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(ROOT / "docs" / "adr", tmp_path / "adr")
    (tmp_path / "reference").mkdir()
    (tmp_path / "how-to").mkdir()
    monkeypatch.setattr(module, "DOCS", tmp_path)
    return module


def test_a_stale_page_is_noticed_and_written(generator: ModuleType, tmp_path: Path) -> None:
    generator.generate()
    generator.generate(check=True)
    commands = tmp_path / "reference" / "cli.md"
    assert "### `aisle releases rollback`" in commands.read_text(encoding="utf-8")
    commands.write_text(commands.read_text(encoding="utf-8").replace("rollback", "undo"), encoding="utf-8")
    with pytest.raises(typer.Exit):
        generator.generate(check=True)
    generator.generate()
    generator.generate(check=True)


def test_the_page_on_exports_is_made_by_reading_them(generator: ModuleType) -> None:
    page = generator.exports_page()
    assert "| price | Variant Price | 19.0 |" in page
    assert "| product | draft; not published |" in page
    # Every row of the table leads to a section.
    links = re.findall(r"^\| \[[^]]+\]\(#([^)]+)\)", page, re.MULTILINE)
    sections = [generator._anchor(heading) for heading in re.findall(r"^## (.*)$", page, re.MULTILINE)]
    assert len(links) > 40
    assert links == [section for section in sections if section != "the-kinds"]


def test_every_decision_says_its_status_and_date(generator: ModuleType) -> None:
    rows = [line.split(" | ") for line in generator.decisions_page().splitlines() if line.startswith("| ")][
        1:
    ]
    assert [row[0] for row in rows] == [f"| {number}" for number in range(1, len(rows) + 1)]
    assert len(rows) >= 17
    for row in rows:
        assert row[2].startswith(("accepted", "superseded", "proposed"))
        assert len(row[3]) == len("2026-11-21")


def test_every_error_is_on_its_page(generator: ModuleType) -> None:
    page = generator.errors_page()
    assert "| `JavaNotFound` | `NodeStartFailed` |" in page
    assert page.count("\n| `") == page.count("── ") + 1  # The tree has no line before its root, `AisleError`.
