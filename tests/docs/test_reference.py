"""Reference pages hold what the code has: no more, no less."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from aisle.cluster import ClusterSettings
from aisle.service.settings import ServiceSettings
from tests.support.snippets import ROOT, pages

ENVIRONMENT = ROOT / "docs" / "reference" / "environment.md"
VARIABLE = re.compile(r"\bAISLE_[A-Z]+(?:_[A-Z]+)*\b")


@functools.cache
def in_code() -> frozenset[str]:
    """Every variable that is named in the code, and the fields of the settings, which name none."""
    files = [file for part in ("aisle", "benchmarks", "tests") for file in (ROOT / part).rglob("*.py")]
    files.append(ROOT / "docker-compose.yml")
    found = {name for file in files for name in VARIABLE.findall(file.read_text(encoding="utf-8"))}
    for kind in (ClusterSettings, ServiceSettings):
        prefix = kind.model_config["env_prefix"]
        found |= {f"{prefix}{field.upper()}" for field in kind.model_fields}
        found.discard(prefix.rstrip("_"))
    return frozenset(found)


def test_every_variable_is_described_and_every_described_one_exists() -> None:
    rows = re.findall(r"^\| (`AISLE_.*?) \|", ENVIRONMENT.read_text(encoding="utf-8"), re.MULTILINE)
    described = set(VARIABLE.findall(" ".join(rows)))
    assert described == in_code()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(VARIABLE.findall(text)) <= in_code()


def test_the_settings_defaults_are_those_of_the_page() -> None:
    text = ENVIRONMENT.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `AISLE_(\w+)` \| `([^`]*)`", text, re.MULTILINE))
    fields = ClusterSettings.model_fields
    assert rows["VERIFY"] == str(fields["verify"].default).lower()
    assert float(rows["TIMEOUT_S"]) == fields["timeout_s"].default
    assert rows["HEADERS"] == str(fields["headers"].get_default(call_default_factory=True))


PLACE = re.compile(r"`((?:aisle|benchmarks|docs|examples|requirements|tests)/[\w./-]+|[\w-]+\.py)`")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {place.rstrip("/") for place in PLACE.findall(page.read_text(encoding="utf-8"))}
    assert {place for place in named if not known(place)} == set()


def known(place: str) -> bool:
    """Whether a path from the root exists, or a file of that name anywhere in the code."""
    return (ROOT / place).exists() or ("/" not in place and place in file_names())


@functools.cache
def file_names() -> frozenset[str]:
    """Names of the code's files."""
    parts = ("aisle", "benchmarks", "docs", "examples", "tests")
    return frozenset(file.name for part in parts for file in (ROOT / part).rglob("*.py"))


def test_classes_that_the_glossary_names_exist() -> None:
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][a-z]\w+)`", text))
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "aisle").rglob("*.py"))
    defined = set(re.findall(r"^(?:class )?([A-Z]\w+)\b[(:]", code, re.MULTILINE))
    assert named <= defined, named - defined
