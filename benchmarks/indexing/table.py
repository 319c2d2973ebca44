"""Rounds of documents per second → rows, attempts and goals of the indexing benchmark. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.harness.file_to_alias import FileToAlias
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.indexing.ways import BULK, CEILING, ENCODER, END_TO_END, PIPELINE

Round = Mapping[str, float]


def indexing_rows(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """One row per way: median documents per second, and every round."""
    return [
        {
            "way": way,
            "docs_per_s": round(statistics.median(one[way] for one in rounds), 1),
            "rounds": [round(one[way], 1) for one in rounds],
        }
        for way in rounds[0]
    ]


def indexing_goals(rounds: Sequence[Round], runs: Sequence[FileToAlias]) -> list[Goal]:
    """The issue's goals; a ratio is the median of the rounds' own ratios, which a slow hour cannot bend."""
    return [
        Goal(f"{PIPELINE} / {BULK}", _median(rounds, _to_bulk), 2.0, HIGHER),
        Goal(f"{END_TO_END} / slower of encoder and engine alone", _median(rounds, _to_slower), 0.95, HIGHER),
        Goal("client memory above baseline, MB", round(max(run.above_mb for run in runs), 1), 600.0, LOWER),
    ]


def indexing_attempts(rounds: Sequence[Round], runs: Sequence[FileToAlias]) -> list[dict[str, Any]]:
    """What explains the goals."""
    return [
        {
            "tried": f"{END_TO_END} / harmonic bound 1/(1/encoder + 1/engine)",
            "value": _median(rounds, _to_sum),
        },
        {"tried": f"{END_TO_END} / {BULK}", "value": _median(rounds, lambda r: r[END_TO_END] / r[BULK])},
        {"tried": f"{PIPELINE} / {CEILING}", "value": _median(rounds, lambda r: r[PIPELINE] / r[CEILING])},
        {"tried": "baseline memory, MB", "value": round(max(run.baseline_mb for run in runs), 1)},
        {
            "tried": "seconds each stage was busy (median run)",
            "value": {
                stage: round(statistics.median(run.stage_s[stage] for run in runs), 1)
                for stage in runs[0].stage_s
            },
        },
    ]


def settings_attempts(rounds: Sequence[Round], tried: Mapping[str, float]) -> list[dict[str, Any]]:
    """What other settings of the pipeline reach, held to the slower of encoder and engine alone."""
    slower = statistics.median(min(found[ENCODER], found[CEILING]) for found in rounds)
    return [
        {"tried": f"{END_TO_END} with {setting} / the slower stage alone", "value": round(value / slower, 3)}
        for setting, value in tried.items()
    ]


def harmonic_bound(encoder: float, engine: float) -> float:
    """Documents per second of two stages that each fill the same cores: their costs per document add up."""
    return 1 / (1 / encoder + 1 / engine)


def _to_bulk(one: Round) -> float:
    return one[PIPELINE] / one[BULK]


def _to_slower(one: Round) -> float:
    return one[END_TO_END] / min(one[ENCODER], one[CEILING])


def _to_sum(one: Round) -> float:
    return one[END_TO_END] / harmonic_bound(one[ENCODER], one[CEILING])


def _median(rounds: Sequence[Round], ratio: Callable[[Round], float]) -> float:
    return round(statistics.median(map(ratio, rounds)), 4)
