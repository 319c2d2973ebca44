"""The first tutorial, followed from top to bottom by the real command, and what it promises on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

import aisle
from aisle.indexer.releases.inventory import ReleaseState
from tests.docs.conftest import TUTORIAL
from tests.support.command import Done, here
from tests.support.snippets import commands, snippets

pytestmark = pytest.mark.node


def test_the_first_tutorial_can_be_followed(
    at_the_shop: Path,
    shop_home: Path,
    node_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said: list[tuple[str, Done]] = []
    for snippet in snippets(TUTORIAL):
        if snippet.not_run or snippet.file:
            continue
        if snippet.language == "python":
            exec(compile(snippet.code, snippet.page, "exec"), {})
        if snippet.language != "sh":
            continue
        for words in commands(snippet.code):
            assert words[0] == "aisle", f"{words} is neither run nor marked"
            done = here(monkeypatch, capfd, *words[1:], AISLE_URL=node_url, AISLE_HOME=str(shop_home))
            assert done.code == 0, f"{' '.join(words)}\n{done.out}{done.err}"
            said.append((" ".join(words), done))
    outputs = {line: done.out + done.err for line, done in said}
    indexed = outputs["aisle index products.csv --name shop"]
    assert "shop-v0001: 12 documents" in indexed
    assert "17 rows in = 12 items + 4 merged + 1 left out + 0 dead letters" in indexed
    assert "Work gloves" in outputs["aisle search G100-10 --name shop --size 1"]
    coffee = outputs["aisle search something to keep coffee hot --name shop --size 3"]
    assert coffee.index("Vacuum flask") < coffee.index("#2")
    torches = [done.out for line, done in said if line == "aisle search head torch --name shop --size 3"]
    assert len(torches) == 2
    assert "Headlamp" in torches[0]
    assert [row.release for row in aisle.list_releases("shop") if row.state == ReleaseState.LIVE] == [
        "shop-v0001"
    ]
