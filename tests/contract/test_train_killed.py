"""A training that is killed between stages is continued; what it writes to a file says how far it is."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.command import environment, failure, here, listing
from tests.support.tiny_catalogue import write_beir
from tests.support.tiny_training import tiny_model

ROOT = Path(__file__).parents[2]

# Run by a Python of its own: it kills itself when its training has come to the point that is named.
KILLED = """
import json, os, signal, sys
import torch
import aisle
from aisle.training.common.progress import Silent

kind, at, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
torch.set_num_threads(1)


class Deadly(Silent):
    def stage(self, name, position, count):
        if name == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def step(self, done, total, loss):
        if at == "last step" and done == total - 1:
            os.kill(os.getpid(), signal.SIGKILL)


getattr(aisle, f"train_{kind}")(**options, measure=False, progress=Deadly())
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A kind, where it is killed, its options, and what the message says of another seed."""

    kind: str
    at: str
    finished: tuple[str, ...]
    stages: tuple[str, ...]
    options: Mapping[str, Any]
    seed: str


CASES = [
    Case(
        "encoder", "head", ("principal-axes", "in-batch-negatives"), ("stage 3 of 3: head",),
        {"titles": False, "rounds": 0}, "seed was 7 and is 99 now",
    ),
    Case(
        "sparse", "last step", (), ("stage 1 of 1: sparse",),
        {"titles": 1, "epochs": 3}, "seed was 13 and is 99 now",
    ),
    Case(
        "reranker", "reranker", ("teacher",), ("stage 2 of 2: reranker",),
        {"layers": 1, "epochs": 2, "teacher_epochs": 1, "max_tokens": 16},
        "teacher.seed was 13 and is 99 now",
    ),
]  # fmt: skip


def words(options: Mapping[str, Any]) -> list[str]:
    """Options of Python as options of the command."""
    found = []
    for name, value in options.items():
        word = name.replace("_", "-")
        found += [f"--no-{word}"] if value is False else [f"--{word}", str(value)]
    return found


def ledger(work: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((work / "training.json").read_bytes())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_killed_training_is_continued_and_says_so_in_a_file(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home, work = tmp_path / "home", tmp_path / "home" / "training" / "shop"
    given = {
        "data": str(write_beir(tmp_path / "shop")),
        "base": str(tiny_model(tmp_path / "tiny")),
        "name": "shop",
        **case.options,
    }
    env = environment(AISLE_HOME=str(home), OMP_NUM_THREADS="1")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, case.kind, case.at, orjson.dumps(given).decode()],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = ledger(work)
    assert before["kind"] == case.kind
    assert tuple(stage["name"] for stage in before["stages"]) == case.finished

    left = listing(home)
    command = ("train", case.kind, *words(given), "--no-measure", "--resume")
    refused = here(monkeypatch, capfd, *command, "--seed", "99", AISLE_HOME=str(home))
    assert case.seed in failure(refused)
    assert listing(home) == left

    # Its standard error is a file.
    done = here(monkeypatch, capfd, *command, "--progress-every", "0.2", AISLE_HOME=str(home))
    lines = done.err.splitlines()
    assert done.code == 0, lines
    after = ledger(work)
    assert after["stages"][: len(case.finished)] == before["stages"]
    assert len(after["stages"]) == len(case.finished) + 1
    assert not any((work / "checkpoints").iterdir())
    said = [line[9:] for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    for name in ("reading the training data", *case.stages, "exporting the artifact"):
        assert f"{name}: begins" in said
        assert any(re.fullmatch(rf"{name}: done after [\d]+ .*", line) for line in said), said
    assert any(re.match(r"training on c(pu|uda).* in (bf16|fp32)", line) for line in said)
    step = rf"{case.stages[0]}, step [\d,]+ of [\d,]+(, loss [\d.]+)?, \S+ steps/s, .+ left"
    if case.kind == "sparse":
        # One step was left: it is the end of its stage.
        step = rf"{case.stages[0]}, step \d+ of \d+, loss [\d.]+.*"
        assert not any(re.match(rf"{case.stages[0]}, step 1 of", line) for line in said)
    assert any(re.fullmatch(step, line) for line in said), said
