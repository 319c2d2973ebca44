"""Every command explains itself where none of the extras is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import typer

from aisle.cli.main import build_app
from tests.support.command import environment
from tests.support.heavy_modules import BLOCK, EXTRAS

# One process for all of them: each command's help, as the entry point gives it.
ALL_HELPS = """
import contextlib, io, json
from aisle.cli.main import main
said = {}
for path in json.loads(sys.argv[1]):
    sys.argv = ["aisle", *path, "--help"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as ended:
            said[" ".join(path)] = [ended.code, out.getvalue()]
print(json.dumps(said))
"""


def command_paths() -> list[list[str]]:
    """[] for `aisle` itself, and the words of every command below it."""

    def below(group: object, path: list[str]) -> list[list[str]]:
        children: dict[str, object] = getattr(group, "commands", {})
        return [path, *(found for name, child in children.items() for found in below(child, [*path, name]))]

    return below(typer.main.get_command(build_app()), [])


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_block_works() -> None:
    for name in ("torch", "onnx"):
        assert "ModuleNotFoundError" in run(f"import {name}").stderr
    assert {"torch", "transformers", "pyarrow", "huggingface_hub"} <= set(EXTRAS)


def test_every_command_has_help_with_an_example() -> None:
    paths = command_paths()
    names = {" ".join(path) for path in paths}
    assert {"", "demo", "up", "down", "status", "logs", "index", "search", "eval"} <= names
    assert {"encoder", "encoder export", "encoder show", "encoder list"} <= names
    assert {"train", "train encoder", "eval-encoder"} <= names
    ended = run(ALL_HELPS, json.dumps(paths))
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    said = json.loads(ended.stdout)
    assert set(said) == names
    for name, (code, text) in said.items():
        assert code == 0, name
        assert "Usage: " in text
        described = re.split("[╭─]+ (?:Arguments|Options)", text.split("Usage:", 1)[1].split("\n", 1)[1])[0]
        examples = described.split("Examples:", 1)[1]
        assert f"aisle {name}".strip() in examples, name
        assert "aisle" in examples.strip().splitlines()[-1], f"{name} ends with something else than examples"


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["encoder", "export"], "export"),
        (["encoder", "export", "--model", "distilbert"], "train"),
        (["index", "shop.parquet", "--name", "x", "--encoder", "none"], "parquet"),
        (["index", "hub:somebody/something", "--name", "x", "--encoder", "none"], "train"),
    ],
)
def test_a_missing_extra_is_named(
    command: list[str], extra: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("extras")
    (folder / "shop.parquet").write_bytes(b"PAR1")
    (folder / "distilbert").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / "distilbert" / name).write_text('{"model_type": "distilbert"}')
    code = f"import os, sys; os.chdir({str(folder)!r}); sys.argv = ['aisle', *{command!r}]"
    settings = "os.environ.update(AISLE_URL='http://127.0.0.1:9', AISLE_HOME=os.getcwd())"
    ended = run(f"{code}; {settings}\nfrom aisle.cli.main import main\nmain()")
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.strip()][-2:]
    assert lines[0].startswith("error: ") and "is not installed" in lines[0]
    assert lines[1] == f"fix: install the extra: pip install 'aisle[{extra}]'"
