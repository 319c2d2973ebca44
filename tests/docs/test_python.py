"""The pages' Python runs, on a real node; what is not run is named here, with its reason."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aisle
from tests.docs.conftest import TUTORIAL
from tests.support.snippets import ROOT, Snippet, pages, snippets

NOT_RUN = {
    "docs/how-to/cluster.md": ["needs a cluster with TLS"],
    "docs/how-to/instantsearch.md": ["asks a service that runs"],
    "docs/how-to/rank.md": ["needs a trained ranker"],
    "docs/how-to/rerank.md": ["needs a trained reranker"],
    "docs/how-to/sparse-leg.md": ["needs a trained sparse encoder"],
    "docs/how-to/test-with-the-embedded-node.md": ["starts a node of its own", "starts three nodes"],
    "docs/how-to/tune-fusion.md": ["four queries are too few for five folds"],
    "docs/tutorial/behind-your-site.md": ["needs the key of the step before"],
}


def python(page: Path) -> list[Snippet]:
    """The Python of a page."""
    return [snippet for snippet in snippets(page) if snippet.language == "python"]


WITH_PYTHON = [page for page in pages() if python(page) and page != TUTORIAL]


@pytest.fixture(scope="module")
def _indexed(no_shops: None, shop_files: Path, shop_home: Path, node_url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shop_files)
        patch.setenv("AISLE_URL", node_url)
        patch.setenv("AISLE_HOME", str(shop_home))
        aisle.index("products.csv", "shop")
        yield


@pytest.mark.node
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page: Path, _indexed: None, at_the_shop: Path) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for snippet in python(page):
        if not snippet.not_run:
            # So that a traceback names the page and its line.
            padded = "\n" * (snippet.line - 1) + snippet.code
            exec(compile(padded, str(ROOT / snippet.page), "exec"), names)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_that_a_page_takes_from_aisle_exist(page: Path) -> None:
    for snippet in python(page):
        for module, name in taken(ast.parse(snippet.code)):
            assert hasattr(importlib.import_module(module), name), f"{snippet.page}: {module}.{name}"


def taken(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of everything that code imports from Aisle or asks of its door."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aisle"):
            yield from ((node.module or "", name.name) for name in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "aisle":
            yield "aisle", node.attr


def test_no_page_takes_a_private_name() -> None:
    private = [
        f"{snippet.page}: {module}.{name}"
        for page in pages()
        for snippet in python(page)
        for module, name in taken(ast.parse(snippet.code))
        if "._" in module or (name.startswith("_") and not name.startswith("__"))
    ]
    assert private == []


def test_what_is_not_run_is_listed_with_its_reason() -> None:
    left = {
        str(page.relative_to(ROOT)): [snippet.not_run for snippet in python(page) if snippet.not_run]
        for page in pages()
    }
    assert {page: reasons for page, reasons in left.items() if reasons} == NOT_RUN
