"""Lines of progress for what is no terminal."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from aisle.cli.train import app
from aisle.cli.training import TrainingBars, training_progress
from aisle.errors import InputError
from aisle.training.common.progress import ProgressLines


def said(stream: io.StringIO) -> list[str]:
    """Without the time of day."""
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in stream.getvalue().splitlines()]


def test_a_stage_that_says_nothing_is_spoken_for() -> None:
    stream = io.StringIO()
    with ProgressLines(stream, every=0.02) as lines:
        lines.phase("finding candidates")
        lines.note("searching the catalogue with BM25")
        deadline = time.monotonic() + 20
        while len(said(stream)) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    told = said(stream)
    assert told[:2] == ["finding candidates: begins", "searching the catalogue with BM25"]
    assert told[2:4] == ["finding candidates, searching the catalogue with BM25, 0 s so far"] * 2
    assert told[-1] == "finding candidates: done after 0 s"


def test_steps_are_told_with_loss_rate_and_time_left() -> None:
    stream = io.StringIO()
    with ProgressLines(stream) as lines:
        lines.stage("titles", 2, 6)
        for step in range(1, 31):
            lines.step(step, 30, None if step < 5 else 1.5)
    told = said(stream)
    assert told[0] == "stage 2 of 6: titles: begins"
    number = r"[\d.]+(e\+\d+)?"
    # The first estimate, and the end; nothing between them within 30 seconds.
    assert re.fullmatch(
        rf"stage 2 of 6: titles, step 11 of 30, loss 1\.500, {number} steps/s, 0 s left", told[1]
    )
    assert re.fullmatch(
        rf"stage 2 of 6: titles, step 30 of 30, loss 1\.500, {number} steps/s, 0 s left", told[2]
    )
    assert told[3:] == ["stage 2 of 6: titles: done after 0 s"]


def test_a_second_count_has_a_clock_of_its_own() -> None:
    stream = io.StringIO()
    with ProgressLines(stream) as lines:
        lines.stage("distillation", 1, 1)
        for total in (12, 40):
            lines.note(f"{total} steps")
            for step in range(1, total + 1):
                lines.step(step, total, None)
    steps = [re.findall(r"step (\d+) of (\d+)", line) for line in said(stream)]
    assert [found[0] for found in steps if found] == [("11", "12"), ("12", "12"), ("11", "40"), ("40", "40")]


def test_what_fails_is_said_to_have_stopped() -> None:
    stream = io.StringIO()
    with pytest.raises(InputError), ProgressLines(stream) as lines:
        lines.stage("head", 3, 3)
        raise InputError("no", fix="none")
    assert said(stream)[-1] == "stage 3 of 3: head: stopped after 0 s"


def test_a_terminal_has_bars() -> None:
    with training_progress(Console(file=io.StringIO(), force_terminal=True)) as progress:
        assert isinstance(progress, TrainingBars)
        progress.stage("head", 1, 1)
        progress.step(1, 2, 0.5)
        progress.note("a line")
    with training_progress(Console(file=io.StringIO(), force_terminal=False), 5) as progress:
        assert isinstance(progress, ProgressLines)
        assert progress.every == 5


def test_the_commands_have_the_same_words(tmp_path: Path) -> None:
    group = typer.main.get_command(app)
    common = {
        "--data", "--held-out", "--name", "--base", "--work", "--resume", "--seed", "--out", "--no-measure",
    }  # fmt: skip
    # What recommends is made of orders in minutes, a ranker of what an index says: neither is continued.
    in_minutes = {"recommender", "codes", "preferences", "router", "item-to-item", "ranker"}
    trainings = {kind: one for kind, one in group.commands.items() if kind not in in_minutes}  # type: ignore[attr-defined]
    assert len(trainings) == 3
    for kind, command in trainings.items():
        options = [option for option in command.params if not getattr(option, "hidden", False)]
        words = {word for option in options for word in (*option.opts, *option.secondary_opts)}
        assert common <= words, kind
        assert "--check-data" not in words


@pytest.mark.parametrize("kind", ["encoder", "reranker"])
def test_an_old_word_and_its_new_one_are_not_given_together(kind: str, tmp_path: Path) -> None:
    given = ["--data", str(tmp_path), "--held-out", str(tmp_path), "--check-data", str(tmp_path)]
    error = CliRunner().invoke(app, [kind, *given]).exception
    assert isinstance(error, InputError)
    assert "older word for --held-out" in error.message
