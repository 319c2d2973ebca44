"""Every command that a page shows exists, with the options that it shows."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.snippets import ROOT, commands, pages, refuse_unknown, snippets

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown(page: Path) -> list[str]:
    """The commands of a page: those of its shell blocks, and the examples of the command reference."""
    blocks = [snippet.code for snippet in snippets(page) if snippet.language == "sh"]
    if page.name == "cli.md":
        blocks += re.findall(r"^    (aisle .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return blocks


def check(words: list[str]) -> None:
    """Hold a command to what this repository has."""
    program = Path(words[0]).name
    if program == "aisle":
        refuse_unknown(words)
    elif program == "make":
        assert [word for word in words[1:] if "=" not in word and word not in TARGETS] == []
    elif program == "python" and words[1:2] == ["-m"]:
        assert find_spec(words[2]), f"no module {words[2]}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in shown(page):
        for words in commands(block):
            try:
                check(words)
            except Exception as error:
                error.add_note(" ".join(words))
                raise


def test_a_command_that_is_not_there_is_noticed() -> None:
    for line in ("aisle serch x --name y", "aisle search x --name y --sizes 3", "aisle search --name y"):
        with pytest.raises(Exception, match=r"No such|Missing"):
            refuse_unknown(next(commands(line)))
    for line in ("make no-such-target", "python -m benchmarks.no_such"):
        with pytest.raises((AssertionError, ModuleNotFoundError)):
            check(next(commands(line)))


def test_shell_is_cut_into_its_commands() -> None:
    shell = (
        "A=1 B=2 aisle up  # start\n"
        "echo '{\"a\": 1}' | aisle update shop - \\\n  --refresh && make test ARGS=x > f"
    )
    assert list(commands(shell)) == [
        ["aisle", "up"],
        ["echo", '{"a": 1}'],
        ["aisle", "update", "shop", "-", "--refresh"],
        ["make", "test", "ARGS=x"],
        ["f"],
    ]


def test_training_on_judgments_begins_with_a_ranker() -> None:
    page = ROOT / "docs" / "tutorial" / "train-on-your-judgments.md"
    trained = [
        words[2] for block in shown(page) for words in commands(block) if words[:2] == ["aisle", "train"]
    ]
    assert trained[0] == "ranker"
    assert "encoder" in trained
